// SPDX-License-Identifier: LGPL-2.1-or-later

use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{Fake, refusal};

fn service() -> Value {
    json!({
        "metadata": { "name": "registry", "namespace": "shop" },
        "spec": {
            "selector": { "app": "registry" },
            "ports": [{ "port": 80, "targetPort": "http" }],
        },
    })
}

fn deployment(name: &str, app: &str, wanted: u32) -> Value {
    json!({
        "metadata": { "name": name },
        "spec": {
            "replicas": wanted,
            "template": { "metadata": { "labels": { "app": app, "x": "y" } } },
        },
        "status": { "readyReplicas": 0, "conditions": [
            { "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
              "message": "pods is forbidden: exceeded quota" },
        ] },
    })
}

fn crashing() -> Value {
    json!({
        "metadata": { "name": "registry-1" },
        "spec": { "containers": [
            { "name": "proxy", "image": "proxy:1" },
            { "name": "registry", "image": "registry:2.8.3",
              "ports": [{ "name": "http", "containerPort": 5000 }] },
        ] },
        "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "False" }],
            "containerStatuses": [
                { "name": "proxy", "ready": false, "restartCount": 0,
                  "state": { "waiting": { "reason": "ContainerCreating" } }, "lastState": {} },
                { "name": "registry", "ready": false, "restartCount": 7,
                  "state": { "waiting": {
                      "reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting" } },
                  "lastState": { "terminated": { "exitCode": 1, "reason": "Error",
                      "message": "open /etc/docker/registry/config.yml: permission denied\n" } } },
            ],
        },
    })
}

async fn workload(
    answer: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static,
) -> (Fake, Result<Workload, Error>) {
    let fake = Fake::start(move |asked| answer(&asked.target)).await;
    let workload = fake.cluster.registry_workload("shop", "registry").await;
    (fake, workload)
}

fn list(items: Vec<Value>) -> (u16, Value) {
    (200, json!({ "items": items }))
}

#[tokio::test]
async fn a_crashing_pod_has_its_last_words() {
    let (fake, found) = workload(|target| match target {
        "/api/v1/namespaces/shop/services/registry" => (200, service()),
        "/api/v1/namespaces/shop/endpoints/registry" => {
            (200, json!({ "subsets": [{ "notReadyAddresses": [{ "ip": "10.0.0.1" }] }] }))
        }
        target if target.contains("/pods?") => list(vec![crashing()]),
        target if target.contains("/deployments?") => {
            list(vec![deployment("registry", "registry", 1), deployment("web", "web", 0)])
        }
        _ => refusal(404),
    })
    .await;
    let found = found.unwrap();
    assert_eq!(found.endpoints, Some(0));
    let pod = found.failing_pod().unwrap();
    assert_eq!(pod.waiting_reason.as_deref(), Some("CrashLoopBackOff"));
    let last_words = "open /etc/docker/registry/config.yml: permission denied";
    assert_eq!(pod.message.as_deref(), Some(last_words));
    assert_eq!((pod.restarts, pod.port), (7, Some(5000)));
    assert_eq!(pod.image.as_deref(), Some("registry:2.8.3"));
    let controllers = found.controllers.as_deref().unwrap();
    assert_eq!(controllers.len(), 1);
    assert_eq!((controllers[0].kind, controllers[0].wanted), ("deployment", 1));
    assert_eq!(controllers[0].message.as_deref(), Some("pods is forbidden: exceeded quota"));
    assert!(!found.is_scaled_to_zero());
    let asked = fake.log();
    let pods = asked.iter().find(|asked| asked.target.contains("/pods?")).unwrap();
    assert!(pods.target.ends_with("labelSelector=app%3Dregistry"), "{}", pods.target);
}

