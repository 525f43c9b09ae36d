// SPDX-License-Identifier: LGPL-2.1-or-later

//! The views over a session that reads a cluster.

pub(crate) mod world;

use std::time::Duration;

use images_proto::project::{Sharing, Window, Within};
use images_proto::subject::{Role, Subject, SubjectKind};
use images_proto::{people, project};
use images_roster::query::people::People;
use images_roster::query::project::Project;
use images_roster::query::projects::Projects;
use images_roster::query::robots::Robots;
use serde_json::json;
use tokio::time::timeout;

use self::world::{GROUPS, PROJECTS, RBAC, USERS, World};
use super::*;

/// Looks until the view shows this.
pub(crate) async fn until<L>(
    session: &Session,
    view: &mut L,
    what: &str,
    check: impl Fn(&L::Answer) -> bool,
) -> L::Answer
where
    L: Live,
    L::Answer: std::fmt::Debug,
{
    let mut changes = session.changes();
    let mut last = None;
    let looking = async {
        loop {
            changes.borrow_and_update();
            let answer = view.render();
            if check(&answer) {
                return answer;
            }
            last = Some(format!("{answer:#?}"));
            tokio::select! {
                () = view.work() => {}
                _ = changes.changed() => {}
            }
        }
    };
    match timeout(Duration::from_secs(20), looking).await {
        Ok(answer) => answer,
        Err(_) => panic!("never: {what}; {}", last.unwrap_or_default()),
    }
}

fn names(list: &project::List) -> Vec<&str> {
    list.rows.iter().map(|row| row.name.as_str()).collect()
}

