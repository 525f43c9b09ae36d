// SPDX-License-Identifier: LGPL-2.1-or-later
//! Port-forwards to the registry's pod, opened with the kube crate and by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Cluster;
use common::tunnel::{exchange, forward, get, tls};
use http_body_util::BodyExt as _;
use images_cluster::Face;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use ring::digest::{Context, SHA256};
use tokio::time::timeout;

/// Long enough for whatever should happen at once, on a machine with other work.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_big_blob_comes_through_intact() {
    let cluster = Cluster::plain();
    let bytes: Vec<u8> =
        (0..100_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let digest = cluster.push_blob("skyfield/big", &bytes);
    let tunnel = forward(&cluster, "sarah").await.unwrap();
    let mut sender = exchange(tunnel).await;
    let answer =
        sender.send_request(get(&format!("/v2/skyfield/big/blobs/{digest}"))).await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut body, mut hash, mut first) = (answer.into_body(), Context::new(&SHA256), true);
    while let Some(frame) = body.frame().await {
        let bytes = frame.unwrap().into_data().unwrap();
        hash.update(&bytes);
        if first {
            first = false;
            nothing_comes_while_nobody_reads(&cluster).await;
        }
    }
    let hex: String = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(format!("sha256:{hex}"), digest);
}

/// What the registry sent stays far behind the blob's size, and does not grow.
async fn nothing_comes_while_nobody_reads(cluster: &Cluster) {
    let sent = || cluster.requests().iter().map(|entry| entry.bytes).max().unwrap_or_default();
    let mut before = sent();
    // Buffers along the way fill first.
    timeout(SOON, async {
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let now = sent();
            if now == before {
                break;
            }
            before = now;
        }
    })
    .await
    .unwrap();
    assert!(before < 50 << 20, "{before} bytes were sent to nobody");
}

