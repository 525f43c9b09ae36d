// SPDX-License-Identifier: LGPL-2.1-or-later
//! The table of deletes: what each one answers, and what it really did.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::path::PathBuf;

use common::{A, Cluster};
use serde_json::{Value, json};

fn tag(name: &str) -> String {
    format!("{A}/namespaces/skyfield/imagestreamtags/{name}")
}

/// The file of a blob in the storage.
fn blob(cluster: &Cluster, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").unwrap();
    let blobs = cluster.ready().registry_storage.join("docker/registry/v2/blobs/sha256");
    blobs.join(&hex[..2]).join(hex).join("data")
}

fn manifest(cluster: &Cluster, method: &str, repository: &str, reference: &str) -> common::Answer {
    cluster.registry("sarah", method, &format!("/v2/{repository}/manifests/{reference}"))
}

#[test]
fn a_tag_goes_with_its_whole_history_and_images_stay() {
    let cluster = Cluster::openshift();
    let old = cluster.history("skyfield", "frontend", "latest");
    assert_eq!(old.len(), 3);
    assert_eq!(cluster.send("greg", "DELETE", &tag("frontend:latest"), None).status, 403);
    let dry =
        cluster.send("jane", "DELETE", &format!("{}?dryRun=All", tag("frontend:latest")), None);
    assert_eq!((dry.status, cluster.history("skyfield", "frontend", "latest").len()), (200, 3));
    let done = cluster.send("jane", "DELETE", &tag("frontend:latest"), None);
    let success =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    assert_eq!((done.status, done.json()), (200, success));
    assert!(cluster.history("skyfield", "frontend", "latest").is_empty());
    assert_eq!(cluster.send("jane", "DELETE", &tag("frontend:latest"), None).status, 404);
    for digest in &old {
        assert_eq!(cluster.get("sarah", &format!("{A}/images/{digest}")).status, 200);
    }
    // v3 is what latest was: still pulled by that tag.
    assert_eq!(manifest(&cluster, "GET", "skyfield/frontend", "latest").code(), "MANIFEST_UNKNOWN");
    assert_eq!(manifest(&cluster, "GET", "skyfield/frontend", "v3").status, 200);
    let by_imagetag = format!("{A}/namespaces/skyfield/imagetags/frontend:test");
    assert_eq!(cluster.send("jane", "DELETE", &by_imagetag, None).status, 200);
    let stream = cluster.stream("skyfield", "frontend");
    assert!(stream["spec"].get("tags").is_none(), "the spec tag goes too: {stream}");
}

#[test]
fn the_registry_deletes_no_tag_though_it_says_so() {
    let cluster = Cluster::openshift();
    assert_eq!(manifest(&cluster, "DELETE", "skyfield/frontend", "v1").status, 202);
    assert_eq!(manifest(&cluster, "GET", "skyfield/frontend", "v1").status, 200);
    assert_eq!(cluster.history("skyfield", "frontend", "v1").len(), 1);
}

#[test]
fn the_registry_keeps_manifests_that_the_stream_has() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("skyfield", "worker", "2026-06").remove(0);
    let delete = |who: &str| {
        cluster.registry(who, "DELETE", &format!("/v2/skyfield/worker/manifests/{digest}"))
    };
    for who in ["scruffy", "jane"] {
        let refused = delete(who);
        let detail = &refused.json()["errors"][0]["detail"];
        assert_eq!((refused.status, &detail[0]["Action"]), (401, &json!("delete")));
    }
    let refused = delete("sarah");
    assert_eq!((refused.status, refused.code().as_str()), (405, "UNSUPPORTED"));
    for name in ["worker:2026-06", "worker:rollback"] {
        assert_eq!(cluster.send("scruffy", "DELETE", &tag(name), None).status, 200);
    }
    assert_eq!(manifest(&cluster, "GET", "skyfield/worker", &digest).status, 404);
    assert_eq!(delete("sarah").status, 202);
    let again = delete("sarah");
    assert_eq!((again.status, again.code().as_str()), (404, "MANIFEST_UNKNOWN"));
}

