// SPDX-License-Identifier: LGPL-2.1-or-later

//! The OpenShift source and its actions against an image API of a page of code: each test bends it
//! in one way.

pub(crate) mod api;
mod distribution;

use std::sync::Arc;
use std::time::Duration;

use images_proto::delete::{Outcome, Params, Target};
use images_proto::status::Phase;
use images_proto::{Code, Digest, RepositoryName, TagRef};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::api::Api;
use super::*;
use crate::action;

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

fn delete(targets: &[Target]) -> Params {
    Params { targets: targets.to_vec(), ..Default::default() }
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
async fn a_deleted_tag_is_looked_for_and_gone_from_the_catalog() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.push("shop", "api", "v2", 1);
    let work = start(api).await;
    work.until_ready().await;
    let targets = [Target::Tag(tag_ref("shop/api:v1")), Target::Tag(tag_ref("shop/api:nothing"))];
    let mut told = Vec::new();
    let receipt = action::delete(&work.connection, &work.state, delete(&targets), |progress| {
        told.push((progress.done, progress.total));
    })
    .await
    .unwrap();
    let outcomes: Vec<_> = receipt.items.into_iter().map(|item| item.outcome).collect();
    assert_eq!(outcomes, [Outcome::Deleted, Outcome::Absent]);
    assert_eq!(told, [(0, Some(2)), (1, Some(2)), (2, Some(2))]);
    assert_eq!(work.newest("shop/api:v1"), None, "before the receipt, not some time later");
    assert_eq!(work.newest("shop/api:v2"), Some(digest(1)));
}

#[tokio::test]
async fn a_tag_that_was_pushed_anew_since_the_plan_is_left_alone() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.push("shop", "api", "v2", 1);
    let work = start(api).await;
    work.until_ready().await;
    work.api.push("shop", "api", "v1", 2);
    let targets = ["shop/api:v1", "shop/api:v2"].map(|tag| Target::Tag(tag_ref(tag)));
    let params = Params { planned: vec![Some(digest(1)); 2], ..delete(&targets) };
    let receipt = action::delete(&work.connection, &work.state, params, |_| ()).await.unwrap();
    let [first, second] = receipt.items.as_slice() else { panic!("{receipt:?}") };
    assert!(matches!(&first.outcome, Outcome::Kept(failure) if failure.code == Code::Conflict));
    assert_eq!(second.outcome, Outcome::Deleted);
    assert_eq!(work.newest("shop/api:v1"), Some(digest(2)));
}

#[tokio::test]
async fn a_yes_that_does_nothing_is_no_deletion() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.set(|world| world.deletes_do_nothing = true);
    let work = start(api).await;
    work.until_ready().await;
    let targets = [Target::Tag(tag_ref("shop/api:v1"))];
    let receipt =
        action::delete(&work.connection, &work.state, delete(&targets), |_| ()).await.unwrap();
    assert!(
        matches!(&receipt.items[0].outcome, Outcome::Kept(failure) if failure.code == Code::Conflict)
    );
    assert!(work.newest("shop/api:v1").is_some());
}

#[tokio::test]
async fn a_revision_goes_and_the_one_before_comes_back() {
    let api = Api::start().await;
    for byte in [1, 2, 3] {
        api.push("shop", "api", "v1", byte);
    }
    api.set(|world| world.conflicts = 1);
    let work = start(api).await;
    work.until_ready().await;
    let revision = |byte| Target::Revision {
        repository: "shop/api".parse().unwrap(),
        tag: "v1".parse().unwrap(),
        digest: digest(byte),
    };
    let targets = [revision(3), revision(1), revision(9)];
    let receipt =
        action::delete(&work.connection, &work.state, delete(&targets), |_| ()).await.unwrap();
    let outcomes: Vec<_> = receipt.items.into_iter().map(|item| item.outcome).collect();
    assert_eq!(outcomes, [Outcome::Deleted, Outcome::Deleted, Outcome::Absent]);
    assert_eq!(work.newest("shop/api:v1"), Some(digest(2)));
    let puts = work.api.log().iter().filter(|line| line.starts_with("PUT ")).count();
    assert_eq!(puts, 2, "one conflict, one success for all revisions");
}

#[tokio::test]
async fn a_plan_says_what_goes_what_stays_and_what_is_not_allowed() {
    let api = Api::start().await;
    api.push("shop", "api", "v1", 1);
    api.push("shop", "api", "v1", 2);
    api.push("tools", "copy", "v1", 2);
    api.set(|world| world.may_delete_in = vec!["shop".to_owned()]);
    let work = start(api).await;
    work.until_ready().await;
    let targets = [Target::Tag(tag_ref("shop/api:v1")), Target::Tag(tag_ref("tools/copy:v1"))];
    let plan = action::plan(&work.connection, &work.state, delete(&targets)).await.unwrap();
    let [shop, tools] = &plan.items[..] else { panic!("{plan:?}") };
    assert_eq!((shop.history, shop.refused.clone()), (1, None));
    assert_eq!(shop.stays, [tag_ref("tools/copy:v1")]);
    assert_eq!(tools.refused.as_ref().unwrap().code, Code::Forbidden);
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
