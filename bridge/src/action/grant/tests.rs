// SPDX-License-Identifier: LGPL-2.1-or-later

mod world;

use images_proto::project::{Sharing, SharingChoice};
use serde_json::{Value, json};

use self::world::World;
use super::*;

fn params(subjects: &[Subject], role: Option<Role>) -> Params {
    Params {
        project: "sky".to_owned(),
        subjects: subjects.to_vec(),
        role,
        agreed: false,
        even_own: false,
    }
}

async fn grant_in(world: &World, params: Params) -> Result<Granted, Failure> {
    grant(&world.cluster(), true, params).await
}

fn amy() -> Subject {
    Subject::user("amy")
}

#[tokio::test]
async fn somebody_joins_those_who_have_the_role() {
    let world = World::start().await;
    world.bind("zz", "registry-viewer", &["cal"]);
    world.bind("team", "registry-viewer", &["bob"]);
    world.bind("other", "edit", &["amy"]);
    let granted = grant_in(&world, params(&[amy()], Some(Role::Pull))).await.unwrap();
    assert!(granted.done, "{granted:?}");
    assert_eq!(world.changes(), ["PUT team"]);
    assert_eq!(world.users("team"), ["bob", "amy"]);
    assert_eq!(world.users("other"), ["amy"]);
    assert_eq!(
        granted.notes,
        ["amy has the role edit here too, by the binding other, which was left alone."]
    );
    // Again: there is nothing to do.
    let granted = grant_in(&world, params(&[amy()], Some(Role::Pull))).await.unwrap();
    assert!(granted.done && world.changes().len() == 1);
}

#[tokio::test]
async fn a_role_is_changed_and_taken() {
    let world = World::start().await;
    world.bind("registry-viewer", "registry-viewer", &["amy"]);
    grant_in(&world, params(&[amy()], Some(Role::Push))).await.unwrap();
    assert_eq!(world.changes(), ["POST registry-editor", "DELETE registry-viewer"]);
    assert!(grant_in(&world, params(&[amy()], None)).await.unwrap().done);
    assert_eq!(world.changes()[2..], ["DELETE registry-editor"]);
}

#[tokio::test]
async fn a_robot_that_is_named_as_a_user_is_taken_out_too() {
    let world = World::start().await;
    world.bind("registry-viewer", "registry-viewer", &["system:serviceaccount:sky:ci", "bob"]);
    let robot = Subject::robot("sky", "ci");
    let as_user = Subject::user("system:serviceaccount:sky:ci");
    grant_in(&world, params(std::slice::from_ref(&robot), Some(Role::Push))).await.unwrap();
    assert_eq!(world.users("registry-viewer"), ["bob"]);
    let written = world.subjects("registry-editor");
    assert_eq!(written, [json!({ "kind": "ServiceAccount", "name": "ci", "namespace": "sky" })]);
    grant_in(&world, params(&[as_user, robot], None)).await.unwrap();
    assert_eq!(world.names(), ["registry-viewer"]);
}

#[tokio::test]
async fn whoever_is_faster_keeps_his_change() {
    let world = World::start().await;
    world.bind("registry-viewer", "registry-viewer", &["bob"]);
    // Three others come right before our change.
    world.before_change(|world| world.add("registry-viewer", "cal"));
    world.before_change(|world| world.add("registry-viewer", "dan"));
    world.before_change(|world| world.remove("registry-viewer", "bob"));
    assert!(grant_in(&world, params(&[amy()], Some(Role::Pull))).await.unwrap().done);
    assert_eq!(world.users("registry-viewer"), ["cal", "dan", "amy"]);
    // The last one goes, and at the same moment somebody comes.
    let all = ["cal", "dan", "amy"].map(Subject::user);
    world.before_change(|world| world.add("registry-viewer", "eve"));
    assert!(grant_in(&world, params(&all, None)).await.unwrap().done);
    assert_eq!(world.users("registry-viewer"), ["eve"]);
    // The binding goes at that moment, and another one gets its name.
    world.before_change(|world| world.delete("registry-viewer"));
    world.before_change(|world| world.insert("registry-viewer", "edit", &["eve"]));
    assert!(grant_in(&world, params(&[amy()], Some(Role::Pull))).await.unwrap().done);
    assert_eq!(world.users("registry-viewer-0"), ["amy"]);
    assert_eq!(world.users("registry-viewer"), ["eve"]);
}

