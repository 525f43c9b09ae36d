// SPDX-License-Identifier: LGPL-2.1-or-later
//! Creating, changing and deleting objects of Kubernetes.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::time::{Duration, Instant};

use common::{Answer, Cluster};
use images_cluster::Face;
use serde_json::{Value, json};

const SKYFIELD: &str = "/api/v1/namespaces/skyfield";

fn patch(cluster: &Cluster, kind: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let content = format!("Content-Type: application/{kind}");
    let (url, body) = (format!("{}{path}", cluster.ready().api), body.to_string());
    cluster.curl(&url, &["-X", "PATCH", "-H", &bearer, "-H", &content, "-d", &body])
}

fn apply(cluster: &Cluster, path: &str, query: &str, body: &Value) -> Answer {
    patch(cluster, "apply-patch+yaml", &format!("{path}?{query}"), body)
}

fn map(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data})
}

fn status(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["reason"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn an_object_is_created_changed_and_deleted() {
    let cluster = Cluster::plain();
    let (all, one) = (format!("{SKYFIELD}/configmaps"), format!("{SKYFIELD}/configmaps/m"));
    let made = cluster.send("sarah", "POST", &all, Some(&map(&json!({"a": "1"}))));
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!(
        (&made["kind"], &made["metadata"]["namespace"]),
        (&json!("ConfigMap"), &json!("skyfield"))
    );
    assert!(
        made["metadata"]["uid"].is_string() && made["metadata"]["creationTimestamp"].is_string()
    );
    let again = cluster.send("sarah", "POST", &all, Some(&map(&json!({}))));
    assert_eq!(status(&again), (409, "AlreadyExists".to_owned()));

    let mut changed = made.clone();
    changed["data"]["a"] = json!("2");
    let put = cluster.send("sarah", "PUT", &one, Some(&changed));
    assert_eq!((put.status, &put.json()["data"]["a"]), (200, &json!("2")));
    // The version is not that of the object any more.
    let stale = cluster.send("sarah", "PUT", &one, Some(&changed));
    assert_eq!(status(&stale), (409, "Conflict".to_owned()));
    let mut moved = changed.clone();
    moved["metadata"]["name"] = json!("n");
    assert_eq!(cluster.send("sarah", "PUT", &one, Some(&moved)).status, 400);

    let merged =
        patch(&cluster, "merge-patch+json", &one, &json!({"data": {"a": null, "b": "3"}})).json();
    assert_eq!(merged["data"], json!({"b": "3"}));
    let same = patch(&cluster, "merge-patch+json", &one, &json!({"data": {"b": "3"}})).json();
    assert_eq!(same["metadata"]["resourceVersion"], merged["metadata"]["resourceVersion"]);
    let unknown = patch(&cluster, "strategic-merge-patch+json", &one, &json!({}));
    assert_eq!(status(&unknown), (415, "UnsupportedMediaType".to_owned()));

    let gone = cluster.send("sarah", "DELETE", &one, None);
    assert_eq!((gone.status, &gone.json()["status"]), (200, &json!("Success")));
    assert_eq!(gone.json()["details"]["uid"], made["metadata"]["uid"]);
    for (method, body) in [("DELETE", None), ("PUT", Some(&changed)), ("GET", None)] {
        let answer = cluster.send("sarah", method, &one, body);
        assert_eq!(status(&answer), (404, "NotFound".to_owned()), "{method}");
    }
    assert_eq!(cluster.send("greg", "POST", &all, Some(&map(&json!({})))).status, 403);
}

#[test]
fn a_dry_run_says_but_does_nothing() {
    let cluster = Cluster::plain();
    let all = format!("{SKYFIELD}/configmaps");
    let body = map(&json!({}));
    let said = cluster.send("sarah", "POST", &format!("{all}?dryRun=All"), Some(&body));
    assert_eq!(said.status, 201, "{said:?}");
    let applied = "dryRun=All&fieldManager=x";
    assert_eq!(apply(&cluster, &format!("{all}/m"), applied, &body).status, 201);
    assert_eq!(cluster.get("sarah", &format!("{all}/m")).status, 404);
    let delete = "/api/v1/namespaces/kube-system/services/registry?dryRun=All";
    assert_eq!(cluster.send("sarah", "DELETE", delete, None).status, 200);
    assert_eq!(cluster.get("sarah", delete).status, 200);
}

#[test]
fn what_is_wrong_is_refused() {
    let cluster = Cluster::plain();
    let invalid = |path: &str, body: &Value, words: &str| {
        let answer = cluster.send("sarah", "POST", path, Some(body));
        assert_eq!(status(&answer), (422, "Invalid".to_owned()), "{answer:?}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{message}");
    };
    let maps = format!("{SKYFIELD}/configmaps");
    invalid(&maps, &json!({"metadata": {"name": "Bad_Name"}}), "a lowercase RFC 1123 subdomain");
    invalid(&maps, &json!({"metadata": {}}), "name or generateName is required");
    let service = json!({"metadata": {"name": "s"}, "spec": {}});
    invalid(&format!("{SKYFIELD}/services"), &service, "spec.ports: Required value");
    let claim = json!({"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"]}});
    let claims = format!("{SKYFIELD}/persistentvolumeclaims");
    invalid(&claims, &claim, "spec.resources[storage]: Required value");
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{}]}});
    let deployment = json!({"metadata": {"name": "d"}, "spec": {
        "selector": {"matchLabels": {"app": "y"}}, "template": template,
    }});
    let deployments = "/apis/apps/v1/namespaces/skyfield/deployments";
    invalid(deployments, &deployment, "`selector` does not match template `labels`");
    let nowhere = "/api/v1/namespaces/nowhere/configmaps";
    let answer = cluster.send("sarah", "POST", nowhere, Some(&map(&json!({}))));
    assert_eq!(answer.json()["message"], "namespaces \"nowhere\" not found");
    let other = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}});
    assert_eq!(cluster.send("sarah", "POST", &maps, Some(&other)).status, 400);
}

