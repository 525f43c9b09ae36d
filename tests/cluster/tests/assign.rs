// SPDX-License-Identifier: LGPL-2.1-or-later
//! Tags that are put on images of other streams: `imagestreamtags` written by clients.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::process::Command;

use common::{A, Answer, Cluster, golden};
use serde_json::{Value, json};

fn tag(name: &str, from: &str, digest: &str) -> Value {
    let (namespace, stream) = from.split_once('/').unwrap();
    let from = json!({
        "kind": "ImageStreamImage", "namespace": namespace, "name": format!("{stream}@{digest}"),
    });
    json!({
        "metadata": {"name": name},
        "tag": {"name": name.split_once(':').unwrap().1, "from": from},
    })
}

fn send(cluster: &Cluster, who: &str, method: &str, path: &str, body: &Value) -> Answer {
    let path = match method {
        "POST" => path.split(':').next().unwrap().rsplit_once('/').unwrap().0.to_owned(),
        _ => path.to_owned(),
    };
    cluster.send(who, method, &format!("{A}/namespaces/{path}"), Some(body))
}

fn fields(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().filter(|name| *name != "managedFields").collect()
}

#[test]
fn a_tag_on_anothers_image_makes_the_stream_as_recorded() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("skyfield", "frontend", "v1").remove(0);
    let path = "tools/imagestreamtags/promoted:stable";
    let body = tag("promoted:stable", "skyfield/frontend", &digest);
    let made = send(&cluster, "scruffy", "POST", path, &body);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["image"]["metadata"]["name"], digest.as_str());
    let stream = cluster.stream("tools", "promoted");
    let recorded = golden("imagestream-promoted.json");
    for part in ["", "/metadata", "/spec/tags/0", "/spec/tags/0/from", "/status/tags/0/items/0"] {
        let (ours, theirs) = (stream.pointer(part).unwrap(), recorded.pointer(part).unwrap());
        assert_eq!(fields(ours), fields(theirs), "{part}");
    }
    let item = &stream["status"]["tags"][0]["items"][0];
    assert_eq!(item["image"], digest.as_str());
    let reference = item["dockerImageReference"].as_str().unwrap();
    assert!(reference.ends_with(&format!("/tools/promoted@{digest}")), "{reference}");
    let manifest = format!("/v2/tools/promoted/manifests/{digest}");
    assert_eq!(cluster.registry("scruffy", "GET", &manifest).status, 200);
    assert_eq!(send(&cluster, "scruffy", "POST", path, &body).status, 409, "it is there");
}

#[test]
fn a_tag_moves_by_the_version_of_its_stream_and_back() {
    let cluster = Cluster::openshift();
    let [old, new] = ["v1", "v3"].map(|tag| cluster.history("skyfield", "frontend", tag).remove(0));
    assert_ne!(old, new);
    let path = "tools/imagestreamtags/app:prod";
    let put = |digest: &str, version: &Value| {
        let mut body = tag("app:prod", "skyfield/frontend", digest);
        body["metadata"]["resourceVersion"] = version.clone();
        send(&cluster, "scruffy", "PUT", path, &body)
    };
    let first = put(&old, &Value::Null);
    assert_eq!(first.status, 201, "{first:?}");
    let version = first.json()["metadata"]["resourceVersion"].clone();
    let second = put(&new, &version);
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(cluster.history("tools", "app", "prod"), [new.as_str(), old.as_str()]);
    let stale = put(&old, &version);
    assert_eq!(stale.status, 409);
    let message = stale.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("another caller has updated the resource version to"), "{message}");
    // Back to what the tag was, out of its own history.
    let back = tag("app:prod", "tools/app", &old);
    assert_eq!(send(&cluster, "scruffy", "PUT", path, &back).status, 200);
    assert_eq!(cluster.history("tools", "app", "prod"), [&old, &new, &old].map(String::as_str));
    let dry = format!("{path}?dryRun=All");
    let again = tag("app:prod", "skyfield/frontend", &new);
    assert_eq!(send(&cluster, "scruffy", "PUT", &dry, &again).status, 200);
    assert_eq!(cluster.history("tools", "app", "prod").remove(0), old);
}

#[test]
fn the_source_must_be_there_and_readable() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("shop", "checkout", "1.0").remove(0);
    let path = "skyfield/imagestreamtags/stolen:1";
    // Jane may write in skyfield, but not pull from shop.
    let answer = send(&cluster, "jane", "POST", path, &tag("stolen:1", "shop/checkout", &digest));
    assert_eq!(answer.status, 422, "{answer:?}");
    let cause = answer.json()["details"]["causes"][0].clone();
    assert_eq!(cause["reason"], "FieldValueForbidden");
    assert_eq!(cause["message"], "Forbidden: shop/checkout");
    assert_eq!(
        cluster.get("sarah", &format!("{A}/namespaces/skyfield/imagestreams/stolen")).status,
        404
    );
    let stream = json!({
        "metadata": {"name": "stolen"},
        "spec": {"tags": [tag("stolen:1", "shop/checkout", &digest)["tag"]]},
    });
    let streams = format!("{A}/namespaces/skyfield/imagestreams");
    assert_eq!(cluster.send("jane", "POST", &streams, Some(&stream)).status, 422);
    // Eric may only pull.
    let own = cluster.history("skyfield", "frontend", "v1").remove(0);
    let body = tag("frontend:mine", "skyfield/frontend", &own);
    let path = "skyfield/imagestreamtags/frontend:mine";
    assert_eq!(send(&cluster, "eric", "POST", path, &body).status, 403);
    for (from, digest) in [("shop/nosuch", &digest), ("shop/checkout", &own)] {
        let path = "tools/imagestreamtags/x:1";
        let answer = send(&cluster, "scruffy", "POST", path, &tag("x:1", from, digest));
        assert_eq!(answer.status, 422, "{from}: {answer:?}");
        assert_eq!(answer.json()["details"]["causes"][0]["field"], "spec.tags[1].from.name");
    }
}

#[test]
fn an_index_goes_with_its_children() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("tools", "cli", "latest").remove(0);
    let body = tag("cli:prod", "tools/cli", &digest);
    let made = send(&cluster, "scruffy", "POST", "shop/imagestreamtags/cli:prod", &body);
    assert_eq!(made.status, 201, "{made:?}");
    let copy = |repository: &str, who: &str| {
        let folder = cluster.dir.path().join(repository.replace('/', "-"));
        let done = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--all", "--remove-signatures", "--src-cert-dir"])
            .arg(cluster.ready().ca.parent().unwrap())
            .arg(format!("--src-creds={who}:{}", cluster.token(who)))
            .arg(format!("docker://{}/{repository}", cluster.ready().registry))
            .arg(format!("dir:{}", folder.display()))
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(copy("shop/cli:prod", "scruffy"), copy("tools/cli:latest", "sarah"));
}