#[tokio::test]
async fn an_endless_quarrel_ends() {
    let world = World::start().await;
    world.bind("registry-viewer", "registry-viewer", &["bob"]);
    for _ in 0..100 {
        world.before_change(|world| world.add("registry-viewer", "bob"));
    }
    let failure = grant_in(&world, params(&[amy()], Some(Role::Pull))).await.unwrap_err();
    assert_eq!((failure.code, failure.retryable), (Code::Conflict, true));
    assert!(world.changes().is_empty());
}

#[tokio::test]
async fn what_was_done_before_a_failure_is_told() {
    let world = World::start().await;
    world.bind("registry-viewer", "registry-viewer", &["amy", "bob"]);
    world.fail("PUT", 500);
    let failure = grant_in(&world, params(&[amy()], Some(Role::Push))).await.unwrap_err();
    let fix = failure.fix.unwrap();
    assert!(fix.ends_with("Before that, amy got Push; everything else is as it was."), "{fix}");
    assert_eq!(world.users("registry-editor"), ["amy"]);
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let world = World::start().await;
    world.refuse(
        "POST",
        "user \"me\" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{}",
    );
    let failure = grant_in(&world, params(&[amy()], Some(Role::Admin))).await.unwrap_err();
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.message.contains("more rights than they have themselves"), "{failure:?}");
    assert_eq!(
        failure.command.as_deref(),
        Some("oc policy add-role-to-user registry-admin amy -n sky")
    );
    world.refuse(
        "POST",
        "unable to create new content in namespace sky because it is being terminated",
    );
    let failure = grant_in(&world, params(&[amy()], Some(Role::Admin))).await.unwrap_err();
    assert_eq!(failure.message, "The project sky is being deleted.");
}

#[tokio::test]
async fn missing_rights_are_told_before_anything_is_done() {
    let world = World::start().await;
    world.bind("registry-viewer", "registry-viewer", &["amy", "bob"]);
    world.deny(&["update rolebindings"]);
    let granted = grant_in(&world, params(&[amy()], Some(Role::Push))).await.unwrap();
    assert!(!granted.done && world.changes().is_empty());
    let missing: Vec<_> = granted.missing.iter().map(|right| &*right.verb).collect();
    assert_eq!(missing, ["update"], "it may create");
    let command = granted.missing[0].command.as_deref();
    assert_eq!(command, Some("oc policy add-role-to-user registry-admin me -n sky"));
    world.deny(&["list rolebindings", "create rolebindings"]);
    let granted = grant_in(&world, params(&[amy()], Some(Role::Push))).await.unwrap();
    let missing: Vec<_> = granted.missing.iter().map(|right| &*right.verb).collect();
    assert_eq!(missing, ["list", "create"]);
}

#[tokio::test]
async fn a_role_that_lacks_is_made_after_a_yes() {
    let world = World::start().await;
    world.forget_roles();
    let wish = || params(&[amy()], Some(Role::Push));
    let granted = grant(&world.cluster(), false, wish()).await.unwrap();
    assert!(!granted.done && world.changes().is_empty());
    assert_eq!(granted.creates.len(), 1);
    assert_eq!(granted.creates[0].name, "cockpit-images-editor");
    let wish = Params { agreed: true, ..wish() };
    let granted = grant(&world.cluster(), false, wish.clone()).await.unwrap();
    assert!(granted.done && granted.creates.is_empty());
    assert_eq!(world.roles(), ["cockpit-images-editor"]);
    assert_eq!(world.changes(), ["POST cockpit-images-editor", "POST cockpit-images-editor"]);
    assert!(grant(&world.cluster(), false, Params { agreed: false, ..wish }).await.unwrap().done);
}