fn is_whole(list: &project::List) -> bool {
    !list.about.reading && !list.rows.is_empty()
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_followed() {
    let world = World::start().await;
    for number in 1..=5 {
        world.project(&format!("p{number}"));
        world.bind(&format!("p{number}"), "a", "registry-editor", &["User jane", "Group QA"]);
    }
    world.put(USERS, "jane", json!({ "fullName": "Jane", "identities": ["htpasswd:jane"] }));
    world.put(GROUPS, "QA", json!({ "users": ["greg", "frank"] }));
    world.set(|inner| (inner.page, inner.expired_pages) = (2, 1));
    let session = world.session();
    let _feed = session.feed();
    let mut view = RosterView::<Projects>::new(session.clone(), Window::default());
    let list = until(&session, &mut view, "read", is_whole).await;
    assert_eq!(names(&list), ["p1", "p2", "p3", "p4", "p5"]);
    assert!(list.rows.iter().all(|row| row.member_count == Some(2)), "{list:?}");
    assert_eq!((list.about.openshift, list.about.me.as_deref()), (true, Some("amy")));
    assert_eq!(list.about.unread, []);

    world.bind("p3", "b", "registry-viewer", &["Group system:authenticated"]);
    world.remove(PROJECTS, "p1");
    world.project("p6");
    let list = until(&session, &mut view, "followed", |list| {
        names(list) == ["p2", "p3", "p4", "p5", "p6"]
            && list.rows[1].sharing != Some(Sharing::Private)
    })
    .await;
    assert_eq!(list.rows[1].sharing, Some(Sharing::Shared));

    let params = people::Params { kind: SubjectKind::User, window: Window::default() };
    let mut view = RosterView::<People>::new(session.clone(), params);
    let people = until(&session, &mut view, "people", |list| !list.about.reading).await;
    let shown: Vec<_> =
        people.rows.iter().map(|row| (row.subject.name.as_str(), row.known)).collect();
    assert_eq!(shown, [("frank", Some(false)), ("greg", Some(false)), ("jane", Some(true))]);
    assert_eq!(people.rows[2].projects, Some(4));
    assert_eq!(people.rows[2].identities[0].provider, "htpasswd");
}

#[tokio::test]
async fn a_watch_that_is_too_old_is_a_list_again() {
    let world = World::start().await;
    world.project("p1");
    world.bind("p1", "a", "registry-viewer", &["User jane"]);
    let session = world.session();
    let _feed = session.feed();
    let mut view = RosterView::<Projects>::new(session.clone(), Window::default());
    let members = |list: &project::List| list.rows.first().and_then(|row| row.member_count);
    until(&session, &mut view, "one member", |list| members(list) == Some(1)).await;
    let path = format!("{RBAC}/namespaces/p1/rolebindings");
    world.set(|inner| inner.expire());
    world.remove(&path, "a");
    world.set(|inner| inner.expire());
    until(&session, &mut view, "nobody", |list| members(list) == Some(0)).await;
}

#[tokio::test]
async fn what_one_may_not_list_at_once_is_read_for_the_projects_that_are_shown() {
    let world = World::start().await;
    for name in ["mine", "other"] {
        world.project(name);
        world.bind(name, "a", "registry-viewer", &["User jane"]);
    }
    world.set(|inner| {
        let paths = [
            format!("{RBAC}/rolebindings"),
            format!("{RBAC}/clusterrolebindings"),
            format!("{RBAC}/roles"),
            format!("{RBAC}/namespaces/other/rolebindings"),
            USERS.to_owned(),
            GROUPS.to_owned(),
        ];
        inner.refused.extend(paths);
    });
    let session = world.session();
    let _feed = session.feed();
    let mut view = RosterView::<Projects>::new(session.clone(), Window::default());
    let list = until(&session, &mut view, "read", is_whole).await;
    let counts: Vec<_> = list.rows.iter().map(|row| row.member_count).collect();
    assert_eq!(counts, [Some(1), None], "unknown is not zero");
    assert_eq!(list.rows[1].sharing, None);
    assert!(!list.about.unread.is_empty());

    let params = project::Params { name: "mine".to_owned(), window: Window::default() };
    let mut near = RosterView::<Project>::new(session.clone(), params);
    let shown = until(&session, &mut near, "near", |view| !view.members.is_empty()).await;
    assert_eq!(shown.members[0].known, None, "nobody can say");
    world.bind("mine", "b", "registry-editor", &["User eric"]);
    let shown = until(&session, &mut near, "followed", |view| view.total == 2).await;
    assert_eq!(shown.members[0].subject, Subject::user("eric"));
    assert_eq!(shown.members[0].role, Some(Role::Push));

    // What was gained is seen when something was done.
    world.set(|inner| inner.refused.clear());
    session.roster().refresh();
    let is_known =
        |list: &project::List| list.rows.get(1).is_some_and(|row| row.member_count.is_some());
    until(&session, &mut view, "known", is_known).await;
}

#[tokio::test]
async fn the_cluster_is_asked_what_the_user_may_do() {
    let world = World::start().await;
    world.project("p1");
    world.set(|inner| {
        let may = ["create projectrequests", "get imagestreams", "create serviceaccounts"];
        inner.mine.extend(may.map(str::to_owned));
    });
    let session = world.session();
    let _feed = session.feed();
    let mut list = RosterView::<Projects>::new(session.clone(), Window::default());
    until(&session, &mut list, "may create", |list| list.may_create == Some(true)).await;
    let params = project::Params { name: "p1".to_owned(), window: Window::default() };
    let mut view = RosterView::<Project>::new(session.clone(), params);
    let shown = until(&session, &mut view, "asked", |view| view.may_change.is_some()).await;
    assert_eq!((shown.may_change, shown.may_grant), (Some(false), Some(false)));
    assert_eq!((shown.mine.see, shown.mine.push), (Some(true), Some(false)));

    let accounts = "/api/v1/namespaces/p1/serviceaccounts";
    world.put(accounts, "default", json!({}));
    world.put(accounts, "ci", json!({}));
    let annotations = json!({
        "images.cockpit-project.org/robot": "ci",
        "images.cockpit-project.org/expires": "2026-11-24T00:00:00Z",
    });
    let secrets = "/api/v1/namespaces/p1/secrets";
    world.put(secrets, "ci-token-1", json!({ "metadata": { "annotations": annotations } }));
    let params = Within { project: "p1".to_owned(), window: Window::default() };
    let mut view = RosterView::<Robots>::new(session.clone(), params);
    let shown = until(&session, &mut view, "robots", |list| {
        list.total == 2 && list.rows[0].tokens.is_some() && list.may_create.is_some()
    })
    .await;
    assert_eq!(shown.may_create, Some(true));
    let ci = &shown.rows.iter().find(|row| row.name == "ci").unwrap();
    assert_eq!(ci.tokens.as_ref().unwrap()[0].expires, Some(1_795_478_400));
    let default = shown.rows.iter().find(|row| row.name == "default").unwrap();
    assert!(default.system && !ci.system);
    // Of secrets nothing but what describes ours was asked for.
    let (line, _) = world.log().into_iter().find(|(line, _)| line.contains("/secrets")).unwrap();
    assert!(line.contains("labelSelector=app.kubernetes.io%2Fmanaged-by%3Dcockpit-images"));
    world.remove(secrets, "ci-token-1");
    until(&session, &mut view, "revoked", |list| {
        list.rows.iter().all(|row| row.tokens.as_ref().is_none_or(Vec::is_empty))
    })
    .await;
}

#[tokio::test]
async fn reading_ends_with_the_last_view_and_its_fruit_is_kept() {
    let world = World::start().await;
    world.project("p1");
    let session = world.session();
    let view = || RosterView::<Projects>::new(session.clone(), Window::default());
    let feed = session.feed();
    let (mut first, second) = (view(), view());
    until(&session, &mut first, "read", is_whole).await;
    drop(second);
    world.project("p2");
    until(&session, &mut first, "followed", |list| list.total == 2).await;
    drop(first);
    drop(feed);
    world.watchers_are_gone().await;
    world.remove(PROJECTS, "p1");
    world.project("p3");
    let _feed = session.feed();
    let mut again = view();
    let list = again.render();
    assert_eq!(names(&list), ["p1", "p2"], "what was read is shown at once");
    assert!(list.about.reading, "but not as if it were true now");
    until(&session, &mut again, "read again", |list| names(list) == ["p2", "p3"]).await;
}

#[tokio::test]
async fn a_failing_cluster_is_told_and_healed_by_itself() {
    let world = World::start().await;
    world.project("p1");
    world.bind("p1", "a", "registry-viewer", &["User jane"]);
    world.set(|inner| inner.failing_lists = 8);
    let session = world.session();
    let _feed = session.feed();
    let mut view = RosterView::<Projects>::new(session.clone(), Window::default());
    until(&session, &mut view, "told", |list| !list.about.unread.is_empty()).await;
    let list = until(&session, &mut view, "healed", is_whole).await;
    assert_eq!((list.rows[0].member_count, list.about.unread.len()), (Some(1), 0));
}

#[tokio::test]
async fn plain_kubernetes_has_namespaces_and_nobody() {
    let world = World::start().await;
    world.set(|inner| inner.is_plain = true);
    world.put("/api/v1/namespaces", "shop", json!({}));
    world.bind("shop", "a", "registry-viewer", &["User jane"]);
    let session = world.session();
    let _feed = session.feed();
    let mut view = RosterView::<Projects>::new(session.clone(), Window::default());
    let list = until(&session, &mut view, "read", is_whole).await;
    assert_eq!((names(&list), list.rows[0].member_count), (vec!["shop"], Some(1)));
    assert!(!list.about.openshift);
    let params = people::Params { kind: SubjectKind::User, window: Window::default() };
    let mut view = RosterView::<People>::new(session.clone(), params);
    let people = until(&session, &mut view, "people", |list| !list.about.reading).await;
    assert_eq!(people.rows[0].subject, Subject::user("jane"));
    assert_eq!((people.rows[0].known, people.may_create), (None, Some(false)));
    assert_eq!(world.asked(USERS), 0);
}

#[tokio::test]
async fn what_was_forgotten_is_not_written_by_who_still_reads() {
    let world = World::start().await;
    world.project("p1");
    let session = world.session();
    let _feed = session.feed();
    let mut view = RosterView::<Projects>::new(session.clone(), Window::default());
    until(&session, &mut view, "read", is_whole).await;
    session.leave();
    assert_eq!(view.render().rows, []);
    session.retry();
    until(&session, &mut view, "read anew", is_whole).await;
}
