// SPDX-License-Identifier: LGPL-2.1-or-later

use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{Fake, refusal};

/// What each kind uses: container, what is asked for, what runs, and whether it does.
type Shown = (Option<String>, String, Option<String>, How);

fn shown(used: &Use) -> Shown {
    let asks = match &used.asks {
        Asks::Image(text) => text.to_string(),
        Asks::Tag { text, .. } => format!("tag {text}"),
    };
    let text = |text: &Arc<str>| text.to_string();
    (used.container.as_ref().map(text), asks, used.image_id.as_ref().map(text), used.how)
}

fn referenced(container: &str, asks: &str) -> Shown {
    (Some(container.to_owned()), asks.to_owned(), None, How::Referenced)
}

fn tag(asks: &str, how: How) -> Shown {
    (None, format!("tag {asks}"), None, how)
}

/// Reads one object of a kind from a cluster that has it alone.
async fn read(kind: Kind, mut object: Value) -> Workload {
    object["metadata"]["name"] = json!("it");
    object["metadata"]["namespace"] = json!("shop");
    let fake = Fake::start(move |_| (200, json!({ "items": [object] }))).await;
    let listed = fake.cluster.workloads(kind, None).await.unwrap();
    let [workload] = &listed.workloads[..] else { panic!("{listed:?}") };
    workload.clone()
}

async fn uses(kind: Kind, object: Value) -> Vec<Shown> {
    let workload = read(kind, object).await;
    assert_eq!((workload.kind, &*workload.project, &*workload.name), (kind, "shop", "it"));
    workload.uses.iter().map(shown).collect()
}

#[tokio::test]
async fn each_part_of_a_pod() {
    let status = |name: &str, id: &str, state: &str| json!({ "name": name, "imageID": id, "state": { state: {} } });
    let pod = json!({
        "spec": {
            "containers": [
                { "name": "main", "image": "a" },
                { "name": "done", "image": "b" },
                { "name": "waits", "image": "c" },
            ],
            "initContainers": [{ "name": "init", "image": "d" }],
            "ephemeralContainers": [{ "name": "debug", "image": "e" }],
            "volumes": [
                { "name": "model", "image": { "reference": "f", "pullPolicy": "Always" } },
                { "name": "data", "emptyDir": {} },
                { "name": "none", "image": {} },
            ],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                status("main", "x@sha256:1", "running"),
                status("done", "x@sha256:2", "terminated"),
                status("waits", "", "waiting"),
            ],
            "initContainerStatuses": [status("init", "x@sha256:3", "terminated")],
            "ephemeralContainerStatuses": [status("debug", "x@sha256:4", "running")],
        },
    });
    let is = |container: &str, asks: &str, id: Option<&str>, how| {
        (Some(container.to_owned()), asks.to_owned(), id.map(str::to_owned), how)
    };
    let expected = [
        is("main", "a", Some("x@sha256:1"), How::Running),
        is("done", "b", Some("x@sha256:2"), How::Referenced),
        is("waits", "c", None, How::Running),
        is("init", "d", Some("x@sha256:3"), How::Referenced),
        is("debug", "e", Some("x@sha256:4"), How::Running),
        is("volume model", "f", None, How::Running),
    ];
    assert_eq!(uses(Kind::Pod, pod.clone()).await, expected);
    for phase in ["Succeeded", "Failed"] {
        let mut ended = pod.clone();
        ended["status"]["phase"] = json!(phase);
        assert_eq!(uses(Kind::Pod, ended).await, []);
    }
    let waiting = json!({ "spec": { "containers": [{ "name": "main", "image": "a" }] } });
    assert_eq!(uses(Kind::Pod, waiting).await, [is("main", "a", None, How::Running)]);
}

