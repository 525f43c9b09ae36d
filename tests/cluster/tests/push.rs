// SPDX-License-Identifier: LGPL-2.1-or-later
//! What skopeo pushes is recorded; who may not push is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster};
use serde_json::json;

#[test]
fn a_push_is_recorded_as_image_and_history() {
    let cluster = Cluster::openshift();
    let image = cluster.fetch("skyfield/frontend:v1");
    let to = |tag: &str| format!("docker://{}/skyfield/{tag}", cluster.ready().registry);
    let output = cluster.skopeo("jane", &["copy", &image, &to("frontend:latest")]);
    assert!(output.status.success(), "{output:?}");
    let history = cluster.history("skyfield", "frontend", "latest");
    let v1 = cluster.history("skyfield", "frontend", "v1").remove(0);
    assert_eq!(history.len(), 4);
    assert_eq!(
        (&history[0], &history[3]),
        (&v1, &v1),
        "an old image on top, and still at the bottom"
    );
    // The tag that follows latest got it too.
    assert_eq!(cluster.history("skyfield", "frontend", "test")[0], v1);
    // The same once more is no event.
    assert!(cluster.skopeo("jane", &["copy", &image, &to("frontend:latest")]).status.success());
    assert_eq!(cluster.history("skyfield", "frontend", "latest"), history);
}

#[test]
fn a_stream_is_made_by_its_first_push() {
    let cluster = Cluster::openshift();
    let image = cluster.fetch("skyfield/api:latest");
    let to = format!("docker://{}/skyfield/fresh:1", cluster.ready().registry);
    let output = cluster.skopeo("jane", &["copy", &image, &to]);
    assert!(output.status.success(), "{output:?}");
    let stream = cluster.stream("skyfield", "fresh");
    assert_eq!(
        stream["status"]["publicDockerImageRepository"],
        json!(format!("{}/skyfield/fresh", cluster.ready().registry))
    );
    let tag =
        cluster.get("greg", &format!("{A}/namespaces/skyfield/imagestreamtags/fresh:1")).json();
    assert_eq!(tag["image"]["dockerImageMetadata"]["Config"]["Entrypoint"], json!(["gunicorn"]));
    // One Image for a digest, named after the stream of its first push.
    let name = tag["image"]["metadata"]["name"].as_str().unwrap();
    let shared = cluster.get("sarah", &format!("{A}/images/{name}")).json();
    assert!(shared["dockerImageReference"].as_str().unwrap().contains("/skyfield/api@"));
    let pulled = cluster.skopeo("greg", &["inspect", "--raw", &to]);
    assert!(pulled.status.success(), "{pulled:?}");
}

#[test]
fn the_children_of_an_index_are_images_without_a_tag() {
    let cluster = Cluster::openshift();
    let index = cluster.history("tools", "cli", "latest").remove(0);
    let image = cluster.get("sarah", &format!("{A}/images/{index}")).json();
    let children = image["dockerImageManifests"].as_array().unwrap();
    assert_eq!(children.len(), 4);
    for child in children {
        let digest = child["digest"].as_str().unwrap();
        let image = cluster.get("sarah", &format!("{A}/images/{digest}")).json();
        assert_eq!(image["dockerImageMetadata"]["Architecture"], child["architecture"]);
        let pulled = cluster.registry("sarah", "GET", &format!("/v2/tools/cli/manifests/{digest}"));
        assert_eq!(pulled.status, 200);
    }
    // Asked only for schema 2, the registry picks the child for amd64.
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json";
    let url = |path: &str| format!("{}/v2/{path}", cluster.ready().registry_url);
    let child = cluster.curl(&url("tools/cli/manifests/latest"), &["-H", &bearer, "-H", accept]);
    assert_eq!(child.header("docker-content-digest"), children[0]["digest"].as_str());
    let oci = cluster.curl(&url("skyfield/api/manifests/latest"), &["-H", &bearer, "-H", accept]);
    let message = "OCI manifest found, but accept header does not support OCI manifests";
    assert_eq!((oci.status, oci.json()["errors"][0]["message"].as_str()), (404, Some(message)));
}

#[test]
fn who_may_only_look_cannot_push() {
    let cluster = Cluster::openshift();
    let image = cluster.fetch("skyfield/frontend:v1");
    let to = |name: &str| format!("docker://{}/{name}", cluster.ready().registry);
    for who in ["greg", "nobody"] {
        let output = cluster.skopeo(who, &["copy", &image, &to("skyfield/frontend:hack")]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("unauthorized: authentication required"), "{text}");
    }
    assert!(cluster.history("skyfield", "frontend", "hack").is_empty());
    let nowhere = cluster.skopeo("sarah", &["copy", &image, &to("nosuch/frontend:1")]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("denied"), "{nowhere:?}");
    assert!(
        cluster.skopeo("greg", &["inspect", "--raw", &to("skyfield/frontend:v1")]).status.success()
    );
    // Eric pulls from tools what he cannot list.
    assert!(
        cluster.skopeo("eric", &["inspect", "--raw", &to("tools/cli:latest")]).status.success()
    );
    assert_eq!(cluster.get("eric", &format!("{A}/namespaces/tools/imagestreams")).status, 403);
}

#[test]
fn the_registry_refuses_in_its_own_words() {
    let cluster = Cluster::openshift();
    let url = format!("{}/v2/", cluster.ready().registry_url);
    let nobody = cluster.curl(&url, &[]);
    let realm = format!("Bearer realm=\"https://{}/openshift/token\"", cluster.ready().registry);
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some(realm.as_str())));
    let wrong = cluster.curl(&url, &["-u", "x:wrong"]);
    let denied = "Basic realm=openshift,error=\"access denied\"";
    assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, Some(denied)));
    let password = format!("whoever:{}", cluster.token("greg"));
    assert_eq!(cluster.curl(&url, &["-u", &password]).status, 200);
    let token = format!("{}/openshift/token", cluster.ready().registry_url);
    assert_eq!(cluster.curl(&token, &["-u", &password]).json()["token"], cluster.token("greg"));
    assert_eq!(cluster.curl(&token, &[]).json(), common::golden("registry/token-anonymous.json"));
    let catalog = cluster.registry("greg", "GET", "/v2/_catalog");
    let detail = json!([{"Type": "registry", "Class": "", "Name": "catalog", "Action": "*"}]);
    assert_eq!((catalog.status, &catalog.json()["errors"][0]["detail"]), (401, &detail));
    let page = cluster.registry("sarah", "GET", "/v2/_catalog?n=3");
    assert_eq!(page.header("link"), Some("</v2/_catalog?last=shop%2Ffrontend&n=3>; rel=\"next\""));
    assert_eq!(cluster.registry("sarah", "GET", "/v2/one-part/tags/list").status, 400);
    let upload = cluster.registry("greg", "POST", "/v2/skyfield/frontend/blobs/uploads/");
    let name = "skyfield/frontend";
    let detail = json!([
        {"Type": "repository", "Class": "", "Name": name, "Action": "pull"},
        {"Type": "repository", "Class": "", "Name": name, "Action": "push"},
    ]);
    assert_eq!((upload.status, &upload.json()["errors"][0]["detail"]), (401, &detail));
}
