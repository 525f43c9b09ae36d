// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::robot::{NewToken, WhichToken};
use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::store::{Kept, Store};

const ACCOUNTS: &str = "/api/v1/namespaces/demo/serviceaccounts";
const SECRETS: &str = "/api/v1/namespaces/demo/secrets";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings";

fn named(name: &str, rest: Value) -> Value {
    let mut object = rest;
    object["metadata"]["name"] = name.into();
    object["metadata"]["namespace"] = "demo".into();
    object
}

fn store() -> Store {
    let mut store = Store::with(&[
        (
            ACCOUNTS,
            named(
                "ci",
                json!({ "metadata": { "labels": {
            "app.kubernetes.io/managed-by": "cockpit-images" } } }),
            ),
        ),
        (ACCOUNTS, named("builder", json!({}))),
        (SECRETS, named("database", json!({ "data": { "password": "x" } }))),
    ]);
    for role in ["registry-viewer", "registry-editor", "registry-admin"] {
        let mut role = json!({ "metadata": { "name": role }, "rules": [] });
        role["kind"] = "ClusterRole".into();
        store.add("/apis/rbac.authorization.k8s.io/v1/clusterroles", role);
    }
    store.add("/apis/project.openshift.io/v1/projects", json!({ "metadata": { "name": "demo" } }));
    store
}

fn new_robot(name: &str, role: Option<Role>) -> NewRobot {
    NewRobot { project: "demo".to_owned(), name: name.to_owned(), role, agreed: false }
}

fn new_token() -> NewToken {
    NewToken {
        project: "demo".to_owned(),
        robot: "ci".to_owned(),
        purpose: Some("nightly builds".to_owned()),
        seconds: 3600,
        replaces: None,
    }
}

fn which(name: &str, agreed: bool) -> WhichRobot {
    WhichRobot { project: "demo".to_owned(), name: name.to_owned(), agreed }
}

fn revoked(token: &str) -> WhichToken {
    let (project, robot) = ("demo".to_owned(), "ci".to_owned());
    WhichToken { project, robot, token: token.to_owned() }
}

fn secret(kept: &Kept, name: &str) -> Option<Value> {
    kept.get(&format!("{SECRETS}/{name}"))
}

#[tokio::test]
async fn makes_a_robot_with_a_role() {
    let kept = store().serve().await;
    let changed = create_robot(&kept.fake.cluster, true, new_robot("bot", Some(Role::Push))).await;
    assert!(changed.unwrap().done);
    let account = kept.get(&format!("{ACCOUNTS}/bot")).unwrap();
    assert_eq!(account["metadata"]["labels"]["app.kubernetes.io/managed-by"], "cockpit-images");
    let binding = kept.get(&format!("{BINDINGS}/registry-editor")).unwrap();
    assert_eq!(binding["subjects"][0]["kind"], "ServiceAccount");
    assert_eq!(binding["subjects"][0]["name"], "bot");

    let failure = create_robot(&kept.fake.cluster, true, new_robot("ci", None)).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    let failure = create_robot(&kept.fake.cluster, true, new_robot("CI", None)).await.unwrap_err();
    assert_eq!(failure.code, Code::BadRequest);
}

#[tokio::test]
async fn the_account_comes_before_its_role() {
    let post = "POST /api/v1/namespaces/demo/serviceaccounts";
    let kept = Store { broken: vec![(post, 500)], ..store() }.serve().await;
    let failure = create_robot(&kept.fake.cluster, true, new_robot("bot", Some(Role::Pull))).await;
    assert_eq!(failure.unwrap_err().code, Code::Busy);
    assert_eq!(kept.get(&format!("{BINDINGS}/registry-viewer")), None);

    let post = "POST /apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings";
    let kept = Store { broken: vec![(post, 403)], ..store() }.serve().await;
    let failure = create_robot(&kept.fake.cluster, true, new_robot("bot", Some(Role::Pull))).await;
    let failure = failure.unwrap_err();
    let told = "The robot bot was made in demo, but did not get the role Pull: ";
    assert!(failure.message.starts_with(told), "{failure:?}");
    assert!(kept.get(&format!("{ACCOUNTS}/bot")).is_some());

    // What is known to be missing before is told before anything is done.
    for denied in [vec!["create rolebindings"], vec!["list rolebindings", "create rolebindings"]] {
        let kept = Store { denied, ..store() }.serve().await;
        let asked = new_robot("bot", Some(Role::Pull));
        let changed = create_robot(&kept.fake.cluster, true, asked).await.unwrap();
        assert!(!changed.done && !changed.missing.is_empty(), "{changed:?}");
        assert!(kept.fake.changes().is_empty());
    }
    let denied = vec!["create serviceaccounts"];
    let kept = Store { denied, ..store() }.serve().await;
    let changed = create_robot(&kept.fake.cluster, true, new_robot("bot", Some(Role::Pull))).await;
    let changed = changed.unwrap();
    assert_eq!((changed.done, changed.missing.len()), (false, 1));
    assert!(kept.fake.changes().is_empty());
}