#[test]
fn an_image_goes_even_while_a_tag_refers_to_it() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("skyfield", "frontend", "v1").remove(0);
    let path = format!("{A}/images/{digest}");
    assert_eq!(cluster.send("scruffy", "DELETE", &path, None).status, 403);
    let done = cluster.send("sarah", "DELETE", &path, None);
    assert_eq!((done.status, &done.json()["details"]["kind"]), (200, &json!("images")));
    assert_eq!(cluster.send("sarah", "DELETE", &path, None).status, 404);
    assert_eq!(cluster.history("skyfield", "frontend", "v1").len(), 1, "the stream keeps its item");
    let gone = cluster.get("greg", &tag("frontend:v1"));
    assert_eq!((gone.status, &gone.json()["details"]["name"]), (404, &json!(digest)));
    let isimage = format!("{A}/namespaces/skyfield/imagestreamimages/frontend@{digest}");
    let gone = cluster.get("greg", &isimage);
    assert_eq!((gone.status, &gone.json()["details"]["name"]), (404, &json!(digest)));
    let layers = cluster
        .get("greg", &format!("{A}/namespaces/skyfield/imagestreams/frontend/layers"))
        .json();
    assert_eq!(
        layers["images"][&digest],
        json!({"imageMissing": true, "layers": null, "config": null})
    );
    let pull = manifest(&cluster, "GET", "skyfield/frontend", "v1");
    assert_eq!(
        pull.json()["errors"][0]["detail"],
        json!({"Name": "skyfield/frontend", "Revision": digest})
    );
    let list = cluster.get("greg", &format!("{A}/namespaces/skyfield/imagestreamtags")).json();
    assert!(
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["metadata"]["name"] == "frontend:v1")
    );
    assert!(blob(&cluster, &digest).exists(), "the blobs stay");
    // Now the registry may take its link away.
    assert_eq!(manifest(&cluster, "DELETE", "skyfield/frontend", &digest).status, 202);
}

#[test]
fn a_stream_goes_and_the_registry_stumbles() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("tools", "cache", "6").remove(0);
    let path = format!("{A}/namespaces/tools/imagestreams/cache");
    let uid = cluster.stream("tools", "cache")["metadata"]["uid"].clone();
    let done = cluster.send("scruffy", "DELETE", &path, None);
    assert_eq!((done.status, &done.json()["details"]["uid"]), (200, &uid));
    assert_eq!(cluster.get("sarah", &format!("{A}/images/{digest}")).status, 200, "an orphan");
    let tags = cluster.registry("sarah", "GET", "/v2/tools/cache/tags/list");
    assert_eq!((tags.status, tags.code().as_str()), (404, "NAME_UNKNOWN"));
    for method in ["GET", "DELETE"] {
        let answer = manifest(&cluster, method, "tools/cache", &digest);
        assert_eq!((answer.status, answer.code().as_str()), (500, "UNKNOWN"), "{method}");
    }
}

#[test]
fn blobs_lose_their_link_or_their_file() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("shop", "database", "13").remove(0);
    let image = cluster.get("sarah", &format!("{A}/images/{digest}")).json();
    let layer = image["dockerImageLayers"][1]["name"].as_str().unwrap();
    let path = format!("/v2/shop/database/blobs/{layer}");
    assert_eq!(cluster.registry("sarah", "DELETE", &path).status, 202);
    let again = cluster.registry("sarah", "DELETE", &path);
    assert_eq!((again.status, again.code().as_str()), (404, "BLOB_UNKNOWN"));
    assert_eq!(
        cluster.registry("sarah", "HEAD", &path).status,
        200,
        "its layers name it: still served"
    );
    let other = format!("/v2/skyfield/api/blobs/{layer}");
    assert_eq!(cluster.registry("sarah", "GET", &other).status, 404, "not in another stream");
    let admin = format!("/admin/blobs/{layer}");
    assert_eq!(cluster.registry("scruffy", "DELETE", &admin).status, 401);
    assert!(blob(&cluster, layer).exists());
    assert_eq!(cluster.registry("sarah", "DELETE", &admin).status, 204);
    assert!(!blob(&cluster, layer).exists(), "no reference check");
    assert_eq!(cluster.registry("sarah", "DELETE", &admin).status, 204);
    assert_eq!(cluster.registry("sarah", "HEAD", &path).status, 404);
}

