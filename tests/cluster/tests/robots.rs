// SPDX-License-Identifier: LGPL-2.1-or-later
//! Service accounts as robots: a token bound to a Secret, at the API and with skopeo.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::process::{Command, Output};

use common::{Answer, Cluster, until};
use serde_json::{Value, json};

const SKYFIELD: &str = "/api/v1/namespaces/skyfield";
const MYSELF: &str = "/apis/user.openshift.io/v1/users/~";

struct Robot {
    token: String,
    /// The Secret that the token is bound to.
    secret: String,
}

fn make(cluster: &Cluster, kind: &str, body: &Value) -> Value {
    let answer = cluster.send("sarah", "POST", &format!("{SKYFIELD}/{kind}"), Some(body));
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// A robot with a role, and a token that is bound to a Secret of the robot's.
fn robot(cluster: &Cluster, role: &str) -> Robot {
    let account = make(cluster, "serviceaccounts", &json!({"metadata": {"name": "ci"}}));
    let subject = json!({"kind": "ServiceAccount", "name": "ci", "namespace": "skyfield"});
    let binding = json!({
        "metadata": {"name": "ci"}, "subjects": [subject],
        "roleRef": {"kind": "ClusterRole", "name": role},
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/skyfield/rolebindings";
    assert_eq!(cluster.send("sarah", "POST", bindings, Some(&binding)).status, 201);
    let owner = json!({
        "kind": "ServiceAccount", "apiVersion": "v1", "name": "ci",
        "uid": account["metadata"]["uid"],
    });
    let secret = json!({"metadata": {"name": "ci-token", "ownerReferences": [owner]}});
    let secret = make(cluster, "secrets", &secret);
    assert_eq!(secret["type"], "Opaque");
    let made = request(cluster, &secret["metadata"]["uid"]);
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["status"]["token"].as_str().unwrap().to_owned();
    Robot { token, secret: format!("{SKYFIELD}/secrets/ci-token") }
}

fn request(cluster: &Cluster, uid: &Value) -> Answer {
    let bound = json!({"kind": "Secret", "apiVersion": "v1", "name": "ci-token", "uid": uid});
    let body = json!({"spec": {"expirationSeconds": 3600, "boundObjectRef": bound}});
    cluster.send("sarah", "POST", &format!("{SKYFIELD}/serviceaccounts/ci/token"), Some(&body))
}

fn skopeo(cluster: &Cluster, token: &str, args: &[&str], which: &str) -> Output {
    let folder = cluster.ready().ca.parent().unwrap().display();
    Command::new("skopeo")
        .arg("--insecure-policy")
        .args(args)
        .arg(format!("--{which}cert-dir={folder}"))
        .arg(format!("--{which}creds=serviceaccount:{token}"))
        .output()
        .unwrap()
}

fn pulls(cluster: &Cluster, token: &str) -> bool {
    let image = format!("docker://{}/skyfield/frontend:v1", cluster.ready().registry);
    skopeo(cluster, token, &["inspect", &image], "").status.success()
}

fn pushes(cluster: &Cluster, token: &str, tag: &str) -> Output {
    let from = cluster.fetch("skyfield/frontend:v1");
    let to = format!("docker://{}/skyfield/frontend:{tag}", cluster.ready().registry);
    skopeo(cluster, token, &["copy", &from, &to], "dest-")
}

#[test]
fn a_robot_pulls_and_pushes_until_its_secret_goes() {
    let cluster = Cluster::openshift();
    let robot = robot(&cluster, "registry-editor");
    assert!(pulls(&cluster, &robot.token));
    let pushed = pushes(&cluster, &robot.token, "by-robot");
    assert!(pushed.status.success(), "{pushed:?}");
    assert_eq!(cluster.send("sarah", "DELETE", &robot.secret, None).status, 200);
    // It was good a moment ago: the API server remembers that for a while, no longer than 10 s.
    assert_eq!(cluster.send_with(&robot.token, "GET", MYSELF, None).status, 200);
    until("the token is over", || {
        cluster.send_with(&robot.token, "GET", MYSELF, None).status == 401
    });
    assert!(!pulls(&cluster, &robot.token));
    // A Secret of the same name is another one.
    make(&cluster, "secrets", &json!({"metadata": {"name": "ci-token"}}));
    assert!(!pulls(&cluster, &robot.token));
    let stale = request(&cluster, &json!("another"));
    assert_eq!(stale.status, 409, "{stale:?}");
}

#[test]
fn a_robot_that_may_only_pull_does_not_push() {
    let cluster = Cluster::openshift();
    let robot = robot(&cluster, "registry-viewer");
    assert!(pulls(&cluster, &robot.token));
    let refused = pushes(&cluster, &robot.token, "by-robot");
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("unauthorized: authentication required"), "{words}");
    assert_eq!(cluster.history("skyfield", "frontend", "by-robot"), Vec::<String>::new());
}

#[test]
fn secrets_and_tokens_go_with_the_account() {
    let cluster = Cluster::openshift();
    cluster.control("POST", "/tokens/cache", r#"{"seconds": 0}"#);
    let robot = robot(&cluster, "registry-viewer");
    assert_eq!(cluster.send_with(&robot.token, "GET", MYSELF, None).status, 200);
    let account = format!("{SKYFIELD}/serviceaccounts/ci");
    assert_eq!(cluster.send("sarah", "DELETE", &account, None).status, 200);
    assert_eq!(cluster.send_with(&robot.token, "GET", MYSELF, None).status, 401);
    until("the Secret is gone", || cluster.get("sarah", &robot.secret).status == 404);
}
