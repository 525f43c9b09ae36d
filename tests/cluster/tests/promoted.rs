// SPDX-License-Identifier: LGPL-2.1-or-later
//! What was pushed to one repository and tagged into another is pulled from there too.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::process::Command;

use common::{A, Cluster};
use serde_json::{Value, json};

/// Tags an image of another stream into a stream that has no push of its own.
fn promote(cluster: &Cluster, from: (&str, &str, &str), to: (&str, &str, &str)) {
    let (namespace, stream, digest) = from;
    let from = json!({
        "kind": "ImageStreamImage", "namespace": namespace, "name": format!("{stream}@{digest}"),
    });
    let (namespace, stream, tag) = to;
    let wanted =
        json!({"metadata": {"name": stream}, "spec": {"tags": [{"name": tag, "from": from}]}});
    let streams = format!("{A}/namespaces/{namespace}/imagestreams");
    assert_eq!(cluster.send("scruffy", "POST", &streams, Some(&wanted)).status, 201);
}

/// The layers of an image, and its configuration.
fn blobs(cluster: &Cluster, digest: &str) -> Vec<String> {
    let image = cluster.get("sarah", &format!("{A}/images/{digest}")).json();
    let layers = image["dockerImageLayers"].as_array().unwrap().iter().map(|layer| &layer["name"]);
    let blobs = layers.chain([&image["dockerImageMetadata"]["Id"]]);
    blobs.map(|blob| blob.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_promoted_tag_is_served_by_tag_and_digest_with_its_blobs() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("shop", "frontend", "prod").remove(0);
    let ask = |who: &str, method: &str, path: &str| {
        cluster.registry(who, method, &format!("/v2/shop/frontend/{path}"))
    };
    let pushed = cluster.registry("sarah", "GET", "/v2/skyfield/frontend/manifests/stable");
    for reference in ["prod", digest.as_str()] {
        let path = format!("manifests/{reference}");
        let manifest = ask("scruffy", "GET", &path);
        assert_eq!((manifest.status, &manifest.text), (200, &pushed.text));
        let head = ask("scruffy", "HEAD", &path);
        assert_eq!(head.status, 200);
        for name in ["docker-content-digest", "content-type", "content-length"] {
            assert!(pushed.header(name).is_some(), "{name}");
            assert_eq!(manifest.header(name), pushed.header(name));
            assert_eq!(head.header(name), pushed.header(name));
        }
        // Who may read the other repository may not for that reason read this one.
        assert_eq!(ask("greg", "GET", &path).status, 401);
    }
    for blob in blobs(&cluster, &digest) {
        let path = format!("blobs/{blob}");
        let head = ask("scruffy", "HEAD", &path);
        assert_eq!((head.status, head.header("docker-content-digest")), (200, Some(blob.as_str())));
        assert_eq!(ask("greg", "HEAD", &path).status, 401);
    }
    // What another tag of the other stream has, this stream does not name.
    let other = cluster.history("skyfield", "frontend", "v3").remove(0);
    assert_eq!(ask("sarah", "GET", &format!("manifests/{other}")).code(), "MANIFEST_UNKNOWN");
    let own = blobs(&cluster, &digest);
    let of_other = blobs(&cluster, &other);
    let mut foreign = of_other.iter().filter(|blob| !own.contains(blob)).peekable();
    assert!(foreign.peek().is_some());
    for blob in foreign {
        let path = format!("/v2/skyfield/frontend/blobs/{blob}");
        assert_eq!(cluster.registry("sarah", "HEAD", &path).status, 200);
        for method in ["HEAD", "GET"] {
            assert_eq!(ask("sarah", method, &format!("blobs/{blob}")).status, 404, "{method}");
        }
    }
    // Tagged by an import, the bytes are elsewhere.
    let imported = cluster.registry("sarah", "GET", "/v2/tools/vendor/manifests/1.2");
    assert_eq!((imported.status, imported.code().as_str()), (404, "MANIFEST_UNKNOWN"));
}

#[test]
fn the_right_on_the_new_repository_is_enough() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("shop", "checkout", "1.0").remove(0);
    promote(&cluster, ("shop", "checkout", &digest), ("tools", "checkout", "prod"));
    let image = |name: &str| format!("docker://{}/{name}", cluster.ready().registry);
    // Eric pulls from tools, and from shop nothing.
    let there = cluster.skopeo("eric", &["inspect", &image("shop/checkout:1.0")]);
    assert!(String::from_utf8_lossy(&there.stderr).contains("unauthorized"), "{there:?}");
    let here = cluster.skopeo("eric", &["inspect", &image("tools/checkout:prod")]);
    assert!(here.status.success(), "{here:?}");
    let seen: Value = serde_json::from_slice(&here.stdout).unwrap();
    assert_eq!((&seen["Digest"], &seen["Labels"]["version"]), (&json!(digest), &json!("1.0")));
    let folder = cluster.dir.path().join("pulled");
    let copy = Command::new("skopeo")
        .args(["--insecure-policy", "copy", "--src-cert-dir"])
        .arg(cluster.ready().ca.parent().unwrap())
        .arg(format!("--src-creds=eric:{}", cluster.token("eric")))
        .arg(image("tools/checkout:prod"))
        .arg(format!("dir:{}", folder.display()))
        .output()
        .unwrap();
    assert!(copy.status.success(), "{copy:?}");
    for blob in blobs(&cluster, &digest) {
        assert!(folder.join(blob.strip_prefix("sha256:").unwrap()).exists(), "{blob}");
    }
}

#[test]
fn a_configuration_by_oci_is_known_after_its_manifest() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("skyfield", "api", "1.0").remove(0);
    promote(&cluster, ("skyfield", "api", &digest), ("shop", "api", "prod"));
    let config = blobs(&cluster, &digest).pop().unwrap();
    let status = |path: &str| cluster.registry("scruffy", "GET", path).status;
    let blob = format!("/v2/shop/api/blobs/{config}");
    assert_eq!(status(&blob), 404, "layers do not name it");
    assert_eq!(status("/v2/shop/api/manifests/prod"), 200);
    assert_eq!(status(&blob), 200);
    let tag = format!("{A}/namespaces/shop/imagestreamtags/api:prod");
    assert_eq!(cluster.send("scruffy", "DELETE", &tag, None).status, 200);
    assert_eq!(status(&blob), 404, "it goes with its image");
    assert_eq!(status(&format!("/v2/shop/api/manifests/{digest}")), 404);
}

#[test]
fn a_push_builds_upon_what_was_promoted() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("shop", "frontend", "prod").remove(0);
    let image = cluster.fetch("skyfield/frontend:v3");
    let to = format!("docker://{}/shop/frontend:next", cluster.ready().registry);
    let output = cluster.skopeo("scruffy", &["copy", &image, &to]);
    assert!(output.status.success(), "{output:?}");
    let next = cluster.history("shop", "frontend", "next").remove(0);
    assert_ne!(next, digest);
    let pulled = cluster.skopeo("scruffy", &["inspect", &to]);
    assert!(pulled.status.success(), "{pulled:?}");
}