#[test]
fn single_items_go_by_the_status() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/namespaces/skyfield/imagestreams/frontend");
    let shorten = |mut stream: Value| {
        let tags = stream["status"]["tags"].as_array_mut().unwrap();
        let latest = tags.iter_mut().find(|tag| tag["tag"] == "latest").unwrap();
        latest["items"].as_array_mut().unwrap().remove(1);
        stream
    };
    let wanted = shorten(cluster.stream("skyfield", "frontend"));
    assert_eq!(cluster.send("scruffy", "PUT", &path, Some(&wanted)).status, 200);
    assert_eq!(
        cluster.history("skyfield", "frontend", "latest").len(),
        3,
        "ignored without a word"
    );
    let status = format!("{path}/status");
    assert_eq!(cluster.send("scruffy", "PUT", &status, Some(&wanted)).status, 403);
    assert_eq!(cluster.send("sarah", "PUT", &status, Some(&wanted)).status, 200);
    assert_eq!(cluster.history("skyfield", "frontend", "latest").len(), 2);
    let stale = cluster.send("sarah", "PUT", &status, Some(&wanted));
    assert_eq!((stale.status, &stale.json()["reason"]), (409, &json!("Conflict")));
}

#[test]
fn a_deleted_tag_comes_back_by_mappings() {
    let cluster = Cluster::openshift();
    let old = cluster.history("skyfield", "frontend", "latest");
    cluster.send("jane", "DELETE", &tag("frontend:latest"), None);
    let mappings = format!("{A}/namespaces/skyfield/imagestreammappings");
    for digest in old.iter().rev() {
        let image = json!({"metadata": {"name": digest}, "dockerImageReference": "ignored"});
        let mapping = json!({"metadata": {"name": "frontend"}, "tag": "latest", "image": image});
        assert_eq!(cluster.send("jane", "POST", &mappings, Some(&mapping)).status, 201);
    }
    assert_eq!(cluster.history("skyfield", "frontend", "latest"), old);
}

#[test]
fn an_imported_image_comes_back_by_its_own_reference() {
    let cluster = Cluster::openshift();
    let before = cluster.stream("tools", "vendor")["status"]["tags"][0]["items"][0].clone();
    let path = format!("{A}/namespaces/tools/imagestreamtags/vendor:1.2");
    assert_eq!(cluster.send("scruffy", "DELETE", &path, None).status, 200);
    let image = json!({
        "metadata": {"name": before["image"]},
        "dockerImageReference": before["dockerImageReference"],
    });
    let mapping = json!({"metadata": {"name": "vendor"}, "tag": "1.2", "image": image});
    let mappings = format!("{A}/namespaces/tools/imagestreammappings");
    assert_eq!(cluster.send("scruffy", "POST", &mappings, Some(&mapping)).status, 201);
    let after = cluster.stream("tools", "vendor")["status"]["tags"][0]["items"][0].clone();
    assert_eq!(after["dockerImageReference"], before["dockerImageReference"]);
}

#[test]
fn a_history_may_become_empty() {
    let cluster = Cluster::openshift();
    let mut stream = cluster.stream("tools", "cache");
    for tag in stream["status"]["tags"].as_array_mut().unwrap() {
        tag["items"] = json!([]);
    }
    let path = format!("{A}/namespaces/tools/imagestreams/cache/status");
    assert_eq!(cluster.send("sarah", "PUT", &path, Some(&stream)).status, 200);
    assert_eq!(cluster.stream("tools", "cache")["status"]["tags"][0]["items"], Value::Null);
    assert_eq!(manifest(&cluster, "GET", "tools/cache", "latest").code(), "MANIFEST_UNKNOWN");
}
