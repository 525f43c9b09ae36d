// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which ways lead to the registry, and which are closed.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::Cluster;
use common::tunnel::{exchange, forward, get};
use images_cluster::Face;

const SERVICE: &str = "image-registry.openshift-image-registry.svc";

fn proxied(cluster: &Cluster) -> String {
    format!("{}v2/", cluster.ready().registry_proxy_path)
}

fn service(cluster: &Cluster) -> SocketAddr {
    cluster.ready().service_address.parse().unwrap()
}

/// Asks at the address of the service by its name, trusting the authority of services.
fn at_service(cluster: &Cluster, who: &str, path: &str) -> std::process::Output {
    let to = format!("{SERVICE}:5000:{}", service(cluster).ip());
    let bearer = format!("Authorization: Bearer {}", cluster.token(who));
    let ca = cluster.ready().service_ca.to_str().unwrap();
    let args = ["--resolve", &to, "-H", &bearer, "--cacert", ca];
    cluster.curl_output(&format!("https://{SERVICE}:5000{path}"), &args)
}

/// Waits until something holds; fails after a while.
fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_node_reaches_services() {
    let cluster = Cluster::start(Face::Openshift, &["--node"]);
    wait("the service opens", || TcpStream::connect(service(&cluster)).is_ok());
    let output = at_service(&cluster, "sarah", "/v2/_catalog?n=1");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("200"), "{output:?}");
    // The cluster's authority did not sign it, and no address is in it.
    let ca = cluster.ready().ca.to_str().unwrap();
    let by_address = format!("https://{}/v2/", cluster.ready().service_address);
    let to = format!("{SERVICE}:5000:{}", service(&cluster).ip());
    let wrong_ca = ["--cacert", ca, "--resolve", &to];
    let output = cluster.curl_output(&format!("https://{SERVICE}:5000/v2/"), &wrong_ca);
    assert_eq!(output.status.code(), Some(60), "{output:?}");
    let right_ca = ["--cacert", cluster.ready().service_ca.to_str().unwrap()];
    let output = cluster.curl_output(&by_address, &right_ca);
    assert_eq!(output.status.code(), Some(60), "{output:?}");
}