#[tokio::test]
async fn a_token_is_bound_to_a_secret_of_its_own() {
    let kept = store().serve().await;
    let issued = issue_token(&kept.fake.cluster, true, new_token()).await.unwrap();
    assert!(issued.done);
    assert_eq!(issued.token.unwrap().expose(), "hunter2");
    assert_eq!((&*issued.user, issued.expires), ("serviceaccount", Some(1_795_514_106)));
    let secret = secret(&kept, &issued.name).unwrap();
    let metadata = &secret["metadata"];
    assert_eq!(metadata["labels"], json!({ "app.kubernetes.io/managed-by": "cockpit-images" }));
    assert_eq!(
        metadata["annotations"],
        json!({
            "images.cockpit-project.org/robot": "ci",
            "images.cockpit-project.org/purpose": "nightly builds",
            "images.cockpit-project.org/expires": "2026-11-24T09:55:06Z",
        })
    );
    assert_eq!(metadata["ownerReferences"][0]["name"], "ci");
    assert_eq!((&secret["type"], &secret["data"]), (&json!("Opaque"), &Value::Null));
    let log = kept.fake.log();
    let request = log.iter().find(|asked| asked.target.ends_with("/ci/token")).unwrap();
    assert_eq!(request.body["spec"]["expirationSeconds"], 3600);
    assert_eq!(request.body["spec"]["boundObjectRef"]["uid"], metadata["uid"]);
}

#[tokio::test]
async fn without_a_token_there_is_no_secret() {
    let post = "POST /api/v1/namespaces/demo/serviceaccounts/ci/token";
    let kept = Store { broken: vec![(post, 500)], ..store() }.serve().await;
    let failure = issue_token(&kept.fake.cluster, true, new_token()).await.unwrap_err();
    assert_eq!(failure.code, Code::Busy);
    let changes = kept.fake.changes();
    assert!(
        changes.last().unwrap().starts_with(&format!("DELETE {SECRETS}/ci-token-")),
        "{changes:?}"
    );
    assert!(kept.fake.cluster.token_secrets("demo", "ci").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_is_told_before_anything_is_made() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    for (params, code) in [
        (NewToken { seconds: 599, ..new_token() }, Code::BadRequest),
        (NewToken { purpose: Some("a\nb".to_owned()), ..new_token() }, Code::BadRequest),
        (NewToken { replaces: Some("a/b".to_owned()), ..new_token() }, Code::BadRequest),
        (NewToken { robot: "nobody".to_owned(), ..new_token() }, Code::NotFound),
        (NewToken { replaces: Some("none".to_owned()), ..new_token() }, Code::NotFound),
        (NewToken { replaces: Some("database".to_owned()), ..new_token() }, Code::NotFound),
        (NewToken { robot: "builder".to_owned(), ..new_token() }, Code::Unsupported),
    ] {
        let failure = issue_token(cluster, true, params.clone()).await.unwrap_err();
        assert_eq!(failure.code, code, "{params:?}");
    }
    assert!(kept.fake.changes().is_empty());
}

#[tokio::test]
async fn a_new_token_ends_the_old_one_and_tells_when_it_cannot() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    let first = issue_token(cluster, true, new_token()).await.unwrap();
    let params = NewToken { replaces: Some(first.name.clone()), ..new_token() };
    let second = issue_token(cluster, true, params).await.unwrap();
    assert!(second.notes[0].contains("was revoked"), "{second:?}");
    assert_eq!(secret(&kept, &first.name), None);
    assert!(secret(&kept, &second.name).is_some());

    let delete: &'static str = format!("DELETE {SECRETS}/{}", second.name).leak();
    kept.store().broken.push((delete, 500));
    let params = NewToken { replaces: Some(second.name.clone()), ..new_token() };
    let third = issue_token(cluster, true, params).await.unwrap();
    assert!(third.done && third.token.is_some());
    assert!(third.notes[0].starts_with(&format!("The token {} still works.", second.name)));
}

#[tokio::test]
async fn only_tokens_of_this_robot_are_revoked() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    let issued = issue_token(cluster, true, new_token()).await.unwrap();
    for wrong in ["database", "none"] {
        let failure = revoke_token(cluster, true, revoked(wrong)).await.unwrap_err();
        assert_eq!(failure.code, Code::NotFound, "{wrong}");
    }
    let of_another = WhichToken { robot: "builder".to_owned(), ..revoked(&issued.name) };
    assert!(revoke_token(cluster, true, of_another).await.is_err());
    let changed = revoke_token(cluster, true, revoked(&issued.name)).await.unwrap();
    assert!(changed.done && changed.notes[0].contains("10 seconds"), "{changed:?}");
    assert_eq!(secret(&kept, &issued.name), None);
    assert!(secret(&kept, "database").is_some());
}

#[tokio::test]
async fn a_robot_goes_with_its_tokens_and_roles() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    create_robot(cluster, true, new_robot("bot", Some(Role::Push))).await.unwrap();
    let token = NewToken { robot: "bot".to_owned(), ..new_token() };
    let issued = issue_token(cluster, true, token).await.unwrap();
    let before = kept.fake.changes().len();
    let told = delete_robot(cluster, true, which("bot", false)).await.unwrap();
    assert!(!told.done && told.notes[0].contains("made here ends"), "{told:?}");
    assert_eq!(kept.fake.changes().len(), before);

    assert!(delete_robot(cluster, true, which("bot", true)).await.unwrap().done);
    assert_eq!(kept.get(&format!("{ACCOUNTS}/bot")), None);
    assert_eq!(secret(&kept, &issued.name), None);
    assert_eq!(kept.get(&format!("{BINDINGS}/registry-editor")), None);
    let changes = kept.fake.changes();
    let place = |part: &str| changes.iter().rposition(|change| change.contains(part)).unwrap();
    assert!(place("rolebindings") < place(&issued.name), "{changes:?}");
    assert!(place(&issued.name) < place("DELETE /api/v1/namespaces/demo/serviceaccounts/bot"));

    let failure = delete_robot(cluster, true, which("builder", true)).await.unwrap_err();
    assert_eq!(failure.code, Code::Unsupported);
    assert!(kept.get(&format!("{ACCOUNTS}/builder")).is_some());
}