#[tokio::test]
async fn the_own_last_right_goes_only_after_a_yes() {
    let world = World::start().await;
    world.deny_everywhere(&["create rolebindings"]);
    world.bind("registry-admin", "registry-admin", &["me", "bob"]);
    let me = [Subject::user("me")];
    for role in [None, Some(Role::Pull)] {
        let granted = grant_in(&world, params(&me, role)).await.unwrap();
        assert!(granted.last_right && !granted.done, "{granted:?}");
    }
    assert!(world.changes().is_empty());
    // Somebody else, or what is none of ours.
    assert!(grant_in(&world, params(&[Subject::user("bob")], None)).await.unwrap().done);
    world.bind("admin", "admin", &["me"]);
    world.rule(
        "admin",
        json!([{ "verbs": ["*"], "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["rolebindings"] }]),
    );
    assert!(grant_in(&world, params(&me, Some(Role::Pull))).await.unwrap().done);
    // It is said once, not twice.
    world.delete("admin");
    grant_in(&world, params(&[amy(), me[0].clone()], Some(Role::Admin))).await.unwrap();
    let even = Params { even_own: true, ..params(&me, None) };
    assert!(grant_in(&world, even).await.unwrap().done);
    assert_eq!(world.users("registry-admin"), ["amy"]);
}

#[tokio::test]
async fn whoever_gave_himself_up_may_not_even_look_any_more() {
    let world = World::start().await;
    world.deny_everywhere(&["create rolebindings"]);
    world.bind("a", "registry-admin", &["me", "bob"]);
    world.bind("b", "registry-viewer", &["me", "bob"]);
    world.after_change("PUT a", &["list rolebindings", "update rolebindings"]);
    let even = Params { even_own: true, ..params(&[Subject::user("me")], None) };
    assert!(grant_in(&world, even).await.unwrap().done);
    assert_eq!(world.changes(), ["PUT b", "PUT a"], "what it is done with goes last");
}

#[tokio::test]
async fn whoever_rules_the_whole_cluster_loses_nothing() {
    let world = World::start().await;
    world.bind("registry-admin", "registry-admin", &["me"]);
    let granted = grant_in(&world, params(&[Subject::user("me")], None)).await.unwrap();
    assert!(granted.done && !granted.last_right);
}

#[tokio::test]
async fn nonsense_is_refused_before_anything_is_asked() {
    let world = World::start().await;
    let many: Vec<_> = (0..501).map(|one| Subject::user(one.to_string())).collect();
    for subjects in [vec![], vec![Subject::user("")], vec![Subject::robot("", "x")], many] {
        let failure = grant_in(&world, params(&subjects, None)).await.unwrap_err();
        assert_eq!(failure.code, Code::BadRequest);
    }
    let elsewhere = Params { project: "../kube-system".to_owned(), ..params(&[amy()], None) };
    assert_eq!(grant_in(&world, elsewhere).await.unwrap_err().code, Code::BadRequest);
    assert!(world.asked() == 0);
}

#[tokio::test]
async fn a_project_is_shared_and_made_private_again() {
    let world = World::start().await;
    world.bind("registry-editor", "registry-editor", &["bob"]);
    world.bind("puller", "system:image-puller", &["cal"]);
    let to = |sharing| SharingChoice { project: "sky".to_owned(), sharing, agreed: false };
    let groups = |world: &World| -> Vec<Value> {
        world.subjects("registry-viewer").into_iter().map(|one| one["name"].clone()).collect()
    };
    assert!(share(&world.cluster(), true, to(Sharing::Anonymous)).await.unwrap().done);
    assert_eq!(groups(&world), ["system:authenticated", "system:unauthenticated"]);
    assert!(share(&world.cluster(), true, to(Sharing::Shared)).await.unwrap().done);
    assert_eq!(groups(&world), ["system:authenticated"]);
    let granted = share(&world.cluster(), true, to(Sharing::Private)).await.unwrap();
    assert_eq!((granted.done, granted.notes), (true, vec![]));
    assert_eq!(world.names(), ["puller", "registry-editor"]);
    // Somebody gave it by other means.
    world.let_pull("system:authenticated");
    let granted = share(&world.cluster(), true, to(Sharing::Private)).await.unwrap();
    assert!(granted.done);
    assert_eq!(
        granted.notes,
        ["Still everybody who logs in may pull from it, by a binding of the whole cluster."]
    );
}