#[test]
fn others_do_not() {
    for face in [Face::Plain, Face::Openshift] {
        let cluster = Cluster::start(face, &[]);
        let error = TcpStream::connect(service(&cluster)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}

#[test]
fn without_endpoints_a_service_refuses() {
    let cluster = Cluster::start(Face::Plain, &["--node"]);
    let open = || TcpStream::connect(service(&cluster)).is_ok();
    wait("the service opens", open);
    let url = format!("http://{}/v2/", cluster.ready().service_address);
    assert_eq!(cluster.curl(&url, &[]).status, 200);
    cluster.control("POST", "/registry-state", r#"{"state":"scaled"}"#);
    wait("the service closes", || !open());
    // The node port resets the connection.
    let public = format!("{}/v2/", cluster.ready().registry_url);
    let output = cluster.curl_output(&public, &[]);
    assert!(matches!(output.status.code(), Some(7 | 52 | 56)), "{output:?}");
    cluster.control("POST", "/registry-state", r#"{"state":"running"}"#);
    wait("the service opens again", open);
    assert_eq!(cluster.curl(&public, &[]).status, 200);
}

#[test]
fn connections_end_with_the_pod() {
    let cluster = Cluster::start(Face::Plain, &["--node"]);
    wait("the service opens", || TcpStream::connect(service(&cluster)).is_ok());
    let public: SocketAddr = cluster.ready().registry.parse().unwrap();
    for address in [public, service(&cluster)] {
        let mut kept = TcpStream::connect(address).unwrap();
        kept.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        kept.write_all(b"GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n").unwrap();
        let mut text = [0; 12];
        kept.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"HTTP/1.1 200");
        cluster.control("POST", "/registry-state", r#"{"state":"scaled"}"#);
        let mut rest = Vec::new();
        let ended = kept.read_to_end(&mut rest);
        let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(ended.as_ref().map_or_else(reset, |_| true), "{address}: {ended:?}");
        cluster.control("POST", "/registry-state", r#"{"state":"running"}"#);
        wait("the service opens again", || TcpStream::connect(service(&cluster)).is_ok());
    }
}

#[test]
fn another_registry_has_its_own_address() {
    let cluster = Cluster::start(Face::Plain, &["--second-registry", "--node"]);
    let team = cluster.get("sarah", "/api/v1/namespaces/apps/services/team-registry").json();
    let address = team["spec"]["clusterIP"].as_str().unwrap();
    assert_ne!(address, service(&cluster).ip().to_string());
    let url = format!("http://{address}:5000/v2/");
    wait("its service opens", || cluster.curl_output(&url, &[]).status.success());
    assert_eq!(cluster.ready().pods.len(), 2);
}

#[test]
fn the_router_says_that_nobody_is_there() {
    let cluster = Cluster::openshift();
    assert_eq!(cluster.registry("sarah", "GET", "/v2/").status, 200);
    cluster.control("POST", "/registry-state", r#"{"state":"scaled"}"#);
    wait("the pods go", || cluster.registry("sarah", "GET", "/v2/").status != 200);
    let answer = cluster.registry("sarah", "GET", "/v2/");
    assert_eq!((answer.status, answer.header("content-type")), (503, Some("text/html")));
    assert!(answer.text.contains("Application is not available"), "{answer:?}");
    let cluster = Cluster::start(Face::Openshift, &["--no-route"]);
    assert_eq!(cluster.registry("sarah", "GET", "/v2/").status, 503, "nor without a route");
}

#[tokio::test]
async fn a_closed_public_address_closes_nothing_else() {
    for face in [Face::Plain, Face::Openshift] {
        let cluster = Cluster::start(face, &["--no-public", "--node"]);
        let public: SocketAddr = cluster.ready().registry.parse().unwrap();
        let error = TcpStream::connect(public).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        wait("the service opens", || TcpStream::connect(service(&cluster)).is_ok());
        let through = cluster.get("sarah", &proxied(&cluster));
        // OpenShift's registry does not get the credential.
        let expected = if face == Face::Plain { 200 } else { 401 };
        assert_eq!(through.status, expected);
        let tunnel = forward(&cluster, "sarah").await.unwrap();
        if face == Face::Plain {
            let mut sender = exchange(tunnel).await;
            assert_eq!(sender.send_request(get("/v2/")).await.unwrap().status(), 200);
        } else {
            common::tunnel::tls(&cluster, tunnel, SERVICE).await.unwrap();
            assert!(at_service(&cluster, "greg", "/v2/").status.success());
        }
    }
}

#[test]
fn faults_reach_every_way() {
    let cluster = Cluster::start(Face::Plain, &["--node"]);
    wait("the service opens", || TcpStream::connect(service(&cluster)).is_ok());
    let fault = r#"[{"on":"registry","path":"/v2/","kind":"status","status":503,"body":"{}"}]"#;
    cluster.control("POST", "/faults", fault);
    let at = |base: &str| cluster.curl(&format!("{base}/v2/"), &[]).status;
    assert_eq!(at(&cluster.ready().registry_url), 503);
    assert_eq!(at(&format!("http://{}", cluster.ready().service_address)), 503);
    assert_eq!(cluster.get("sarah", &proxied(&cluster)).status, 503);
    cluster.control("DELETE", "/faults", "");
    assert_eq!(at(&cluster.ready().registry_url), 200);
    let requests = cluster.requests();
    let seen = requests.iter().filter(|entry| entry.path == "/v2/");
    assert_eq!(seen.count(), 4, "each is recorded once: {requests:?}");
}

#[test]
fn http_to_a_tls_port_is_answered_as_go_does() {
    let cluster = Cluster::openshift();
    for url in [&cluster.ready().registry_url, &cluster.ready().api] {
        let answer = cluster.curl_output(&url.replace("https:", "http:"), &["--http0.9"]);
        let text = String::from_utf8_lossy(&answer.stdout);
        assert!(text.starts_with("HTTP/1.0 400 Bad Request"), "{answer:?}");
        assert!(text.ends_with("Client sent an HTTP request to an HTTPS server.\n"), "{answer:?}");
    }
}

#[test]
fn a_big_blob_comes_through_the_proxy_of_a_service_with_tls() {
    let cluster = Cluster::start(Face::Plain, &["--registry-tls"]);
    let bytes: Vec<u8> =
        (0..20_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let digest = cluster.push_blob("skyfield/big", &bytes);
    let url = format!("{}{}skyfield/big/blobs/{digest}", cluster.ready().api, proxied(&cluster));
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let file = cluster.dir.path().join("read");
    let output = cluster
        .curl_output(&url, &["-H", &bearer, "--output", file.to_str().unwrap(), "--no-include"]);
    assert!(output.status.success(), "{output:?}");
    assert!(std::fs::read(&file).unwrap() == bytes, "the blob was changed on the way");
    // Without saying so in the service's name, it is plain HTTP.
    let plain = proxied(&cluster).replace("https:", "");
    let answer = cluster.get("sarah", &plain);
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("HTTP request to an HTTPS server"), "{answer:?}");
}