#[tokio::test]
async fn each_kind_with_a_template() {
    let pods = json!({
        "containers": [{ "name": "main", "image": "a" }, { "name": "empty", "image": " " }],
        "initContainers": [{ "name": "init", "image": "b" }],
        "volumes": [{ "name": "model", "image": { "reference": "c" } }],
    });
    let expected =
        [referenced("main", "a"), referenced("init", "b"), referenced("volume model", "c")];
    let kinds = [
        Kind::ReplicaSet,
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::Job,
        Kind::ReplicationController,
        Kind::DeploymentConfig,
    ];
    for kind in kinds {
        // Those that are scaled to nothing are users too.
        let object = json!({ "spec": { "replicas": 0, "template": { "spec": pods } } });
        assert_eq!(uses(kind, object).await, expected, "{kind:?}");
    }
    let cron = json!({ "spec": { "jobTemplate": { "spec": { "template": { "spec": pods } } } } });
    assert_eq!(uses(Kind::CronJob, cron).await, expected);
    assert_eq!(uses(Kind::ReplicationController, json!({ "spec": {} })).await, []);
}

#[tokio::test]
async fn tags_that_are_followed() {
    let from = |kind: &str, name: &str| json!({ "kind": kind, "name": name });
    let config = json!({ "spec": { "triggers": [
        { "type": "ConfigChange" },
        { "type": "ImageChange", "imageChangeParams": { "from": from("ImageStreamTag", "api:v1") } },
    ] } });
    let expected = [tag("shop/api:v1", How::Referenced)];
    assert_eq!(uses(Kind::DeploymentConfig, config).await, expected);

    let triggers = json!([{ "from": from("ImageStreamTag", "api:v1"), "fieldPath": "…" }]);
    let annotated = |text: &str| json!({ "metadata": { "annotations": { "image.openshift.io/triggers": text } } });
    assert_eq!(uses(Kind::Deployment, annotated(&triggers.to_string())).await, expected);
    for nonsense in
        ["", "{}", "[1]", "[{}]", "[{\"from\":{\"kind\":\"ImageStreamTag\",\"name\":\"A:b\"}}]"]
    {
        assert_eq!(uses(Kind::Deployment, annotated(nonsense)).await, [], "{nonsense}");
    }
}

#[tokio::test]
async fn builds_pull_and_push() {
    let digest = format!("base@sha256:{}", "ab".repeat(32));
    let spec = json!({
        "strategy": { "type": "Docker", "dockerStrategy": {
            "from": { "kind": "ImageStreamTag", "namespace": "openshift", "name": "ruby:3" },
        } },
        "source": { "images": [
            { "from": { "kind": "ImageStreamImage", "name": digest } },
            { "from": { "kind": "DockerImage", "name": "quay.io/a/b:v1" } },
            { "from": { "kind": "ConfigMap", "name": "x" } },
        ] },
        "output": { "to": { "kind": "ImageStreamTag", "name": "api" } },
        "triggers": [
            { "type": "ImageChange", "imageChange": {} },
            { "type": "ImageChange", "imageChange": { "from": { "kind": "ImageStreamTag", "name": "tools:1" } } },
        ],
    });
    let expected = |how| {
        let image = |asks: &str| (None, asks.to_owned(), None, how);
        [
            tag("openshift/ruby:3", how),
            image(&digest),
            image("quay.io/a/b:v1"),
            tag("shop/tools:1", How::Referenced),
            tag("shop/api:latest", How::Referenced),
        ]
    };
    let config = json!({ "spec": spec });
    assert_eq!(uses(Kind::BuildConfig, config).await, expected(How::Referenced));
    let build = |phase: &str| json!({ "spec": spec, "status": { "phase": phase } });
    assert_eq!(uses(Kind::Build, build("Running")).await, expected(How::Running));
    assert_eq!(uses(Kind::Build, build("Complete")).await, []);
    for strategy in ["sourceStrategy", "customStrategy"] {
        let from = json!({ "from": { "kind": "ImageStreamTag", "name": "ruby:3" } });
        let config = json!({ "spec": { "strategy": { strategy: from } } });
        assert_eq!(uses(Kind::BuildConfig, config).await, [tag("shop/ruby:3", How::Referenced)]);
    }
}

