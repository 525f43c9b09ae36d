// SPDX-License-Identifier: LGPL-2.1-or-later
//! The API server's service proxy, as it is and as it was.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Cluster;
use images_cluster::Face;

const LEGACY: &str = "/api/v1/proxy/namespaces/kube-system/services/registry:registry";

#[test]
fn the_legacy_path_is_gone() {
    let cluster = Cluster::plain();
    let path = format!("{LEGACY}/v2/");
    assert_eq!(cluster.get("sarah", &path).status, 404);
    let refused = cluster.get("jane", &path);
    let message = "services \"registry:registry\" is forbidden: User \"jane\" cannot proxy resource \
                   \"services\" in API group \"\" in the namespace \"kube-system\"";
    assert_eq!((refused.status, &refused.json()["message"]), (403, &message.into()));
}

#[test]
fn a_cluster_of_old_has_the_legacy_path() {
    let cluster = Cluster::start(Face::Plain, &["--old"]);
    let catalog = cluster.get("sarah", &format!("{LEGACY}/v2/_catalog?n=1"));
    assert_eq!(catalog.json()["repositories"][0], "shop/checkout");
    let link = catalog.header("link");
    assert_eq!(link, Some("</v2/_catalog?last=shop%2Fcheckout&n=1>; rel=\"next\""));
    let begun = cluster.send("sarah", "POST", &format!("{LEGACY}/v2/a/b/blobs/uploads/"), None);
    let location = begun.header("location").unwrap();
    let host = cluster.ready().api.replace("https://", "http://");
    assert!(location.starts_with(&format!("{host}{LEGACY}/v2/a/b/blobs/uploads/")), "{location}");
    let moved = cluster.get("sarah", LEGACY);
    assert_eq!(
        (moved.status, moved.header("location")),
        (301, Some(format!("{LEGACY}/").as_str()))
    );
    assert_eq!(cluster.get("jane", &format!("{LEGACY}/v2/")).status, 403);
}

#[test]
fn the_legacy_path_is_closed_with_the_proxy() {
    let cluster = Cluster::start(Face::Plain, &["--old", "--no-service-proxy"]);
    assert_eq!(cluster.get("sarah", &format!("{LEGACY}/v2/")).status, 503);
}

#[test]
fn options_has_no_verb_in_roles() {
    let cluster = Cluster::plain();
    let path = format!("{}v2/a/b/manifests/v1", cluster.ready().registry_proxy_path);
    let answer = cluster.send("sarah", "OPTIONS", &path, None);
    assert_eq!((answer.status, answer.header("allow")), (200, Some("DELETE, GET, HEAD, PUT")));
    assert_eq!(cluster.send("jane", "OPTIONS", &path, None).status, 403);
}

#[test]
fn what_the_registry_does_not_say_is_not_added() {
    let cluster = Cluster::plain();
    let path = format!("{}v2/", cluster.ready().registry_proxy_path);
    let answer = cluster.get("greg", &path);
    assert_eq!(answer.header("docker-distribution-api-version"), Some("registry/2.0"));
    let requests = cluster.requests();
    let own: Vec<_> = requests.iter().filter(|entry| entry.path == "/v2/").collect();
    assert_eq!(own.len(), 1);
    assert!(!own[0].authorization, "the credential ends at the API server");
}
