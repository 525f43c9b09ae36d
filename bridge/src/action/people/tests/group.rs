// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::people::GroupChange;

use super::*;

fn change(name: &str, add: &[&str], remove: &[&str]) -> GroupChange {
    GroupChange { name: name.to_owned(), add: texts(add), remove: texts(remove) }
}

#[tokio::test]
async fn makes_a_group_of_known_and_unknown_users() {
    let kept = store().serve().await;
    let params = change("dev", &["eric", "frank", "system:admin"], &[]);
    let changed = create_group(&kept.fake.cluster, params).await.unwrap();
    assert!(changed.done);
    assert_eq!(
        changed.notes,
        ["The cluster does not know frank yet: who logs in by that name later is in dev then."]
    );
    assert_eq!(users(&kept, "dev"), json!(["eric", "frank", "system:admin"]));
}

#[tokio::test]
async fn a_taken_name_is_told() {
    let kept = store().serve().await;
    let failure = create_group(&kept.fake.cluster, change("QA", &[], &[])).await.unwrap_err();
    assert_eq!((failure.code, &*failure.message), (Code::Conflict, "There is a group QA already."));
    for name in ["a/b", "system:masters", ""] {
        let failure = create_group(&kept.fake.cluster, change(name, &[], &[])).await.unwrap_err();
        assert_eq!(failure.code, Code::BadRequest, "{name}");
    }
}

#[tokio::test]
async fn takes_in_and_out_and_keeps_the_rest() {
    let mut store = store();
    let labels = json!({ "labels": { "openshift.io/ldap.host": "ldap.example.com" } });
    let group = named("admins", json!({ "metadata": labels, "users": ["amy"], "new": 1 }));
    store.add(GROUPS, group);
    let kept = store.serve().await;
    let cluster = &kept.fake.cluster;
    let changed = change_group(cluster, change("QA", &["eric"], &["josh"])).await.unwrap();
    assert!(changed.done && changed.notes.is_empty(), "{changed:?}");
    assert_eq!(users(&kept, "QA"), json!(["ghost", "eric"]));

    let changed = change_group(cluster, change("admins", &["josh"], &[])).await.unwrap();
    assert_eq!(changed.notes.len(), 1, "{changed:?}");
    assert!(changed.notes[0].contains("filled from ldap.example.com"), "{changed:?}");
    let group = kept.get(&format!("{GROUPS}/admins")).unwrap();
    assert_eq!((&group["new"], &group["users"]), (&json!(1), &json!(["amy", "josh"])));

    let failure = change_group(cluster, change("none", &["eric"], &[])).await.unwrap_err();
    assert_eq!(failure.code, Code::NotFound);
    let failure = change_group(cluster, change("QA", &["eric"], &["eric"])).await.unwrap_err();
    assert_eq!(failure.code, Code::BadRequest);
}

#[tokio::test]
async fn what_is_missing_is_told_and_nothing_done() {
    let kept = Store { denied: vec!["update groups"], ..store() }.serve().await;
    let changed = change_group(&kept.fake.cluster, change("QA", &["eric"], &[])).await.unwrap();
    assert!(!changed.done);
    assert_eq!(changed.missing[0].resource, "groups.user.openshift.io");
    assert!(changed.missing[0].command.as_deref().unwrap().starts_with("oc create clusterrole"));
    assert!(kept.fake.changes().is_empty());
}

#[tokio::test]
async fn two_editors_lose_nothing() {
    let kept = store().serve().await;
    for round in 0..20 {
        let (one, other) = (format!("a{round}"), format!("b{round}"));
        let changes = [change("QA", &[&one], &[]), change("QA", &[&other], &[])];
        let [one, other] = changes.map(|change| change_group(&kept.fake.cluster, change));
        let (one, other) = tokio::join!(one, other);
        assert!(one.unwrap().done && other.unwrap().done);
    }
    assert_eq!(users(&kept, "QA").as_array().unwrap().len(), 42);
}

#[tokio::test]
async fn many_unknown_users_are_asked_for_by_one_list() {
    let kept = store().serve().await;
    let names: Vec<String> = (0..50).map(|idx| format!("user{idx}")).collect();
    let params = GroupChange { name: "all".to_owned(), add: names, remove: Vec::new() };
    let changed = create_group(&kept.fake.cluster, params).await.unwrap();
    assert!(changed.notes[0].contains("and 45 more"), "{changed:?}");
    assert!(kept.fake.log().len() < 10);
}