#[test]
fn applying_follows_who_owns_what() {
    let cluster = Cluster::plain();
    let one = format!("{SKYFIELD}/configmaps/m");
    assert_eq!(apply(&cluster, &one, "", &map(&json!({}))).status, 422, "who applies?");
    let first = apply(&cluster, &one, "fieldManager=page", &map(&json!({"a": "1", "b": "1"})));
    assert_eq!(first.status, 201, "{first:?}");
    let entry = first.json()["metadata"]["managedFields"][0].clone();
    assert_eq!((&entry["manager"], &entry["operation"]), (&json!("page"), &json!("Apply")));
    assert_eq!(entry["fieldsV1"], json!({"f:data": {"f:a": {}, "f:b": {}}}));
    let less = apply(&cluster, &one, "fieldManager=page", &map(&json!({"a": "1"})));
    assert_eq!((less.status, &less.json()["data"]), (200, &json!({"a": "1"})));
    let theirs = map(&json!({"a": "2"}));
    let refused = apply(&cluster, &one, "fieldManager=other", &theirs);
    assert_eq!(status(&refused), (409, "Conflict".to_owned()));
    let message = "Apply failed with 1 conflict: conflict with \"page\": .data.a";
    assert_eq!(refused.json()["message"], message);
    let forced = apply(&cluster, &one, "fieldManager=other&force=true", &theirs);
    assert_eq!((forced.status, &forced.json()["data"]["a"]), (200, &json!("2")));

    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata:\n  a: |\n    text\n";
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let url = format!("{}{SKYFIELD}/configmaps/y?fieldManager=page", cluster.ready().api);
    let content = "Content-Type: application/apply-patch+yaml";
    let args = ["-X", "PATCH", "-H", &bearer, "-H", content, "--data-binary", yaml];
    let applied = cluster.curl(&url, &args);
    assert_eq!((applied.status, &applied.json()["data"]["a"]), (201, &json!("text\n")));

    let old = Cluster::start(Face::Plain, &["--old"]);
    assert_eq!(apply(&old, &one, "fieldManager=page", &map(&json!({}))).status, 415);
}

#[test]
fn a_secret_keeps_its_texts_encoded() {
    let cluster = Cluster::plain();
    let body = json!({"metadata": {"generateName": "s-"}, "stringData": {"key": "hello"}});
    let made = cluster.send("sarah", "POST", &format!("{SKYFIELD}/secrets"), Some(&body)).json();
    assert!(made["metadata"]["name"].as_str().unwrap().starts_with("s-"));
    assert_eq!(made["data"], json!({"key": "aGVsbG8="}));
    assert_eq!((&made["type"], made.get("stringData")), (&json!("Opaque"), None));
}

#[test]
fn a_namespace_ends_with_all_that_is_in_it() {
    let cluster = Cluster::plain();
    let body = json!({"metadata": {"name": "short"}});
    assert_eq!(cluster.send("sarah", "POST", "/api/v1/namespaces", Some(&body)).status, 201);
    let maps = "/api/v1/namespaces/short/configmaps";
    assert_eq!(cluster.send("sarah", "POST", maps, Some(&map(&json!({})))).status, 201);
    let ends = cluster.send("sarah", "DELETE", "/api/v1/namespaces/short", None).json();
    assert_eq!(ends["status"]["phase"], "Terminating");
    let end = Instant::now() + Duration::from_secs(10);
    while cluster.get("sarah", "/api/v1/namespaces/short").status != 404 {
        assert!(Instant::now() < end, "the namespace does not end");
    }
    assert_eq!(cluster.get("sarah", &format!("{maps}/m")).status, 404);
}

#[test]
fn labels_select() {
    let cluster = Cluster::plain();
    let pods = "/api/v1/namespaces/kube-system/pods?labelSelector=";
    let count = |selector: &str| {
        let list = cluster.get("sarah", &format!("{pods}{selector}")).json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!((count("app%3Dregistry"), count("app%3Dother"), count("!app")), (1, 0, 0));
    assert_eq!(cluster.get("sarah", &format!("{pods}a%20b")).status, 400);
}