#[tokio::test]
async fn scaled_to_zero_is_told_from_nothing() {
    let (_fake, found) = workload(|target| match target {
        "/api/v1/namespaces/shop/services/registry" => (200, service()),
        target if target.contains("/deployments?") => {
            list(vec![deployment("registry", "registry", 0)])
        }
        target if target.contains('?') => list(vec![]),
        _ => refusal(404),
    })
    .await;
    let found = found.unwrap();
    assert!(found.is_scaled_to_zero());
    assert_eq!((found.endpoints, found.pods.as_deref()), (Some(0), Some(&[][..])));
    assert!(!Workload { controllers: Some(Vec::new()), ..found }.is_scaled_to_zero());
}

#[tokio::test]
async fn what_may_not_be_seen_is_left_out() {
    let (_fake, found) = workload(|target| match target {
        "/api/v1/namespaces/shop/services/registry" => (200, service()),
        _ => refusal(403),
    })
    .await;
    let found = found.unwrap();
    assert!(found.selector.is_some());
    assert_eq!((found.controllers, found.pods, found.endpoints), (None, None, None));
    let (_fake, found) = workload(|_| refusal(403)).await;
    assert_eq!(found.unwrap(), Workload::default());
    let (_fake, found) = workload(|_| refusal(404)).await;
    assert!(found.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_name_that_is_none_is_not_asked_for() {
    let fake = Fake::start(|_| refusal(404)).await;
    assert!(fake.cluster.registry_workload("shop", "../secrets/x").await.is_err());
    assert!(fake.log().is_empty());
}

fn pod(status: Value) -> Pod {
    let pod = json!({ "metadata": { "name": "p" }, "status": status });
    serde_json::from_value::<pod::Object>(pod).unwrap().read(None, Some(5000))
}

#[test]
fn a_pod_says_why_it_is_not_ready() {
    let unscheduled = pod(json!({ "phase": "Pending", "conditions": [
        { "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
          "message": "0/3 nodes are available: 3 Insufficient memory." },
    ] }));
    assert_eq!(unscheduled.waiting_reason.as_deref(), Some("Unschedulable"));
    assert!(unscheduled.message.unwrap().starts_with("0/3 nodes"));
    let evicted = pod(json!({ "phase": "Failed", "reason": "Evicted", "message": "low on disk" }));
    assert_eq!(evicted.waiting_reason.as_deref(), Some("Evicted"));
    assert_eq!(evicted.message.as_deref(), Some("low on disk"));
    let ready = pod(json!({ "phase": "Running", "message": "x",
        "conditions": [{ "type": "Ready", "status": "True" }],
        "containerStatuses": [{ "name": "r", "ready": true, "restartCount": 1,
            "lastState": { "terminated": { "exitCode": 2 } } }] }));
    assert!(ready.ready && ready.waiting_reason.is_none() && ready.message.is_none());
    assert_eq!(ready.port, Some(5000));
    let killed = pod(json!({ "phase": "Running", "containerStatuses": [
        { "name": "r", "ready": false, "state": { "terminated": {
            "reason": "OOMKilled", "exitCode": 137 } } }] }));
    assert_eq!(killed.waiting_reason.as_deref(), Some("OOMKilled"));
    assert_eq!(killed.message.as_deref(), Some("ended with exit code 137"));
}

#[tokio::test]
async fn the_operator_is_read_or_absent() {
    let fake = Fake::start(|_| {
        (200, json!({
            "metadata": { "annotations": { "a": "b" } },
            "spec": { "managementState": "Removed", "storage": { "managementState": "Managed" } },
            "status": { "conditions": [{ "type": "Removed", "status": "True", "message": "gone" }] },
        }))
    })
    .await;
    let operator = fake.cluster.image_registry_operator().await.unwrap().unwrap();
    assert!(operator.is_removed() && !operator.has_storage && !operator.default_route);
    assert_eq!(operator.is_true("Removed").unwrap().words().as_deref(), Some("gone"));
    assert_eq!(operator.annotations["a"], "b");
    let fake = Fake::start(|_| (404, json!("404 page not found"))).await;
    assert_eq!(fake.cluster.image_registry_operator().await.unwrap(), None);
    let fake = Fake::start(|_| refusal(403)).await;
    assert!(fake.cluster.image_registry_operator().await.unwrap_err().is_forbidden());
}
