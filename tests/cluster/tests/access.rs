// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who sees and does what.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::process::Command;

use common::{A, Cluster, golden};
use serde_json::{Value, json};

fn projects(cluster: &Cluster, who: &str) -> Vec<String> {
    let list = cluster.get(who, "/apis/project.openshift.io/v1/projects").json();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|one| one["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

fn review(cluster: &Cluster, who: &str, attributes: &Value) -> Value {
    let body = json!({"spec": {"resourceAttributes": attributes}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = cluster.send(who, "POST", path, Some(&body));
    assert_eq!(answer.status, 201);
    answer.json()
}

#[test]
fn everybody_sees_their_own_projects() {
    let cluster = Cluster::openshift();
    assert_eq!(projects(&cluster, "greg"), ["skyfield"]);
    assert_eq!(projects(&cluster, "eric"), ["skyfield"], "pulling from a project does not show it");
    assert_eq!(projects(&cluster, "scruffy"), ["shop", "skyfield", "tools"]);
    assert_eq!(projects(&cluster, "nobody"), Vec::<String>::new());
    assert!(projects(&cluster, "sarah").contains(&"kube-system".to_owned()));
    assert_eq!(cluster.get("greg", "/api/v1/namespaces").status, 403);
    for (name, status) in [("skyfield", 200), ("shop", 403)] {
        let project = format!("/apis/project.openshift.io/v1/projects/{name}");
        assert_eq!(cluster.get("greg", &project).status, status, "{name}");
        assert_eq!(cluster.get("greg", &format!("/api/v1/namespaces/{name}")).status, status);
    }
    let myself = "/apis/user.openshift.io/v1/users/~";
    assert_eq!(cluster.get("nobody", myself).json()["metadata"]["name"], "nobody");
}

#[test]
fn reviews_answer_as_recorded() {
    let cluster = Cluster::openshift();
    let delete = json!({
        "namespace": "skyfield", "verb": "delete", "group": "image.openshift.io",
        "resource": "imagestreamtags",
    });
    for (who, recording) in [("jane", "allowed"), ("greg", "denied")] {
        let mut recorded = golden(&format!("selfsubjectaccessreview-{recording}.json"));
        recorded["metadata"].as_object_mut().unwrap().remove("managedFields");
        let recorded =
            recorded.to_string().replace("demo", "skyfield").replace("\\\"bob\\\"", "\\\"jane\\\"");
        let expected: Value = serde_json::from_str(&recorded).unwrap();
        assert_eq!(review(&cluster, who, &delete), expected);
    }
    let push = json!({
        "namespace": "skyfield", "verb": "update", "group": "image.openshift.io",
        "resource": "imagestreams",
        "subresource": "layers",
    });
    assert_eq!(review(&cluster, "jane", &push)["status"]["allowed"], true);
    assert_eq!(review(&cluster, "greg", &push)["status"]["allowed"], false);
    let me = cluster.send(
        "greg",
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        Some(&json!({})),
    );
    assert_eq!(me.json()["status"]["userInfo"]["username"], "greg");
    let rules = json!({"spec": {"namespace": "skyfield"}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let rules = cluster.send("greg", "POST", path, Some(&rules)).json();
    assert!(rules["status"]["resourceRules"].to_string().contains("imagestreams/layers"));
}

#[test]
fn a_certificate_wins_over_any_token() {
    let cluster = Cluster::openshift();
    let text = std::fs::read_to_string(&cluster.ready().kubeconfigs["system-admin"]).unwrap();
    let decoded = |field: &str, name: &str| {
        let encoded = text.split_once(&format!("{field}: ")).unwrap().1.lines().next().unwrap();
        let path = cluster.dir.path().join(name);
        let script = format!("printf %s '{encoded}' | base64 -d > '{}'", path.display());
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        path.display().to_string()
    };
    let (cert, key) =
        (decoded("client-certificate-data", "c.pem"), decoded("client-key-data", "k.pem"));
    let args = ["--cert", &cert, "--key", &key, "-H", "Authorization: Bearer bogus"];
    let images = cluster.curl(&format!("{}{A}/images?limit=1", cluster.ready().api), &args);
    assert_eq!(images.status, 200);
    let myself =
        cluster.curl(&format!("{}/apis/user.openshift.io/v1/users/~", cluster.ready().api), &args);
    assert_eq!(myself.json()["metadata"]["name"], "system:admin");
    assert!(myself.json()["metadata"].get("uid").is_none());
    assert!(!cluster.ready().tokens.contains_key("system-admin"));
}

#[test]
fn kubeconfigs_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let cluster = Cluster::plain();
    assert_eq!(cluster.ready().kubeconfigs.len(), 7);
    for path in cluster.ready().kubeconfigs.values() {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_anonymous_see_the_version_and_nothing_else() {
    let cluster = Cluster::openshift();
    let url = |path: &str| format!("{}{path}", cluster.ready().api);
    assert_eq!(cluster.curl(&url("/version"), &[]).status, 200);
    let apis = cluster.curl(&url("/apis"), &[]);
    let message = "forbidden: User \"system:anonymous\" cannot get path \"/apis\"";
    assert_eq!((apis.status, apis.json()["message"].as_str()), (403, Some(message)));
}
