// SPDX-License-Identifier: LGPL-2.1-or-later
//! Commands in the registry's pod, and the registry made read-only by its Deployment.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{Cluster, tunnel, until};
use images_cluster::Face;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

const CONFIGURATION: &str = "/etc/docker/registry/config.yml";

/// What a command printed, what it complained of, and how it ended.
async fn run(cluster: &Cluster, command: &[&str]) -> (String, String, Status) {
    let pod = &cluster.ready().pods[0];
    let pods: Api<Pod> = Api::namespaced(tunnel::client(cluster, "sarah").await, &pod.namespace);
    let wanted = AttachParams::default().stdout(true).stderr(true).stdin(false);
    let mut process = pods.exec(&pod.name, command.to_vec(), &wanted).await.unwrap();
    let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
    let (mut out, mut err) = (String::new(), String::new());
    let status = process.take_status().unwrap();
    let (read, also, status) =
        tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err), status);
    read.unwrap();
    also.unwrap();
    (out, err, status.unwrap())
}

fn exit_code(status: &Status) -> Option<&str> {
    let causes = status.details.as_ref()?.causes.as_ref()?;
    let cause = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"))?;
    cause.message.as_deref()
}

#[tokio::test]
async fn garbage_is_collected_for_real() {
    let cluster = Cluster::plain();
    let blob = cluster.push_blob("skyfield/api", b"nobody names me");
    let hex = blob.strip_prefix("sha256:").unwrap();
    let file = cluster
        .ready()
        .registry_storage
        .join("docker/registry/v2/blobs/sha256")
        .join(&hex[..2])
        .join(hex)
        .join("data");
    assert!(file.exists());
    let root = "/var/lib/registry/docker/registry/v2/blobs";
    let find =
        ["find", root, "-type", "f", "-name", "data", "-exec", "stat", "-c", "%s %n", "{}", "+"];
    let (sizes, _, _) = run(&cluster, &find).await;
    let line = format!("15 {root}/sha256/{}/{hex}/data", &hex[..2]);
    assert!(sizes.lines().any(|own| own == line), "{sizes}");
    let (out, _, status) =
        run(&cluster, &["registry", "garbage-collect", "--dry-run", CONFIGURATION]).await;
    assert_eq!(status.status.as_deref(), Some("Success"), "{status:?}");
    assert!(out.contains(&format!("blob eligible for deletion: {blob}")), "{out}");
    assert!(file.exists(), "a dry run");
    let (out, _, status) =
        run(&cluster, &["/bin/registry", "garbage-collect", "-m", CONFIGURATION]).await;
    assert_eq!(status.status.as_deref(), Some("Success"), "{status:?}");
    assert!(out.contains(&blob), "{out}");
    assert!(!file.exists());
}

#[tokio::test]
async fn a_command_says_how_it_ended() {
    let cluster = Cluster::plain();
    let (_, complaint, status) = run(&cluster, &["registry", "garbage-collect", "/nowhere"]).await;
    assert!(complaint.contains("/nowhere"), "{complaint}");
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
    assert_eq!(exit_code(&status), Some("1"));
    let (_, complaint, status) = run(&cluster, &["sh", "-c", "nosuch"]).await;
    assert_eq!((complaint.as_str(), exit_code(&status)), ("sh: nosuch: not found\n", Some("127")));
    let (_, _, status) = run(&cluster, &["nosuch"]).await;
    assert_eq!((status.code, status.reason.as_deref()), (Some(500), Some("InternalError")));
    assert!(status.message.unwrap().contains("exec: \"nosuch\": executable file not found"));
}

#[tokio::test]
async fn openshifts_registry_collects_no_garbage() {
    let cluster = Cluster::openshift();
    let (_, _, status) = run(&cluster, &["registry", "garbage-collect", CONFIGURATION]).await;
    assert_eq!(status.code, Some(500), "{status:?}");
}

#[test]
fn the_rights_are_get_and_create() {
    let cluster = Cluster::plain();
    let pod = &cluster.ready().pods[0];
    let path = format!("/api/v1/namespaces/{}/pods/{}/exec?command=x", pod.namespace, pod.name);
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let refused = cluster.get("scruffy", &path);
    let message = |verb| {
        format!(
            "pods \"{}\" is forbidden: User \"scruffy\" cannot {verb} resource \"pods/exec\" in API \
             group \"\" in the namespace \"{}\"",
            pod.name, pod.namespace
        )
    };
    assert_eq!((refused.status, &refused.json()["message"]), (403, &json!(message("get"))));
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "looker"},
        "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "looker"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "looker"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "scruffy"}],
    });
    for (kind, object) in [("roles", role), ("rolebindings", binding)] {
        let path = format!("{rbac}/namespaces/{}/{kind}", pod.namespace);
        assert_eq!(cluster.send("sarah", "POST", &path, Some(&object)).status, 201);
    }
    let refused = cluster.get("scruffy", &path);
    assert_eq!((refused.status, &refused.json()["message"]), (403, &json!(message("create"))));
    assert_eq!(cluster.get("sarah", &path).status, 400, "no WebSocket");
}

/// The pods of the registry that are ready.
fn ready_pods(cluster: &Cluster) -> Vec<Value> {
    let pods = cluster.get("sarah", "/api/v1/namespaces/kube-system/pods").json();
    let pods = pods["items"].as_array().unwrap().iter().filter(|pod| {
        let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
    });
    pods.cloned().collect()
}

#[test]
fn a_variable_makes_the_registry_read_only() {
    let cluster = Cluster::start(Face::Plain, &[]);
    let path = "/apis/apps/v1/namespaces/kube-system/deployments/registry";
    let upload = || cluster.registry("sarah", "POST", "/v2/skyfield/api/blobs/uploads/").status;
    assert_eq!(upload(), 202);
    let variable =
        json!({"name": "REGISTRY_STORAGE_MAINTENANCE_READONLY", "value": "{\"enabled\":true}"});
    let container = json!({"name": "registry", "env": [variable]});
    let environment = || {
        let deployment = cluster.get("sarah", path).json();
        deployment["spec"]["template"]["spec"]["containers"][0]["env"].clone()
    };
    let before = environment();
    let read_only = json!({"template": {"spec": {"containers": [container]}}});
    for (spec, status) in [(read_only, 405), (json!({}), 202)] {
        let old = ready_pods(&cluster)[0]["metadata"]["name"].clone();
        let patch = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "registry"},
            "spec": spec,
        })
        .to_string();
        let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
        let kind = "Content-Type: application/apply-patch+yaml";
        let url = format!("{}{path}?fieldManager=cleaner", cluster.ready().api);
        let answer = cluster.curl(&url, &["-X", "PATCH", "-H", &bearer, "-H", kind, "-d", &patch]);
        assert_eq!(answer.status, 200, "{answer:?}");
        until("another pod is ready", || {
            ready_pods(&cluster).first().is_some_and(|pod| pod["metadata"]["name"] != old)
        });
        assert_eq!(upload(), status);
    }
    assert_eq!(environment(), before);
}
