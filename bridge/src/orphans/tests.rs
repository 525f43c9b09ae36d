// SPDX-License-Identifier: LGPL-2.1-or-later

use images_catalog::{Content, ImageFacts, RevisionFacts, TagFacts};
use images_proto::repository::Origin;
use images_proto::status::Registry;

use super::*;
use crate::session::settings::Settings;

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

/// A view of a catalog with a signature of an image that nobody knows.
fn view(source: Source) -> OrphansView {
    let session = Session::with_settings(Settings::default());
    let name: RepositoryName = "shop/api".parse().unwrap();
    let tag = TagFacts {
        tag: format!("sha256-{}.sig", digest(9).hex()).parse().unwrap(),
        revisions: vec![RevisionFacts { digest: digest(1), created: None }],
        origin: Origin::Pushed,
        problem: None,
    };
    session.state().update(|catalog| {
        catalog.set_source(Some(source));
        catalog.put_repository(&name, Some(vec![tag]));
        let content = Content::Manifest { config: None, layers: Vec::new() };
        catalog.put_images(&name, vec![ImageFacts { digest: digest(1), content }]);
        catalog.set_listed(true);
    });
    OrphansView::new(session, Params::default())
}

fn listed() -> Answer {
    let listed = |byte: u8| Listed { digest: digest(byte), created: Some(i64::from(byte)) };
    Answer::Images(Ok(vec![listed(1), listed(7)]))
}

/// Gives the view the answer to what it asks now.
fn answer(view: &mut OrphansView, answer: Answer) -> View {
    assert!(view.is_working());
    view.asking = None;
    view.take(answer);
    view.render()
}

#[tokio::test]
async fn images_are_listed_and_then_asked_where_they_came_from() {
    let mut view = view(Source::Openshift);
    assert_eq!(view.render().images.total, None);
    let shown = answer(&mut view, listed());
    assert_eq!((shown.images.total, shown.images.rows[0].digest), (Some(1), digest(7)));
    let origins = HashMap::from([(digest(7), Some("quay.io/x/y:1".to_owned()))]);
    let shown = answer(&mut view, Answer::Origins(origins));
    assert_eq!(shown.images.rows[0].from.as_deref(), Some("quay.io/x/y:1"));
    assert!(!view.is_working(), "everything was asked");
    view.set_params(Params { refresh: 1, ..Params::default() });
    let shown = view.render();
    assert!(view.is_working() && shown.images.total == Some(1), "shown until it is known anew");
}

#[tokio::test]
async fn what_may_not_be_listed_is_unknown_and_not_zero() {
    let mut view = view(Source::Openshift);
    view.render();
    let failure = Failure::new(Code::Forbidden, "You may not list the images of the cluster.");
    let shown = answer(&mut view, Answer::Images(Err(failure.clone())));
    assert_eq!((shown.images.total, shown.images.failure), (None, Some(failure)));
    assert_eq!(shown.signatures.total, Some(1));
    assert!(!view.is_working());
}

#[tokio::test]
async fn a_plain_registry_is_asked_for_each_subject_once() {
    let mut view = view(Source::Distribution);
    let shown = view.render();
    assert_eq!(shown.signatures.total, None);
    assert_eq!(shown.untagged.failure.unwrap().code, Code::Unsupported);
    let subject = ("shop/api".parse().unwrap(), digest(9));
    let shown = answer(&mut view, Answer::Subjects(Ok([(subject, false)].into())));
    assert_eq!((shown.signatures.total, shown.signatures.rows.len()), (Some(1), 1));
    assert!(!view.is_working());
}

#[tokio::test]
async fn another_registry_is_asked_anew() {
    let mut view = view(Source::Openshift);
    view.render();
    answer(&mut view, listed());
    view.session.state().set_registry(Some(Registry {
        source: Source::Openshift,
        host: None,
        route: Some("https://registry.example.com".to_owned()),
        unreachable: None,
    }));
    let shown = view.render();
    assert!(shown.images.total.is_none() && view.is_working());
}

#[tokio::test(start_paused = true)]
async fn a_changed_catalog_has_the_images_listed_again_in_time() {
    let mut view = view(Source::Openshift);
    view.render();
    answer(&mut view, listed());
    answer(&mut view, Answer::Origins(HashMap::new()));
    assert_eq!(view.due(), None);
    view.session.state().update(|catalog| {
        catalog.put_repository(&"shop/web".parse().unwrap(), Some(Vec::new()));
    });
    let begun = Instant::now();
    view.work().await;
    assert!(begun.elapsed() >= AGAIN - Duration::from_secs(1));
    view.render();
    assert!(view.is_working());
}
