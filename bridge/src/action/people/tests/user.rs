// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::people::{Identity, NewUser, UserChange};

use super::*;

fn identity(name: &str) -> Identity {
    Identity { provider: "htpasswd".to_owned(), name: name.to_owned() }
}

fn new_user(name: &str) -> NewUser {
    NewUser { name: name.to_owned(), full_name: None, identity: None, groups: Vec::new() }
}

fn change(name: &str) -> UserChange {
    UserChange { name: name.to_owned(), full_name: None, add: None, remove: None }
}

fn identities(kept: &Kept, user: &str) -> Value {
    kept.get(&format!("{USERS}/{user}")).unwrap()["identities"].clone()
}

#[tokio::test]
async fn makes_a_user_with_identity_and_groups() {
    let kept = store().serve().await;
    let params = NewUser {
        full_name: Some(" Jane Doe ".to_owned()),
        identity: Some(identity("jane")),
        groups: texts(&["QA"]),
        ..new_user("jane")
    };
    let changed = create_user(&kept.fake.cluster, params).await.unwrap();
    assert!(changed.done && changed.notes.is_empty(), "{changed:?}");
    let user = kept.get(&format!("{USERS}/jane")).unwrap();
    assert_eq!(user["fullName"], "Jane Doe");
    assert_eq!(user["identities"], json!(["htpasswd:jane"]));
    let made = kept.get(&format!("{IDENTITIES}/htpasswd:jane")).unwrap();
    assert_eq!(
        (&made["providerName"], &made["user"]["name"]),
        (&json!("htpasswd"), &json!("jane"))
    );
    assert_eq!(users(&kept, "QA"), json!(["josh", "ghost", "jane"]));
}

#[tokio::test]
async fn a_taken_name_or_an_absent_group_makes_nothing() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    let failure = create_user(cluster, new_user("josh")).await.unwrap_err();
    assert_eq!(
        (failure.code, &*failure.message),
        (Code::Conflict, "There is a user josh already.")
    );
    let params = NewUser { groups: texts(&["none"]), ..new_user("jane") };
    let failure = create_user(cluster, params).await.unwrap_err();
    assert_eq!(failure.code, Code::NotFound);
    for name in ["a/b", "a:b", "~", ""] {
        assert_eq!(create_user(cluster, new_user(name)).await.unwrap_err().code, Code::BadRequest);
    }
    let changes = kept.fake.changes();
    assert_eq!(changes, [format!("POST {USERS}")], "only the name that is taken was sent");
}

#[tokio::test]
async fn a_user_whose_identity_is_somebody_elses_is_taken_back() {
    let kept = store().serve().await;
    let params = NewUser { identity: Some(identity("josh")), ..new_user("jane") };
    let failure = create_user(&kept.fake.cluster, params).await.unwrap_err();
    assert_eq!(failure.message, "The identity htpasswd:josh leads to the user josh already.");
    assert_eq!(kept.get(&format!("{USERS}/jane")), None);
    assert_eq!(identities(&kept, "josh"), json!(["htpasswd:josh"]));
}

#[tokio::test]
async fn what_fails_half_way_is_taken_back_or_told() {
    let mapping = "POST /apis/user.openshift.io/v1/useridentitymappings";
    let kept = Store { broken: vec![(mapping, 500)], ..store() }.serve().await;
    let params = NewUser { identity: Some(identity("jane")), ..new_user("jane") };
    let failure = create_user(&kept.fake.cluster, params.clone()).await.unwrap_err();
    assert!(!failure.message.contains("Done before"), "{failure:?}");
    assert_eq!(kept.get(&format!("{USERS}/jane")), None);
    assert_eq!(kept.get(&format!("{IDENTITIES}/htpasswd:jane")), None);

    let delete = "DELETE /apis/user.openshift.io/v1/users/jane";
    let kept = Store { broken: vec![(mapping, 500), (delete, 403)], ..store() }.serve().await;
    let failure = create_user(&kept.fake.cluster, params).await.unwrap_err();
    assert!(failure.message.ends_with("Done before that: the user jane was made."), "{failure:?}");

    let put = "PUT /apis/user.openshift.io/v1/groups/QA";
    let kept = Store { broken: vec![(put, 500)], ..store() }.serve().await;
    let params = NewUser { groups: texts(&["QA"]), ..new_user("jane") };
    let failure = create_user(&kept.fake.cluster, params).await.unwrap_err();
    assert!(failure.message.ends_with("Done before that: the user jane was made."), "{failure:?}");
    assert!(kept.get(&format!("{USERS}/jane")).is_some());
}

#[tokio::test]
async fn an_identity_that_leads_nowhere_any_more_is_used_again() {
    let mut store = store();
    let left = json!({ "user": { "name": "gone", "uid": "uid-of-the-gone" } });
    store.add(IDENTITIES, named("htpasswd:jane", left));
    let kept = store.serve().await;
    let params = NewUser { identity: Some(identity("jane")), ..new_user("jane") };
    assert!(create_user(&kept.fake.cluster, params).await.unwrap().done);
    assert_eq!(identities(&kept, "jane"), json!(["htpasswd:jane"]));
}

#[tokio::test]
async fn changes_names_and_identities() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    let params = UserChange {
        full_name: Some(String::new()),
        add: Some(identity("joshua")),
        remove: Some(identity("josh")),
        ..change("josh")
    };
    let changed = change_user(cluster, params).await.unwrap();
    assert!(changed.done && changed.notes.is_empty(), "{changed:?}");
    assert_eq!(identities(&kept, "josh"), json!(["htpasswd:joshua"]));
    assert_eq!(kept.get(&format!("{USERS}/josh")).unwrap()["fullName"], "");
    let freed = kept.get(&format!("{IDENTITIES}/htpasswd:josh")).unwrap();
    assert_eq!(freed["user"], json!({}));

    let params = UserChange { remove: Some(identity("joshua")), ..change("josh") };
    let changed = change_user(cluster, params).await.unwrap();
    assert_eq!(changed.notes, ["No identity leads to josh any more."]);
    let failure = change_user(cluster, change("nobody")).await.unwrap_err();
    assert_eq!(failure.code, Code::NotFound);
}

#[tokio::test]
async fn the_identity_of_another_is_left_alone() {
    let kept = store().serve().await;
    let cluster = &kept.fake.cluster;
    let params = UserChange { remove: Some(identity("josh")), ..change("eric") };
    assert!(change_user(cluster, params).await.unwrap().done);
    let params = UserChange { add: Some(identity("josh")), ..change("eric") };
    assert_eq!(change_user(cluster, params).await.unwrap_err().code, Code::Conflict);
    assert_eq!(identities(&kept, "josh"), json!(["htpasswd:josh"]));
    assert!(kept.fake.changes().is_empty());
}

#[tokio::test]
async fn missing_rights_are_told_together() {
    let denied = vec!["create users", "create useridentitymappings"];
    let kept = Store { denied, ..store() }.serve().await;
    let params = NewUser { identity: Some(identity("jane")), ..new_user("jane") };
    let changed = create_user(&kept.fake.cluster, params).await.unwrap();
    let missing: Vec<_> = changed.missing.iter().map(|right| &*right.resource).collect();
    assert_eq!(missing, ["users.user.openshift.io", "useridentitymappings.user.openshift.io"]);
    assert!(!changed.done && kept.fake.changes().is_empty());
}
