// SPDX-License-Identifier: LGPL-2.1-or-later

//! The OpenShift source against an image API of a page of code: each test bends it
//! in one way.

pub(crate) mod api;
mod distribution;

use std::sync::Arc;
use std::time::Duration;

use images_proto::status::Phase;
use images_proto::{Code, Digest, RepositoryName, TagRef};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::api::Api;
use super::*;

/// A session's parts at work on an API. All ends with it.
struct Work {
    api: Arc<Api>,
    state: Arc<State>,
    connection: Arc<Connection>,
    _running: JoinSet<()>,
}

async fn start(api: Arc<Api>) -> Work {
    let cluster = api.cluster();
    let state = Arc::new(State::default());
    let settings = Settings::default();
    let connection = Connection::to(Some(cluster), settings, Arc::default(), &state).await.unwrap();
    let connection = Arc::new(connection);
    let mut running = JoinSet::new();
    let (run, at) = (connection.clone(), state.clone());
    running.spawn(async move {
        let Err(failure) = run.run(&at).await;
        at.set_phase(Phase::Failed(failure));
    });
    Work { api, state, connection, _running: running }
}

impl Work {
    /// Waits until `check` holds.
    async fn until(&self, what: &str, check: impl Fn(&State) -> bool) {
        let mut changes = self.state.changes();
        let waiting = async {
            while !check(&self.state) {
                changes.changed().await.unwrap();
            }
        };
        if timeout(Duration::from_secs(10), waiting).await.is_err() {
            panic!("never: {what}; {:?}; {:?}", self.state.view(), self.api.log());
        }
    }

    async fn until_ready(&self) {
        self.until("ready", State::is_settled).await;
    }

    fn names(&self) -> Vec<String> {
        self.state.catalog().repository_names().map(ToString::to_string).collect()
    }

    fn newest(&self, tag: &str) -> Option<Digest> {
        Some(self.state.catalog().tag(&tag_ref(tag))?.revisions.first()?.digest)
    }
}

fn tag_ref(text: &str) -> TagRef {
    let (repository, tag) = text.split_once(':').unwrap();
    TagRef { repository: repository.parse().unwrap(), tag: tag.parse().unwrap() }
}

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

#[tokio::test]
async fn lists_all_pages_and_reads_what_images_contain() {
    let api = Api::start().await;
    for idx in 0..7_u8 {
        api.push("shop", &format!("api{idx}"), "v1", idx);
    }
    api.set(|world| world.page = 3);
    let work = start(api).await;
    work.until_ready().await;
    assert_eq!(work.names().len(), 7);
    let counts = work.state.catalog().counts();
    assert_eq!((counts.images, counts.repositories_unread), (7, 0));
    assert!(work.state.catalog().is_listed());
    let log = work.api.log();
    assert_eq!(log.iter().filter(|line| line.contains("/imagestreams?limit=500")).count(), 3);
    assert_eq!(log.iter().filter(|line| line.contains("/layers")).count(), 7);
}

#[tokio::test]
async fn changes_come_by_themselves_and_only_new_images_are_read() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    let work = start(api).await;
    work.until_ready().await;

    work.api.push("shop", "api", "v1", 2);
    work.until("the push is seen", |state| state.catalog().counts().images == 2).await;
    assert_eq!(work.newest("shop/api:v1"), Some(digest(2)));
    work.until_ready().await;
    let reads = |api: &Api| api.log().iter().filter(|line| line.contains("/layers")).count();
    let before = reads(&work.api);

    // The same image under another tag: nothing to read.
    work.api.push("shop", "api", "v2", 2);
    work.until("the tag is seen", |state| state.catalog().tag(&tag_ref("shop/api:v2")).is_some())
        .await;
    work.api.remove("shop", "api");
    work.until("the stream is gone", |state| state.catalog().counts().repositories == 0).await;
    assert_eq!(reads(&work.api), before);
}

#[tokio::test]
async fn a_version_that_is_too_old_means_a_new_list_but_never_an_empty_one() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.push("shop", "old", "v1", 2);
    let work = start(api).await;
    work.until_ready().await;
    let mut least = usize::MAX;
    work.api.set(|world| {
        // Behind the watcher's back.
        world.streams.remove(&("shop".to_owned(), "old".to_owned()));
        world.expire();
    });
    work.api.push("shop", "new", "v1", 3);
    let mut changes = work.state.changes();
    let waiting = async {
        while !work.names().contains(&"shop/new".to_owned())
            || work.names().contains(&"shop/old".to_owned())
        {
            changes.changed().await.unwrap();
            least = least.min(work.names().len());
        }
    };
    timeout(Duration::from_secs(10), waiting).await.unwrap();
    assert!(least >= 1);
    assert_eq!(work.names(), ["shop/api", "shop/new"]);
}

#[tokio::test]
async fn a_page_that_came_too_late_starts_the_list_again() {
    let api = Api::start().await;
    for idx in 0..4_u8 {
        api.push("shop", &format!("api{idx}"), "v1", idx);
    }
    api.set(|world| {
        world.page = 2;
        world.expired_pages = 1;
    });
    let work = start(api).await;
    work.until_ready().await;
    assert_eq!(work.names().len(), 4);
}

#[tokio::test]
async fn who_may_not_list_all_sees_his_projects() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.push("tools", "scan", "v1", 2);
    api.push("secret", "x", "v1", 3);
    api.set(|world| world.projects = Some(vec!["shop".to_owned(), "tools".to_owned()]));
    let work = start(api).await;
    work.until_ready().await;
    assert_eq!(work.names(), ["shop/api", "tools/scan"]);
    work.api.push("tools", "scan", "v2", 2);
    work.until("the push is seen", |state| {
        state.catalog().tag(&tag_ref("tools/scan:v2")).is_some()
    })
    .await;
}

#[tokio::test]
async fn who_has_no_project_is_told_so() {
    let api = Api::start().await;
    api.push("secret", "x", "v1", 3);
    api.set(|world| world.projects = Some(Vec::new()));
    let work = start(api).await;
    work.until("it failed", |state| state.failure().is_some()).await;
    assert_eq!(work.state.failure().unwrap().code, Code::Forbidden);
}

#[tokio::test]
async fn a_failing_read_is_tried_again() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.set(|world| world.failing_layers = 1);
    let work = start(api).await;
    work.until_ready().await;
    assert_eq!(work.state.catalog().counts().images, 1);
    assert!(work.state.view().problems.is_empty());
}

#[tokio::test]
async fn without_an_address_the_registry_is_unreachable_but_all_else_stands() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    let work = start(api).await;
    work.until_ready().await;
    let registry = work.state.view().registry.unwrap();
    assert_eq!(registry.source, images_proto::status::Source::Openshift);
    assert_eq!(registry.unreachable.unwrap().code, Code::NoRegistry);
    let name: RepositoryName = "shop/api".parse().unwrap();
    assert!(work.connection.reread(&work.state, &[name]).await.is_ok());
}
