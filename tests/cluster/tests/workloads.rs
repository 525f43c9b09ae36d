// SPDX-License-Identifier: LGPL-2.1-or-later
//! What uses the images of the seed, and what else a cluster can begin with.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster};
use images_cluster::Face;
use serde_json::{Value, json};

fn list(cluster: &Cluster, path: &str) -> Vec<Value> {
    let answer = cluster.get("sarah", path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()["items"].as_array().unwrap().clone()
}

fn named<'a>(list: &'a [Value], name: &str) -> &'a Value {
    list.iter().find(|one| one["metadata"]["name"] == name).unwrap()
}

/// Kinds and names from a pod up.
fn owners(cluster: &Cluster, pod: &Value) -> Vec<String> {
    let mut chain = Vec::new();
    let mut object = pod.clone();
    while let Some(owner) = object["metadata"]["ownerReferences"].get(0).cloned() {
        let (kind, name) = (owner["kind"].as_str().unwrap(), owner["name"].as_str().unwrap());
        chain.push(format!("{kind} {name}"));
        let version = owner["apiVersion"].as_str().unwrap();
        let api = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
        let namespace = pod["metadata"]["namespace"].as_str().unwrap();
        let plural = format!("{}s", kind.to_lowercase());
        let path = format!("{api}/namespaces/{namespace}/{plural}/{name}");
        let found = cluster.get("sarah", &path);
        assert_eq!(found.status, 200, "{path}");
        object = found.json();
        assert_eq!(object["metadata"]["uid"], owner["uid"]);
    }
    chain
}

#[test]
fn every_pod_leads_to_what_made_it() {
    for face in [Face::Plain, Face::Openshift] {
        let cluster = Cluster::start(face, &[]);
        let pods = list(&cluster, "/api/v1/pods");
        let chain = |name: &str| owners(&cluster, named(&pods, name));
        assert_eq!(
            chain("frontend-7d9c5b6f48-4wxkz"),
            ["ReplicaSet frontend-7d9c5b6f48", "Deployment frontend"]
        );
        assert_eq!(chain("report-29397120-8k4ld"), ["Job report-29397120", "CronJob report"]);
        assert_eq!(chain("database-0"), ["StatefulSet database"]);
        assert_eq!(chain("probe-h7cpq"), ["DaemonSet probe"]);
        assert!(chain("frontend-debug").is_empty());
        if face == Face::Openshift {
            let expected =
                ["ReplicationController checkout-beta-1", "DeploymentConfig checkout-beta"];
            assert_eq!(chain("checkout-beta-1-zs8fv"), expected);
            assert_eq!(chain("builder-1-build"), ["Build builder-1", "BuildConfig builder"]);
        }
        let still = list(&cluster, "/api/v1/namespaces/skyfield/pods");
        assert_eq!(still.len(), 6, "no controller makes more of them: {still:?}");
    }
}

#[test]
fn a_pod_runs_what_its_tag_no_longer_is() {
    let cluster = Cluster::openshift();
    let [v3, v2, _] = &cluster.history("skyfield", "frontend", "latest")[..] else { panic!() };
    let pods = list(&cluster, "/api/v1/namespaces/skyfield/pods");
    let runs = |name: &str| {
        let pod = named(&pods, name);
        let image = pod["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
        assert!(image.ends_with("/skyfield/frontend:latest"), "{image}");
        pod["status"]["containerStatuses"][0]["imageID"].as_str().unwrap().to_owned()
    };
    assert!(runs("frontend-debug").ends_with(v2));
    assert!(runs("frontend-7d9c5b6f48-q8n2t").ends_with(v3));
}

#[test]
fn only_who_may_look_sees_pods() {
    let cluster = Cluster::start(Face::Openshift, &["--vault"]);
    for who in ["scruffy", "jane", "eric"] {
        assert_eq!(cluster.get(who, "/api/v1/namespaces/skyfield/pods").status, 403, "{who}");
        let projects = cluster.get(who, "/apis/project.openshift.io/v1/projects").json();
        let projects = projects["items"].as_array().unwrap();
        assert!(projects.iter().all(|one| one["metadata"]["name"] != "vault"), "{who}");
    }
    assert_eq!(list(&cluster, "/api/v1/namespaces/vault/pods").len(), 2);
    let layers = |stream: &str| {
        let path = format!("{A}/namespaces/{stream}/layers");
        cluster.get("sarah", &path).json()["blobs"].as_object().unwrap().clone()
    };
    let hidden = layers("vault/imagestreams/ledger");
    let visible = layers("skyfield/imagestreams/api");
    assert_eq!(hidden.keys().filter(|blob| visible.contains_key(*blob)).count(), 2);
    let pulled = cluster.fetch("vault/ledger:latest");
    assert!(pulled.starts_with("dir:"));
}

#[test]
fn a_crowd_is_there_at_once_and_whole() {
    for face in [Face::Plain, Face::Openshift] {
        let cluster = Cluster::start(face, &["--crowd", "40"]);
        let tags = cluster.registry("sarah", "GET", "/v2/bulk/r20/tags/list").json();
        // docker-registry does not sort them.
        let mut tags: Vec<_> = tags["tags"].as_array().unwrap().iter().collect();
        tags.sort_by_key(|tag| tag.as_str());
        assert_eq!(tags, ["b0001", "b0002"], "{face:?}");
        if face == Face::Openshift {
            cluster.fetch("bulk/r07:b0002");
            let digest = cluster.history("bulk", "r07", "b0002").remove(0);
            let image = cluster.get("sarah", &format!("{A}/images/{digest}")).json();
            let created = image["metadata"]["creationTimestamp"].as_str().unwrap();
            let age = |minutes: i64| {
                let body = json!({"image": digest, "minutes": minutes}).to_string();
                cluster.control("POST", "/images/age", &body);
                let image = cluster.get("sarah", &format!("{A}/images/{digest}")).json();
                image["metadata"]["creationTimestamp"].as_str().unwrap().to_owned()
            };
            assert!(age(10).as_str() > created, "made three months ago");
            assert!(age(20) < age(10));
        } else {
            let manifest = cluster.registry("sarah", "GET", "/v2/bulk/r07/manifests/b0002");
            assert_eq!(manifest.status, 200);
            let layer = manifest.json()["layers"][1]["digest"].as_str().unwrap().to_owned();
            let blob = format!("/v2/bulk/r07/blobs/{layer}");
            assert_eq!(cluster.registry("sarah", "HEAD", &blob).status, 200);
        }
    }
}

#[test]
fn objects_are_written_with_their_status() {
    let cluster = Cluster::plain();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "late", "namespace": "shop"},
        "spec": {"containers": [{"name": "late", "image": "x/y:z"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "late", "imageID": "x/y@z"}]},
    });
    cluster.control("POST", "/objects", &json!([pod]).to_string());
    let found = cluster.get("sarah", "/api/v1/namespaces/shop/pods/late").json();
    assert_eq!(found["status"], pod["status"]);
}

#[test]
fn the_pruner_has_a_schedule() {
    let cluster = Cluster::openshift();
    let path = "/apis/imageregistry.operator.openshift.io/v1/imagepruners/cluster";
    let pruner = cluster.get("sarah", path).json();
    assert_eq!(
        (&pruner["kind"], &pruner["spec"]["schedule"]),
        (&json!("ImagePruner"), &json!("0 0 * * *"))
    );
    assert_eq!(cluster.get("scruffy", path).status, 403);
}
