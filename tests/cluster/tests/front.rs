// SPDX-License-Identifier: LGPL-2.1-or-later
//! OpenShift's registry, and who and what it knows.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::process::Command;

use common::{Cluster, until};
use images_cluster::Face;
use serde_json::json;

#[test]
fn options_tells_the_methods() {
    let cluster = Cluster::openshift();
    let allowed = |who, path: &str| {
        let answer = cluster.registry(who, "OPTIONS", path);
        (answer.status, answer.header("allow").unwrap_or_default().to_owned())
    };
    let manifest = "/v2/skyfield/frontend/manifests/v1";
    assert_eq!(allowed("greg", manifest), (200, "DELETE, GET, HEAD, PUT".to_owned()));
    assert_eq!(allowed("nobody", manifest), (200, "DELETE, GET, HEAD, PUT".to_owned()));
    assert_eq!(allowed("sarah", "/v2/_catalog"), (200, "GET".to_owned()));
    let answer = cluster.registry("sarah", "POST", "/v2/skyfield/frontend/tags/list");
    assert_eq!((answer.status, answer.text.as_str()), (405, "Method not allowed\n"));
    let url = format!("{}{manifest}", cluster.ready().registry_url);
    assert_eq!(cluster.curl(&url, &["-X", "OPTIONS"]).status, 401, "also for that one is somebody");
}

#[test]
fn a_service_account_comes_with_its_token() {
    let cluster = Cluster::openshift();
    let accounts = "/api/v1/namespaces/skyfield/serviceaccounts";
    let account =
        json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "robot"}});
    assert_eq!(cluster.send("sarah", "POST", accounts, Some(&account)).status, 201);
    let request = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "spec": {"expirationSeconds": 3600},
    });
    let answer = cluster.send("sarah", "POST", &format!("{accounts}/robot/token"), Some(&request));
    let token = answer.json()["status"]["token"].as_str().unwrap().to_owned();
    let login = format!("whoever:{token}");
    let base = format!("{}/v2/", cluster.ready().registry_url);
    assert_eq!(cluster.curl(&base, &["-u", &login]).status, 200);
    // All accounts of a project may pull there, and no more than that.
    let tags = format!("{}/v2/skyfield/frontend/tags/list", cluster.ready().registry_url);
    assert_eq!(cluster.curl(&tags, &["-u", &login]).status, 200);
    let uploads = format!("{}/v2/skyfield/frontend/blobs/uploads/", cluster.ready().registry_url);
    assert_eq!(cluster.curl(&uploads, &["-u", &login, "-X", "POST"]).status, 401);
    let binding = json!({
        "kind": "RoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": "robot"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "system:image-pusher",
        },
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "skyfield"}],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/skyfield/rolebindings";
    assert_eq!(cluster.send("sarah", "POST", bindings, Some(&binding)).status, 201);
    let image = cluster.fetch("skyfield/frontend:v1");
    let pushed = Command::new("skopeo")
        .args(["--insecure-policy", "copy", "--dest-cert-dir"])
        .arg(cluster.ready().ca.parent().unwrap())
        .arg(format!("--dest-creds={login}"))
        .arg(image)
        .arg(format!("docker://{}/skyfield/frontend:robot", cluster.ready().registry))
        .output()
        .unwrap();
    assert!(pushed.status.success(), "{pushed:?}");
    assert_eq!(cluster.history("skyfield", "frontend", "robot").len(), 1);
    assert_eq!(cluster.send("sarah", "DELETE", &format!("{accounts}/robot"), None).status, 200);
    until("it is gone with its account", || cluster.curl(&base, &["-u", &login]).status == 401);
}

#[test]
fn the_route_and_the_service_have_certificates_of_their_own() {
    let cluster = Cluster::start(Face::Openshift, &[]);
    let base = format!("{}/v2/", cluster.ready().registry_url);
    let services = cluster.ready().service_ca.to_str().unwrap();
    assert_eq!(cluster.curl(&base, &[]).status, 401);
    let output = cluster.curl_output(&base, &["--cacert", services]);
    assert_eq!(output.status.code(), Some(60), "{output:?}");
    let map = "/api/v1/namespaces/skyfield/configmaps/openshift-service-ca.crt";
    let published = cluster.get("sarah", map).json()["data"]["service-ca.crt"].clone();
    assert_eq!(published, std::fs::read_to_string(services).unwrap());
}

#[test]
fn everybody_pulls_where_nobody_needs_to_log_in() {
    let cluster = Cluster::openshift();
    let manifest = "/v2/skyfield/frontend/manifests/v1";
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json";
    let anonymous = || {
        let base = &cluster.ready().registry_url;
        let token = cluster.curl(&format!("{base}/openshift/token"), &[]).json();
        let bearer = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
        cluster.curl(&format!("{base}{manifest}"), &["-H", &bearer, "-H", accept]).status
    };
    let share = |name: &str, group: &str| {
        let binding = json!({
            "metadata": {"name": name}, "subjects": [{"kind": "Group", "name": group}],
            "roleRef": {"kind": "ClusterRole", "name": "registry-viewer"},
        });
        let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/skyfield/rolebindings";
        assert_eq!(cluster.send("sarah", "POST", bindings, Some(&binding)).status, 201);
    };
    let pull = |who: &str| cluster.registry(who, "GET", manifest).status;
    assert_eq!((anonymous(), pull("nobody")), (401, 401));
    share("shared", "system:authenticated");
    assert_eq!((anonymous(), pull("nobody")), (401, 200));
    share("anonymous", "system:unauthenticated");
    assert_eq!((anonymous(), pull("nobody")), (200, 200));
    // Nobody pushes by that.
    let uploads = "/v2/skyfield/frontend/blobs/uploads/";
    assert_eq!(cluster.registry("nobody", "POST", uploads).status, 401);
}

#[test]
fn a_blob_is_mounted_from_where_one_may_pull() {
    let cluster = Cluster::openshift();
    let digest = cluster.history("shop", "checkout", "1.0").remove(0);
    let image = format!("/apis/image.openshift.io/v1/images/{digest}");
    let image = cluster.get("sarah", &image).json();
    let layer = image["dockerImageLayers"][0]["name"].as_str().unwrap().to_owned();
    let mount = |who: &str, to: &str, from: &str| {
        let path = format!("/v2/{to}/blobs/uploads/?mount={layer}&from={from}");
        cluster.registry(who, "POST", &path).status
    };
    // 202: not mounted, but one may upload it.
    assert_eq!(mount("jane", "skyfield/new", "shop/checkout"), 202);
    assert_eq!(mount("scruffy", "tools/new", "shop/checkout"), 201);
    // From a stream that nobody pushed to, too.
    let from = json!({
        "kind": "ImageStreamImage", "namespace": "shop", "name": format!("checkout@{digest}"),
    });
    let tag = json!({"metadata": {"name": "promoted:1"}, "tag": {"name": "1", "from": from}});
    let tags = "/apis/image.openshift.io/v1/namespaces/tools/imagestreamtags";
    assert_eq!(cluster.send("scruffy", "POST", tags, Some(&tag)).status, 201);
    assert_eq!(mount("scruffy", "skyfield/newer", "tools/promoted"), 201);
}