#[tokio::test]
async fn tls_and_credentials_go_end_to_end() {
    let cluster = Cluster::openshift();
    let tunnel = forward(&cluster, "sarah").await.unwrap();
    let tunnel =
        tls(&cluster, tunnel, "image-registry.openshift-image-registry.svc").await.unwrap();
    let mut sender = exchange(tunnel).await;
    let refused = sender.send_request(get("/v2/")).await.unwrap();
    assert_eq!(refused.status(), 401);
    refused.into_body().collect().await.unwrap();
    let mut request = get("/v2/_catalog?n=1");
    let bearer = format!("Bearer {}", cluster.token("sarah"));
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let catalog = sender.send_request(request).await.unwrap();
    assert_eq!(catalog.status(), 200);
    // The certificate is the service's, and no address is in it.
    let tunnel = forward(&cluster, "sarah").await.unwrap();
    let error = tls(&cluster, tunnel, "127.0.0.1").await.unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn the_right_is_get_on_the_subresource() {
    let cluster = Cluster::openshift();
    let pod = &cluster.ready().pods[0];
    let path = format!("/api/v1/namespaces/{}/pods/{}/portforward", pod.namespace, pod.name);
    let answer = websocket(&cluster, "scruffy", &format!("{path}?ports=5000"), "v4.channel.k8s.io");
    assert_eq!(answer.status, 403);
    let message = format!(
        "pods \"{}\" is forbidden: User \"scruffy\" cannot get resource \"pods/portforward\" in API \
         group \"\" in the namespace \"openshift-image-registry\"",
        pod.name
    );
    assert_eq!(answer.json()["message"], message);
}

#[test]
fn what_cannot_be_forwarded_is_refused() {
    let cluster = Cluster::plain();
    let pod = &cluster.ready().pods[0];
    let path = format!("/api/v1/namespaces/{}/pods/{}/portforward", pod.namespace, pod.name);
    let ask = |path: &str, protocol| websocket(&cluster, "sarah", path, protocol).status;
    let with_port = format!("{path}?ports=5000");
    assert_eq!(ask(&with_port, "portforward.k8s.io"), 403);
    assert_eq!(ask(&path, "v4.channel.k8s.io"), 400);
    assert_eq!(ask(&format!("{path}?ports=0"), "v4.channel.k8s.io"), 400);
    assert_eq!(cluster.get("sarah", &with_port).status, 400, "no WebSocket");
    let missing = "/api/v1/namespaces/kube-system/pods/missing/portforward?ports=5000";
    let missing = websocket(&cluster, "sarah", missing, "v4.channel.k8s.io");
    assert_eq!(
        (missing.status, &missing.json()["message"]),
        (404, &"pods \"missing\" not found".into())
    );
}

#[tokio::test]
async fn a_port_without_a_listener_is_told_on_the_error_channel() {
    let cluster = Cluster::plain();
    let pod = &cluster.ready().pods[0];
    let pods: Api<Pod> =
        Api::namespaced(common::tunnel::client(&cluster, "sarah").await, &pod.namespace);
    let mut forwarded = pods.portforward(&pod.name, &[5001]).await.unwrap();
    let error = timeout(SOON, forwarded.take_error(5001).unwrap()).await.unwrap().unwrap();
    assert!(error.contains("error forwarding port 5001"), "{error}");
    assert!(error.contains("connection refused"), "{error}");
}

#[tokio::test]
async fn a_kubelet_may_be_out_of_reach() {
    let cluster = Cluster::start(Face::Plain, &["--no-port-forward"]);
    let pod = &cluster.ready().pods[0];
    let path =
        format!("/api/v1/namespaces/{}/pods/{}/portforward?ports=5000", pod.namespace, pod.name);
    let answer = websocket(&cluster, "sarah", &path, "v4.channel.k8s.io");
    assert_eq!(answer.status, 500);
    let message = answer.json()["message"].clone();
    assert!(message.as_str().unwrap().starts_with("error dialing backend: "), "{message}");
    assert!(forward(&cluster, "sarah").await.is_err());
}

#[tokio::test]
async fn many_at_once_are_as_many_connections() {
    let cluster = Arc::new(Cluster::plain());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let cluster = Arc::clone(&cluster);
        tasks.spawn(async move {
            let mut sender = exchange(forward(&cluster, "sarah").await.unwrap()).await;
            for _ in 0..3 {
                let answer = sender.send_request(get("/v2/_catalog")).await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.into_body().collect().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let entries = cluster.requests();
    let asked = entries.iter().filter(|entry| entry.path == "/v2/_catalog").count();
    let tunnels = entries.iter().filter(|entry| entry.path.ends_with("/portforward"));
    assert_eq!((asked, tunnels.filter(|entry| entry.status == 101).count()), (24, 8));
}

#[tokio::test]
async fn a_tunnel_ends_with_its_pod() {
    let cluster = Cluster::plain();
    let mut sender = exchange(forward(&cluster, "sarah").await.unwrap()).await;
    let answer = sender.send_request(get("/v2/")).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap();
    cluster.control("POST", "/registry-state", r#"{"state":"scaled"}"#);
    // Its client notices without asking anything.
    let ended = async {
        while sender.ready().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, ended).await.unwrap();
    assert!(forward(&cluster, "sarah").await.is_err());
}

#[tokio::test]
async fn a_crashing_pod_has_nobody_who_listens() {
    let cluster = Cluster::start(Face::Plain, &["--registry-state", "crashing"]);
    let pod = &cluster.ready().pods[0];
    let client = common::tunnel::client(&cluster, "sarah").await;
    let pods: Api<Pod> = Api::namespaced(client, &pod.namespace);
    let mut forwarded = pods.portforward(&pod.name, &[pod.port]).await.unwrap();
    let error = timeout(SOON, forwarded.take_error(pod.port).unwrap()).await.unwrap().unwrap();
    assert!(error.contains("connection refused"), "{error}");
}

#[tokio::test]
async fn faults_of_the_api_server_concern_tunnels_too() {
    let cluster = Cluster::plain();
    // Not 503: kube tries again then.
    let fault = r#"[{"on":"api","path":"*/portforward","kind":"status","status":500,"times":1}]"#;
    cluster.control("POST", "/faults", fault);
    assert!(forward(&cluster, "sarah").await.is_err());
    assert!(forward(&cluster, "sarah").await.is_ok());
}

/// Asks for a WebSocket, and for nothing more.
fn websocket(cluster: &Cluster, who: &str, path: &str, protocol: &str) -> common::Answer {
    let bearer = format!("Authorization: Bearer {}", cluster.token(who));
    let protocol = format!("Sec-WebSocket-Protocol: {protocol}");
    let headers = [
        bearer.as_str(),
        &protocol,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let args: Vec<_> = headers.into_iter().flat_map(|header| ["-H", header]).collect();
    let args: Vec<_> = ["--http1.1"].into_iter().chain(args).collect();
    cluster.curl(&format!("{}{path}", cluster.ready().api), &args)
}
