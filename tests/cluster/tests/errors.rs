// SPDX-License-Identifier: LGPL-2.1-or-later
//! Every refusal is the recorded one, word for word, but for names.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster, golden};
use serde_json::{Value, json};

const PROXY: &str = "/api/v1/namespaces/openshift-image-registry/services";

/// Compares with a recording in which some names are replaced.
fn same(cluster: &Cluster, recording: &str, answer: &common::Answer, names: &[(&str, &str)]) {
    let recorded = golden(&format!("errors/{recording}.json"));
    let status: u16 =
        recorded["httpStatus"].as_str().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    assert_eq!(answer.status, status, "{recording}: {answer:?}");
    if let Some(text) = recorded["bodyText"].as_str() {
        assert_eq!(answer.text.trim(), text.trim(), "{recording}");
        return;
    }
    let mut text = recorded["body"].to_string();
    for (from, to) in names {
        assert!(text.contains(from), "{recording} has no {from}: {text}");
        text = text.replace(from, to);
    }
    let expected: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer.json(), expected, "{recording} {}", cluster.ready().api);
}

#[test]
fn reading_is_refused_as_recorded() {
    let cluster = Cluster::openshift();
    let carol = ("carol", "greg");
    let names = [carol, ("team-b", "shop")];
    let shop = format!("{A}/namespaces/shop");
    let skyfield = format!("{A}/namespaces/skyfield");
    same(&cluster, "forbidden-user-images", &cluster.get("greg", &format!("{A}/images")), &[carol]);
    same(
        &cluster,
        "forbidden-user-namespace",
        &cluster.get("greg", &format!("{shop}/imagestreams")),
        &names,
    );
    same(
        &cluster,
        "notfound-imagestream",
        &cluster.get("greg", &format!("{skyfield}/imagestreams/nope")),
        &[],
    );
    same(
        &cluster,
        "notfound-istag",
        &cluster.get("greg", &format!("{skyfield}/imagestreamtags/frontend:nope")),
        &[],
    );
    same(
        &cluster,
        "notfound-istag-nostream",
        &cluster.get("greg", &format!("{skyfield}/imagestreamtags/nope:x")),
        &[],
    );
    same(
        &cluster,
        "badrequest-istag-notag",
        &cluster.get("greg", &format!("{skyfield}/imagestreamtags/frontend")),
        &[],
    );
    let zero = format!("{A}/images/sha256:{}", "0".repeat(64));
    same(&cluster, "notfound-image", &cluster.get("sarah", &zero), &[]);
    same(&cluster, "notfound-resource", &cluster.get("sarah", &format!("{A}/nothing")), &[]);
    let project = "/apis/project.openshift.io/v1/projects/nosuch";
    same(&cluster, "notfound-project", &cluster.get("sarah", project), &[]);
    let watch = format!("{skyfield}/imagestreamtags?watch=true");
    same(&cluster, "watch-imagestreamtags", &cluster.get("sarah", &watch), &[]);
    let images = format!("{}{A}/images", cluster.ready().api);
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let cbor = cluster.curl(&images, &["-H", &bearer, "-H", "Accept: application/cbor"]);
    same(&cluster, "not-acceptable", &cbor, &[]);
}

#[test]
fn a_credential_is_refused_as_recorded() {
    let cluster = Cluster::openshift();
    let images = format!("{}{A}/images", cluster.ready().api);
    same(&cluster, "forbidden-anonymous", &cluster.curl(&images, &[]), &[]);
    let token = format!("x:{}", cluster.token("sarah"));
    same(&cluster, "unauthorized-basic", &cluster.curl(&images, &["-u", &token]), &[]);
    let bogus = cluster.curl(&images, &["-H", "Authorization: Bearer bogus"]);
    same(&cluster, "unauthorized-bogus-token", &bogus, &[]);
}

#[test]
fn changing_is_refused_as_recorded() {
    let cluster = Cluster::openshift();
    let skyfield = format!("{A}/namespaces/skyfield");
    let tag = format!("{skyfield}/imagestreamtags/frontend:v1");
    let names = [("carol", "greg"), ("demo", "skyfield")];
    same(&cluster, "forbidden-delete", &cluster.send("greg", "DELETE", &tag, None), &names);
    let streams = format!("{skyfield}/imagestreams");
    let frontend = json!({"metadata": {"name": "frontend"}});
    same(&cluster, "alreadyexists", &cluster.send("jane", "POST", &streams, Some(&frontend)), &[]);
    let bad = json!({"metadata": {"name": "Bad_Name/x"}});
    same(&cluster, "invalid", &cluster.send("jane", "POST", &streams, Some(&bad)), &[]);
    let stale = json!({"metadata": {"name": "frontend", "resourceVersion": "1"}});
    let one = format!("{streams}/frontend");
    same(&cluster, "conflict-update", &cluster.send("jane", "PUT", &one, Some(&stale)), &[]);
    let isimage = format!("{skyfield}/imagestreamimages/frontend@sha256:0");
    same(&cluster, "method-not-allowed", &cluster.send("sarah", "DELETE", &isimage, None), &[]);

    let stream = cluster.stream("skyfield", "frontend");
    let other = "11111111-1111-1111-1111-111111111111";
    let options = json!({"preconditions": {"uid": other}});
    let uid = stream["metadata"]["uid"].as_str().unwrap();
    let names = [("7e21fcf0-1cb4-4937-9a5a-cea8cc9daba6", uid)];
    let refused = cluster.send("scruffy", "DELETE", &one, Some(&options));
    same(&cluster, "conflict-delete-precondition", &refused, &names);
    let digest = cluster.history("skyfield", "frontend", "v1").remove(0);
    let path = format!("{A}/images/{digest}");
    let image = cluster.get("sarah", &path).json();
    let options = json!({"preconditions": {"resourceVersion": "1"}});
    let version = image["metadata"]["resourceVersion"].as_str().unwrap();
    let names = [
        (
            "sha256:1fc65ef97af2023a09875c8fdd735ad7144372f91be6d48531eb562fd14cc64f",
            digest.as_str(),
        ),
        ("835", version),
    ];
    let refused = cluster.send("sarah", "DELETE", &path, Some(&options));
    same(&cluster, "conflict-delete-image-rv", &refused, &names);
    assert_eq!(cluster.get("sarah", &path).status, 200, "a refused delete deletes nothing");
}

#[test]
fn the_service_proxy_refuses_as_recorded() {
    let cluster = Cluster::openshift();
    let registry = format!("{PROXY}/https:image-registry:5000-tcp/proxy/v2/");
    same(&cluster, "forbidden-proxy", &cluster.get("jane", &registry), &[("bob", "jane")]);
    // The token does not get through: the registry asks for one.
    let answer = cluster.get("sarah", &registry);
    same(&cluster, "proxy-registry-401", &answer, &[]);
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer realm="));
    let missing = format!("{PROXY}/nosuch:5000-tcp/proxy/v2/");
    same(&cluster, "proxy-service-missing", &cluster.get("sarah", &missing), &[]);
    let port = format!("{PROXY}/image-registry:9999/proxy/v2/");
    same(
        &cluster,
        "proxy-no-such-port",
        &cluster.get("sarah", &port),
        &[("echo", "image-registry")],
    );
    let unnamed = format!("{PROXY}/image-registry/proxy/v2/");
    let names = [("emptyep", "image-registry")];
    same(&cluster, "proxy-no-endpoints", &cluster.get("sarah", &unnamed), &names);
}