#[tokio::test]
async fn what_made_an_object() {
    let made_by = async |kind, metadata: Value| {
        let owner = read(kind, json!({ "metadata": metadata })).await.owner?;
        Some((owner.kind.to_string(), owner.name, owner.uid))
    };
    let is = |kind: &str, name: &str, uid: Option<&str>| {
        Some((kind.to_owned(), name.to_owned(), uid.map(str::to_owned)))
    };
    let reference = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "uid": "1" });
    let mut controller = reference("ReplicaSet", "b");
    controller["controller"] = json!(true);
    let references = json!({ "ownerReferences": [reference("Thing", "a"), controller] });
    assert_eq!(made_by(Kind::Pod, references).await, is("ReplicaSet", "b", Some("1")));
    let node = json!({ "ownerReferences": [reference("Node", "planet")] });
    assert_eq!(made_by(Kind::Pod, node).await, None);

    let annotated = |name: &str| json!({ "annotations": { format!("openshift.io/{name}"): "x" } });
    let table = [
        (Kind::Pod, "build.name", is("Build", "x", None)),
        (Kind::Pod, "deployment.name", is("ReplicationController", "x", None)),
        (Kind::Pod, "deployment-config.name", is("DeploymentConfig", "x", None)),
        (Kind::ReplicationController, "deployment-config.name", is("DeploymentConfig", "x", None)),
        (Kind::Build, "build-config.name", is("BuildConfig", "x", None)),
        (Kind::Deployment, "build.name", None),
    ];
    for (kind, name, expected) in table {
        assert_eq!(made_by(kind, annotated(name)).await, expected, "{kind:?} {name}");
    }
}

#[tokio::test]
async fn lists_go_on_page_by_page() {
    let fake = Fake::start(|asked| {
        let pod = |name: &str| json!({ "metadata": { "name": name, "namespace": "shop" } });
        match asked.target.split_once("&continue=") {
            None => (200, json!({ "metadata": { "continue": "2" }, "items": [pod("a")] })),
            Some(_) => (200, json!({ "items": [pod("b")] })),
        }
    })
    .await;
    let listed = fake.cluster.workloads(Kind::Pod, Some("shop")).await.unwrap();
    assert_eq!(listed.workloads.len(), 2);
    let asked: Vec<_> = fake.log().into_iter().map(|asked| asked.target).collect();
    assert_eq!(
        asked,
        [
            "/api/v1/namespaces/shop/pods?limit=500&pretty=false",
            "/api/v1/namespaces/shop/pods?limit=500&pretty=false&continue=2",
        ]
    );
    assert!(fake.cluster.workloads(Kind::Pod, Some("shop/x")).await.is_err());
}

#[tokio::test]
async fn kinds_that_a_cluster_does_not_have_are_none() {
    let fake = Fake::start(|asked| match &*asked.target {
        "/apis" => (200, json!({ "groups": [{ "name": "apps" }, { "name": "batch" }] })),
        target if target.starts_with("/apis/batch/v1beta1/cronjobs") => {
            let cron = json!({ "metadata": { "name": "a", "namespace": "shop" } });
            (200, json!({ "items": [cron] }))
        }
        _ => refusal(404),
    })
    .await;
    let kinds = fake.cluster.workload_kinds().await;
    assert!(kinds.contains(&Kind::Pod) && kinds.contains(&Kind::CronJob));
    assert!(!kinds.contains(&Kind::Build) && !kinds.contains(&Kind::DeploymentConfig));
    // Of an old cluster.
    let cron = fake.cluster.workloads(Kind::CronJob, None).await.unwrap();
    assert_eq!(cron.workloads.len(), 1);
    let builds = fake.cluster.workloads(Kind::Build, None).await.unwrap();
    assert_eq!(builds, Listed::default());
}
