// SPDX-License-Identifier: LGPL-2.1-or-later

//! One collection: listed page by page, then watched, and listed again when the watch is too old.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use images_roster::facts::{Fact, Key, Kind};
use images_roster::{Coverage, Scope};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep};

use super::Reader;
use crate::cluster::{Collection, Error, Event, List, Watch};
use crate::source::Backoff;

/// How often a list is begun anew because its continue token was too old. A server that is always
/// too slow for its own tokens is out of order.
const RESTARTS: u32 = 3;

/// A watch that ends sooner is a fault, even if it ends in good order.
const SHORT: Duration = Duration::from_secs(5);

/// Objects that are read as facts.
pub(super) trait Read: DeserializeOwned + Send {
    /// The kind of fact.
    const KIND: Kind;
    /// What they are called where reading them fails.
    const WORDS: &'static str;

    /// The fact; `None` for what is no such thing.
    fn fact(self) -> Option<Fact>;
}

/// A collection, and the part of the roster that it is.
pub(super) struct Part {
    collection: Collection,
    scope: Scope,
    /// Lists wait for one another.
    turns: Option<Arc<Semaphore>>,
}

impl Part {
    pub(super) fn new(collection: Collection, scope: Scope) -> Self {
        Self { collection, scope, turns: None }
    }

    /// The same, listed when one of these turns is free.
    pub(super) fn in_turn(self, turns: Arc<Semaphore>) -> Self {
        Self { turns: Some(turns), ..self }
    }
}

impl Reader {
    /// Lists and follows until it is dropped. `tell` learns whether the list is refused.
    pub(super) async fn follow<T: Read>(&self, part: &Part, tell: impl Fn(bool)) -> Infallible {
        let mut backoff = Backoff::default();
        let mut refreshes = self.writer.state().refreshes();
        let (mut is_refused, mut is_read) = (false, false);
        loop {
            refreshes.borrow_and_update();
            match self.list::<T>(part).await {
                Ok(version) => {
                    (is_refused, is_read) = (false, true);
                    tell(false);
                    self.watch_on::<T>(part, version, &mut backoff).await;
                    continue;
                }
                Err(error) if error.is_forbidden() || error.is_no_path() => {
                    // Once: what was read since then was read on another way.
                    match is_refused {
                        true => self.writer.end(T::KIND, &part.scope),
                        false => self.give_up::<T>(part, &error),
                    }
                    (is_refused, is_read) = (true, false);
                    tell(true);
                    refreshed(&mut refreshes).await;
                    continue;
                }
                Err(error) => self.stumble::<T>(part, &error, is_read),
            }
            tokio::select! {
                () = sleep(backoff.next_delay()) => {}
                () = refreshed(&mut refreshes) => {}
            }
        }
    }

    /// Lists once, and again at each refresh.
    pub(super) async fn look_at<T: Read>(&self, part: &Part) -> Infallible {
        let mut refreshes = self.writer.state().refreshes();
        loop {
            refreshes.borrow_and_update();
            match self.list::<T>(part).await {
                Ok(_) => {}
                Err(error) if error.is_forbidden() => self.give_up::<T>(part, &error),
                Err(error) => self.stumble::<T>(part, &error, false),
            }
            refreshed(&mut refreshes).await;
        }
    }

    /// Lists all of it, page by page, and forgets what is gone. The version to watch from.
    pub(super) async fn list<T: Read>(&self, part: &Part) -> Result<String, Error> {
        self.writer.begin([(T::KIND, part.scope.clone())]);
        let _turn = match &part.turns {
            // It is never closed.
            Some(turns) => turns.acquire().await.ok(),
            None => None,
        };
        let mut seen = HashSet::new();
        let (mut token, mut restarts): (Option<String>, u32) = (None, 0);
        loop {
            let page = self.cluster.page(&part.collection, token.as_deref()).await;
            let page: List<T> = match page {
                // It took too long: what was listed so far may not be true any more.
                Err(error) if error.is_expired() && token.is_some() && restarts < RESTARTS => {
                    restarts += 1;
                    seen.clear();
                    token = None;
                    continue;
                }
                page => page?,
            };
            let next = page.next().map(str::to_owned);
            let version = page.metadata.resource_version.clone();
            let facts: Vec<_> = page.into_items().into_iter().filter_map(T::fact).collect();
            seen.extend(facts.iter().map(Fact::key));
            self.writer.update(|roster| {
                for fact in facts {
                    roster.put(fact);
                }
            });
            match next {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => {
                    self.settle(T::KIND, &part.scope, &seen, Coverage::Whole);
                    return Ok(version.unwrap_or_default());
                }
            }
        }
    }

