// SPDX-License-Identifier: LGPL-2.1-or-later
//! The plain face: docker-registry as it is, behind the service proxy.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::Cluster;
use images_cluster::Face;
use serde_json::{Value, json};

fn proxied(cluster: &Cluster, path: &str) -> String {
    format!("{}v2/{path}", cluster.ready().registry_proxy_path)
}

const MANIFEST: &str = "Accept: application/vnd.docker.distribution.manifest.v2+json";

fn digest(cluster: &Cluster, repository: &str, tag: &str) -> String {
    let url = format!("{}/v2/{repository}/manifests/{tag}", cluster.ready().registry_url);
    let answer = cluster.curl(&url, &["-X", "HEAD", "-H", MANIFEST]);
    answer.header("docker-content-digest").unwrap_or_default().to_owned()
}

#[test]
fn the_proxy_shows_what_the_registry_has() {
    let cluster = Cluster::plain();
    let catalog = cluster.get("greg", &proxied(&cluster, "_catalog?n=2"));
    assert_eq!(catalog.json(), json!({"repositories": ["shop/checkout", "shop/database"]}));
    // Not rewritten: it does not lead back through the proxy.
    assert_eq!(
        catalog.header("link"),
        Some("</v2/_catalog?last=shop%2Fdatabase&n=2>; rel=\"next\"")
    );
    let tags = cluster.get("greg", &proxied(&cluster, "skyfield/nightly/tags/list")).json();
    assert_eq!(tags["tags"].as_array().unwrap().len(), 66);
    assert_eq!(cluster.get("nobody", &proxied(&cluster, "_catalog")).status, 403);
    let escaped = cluster.get("greg", &proxied(&cluster, "skyfield%2Fapi/tags/list"));
    assert_eq!(escaped.json()["name"], "skyfield/api");
}

#[test]
fn the_method_decides_which_right_is_needed() {
    let cluster = Cluster::plain();
    let uploads = proxied(&cluster, "skyfield/api/blobs/uploads/");
    let refused = cluster.send("greg", "POST", &uploads, None);
    assert_eq!(refused.status, 403);
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("cannot create resource \"services/proxy\"")
    );
    let begun = cluster.send("jane", "POST", &uploads, None);
    assert_eq!(begun.status, 202);
    let api = cluster.ready().api.replace("https", "http");
    let location = begun.header("location").unwrap();
    assert!(location.starts_with(&format!("{api}{uploads}")), "{location}");
    let bare = cluster.ready().registry_proxy_path.trim_end_matches('/').to_owned();
    let moved = cluster.get("greg", &bare);
    let location = moved.header("location");
    assert_eq!((moved.status, location), (301, Some(cluster.ready().registry_proxy_path.as_str())));
}

#[test]
fn a_manifest_goes_with_all_its_tags() {
    let cluster = Cluster::plain();
    let v3 = digest(&cluster, "skyfield/frontend", "v3");
    assert_eq!(v3, digest(&cluster, "skyfield/frontend", "latest"));
    let delete = |reference: &str| {
        cluster.send(
            "jane",
            "DELETE",
            &proxied(&cluster, &format!("skyfield/frontend/manifests/{reference}")),
            None,
        )
    };
    let by_tag = delete("v3");
    assert_eq!((by_tag.status, by_tag.code().as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(delete(&v3).status, 202);
    let again = delete(&v3);
    assert_eq!((again.status, again.code().as_str()), (404, "MANIFEST_UNKNOWN"));
    let tags = cluster.get("greg", &proxied(&cluster, "skyfield/frontend/tags/list")).json();
    // In no order.
    let mut left: Vec<_> = tags["tags"].as_array().unwrap().iter().map(Value::to_string).collect();
    left.sort();
    assert_eq!(left, ["\"stable\"", "\"v1\"", "\"v2\""]);
}

#[test]
fn a_registry_may_refuse_to_delete() {
    let cluster = Cluster::start(Face::Plain, &["--no-delete"]);
    let digest = digest(&cluster, "skyfield/frontend", "v1");
    let path = proxied(&cluster, &format!("skyfield/frontend/manifests/{digest}"));
    let refused = cluster.send("sarah", "DELETE", &path, None);
    assert_eq!((refused.status, refused.code().as_str()), (405, "UNSUPPORTED"));
}

#[test]
fn the_proxy_may_be_out_of_reach() {
    let cluster = Cluster::start(Face::Plain, &["--no-service-proxy"]);
    let answer = cluster.get("sarah", &proxied(&cluster, "_catalog"));
    assert_eq!((answer.status, &answer.json()["reason"]), (503, &json!("ServiceUnavailable")));
    assert_eq!(cluster.registry("sarah", "GET", "/v2/_catalog").status, 200);
}

#[test]
fn a_dead_registry_is_named() {
    let cluster = Cluster::plain();
    let port = cluster.ready().registry_direct.rsplit(':').next().unwrap();
    // Of this cluster: the configuration lies in its own folder.
    let config = cluster.dir.path().join("state/docker-registry.yml").canonicalize().unwrap();
    for process in Path::new("/proc").read_dir().unwrap().flatten() {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let wanted = format!("docker-registry\0serve\0{}\0", config.display());
        if command == wanted.as_bytes() {
            let pid = process.file_name().into_string().unwrap();
            assert!(Command::new("kill").arg(pid).status().unwrap().success());
        }
    }
    // The cluster ends with its registry, and its API with it.
    let url = format!("http://127.0.0.1:{port}/v2/");
    let end = Instant::now() + Duration::from_secs(10);
    while cluster.curl_output(&url, &[]).status.success() {
        assert!(Instant::now() < end, "docker-registry still answers");
    }
}

#[test]
fn the_registry_ends_with_a_killed_cluster() {
    let cluster = Cluster::plain();
    let url = format!("{}/v2/", cluster.ready().registry_direct);
    assert!(cluster.curl_output(&url, &[]).status.success());
    let pid = cluster.ready().pid.to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let end = Instant::now() + Duration::from_secs(10);
    while cluster.curl_output(&url, &[]).status.success() {
        assert!(Instant::now() < end, "docker-registry outlives its cluster");
    }
}
