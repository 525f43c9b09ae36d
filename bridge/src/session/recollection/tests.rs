// SPDX-License-Identifier: LGPL-2.1-or-later

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use images_proto::status::Phase;
use tokio::time::{advance, pause, resume, timeout};

use super::*;
use crate::recollection::Recollections;
use crate::session::settings::Settings;
use crate::source::tests::api::Api;

/// A login of one home at a cluster.
fn login(api: &Api, home: &Path) -> Arc<Session> {
    let recollections = Arc::new(Recollections::in_folder(home.to_owned()));
    let cluster = Some(api.cluster());
    Session::with_settings(Settings { cluster, recollections, ..Settings::default() })
}

async fn until(session: &Session, what: &str, check: impl Fn() -> bool) {
    let waiting = session.until(|_| check());
    if timeout(Duration::from_secs(10), waiting).await.is_err() {
        panic!("never: {what}; {:?}", session.status());
    }
}

/// A whole login; how many repositories it knew in the end.
async fn whole(session: &Arc<Session>) -> u64 {
    let feed = session.feed();
    until(session, "settled", || session.is_settled()).await;
    drop(feed);
    session.finish().await;
    session.catalog().counts().repositories
}

/// The requests for images of streams so far.
fn reads(api: &Api) -> usize {
    api.log().iter().filter(|line| line.contains("/layers")).count()
}

/// The file that is kept, and which one it is: one that is written takes the place of another.
fn file(home: &Path) -> Option<(u64, Vec<u8>)> {
    let mut files = fs::read_dir(home).ok()?.map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|end| end == "catalog"))?;
    Some((fs::metadata(&file).unwrap().ino(), fs::read(file).unwrap()))
}

#[tokio::test]
async fn the_next_login_reads_only_what_is_new() {
    let (api, home) = (Api::start().await, tempfile::tempdir().unwrap());
    api.push("shop", "api", "v1", 1);
    api.push("shop", "web", "v1", 2);
    assert_eq!(whole(&login(&api, home.path())).await, 2);
    assert_eq!(reads(&api), 2);
    let written = file(home.path()).unwrap();

    assert_eq!(whole(&login(&api, home.path())).await, 2);
    assert_eq!(reads(&api), 2, "nothing is new");
    assert!(file(home.path()).unwrap() == written, "nor has anything to be written");

    api.push("shop", "web", "v1", 3);
    api.remove("shop", "api");
    let session = login(&api, home.path());
    assert_eq!(whole(&session).await, 1);
    assert_eq!(reads(&api), 3, "one stream is another");
    assert_eq!(session.catalog().counts().images, 2);
    assert!(file(home.path()).unwrap() != written);
}

#[tokio::test]
async fn after_a_week_everything_is_read_anew() {
    let (api, home) = (Api::start().await, tempfile::tempdir().unwrap());
    api.push("shop", "api", "v1", 1);
    let session = login(&api, home.path());
    whole(&session).await;
    let key = session.keeping.kept().unwrap().key;
    let recollections = &session.settings.recollections;
    let age = |age: i64| {
        let Recollection { catalog, .. } = recollections.read(key).unwrap();
        let mut writing = recollections.write(key, crate::action::now() - age).unwrap();
        let mut writer = Writer::default();
        while let Some(block) = writer.next(&catalog) {
            writing.block(&block).unwrap();
        }
        writing.finish().unwrap();
    };
    for (seconds, expected) in [(LONGEST - 60, 1), (LONGEST + 60, 2), (-60, 3)] {
        age(seconds);
        whole(&login(&api, home.path())).await;
        assert_eq!(reads(&api), expected, "after {seconds} seconds");
    }
}

#[tokio::test]
async fn what_the_cluster_refuses_now_is_not_shown() {
    let (api, home) = (Api::start().await, tempfile::tempdir().unwrap());
    api.push("shop", "api", "v1", 1);
    whole(&login(&api, home.path())).await;
    api.set(|world| world.projects = Some(Vec::new()));
    let session = login(&api, home.path());
    let _feed = session.feed();
    until(&session, "failed", || matches!(session.status().phase, Phase::Failed(_))).await;
    assert_eq!(session.catalog().counts().repositories, 0);
    session.finish().await;
    assert!(file(home.path()).is_some(), "it may be temporary");
}

#[tokio::test]
async fn it_is_written_at_once_and_then_not_for_a_while() {
    let (api, home) = (Api::start().await, tempfile::tempdir().unwrap());
    api.push("shop", "api", "v1", 1);
    let session = login(&api, home.path());
    let _feed = session.feed();
    until(&session, "settled", || session.is_settled()).await;
    let written = async || {
        while session.has_news() {
            tokio::task::yield_now().await;
        }
        file(home.path()).unwrap()
    };
    let first = timeout(Duration::from_secs(10), written()).await.unwrap();
    api.push("shop", "web", "v1", 2);
    let counts = || session.catalog().counts();
    until(&session, "the push is read", || counts().images == 2 && session.is_settled()).await;
    assert!(session.has_news() && file(home.path()).unwrap() == first);
    pause();
    advance(PAUSE).await;
    let second = written().await;
    resume();
    assert!(second != first);
}

#[tokio::test]
async fn what_becomes_another_catalog_while_it_is_written_is_not_written() {
    let (api, home) = (Api::start().await, tempfile::tempdir().unwrap());
    api.push("shop", "api", "v1", 1);
    let session = login(&api, home.path());
    let _feed = session.feed();
    until(&session, "listed", || session.catalog().is_listed()).await;
    let kept = session.keeping.kept().unwrap();
    session.leave();
    *session.keeping.kept() = Some(kept);
    session.state.update(|catalog| {
        catalog.put_repository(&"secret/x".parse().unwrap(), None);
        catalog.set_listed(true);
    });
    assert!(session.has_news());
    session.write_down().unwrap();
    let (_, bytes) = file(home.path()).unwrap_or_default();
    assert!(!bytes.windows(8).any(|bytes| bytes == b"secret/x"));
}
