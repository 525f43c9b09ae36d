// SPDX-License-Identifier: LGPL-2.1-or-later

//! A session's life: who looks, who stops, what fails.

use std::time::Duration;

use images_proto::status::Phase;
use tokio::time::timeout;

use super::*;
use crate::source::tests::api::Api;

fn session(api: &Api) -> Arc<Session> {
    let settings = Settings { cluster: Some(api.cluster()), ..Settings::default() };
    Session::with_settings(settings)
}

async fn until(session: &Session, what: &str, check: impl Fn() -> bool) {
    let mut changes = session.changes();
    let waiting = async {
        while !check() {
            changes.changed().await.unwrap();
        }
    };
    if timeout(Duration::from_secs(10), waiting).await.is_err() {
        panic!("never: {what}; {:?}", session.status());
    }
}

#[tokio::test]
async fn work_is_done_only_while_somebody_looks_and_its_fruit_is_kept() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    let session = session(&api);
    assert_eq!(session.status().phase, Phase::Connecting);
    assert!(api.log().is_empty(), "nobody looks");

    let (first, second) = (session.feed(), session.feed());
    until(&session, "settled", || session.is_settled()).await;
    drop(first);
    api.push("shop", "api", "v2", 2);
    until(&session, "the push is seen", || session.catalog().counts().tags == 2).await;
    drop(second);
    api.watchers_are_gone().await;
    api.push("shop", "api", "v3", 3);
    assert_eq!(session.catalog().counts().tags, 2);

    let _third = session.feed();
    until(&session, "what was missed is seen", || session.catalog().counts().tags == 3).await;
}

#[tokio::test]
async fn a_failure_is_told_and_healed_by_itself() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.set(|world| world.failing_lists = 1);
    let session = session(&api);
    let _feed = session.feed();
    until(&session, "failed", || matches!(session.status().phase, Phase::Failed(_))).await;
    until(&session, "healed", || session.is_settled()).await;
    assert_eq!(session.catalog().counts().repositories, 1);
}

#[tokio::test]
async fn attempts_that_nobody_asked_for_leave_the_failure_on_the_screen() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.set(|world| world.failing_lists = 3);
    let session = session(&api);
    let _feed = session.feed();
    until(&session, "failed", || session.state.failure().is_some()).await;
    until(&session, "healed without a word before", || {
        let status = session.status();
        let is_failed = matches!(status.phase, Phase::Failed(_));
        assert!(is_failed || status.counts.repositories > 0, "{status:?}");
        session.is_settled()
    })
    .await;
}

#[tokio::test]
async fn what_does_not_heal_waits_for_the_user() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.set(|world| world.projects = Some(Vec::new()));
    let session = session(&api);
    let _feed = session.feed();
    until(&session, "failed", || matches!(session.status().phase, Phase::Failed(_))).await;
    let failure = session.state.failure().unwrap();
    let command = failure.command.expect("what an administrator may run");
    assert!(command.starts_with("oc adm policy add-cluster-role-to-user registry-viewer "));
    // An action does not wait for what will not come.
    let params = delete::Params { targets: Vec::new(), ..Default::default() };
    assert_eq!(session.plan(params).await.unwrap_err().code, Code::Forbidden);
    api.set(|world| world.projects = None);
    session.retry();
    until(&session, "read again", || session.is_settled()).await;
    assert_eq!(session.catalog().counts().repositories, 1);
}

#[tokio::test]
async fn a_retry_reads_again_without_emptying_the_catalog() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    let session = session(&api);
    let _feed = session.feed();
    until(&session, "settled", || session.is_settled()).await;
    let lists = || api.log().iter().filter(|line| line.contains("limit=500")).count();
    let before = lists();
    session.retry();
    until(&session, "the list is read again", || lists() > before && session.is_settled()).await;
    assert_eq!(session.catalog().counts().images, 1);
}

#[tokio::test]
async fn too_many_targets_are_refused_before_anything_is_asked() {
    let api = Api::start().await;
    let session = session(&api);
    let _feed = session.feed();
    until(&session, "settled", || session.is_settled()).await;
    let target = delete::Target::Tag(images_proto::TagRef {
        repository: "shop/api".parse().unwrap(),
        tag: "v1".parse().unwrap(),
    });
    let targets = vec![target; delete::Params::MAX_TARGETS + 1];
    let params = delete::Params { targets, ..Default::default() };
    assert_eq!(session.delete(params, |_| ()).await.unwrap_err().code, Code::BadRequest);
}

#[tokio::test]
async fn a_login_that_worked_is_tried_once_more() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    let session = session(&api);
    let _feed = session.feed();
    until(&session, "settled", || session.is_settled()).await;
    let lists = || api.log().iter().filter(|line| line.contains("limit=500")).count();
    let before = lists();
    api.set(|world| world.watches_of_nobody = 1);
    until(&session, "read again", || lists() > before && session.is_settled()).await;
}

#[tokio::test]
async fn a_registry_can_be_chosen_before_the_cluster_has_answered() {
    let api = Api::start().await;
    let session = session(&api);
    let _feed = session.feed();
    let choice = images_proto::route::Choice::Address("registry.example.com".to_owned());
    let chosen = images_proto::route::RegistryChoice { choice: Some(choice.clone()) };
    session.choose_registry(chosen).await.unwrap();
    let server = api.cluster().server().to_owned();
    assert_eq!(session.settings.choices.registry(&server), Some(choice));
}

#[tokio::test]
async fn a_foreign_registry_on_openshift_has_no_business_with_the_clusters_token() {
    let api = Api::start().await;
    let login = async |registry: Option<&str>| {
        let registry = registry.map(|address| (address.to_owned(), "test"));
        let cluster = Some(api.cluster());
        let session = Session::with_settings(Settings { cluster, registry, ..Settings::default() });
        let _feed = session.feed();
        session.addresses().await.unwrap().login
    };
    use images_proto::access::Login;
    assert_eq!(login(None).await, Login::Token);
    assert_eq!(login(Some("https://127.0.0.1:1")).await, Login::Unclear);
}
