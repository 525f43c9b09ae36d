// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::lens::Question as Asked;
use images_proto::people::Which;
use images_proto::project::{Window, Within};
use images_proto::subject::Subject;

use super::*;
use crate::roster::tests::until;
use crate::roster::tests::world::{GROUPS, World};

async fn world() -> Arc<World> {
    let world = World::start().await;
    world.project("skyfield");
    world.cluster_role("registry-viewer", &["get"], &["imagestreams", "imagestreams/layers"]);
    world.put(GROUPS, "QA", serde_json::json!({ "users": ["greg"] }));
    world.bind("skyfield", "registry-viewer", "registry-viewer", &["Group QA"]);
    world.set(|inner| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for what in ["get imagestreams", "get imagestreams/layers"] {
            let who = (names(&["alice"]), names(&["QA"]));
            inner.allowed.insert(what.to_owned(), who);
        }
        inner.trouble = Some("clusterrole \"nosuch\" not found".to_owned());
    });
    world
}

fn params() -> Within {
    Within { project: "skyfield".to_owned(), window: Window::default() }
}

#[tokio::test]
async fn openshift_is_asked_four_times_for_everybody() {
    let world = world().await;
    let session = world.session();
    let _feed = session.feed();
    let mut view = LensView::new(session.clone(), params());
    let is_done = |view: &View| view.asked && !view.about.reading;
    let shown = until(&session, &mut view, "asked", is_done).await;
    let rows: Vec<_> = shown.rows.iter().map(|row| row.subject.name.as_str()).collect();
    assert_eq!(rows, ["alice", "greg", "QA"]);
    let (alice, greg) = (&shown.rows[0], &shown.rows[1]);
    assert_eq!((alice.rights.pull, alice.rights.push), (Some(true), Some(false)));
    assert!(alice.via.is_empty(), "nothing that can be read explains it");
    assert_eq!(greg.rights.see, Some(true));
    assert_eq!(greg.via[0].group.as_deref(), Some("QA"));
    let troubles: Vec<_> =
        shown.about.unread.iter().filter_map(|failure| failure.details.as_deref()).collect();
    assert_eq!(troubles, ["clusterrole \"nosuch\" not found"]);
    let before = world.asked("localresourceaccessreviews");
    assert_eq!(before % 4, 0);
    assert_eq!(world.asked("/subjectaccessreviews"), 0, "never for each row");

    world.set(|inner| {
        inner.allowed.insert("update imagestreams/layers".into(), (vec!["alice".into()], vec![]));
    });
    world.bind("skyfield", "registry-editor", "registry-editor", &["User alice"]);
    let can_push = |view: &View| view.rows.first().is_some_and(|row| row.rights.push == Some(true));
    until(&session, &mut view, "asked again", can_push).await;
    assert!(world.asked("localresourceaccessreviews") > before);
}

#[tokio::test]
async fn elsewhere_the_rows_are_asked_about_and_a_refusal_is_enough() {
    let world = world().await;
    world.set(|inner| {
        let local =
            "/apis/authorization.openshift.io/v1/namespaces/skyfield/localresourceaccessreviews";
        inner.refused.insert(local.to_owned());
    });
    let session = world.session();
    let _feed = session.feed();
    let mut view = LensView::new(session.clone(), params());
    let shown = until(&session, &mut view, "asked", |view| view.asked).await;
    assert!(shown.rows.iter().any(|row| row.rights.pull == Some(true)));
    // The groups are told, for nobody looks them up.
    let (_, body) =
        world.log().into_iter().find(|(_, body)| body["spec"]["user"] == "greg").unwrap();
    assert!(body["spec"]["groups"].as_array().unwrap().contains(&"QA".into()));

    world.set(|inner| {
        let paths = [
            "/apis/authorization.k8s.io/v1/namespaces/skyfield/localsubjectaccessreviews",
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        ];
        inner.refused.extend(paths.map(str::to_owned));
    });
    let mut view = LensView::new(session.clone(), params());
    let is_done = |view: &View| !view.about.reading && !view.rows.is_empty();
    let shown = until(&session, &mut view, "not asked", is_done).await;
    assert!(!shown.asked);
}

#[tokio::test]
async fn what_somebody_reaches_is_confirmed_by_the_cluster() {
    let world = world().await;
    let session = world.session();
    let _feed = session.feed();
    let which = Which { subject: Subject::user("greg"), window: Window::default() };
    let mut view = ReachView::new(session.clone(), which);
    let shown =
        until(&session, &mut view, "asked", |reached| reached.asked && reached.total > 0).await;
    assert_eq!(shown.rows[0].project, "skyfield");
    assert_eq!((shown.rows[0].rights.pull, shown.rows[0].rights.push), (Some(true), Some(false)));
    assert_eq!(shown.rows[0].via[0].group.as_deref(), Some("QA"));
}

#[tokio::test]
async fn a_refusal_is_explained() {
    let world = world().await;
    let session = world.session();
    let _feed = session.feed();
    let ask = |subject, verb| {
        let project = "skyfield".to_owned();
        why(session.clone(), Asked { subject, project, verb })
    };
    let push = ask(Some(Subject::user("greg")), Verb::Push).await.unwrap();
    assert_eq!((push.allowed, push.verb.as_str()), (Some(false), "update"));
    assert_eq!(push.resource, "imagestreams/layers.image.openshift.io");
    assert!(push.groups.contains(&"QA".to_owned()));
    assert!(push.message.contains("registry-viewer does not give"), "{}", push.message);
    let command = push.command.as_deref();
    assert_eq!(command, Some("oc policy add-role-to-user registry-editor greg -n skyfield"));

    let pull = ask(Some(Subject::user("greg")), Verb::Pull).await.unwrap();
    assert_eq!((pull.allowed, pull.command), (Some(true), None));
    assert_eq!(pull.via[0].binding, "registry-viewer");

    // About oneself everybody may ask.
    let own = ask(None, Verb::Pull).await.unwrap();
    assert_eq!((own.allowed, own.subject), (Some(false), Subject::user("amy")));
    assert!(own.message.starts_with("You may not pull"), "{}", own.message);
}
