// SPDX-License-Identifier: LGPL-2.1-or-later

mod deletion;
mod group;
mod user;

use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::store::{Kept, Store};

const USERS: &str = "/apis/user.openshift.io/v1/users";
const GROUPS: &str = "/apis/user.openshift.io/v1/groups";
const IDENTITIES: &str = "/apis/user.openshift.io/v1/identities";

fn named(name: &str, rest: Value) -> Value {
    let mut object = rest;
    object["metadata"]["name"] = name.into();
    object
}

/// Josh with an identity, Eric without, and a group of Josh and of somebody unknown.
fn store() -> Store {
    Store::with(&[
        (USERS, named("josh", json!({ "fullName": "Josh", "identities": ["htpasswd:josh"] }))),
        (USERS, named("eric", json!({}))),
        (IDENTITIES, named("htpasswd:josh", json!({ "user": { "name": "josh", "uid": "uid-1" } }))),
        (GROUPS, named("QA", json!({ "users": ["josh", "ghost"] }))),
    ])
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn users(kept: &Kept, group: &str) -> Value {
    kept.get(&format!("{GROUPS}/{group}")).unwrap()["users"].clone()
}

#[tokio::test]
async fn a_cluster_without_users_says_what_to_do() {
    let kept = Store { absent: vec!["user.openshift.io"], ..store() }.serve().await;
    let params = images_proto::people::GroupChange {
        name: "QA".to_owned(),
        add: Vec::new(),
        remove: Vec::new(),
    };
    let failure = create_group(&kept.fake.cluster, params).await.unwrap_err();
    assert_eq!(failure.code, Code::Unsupported);
    assert!(failure.message.starts_with("This cluster keeps no users"), "{failure:?}");
    assert!(failure.fix.is_some());
    assert!(kept.fake.changes().is_empty());
}

#[test]
fn a_sentence_tells_a_few_names() {
    let names = texts(&["a", "b", "c", "d", "e", "f", "g"]);
    let told = |count: usize| told(&names[..count]);
    assert_eq!(told(0), None);
    assert_eq!(told(1).unwrap(), "a");
    assert_eq!(told(2).unwrap(), "a and b");
    assert_eq!(told(5).unwrap(), "a, b, c, d and e");
    assert_eq!(told(7).unwrap(), "a, b, c, d, e and 2 more");
}
