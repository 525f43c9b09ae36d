// SPDX-License-Identifier: LGPL-2.1-or-later
//! An organization as large as the page must stand.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Cluster;
use images_cluster::Face;
use serde_json::{Value, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// All items of a paged list.
fn all(cluster: &Cluster, path: &str) -> Vec<Value> {
    let (mut items, mut token) = (Vec::new(), String::new());
    loop {
        let page = cluster.get("sarah", &format!("{path}?limit=500&continue={token}"));
        assert_eq!(page.status, 200, "{page:?}");
        let mut page = page.json();
        let Value::Array(more) = page["items"].take() else { panic!("no items") };
        assert!(more.len() <= 500);
        items.extend(more);
        match page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
            Some(next) => token = next.to_owned(),
            None => return items,
        }
    }
}

#[test]
fn it_is_the_same_for_the_same_number() {
    let size = r#"{"projects": 40, "users": 100, "groups": 10, "bindings": 200, "seed": 7}"#;
    let [first, second] = [0, 1].map(|_| {
        let cluster = Cluster::openshift();
        cluster.control("POST", "/organization", size);
        let projects = cluster.get("sarah", "/apis/project.openshift.io/v1/projects").json();
        let bindings = all(&cluster, &format!("{RBAC}/rolebindings"));
        let bindings: Vec<_> = bindings
            .into_iter()
            .filter(|one| one["metadata"]["namespace"].as_str().unwrap().starts_with("team-"))
            .map(|one| json!([one["metadata"]["name"], one["subjects"], one["roleRef"]["name"]]))
            .collect();
        let projects = projects["items"].as_array().unwrap().iter();
        let projects = projects.filter(|one| one["metadata"]["name"].to_string().contains("team-"));
        let users = all(&cluster, "/apis/user.openshift.io/v1/users");
        let users = users.iter().filter(|one| one["identities"][0].to_string().contains("ldap:"));
        // Each project has three of its own besides.
        assert_eq!((projects.count(), bindings.len(), users.count()), (40, 200 + 3 * 40, 100));
        bindings
    });
    assert_eq!(first, second);
}

#[test]
fn it_is_as_large_as_asked_for_and_still_answers() {
    let cluster = Cluster::openshift();
    cluster.control("POST", "/organization", "{}");
    let bindings = all(&cluster, &format!("{RBAC}/rolebindings"));
    assert!(bindings.len() >= 20_000 + 3 * 2_000, "{}", bindings.len());
    assert_eq!(all(&cluster, "/apis/user.openshift.io/v1/groups").len(), 300);
    assert!(all(&cluster, "/apis/user.openshift.io/v1/users").len() >= 5_000);
    // One more person sees what the bindings say, and nothing else.
    let login = r#"{"user": "user00001", "provider": "ldap"}"#;
    let login = cluster.control("POST", "/login", login).json();
    let token = login["token"].as_str().unwrap();
    let path = "/apis/project.openshift.io/v1/projects";
    let seen = cluster.send_with(token, "GET", path, None).json();
    let seen = seen["items"].as_array().unwrap().len();
    assert!(seen > 0 && seen < 2_000, "{seen}");
}

#[test]
fn elsewhere_people_only_stand_in_bindings() {
    let cluster = Cluster::start(Face::Plain, &[]);
    let size = r#"{"projects": 10, "users": 50, "groups": 5, "bindings": 30}"#;
    cluster.control("POST", "/organization", size);
    let bindings = all(&cluster, &format!("{RBAC}/rolebindings"));
    let own = |one: &&Value| one["metadata"]["namespace"].as_str().unwrap().starts_with("team-");
    assert_eq!(bindings.iter().filter(own).count(), 30);
}