    /// Watches from a version until the list has to be read again.
    async fn watch_on<T: Read>(&self, part: &Part, mut version: String, backoff: &mut Backoff) {
        loop {
            let started = Instant::now();
            let watch = self.cluster.follow::<T>(&part.collection, &version).await;
            let ended = match watch {
                Ok(watch) => self.drain(part, watch, &mut version, backoff).await,
                Err(error) => Err(error),
            };
            match ended {
                // Something between us and the server may end every watch at once.
                Ok(()) if started.elapsed() < SHORT => sleep(backoff.next_delay()).await,
                Ok(()) => {}
                Err(error) if error.is_expired() || error.is_forbidden() || error.is_no_path() => {
                    return;
                }
                Err(error) => {
                    let words = T::WORDS;
                    let failure = error.failure(format_args!("follow what changes in {words}"));
                    self.writer.trouble(T::KIND, &part.scope, failure);
                    sleep(backoff.next_delay()).await;
                }
            }
        }
    }

    /// Takes what a watch tells until it ends, and leaves in `version` how far it came.
    pub(super) async fn drain<T: Read>(
        &self,
        part: &Part,
        mut watch: Watch<T>,
        version: &mut String,
        backoff: &mut Backoff,
    ) -> Result<(), Error> {
        self.writer.end(T::KIND, &part.scope);
        while let Some(event) = watch.next().await? {
            match event {
                Event::Applied(object) => {
                    if let Some(fact) = object.fact() {
                        self.writer.update(|roster| roster.put(fact));
                    }
                }
                Event::Deleted(object) => {
                    if let Some(fact) = object.fact() {
                        self.writer.update(|roster| roster.forget(&fact.key()));
                    }
                }
                Event::Bookmark => {}
            }
            // Only what was told is over: after a broken connection the rest comes again.
            watch.version().clone_into(version);
            backoff.reset();
        }
        Ok(())
    }

    /// What the user may not read (any more) is not shown.
    fn give_up<T: Read>(&self, part: &Part, error: &Error) {
        let coverage = Coverage::Refused(error.failure(tried::<T>(&part.scope)));
        self.settle(T::KIND, &part.scope, &HashSet::new(), coverage);
    }

    /// What was read stays, with what is wrong; what was not read yet is unknown, and why.
    pub(super) fn stumble<T: Read>(&self, part: &Part, error: &Error, is_read: bool) {
        let failure = error.failure(tried::<T>(&part.scope));
        if is_read {
            self.writer.trouble(T::KIND, &part.scope, failure);
            return;
        }
        let (scope, coverage) = (part.scope.clone(), Coverage::Refused(failure));
        self.writer.update(|roster| roster.set_coverage(T::KIND, scope, coverage));
        self.writer.end(T::KIND, &part.scope);
    }

    fn settle(&self, kind: Kind, scope: &Scope, seen: &HashSet<Key>, coverage: Coverage) {
        self.writer.update(|roster| {
            roster.keep_only(kind, scope, seen);
            roster.set_coverage(kind, scope.clone(), coverage);
        });
        self.writer.end(kind, scope);
    }
}

fn tried<T: Read>(scope: &Scope) -> String {
    let words = T::WORDS;
    match scope {
        Scope::Cluster if matches!(T::KIND, Kind::Binding | Kind::Role) => {
            format!("list {words} of the cluster")
        }
        Scope::Cluster => format!("list {words}"),
        Scope::Everywhere => format!("list {words} of all projects"),
        Scope::Project(project) => format!("list {words} of the project {project}"),
    }
}

/// Returns at the next refresh.
pub(super) async fn refreshed(refreshes: &mut watch::Receiver<u64>) {
    if refreshes.changed().await.is_err() {
        pending::<()>().await;
    }
}
