// SPDX-License-Identifier: LGPL-2.1-or-later
//! Roles and bindings as objects, and service accounts that have them.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::time::{Duration, Instant};

use common::{A, Answer, Cluster, golden};
use images_cluster::Face;
use serde_json::{Value, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const INFRA: &str = "/api/v1/namespaces/openshift-infra";

fn binding(role: &str, subject: &Value) -> Value {
    json!({
        "metadata": {"name": "test"}, "subjects": [subject],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
    })
}

fn account(cluster: &Cluster) -> Value {
    let body = json!({"metadata": {"name": "registry-admin"}});
    let made = cluster.send("sarah", "POST", &format!("{INFRA}/serviceaccounts"), Some(&body));
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

fn request(cluster: &Cluster, account: &str, spec: &Value) -> Answer {
    let path = format!("{INFRA}/serviceaccounts/{account}/token");
    cluster.send("sarah", "POST", &path, Some(&json!({"spec": spec})))
}

fn token(cluster: &Cluster, spec: &Value) -> String {
    let answer = request(cluster, "registry-admin", spec);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["status"]["token"].as_str().unwrap().to_owned()
}

/// From now on nobody remembers that a token was good.
fn forget_tokens(cluster: &Cluster) {
    cluster.control("POST", "/tokens/cache", r#"{"seconds": 0}"#);
}

/// Asks the API with a token.
fn with(cluster: &Cluster, token: &str, path: &str) -> Answer {
    let bearer = format!("Authorization: Bearer {token}");
    cluster.curl(&format!("{}{path}", cluster.ready().api), &["-H", &bearer])
}

/// Asks the registry with a token as password.
fn at_registry(cluster: &Cluster, token: &str, path: &str) -> u16 {
    let url = format!("{}{path}", cluster.ready().registry_url);
    cluster.curl(&url, &["-u", &format!("anybody:{token}")]).status
}

fn refused(answer: &Answer, code: u16, words: &str) {
    assert_eq!(answer.status, code, "{answer:?}");
    let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_binding_gives_and_takes_rights() {
    let cluster = Cluster::openshift();
    let images = format!("{A}/images?limit=1");
    assert_eq!(cluster.get("greg", &images).status, 403);
    let greg = json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "greg"});
    let all = format!("{RBAC}/clusterrolebindings");
    let made = cluster.send("sarah", "POST", &all, Some(&binding("system:image-pruner", &greg)));
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(cluster.get("greg", &images).status, 200);
    let one = format!("{all}/test");
    let mut changed = cluster.get("sarah", &one).json();
    changed["roleRef"]["name"] = json!("cluster-admin");
    let answer = cluster.send("sarah", "PUT", &one, Some(&changed));
    refused(&answer, 422, "cannot change roleRef");
    let gone = cluster.send("sarah", "DELETE", &one, None);
    assert_eq!((gone.status, &gone.json()["status"]), (200, &json!("Success")));
    assert_eq!(cluster.get("greg", &images).status, 403);
    assert_eq!(cluster.get("greg", &all).status, 403);
}

#[test]
fn bindings_look_as_recorded() {
    let cluster = Cluster::openshift();
    let list = cluster.get("sarah", &format!("{RBAC}/namespaces/skyfield/rolebindings")).json();
    let recorded = golden("rolebindings-rbac.json");
    let recorded = &recorded["items"][0];
    let viewer = list["items"].as_array().unwrap().iter();
    let viewer = viewer.clone().find(|one| one["metadata"]["name"] == "registry-viewer").unwrap();
    assert_eq!(viewer["roleRef"]["apiGroup"], recorded["roleRef"]["apiGroup"]);
    assert_eq!(viewer["roleRef"]["kind"], recorded["roleRef"]["kind"]);
    let mut subject = viewer["subjects"][0].clone();
    assert_eq!(subject["name"], "eric");
    subject["name"] = recorded["subjects"][0]["name"].clone();
    assert_eq!(subject, recorded["subjects"][0]);
}

#[test]
fn nobody_grants_more_than_they_have() {
    let cluster = Cluster::openshift();
    let path = format!("{RBAC}/namespaces/skyfield/rolebindings");
    let greg = json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "greg"});
    // scruffy administers the project.
    let editor = binding("registry-editor", &greg);
    assert_eq!(cluster.send("scruffy", "POST", &path, Some(&editor)).status, 201);
    let mut more = binding("cluster-admin", &greg);
    more["metadata"]["name"] = json!("more");
    let answer = cluster.send("scruffy", "POST", &path, Some(&more));
    refused(
        &answer,
        403,
        "rolebindings.rbac.authorization.k8s.io \"more\" is forbidden: user \"scruffy\" \
         (groups=[\"system:authenticated:oauth\" \"system:authenticated\"]) is attempting to \
         grant RBAC permissions not currently held:\n",
    );
    let role = json!({"metadata": {"name": "more"}, "rules": [
        {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get"]},
    ]});
    let roles = format!("{RBAC}/namespaces/skyfield/roles");
    let answer = cluster.send("scruffy", "POST", &roles, Some(&role));
    refused(&answer, 403, "{APIGroups:[\"\"], Resources:[\"pods/portforward\"], Verbs:[\"get\"]}");
    more["roleRef"]["name"] = json!("nosuch");
    let answer = cluster.send("scruffy", "POST", &path, Some(&more));
    refused(&answer, 404, "clusterroles.rbac.authorization.k8s.io \"nosuch\" not found");
    // An administrator of the cluster may even do that.
    assert_eq!(cluster.send("sarah", "POST", &path, Some(&more)).status, 201);
    assert_eq!(cluster.send("sarah", "POST", &roles, Some(&role)).status, 201);
}

#[test]
fn an_account_is_a_user_of_api_and_registry() {
    let cluster = Cluster::openshift();
    forget_tokens(&cluster);
    let made = account(&cluster);
    let answer = request(&cluster, "registry-admin", &json!({"expirationSeconds": 3600}));
    assert_eq!(answer.status, 201, "{answer:?}");
    let (answer, recorded) = (answer.json(), golden("tokenrequest.json"));
    for part in ["metadata", "spec", "status"] {
        let names = |value: &Value| -> Vec<String> {
            let fields = value[part].as_object().unwrap().keys();
            let mut names: Vec<_> =
                fields.filter(|name| *name != "managedFields").cloned().collect();
            names.sort();
            names
        };
        assert_eq!(names(&answer), names(&recorded), "{part}");
    }
    assert_eq!(answer["spec"], recorded["spec"]);
    let token = answer["status"]["token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3);
    let images = format!("{A}/images?limit=1");
    refused(
        &with(&cluster, token, &images),
        403,
        "User \"system:serviceaccount:openshift-infra:registry-admin\" cannot list",
    );
    assert_eq!(at_registry(&cluster, token, "/v2/"), 200);
    assert_eq!(at_registry(&cluster, token, "/v2/_catalog"), 401);
    let subject =
        json!({"kind": "ServiceAccount", "namespace": "openshift-infra", "name": "registry-admin"});
    let bindings = format!("{RBAC}/clusterrolebindings");
    let body = binding("system:image-pruner", &subject);
    assert_eq!(cluster.send("sarah", "POST", &bindings, Some(&body)).status, 201);
    assert_eq!(with(&cluster, token, &images).status, 200);
    assert_eq!(at_registry(&cluster, token, "/v2/_catalog"), 200);
    let myself = with(&cluster, token, "/apis/user.openshift.io/v1/users/~").json();
    assert_eq!(myself["metadata"]["uid"], made["metadata"]["uid"]);
    let groups = json!([
        "system:authenticated",
        "system:serviceaccounts",
        "system:serviceaccounts:openshift-infra",
    ]);
    assert_eq!(myself["groups"], groups);
    let path = format!("{INFRA}/serviceaccounts/registry-admin");
    let gone = cluster.send("sarah", "DELETE", &path, None);
    assert_eq!((gone.status, &gone.json()["kind"]), (200, &json!("ServiceAccount")));
    assert_eq!(with(&cluster, token, &images).status, 401);
    assert_eq!(at_registry(&cluster, token, "/v2/"), 401);
    // Another one of the same name is another one.
    account(&cluster);
    assert_eq!(with(&cluster, token, &images).status, 401);
}

#[test]
fn requests_for_tokens_are_refused_as_recorded() {
    let cluster = Cluster::openshift();
    account(&cluster);
    for (seconds, recording) in [(60_i64, "too-short"), (99_999_999_999, "too-long")] {
        let answer = request(&cluster, "registry-admin", &json!({"expirationSeconds": seconds}));
        let recorded = golden(&format!("errors/tokenrequest-{recording}.json"));
        assert_eq!((answer.status, answer.json()), (422, recorded["body"].clone()));
    }
    let answer = request(&cluster, "nobody", &json!({}));
    refused(&answer, 404, "serviceaccounts \"nobody\" not found");
    let path = format!("{INFRA}/serviceaccounts/registry-admin/token");
    let answer = cluster.send("scruffy", "POST", &path, Some(&json!({})));
    refused(&answer, 403, "cannot create resource \"serviceaccounts/token\"");
}

#[test]
fn tokens_end() {
    let cluster = Cluster::openshift();
    forget_tokens(&cluster);
    account(&cluster);
    let version = "/apis/user.openshift.io/v1/users/~";
    // With the Secret that it is bound to,
    let secret = json!({"metadata": {"name": "robot"}});
    let secrets = format!("{INFRA}/secrets");
    assert_eq!(cluster.send("sarah", "POST", &secrets, Some(&secret)).status, 201);
    let bound = json!({"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "robot"}});
    let first = token(&cluster, &bound);
    assert_eq!(with(&cluster, &first, version).status, 200);
    cluster.send("sarah", "DELETE", &format!("{secrets}/robot"), None);
    assert_eq!(with(&cluster, &first, version).status, 401);
    // with its time,
    cluster.control("POST", "/tokens/lifetime", r#"{"seconds": 1}"#);
    let second = token(&cluster, &json!({}));
    let end = Instant::now() + Duration::from_secs(10);
    while with(&cluster, &second, version).status != 401 {
        assert!(Instant::now() < end, "the token does not expire");
    }
    // and with a test's word.
    cluster.control("POST", "/tokens/lifetime", r#"{"seconds": 3600}"#);
    let third = token(&cluster, &json!({}));
    assert_eq!(with(&cluster, &third, version).status, 200);
    cluster.control("POST", "/tokens/expire", "");
    let over = with(&cluster, &third, version);
    assert_eq!(over.json(), golden("errors/unauthorized-bogus-token.json")["body"]);
}

#[test]
fn a_cluster_of_old_has_token_secrets_and_passwords() {
    let cluster = Cluster::start(Face::Openshift, &["--old"]);
    forget_tokens(&cluster);
    account(&cluster);
    assert_eq!(request(&cluster, "registry-admin", &json!({})).status, 404);
    let reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    assert_eq!(cluster.send("sarah", "POST", reviews, Some(&json!({}))).status, 404);
    let served = cluster.get("sarah", "/api/v1").text;
    assert!(served.contains("\"secrets\"") && !served.contains("serviceaccounts/token"));
    let named = |secret: &Value| {
        secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] == "registry-admin"
    };
    let secrets = format!("{INFRA}/secrets");
    let end = Instant::now() + Duration::from_secs(10);
    let secret = loop {
        assert!(Instant::now() < end, "no Secret with a token");
        let list = cluster.get("sarah", &secrets).json();
        let found = list["items"].as_array().unwrap().iter().find(|one| named(one)).cloned();
        if let Some(secret) = found.filter(|secret| secret["data"]["token"].is_string()) {
            break secret;
        }
    };
    assert_eq!(secret["type"], "kubernetes.io/service-account-token");
    let encoded = secret["data"]["token"].as_str().unwrap();
    let decode = format!("printf %s {encoded} | base64 -d");
    let token = std::process::Command::new("sh").args(["-c", &decode]).output().unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    let myself = "/apis/user.openshift.io/v1/users/~";
    assert_eq!(with(&cluster, &token, myself).status, 200);
    assert_eq!(at_registry(&cluster, &token, "/v2/"), 200);
    let account = cluster.get("sarah", &format!("{INFRA}/serviceaccounts/registry-admin")).json();
    assert_eq!(account["secrets"][0]["name"], secret["metadata"]["name"]);
    cluster.send("sarah", "DELETE", &format!("{INFRA}/serviceaccounts/registry-admin"), None);
    assert_eq!(with(&cluster, &token, myself).status, 401);

    let url = format!("{}{myself}", cluster.ready().api);
    let login = format!("greg:{}", cluster.ready().passwords["greg"]);
    assert_eq!(cluster.curl(&url, &["-u", &login]).json()["metadata"]["name"], "greg");
    assert_eq!(cluster.curl(&url, &["-u", "greg:wrong"]).status, 401);
    // It is OpenShift 3.
    let service = "/api/v1/namespaces/default/services/docker-registry";
    assert_eq!(cluster.get("sarah", service).status, 200);
    assert!(
        cluster.ready().registry_proxy_path.contains("/default/services/https:docker-registry")
    );
    assert!(!cluster.get("sarah", "/apis").text.contains("imageregistry"));
    let config = "/apis/apps.openshift.io/v1/namespaces/default/deploymentconfigs/docker-registry";
    let config = cluster.get("sarah", config).json();
    assert_eq!(config["status"]["readyReplicas"], 1);
    let pods = "/api/v1/namespaces/default/pods?labelSelector=docker-registry%3Ddefault";
    let pods = cluster.get("sarah", pods).json();
    assert_eq!(pods["items"][0]["metadata"]["ownerReferences"][0]["kind"], "DeploymentConfig");
}
