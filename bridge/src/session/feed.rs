// SPDX-License-Identifier: LGPL-2.1-or-later

//! The work that goes on while somebody looks: connecting, filling, following, and starting anew
//! after failures.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use images_catalog::Catalog;
use images_proto::status::Phase;
use images_proto::{Code, Failure};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Session, fault};
use crate::source::{Backoff, Connection};

/// How many look, and the work that is done for them.
#[derive(Default)]
pub(super) struct Feeds(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    guards: usize,
    work: JoinSet<()>,
    /// What the catalog's content belongs to.
    key: Option<String>,
}

/// Keeps the sources at work while it lives.
pub struct FeedGuard {
    session: Arc<Session>,
}

impl Session {
    /// Has the catalog filled and followed for as long as the guard lives. When the last guard is
    /// dropped all work stops; what was read is kept for the next.
    pub fn feed(self: &Arc<Self>) -> FeedGuard {
        let mut feeds = self.feeds.inner();
        feeds.guards += 1;
        if feeds.guards == 1 {
            // A failure of last time is no answer to what is asked now.
            self.show_connecting();
            let session = self.clone();
            feeds.work.spawn(async move { Box::pin(session.work()).await });
            let session = self.clone();
            feeds.work.spawn(async move { match session.keep().await {} });
        }
        FeedGuard { session: self.clone() }
    }

    /// Works until it is dropped.
    async fn work(self: &Arc<Self>) {
        let mut retries = self.state.retries();
        let mut backoff = Backoff::default();
        // A connection of an earlier feed is used again.
        let mut connection = self.connection.borrow().clone();
        loop {
            retries.borrow_and_update();
            let failed = {
                let work = AssertUnwindSafe(self.fill(connection.take())).catch_unwind();
                tokio::select! {
                    // What was left is nothing to tell a failure of, and what is to be watched is
                    // known once the work has begun.
                    biased;
                    // The sender lives in the session.
                    _ = retries.changed() => None,
                    result = work => Some(match result {
                        Ok(Ok(never)) => match never {},
                        Ok(Err(failure)) => failure,
                        Err(_) => fault("The bridge stumbled over a fault of its own."),
                    }),
                    () = self.kubeconfig_changed() => None,
                }
            };
            let Some(failure) = failed else {
                if self.feeds.inner().key.is_none() {
                    // Again: the old connection may have told something meanwhile.
                    self.leave();
                }
                self.show_connecting();
                continue;
            };
            let failure = self.fitting(failure);
            log(&failure);
            if matches!(failure.code, Code::Unauthenticated | Code::Forbidden) {
                self.forget_unconfirmed();
            }
            let was_ready = self.state.view().phase == Phase::Ready;
            if was_ready {
                backoff.reset();
            }
            self.connection.send_replace(None);
            self.state.forget_silent_cluster();
            // An API server that is just starting may know nobody yet: it is asked once more.
            let heals = failure.retryable || (was_ready && failure.code == Code::Unauthenticated);
            self.state.set_phase(Phase::Failed(failure));
            let delay = async {
                if heals {
                    sleep(backoff.next_delay()).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = delay => continue,
                _ = retries.changed() => {}
                () = self.kubeconfig_repaired() => {}
            }
            backoff.reset();
            self.show_connecting();
        }
    }

    /// Answers somebody who asked to try again. An attempt that nobody asked for leaves the failure
    /// on the screen until it has a result: words that vanish every few seconds cannot be read.
    fn show_connecting(&self) {
        if self.state.failure().is_some() {
            self.state.set_phase(Phase::Connecting);
        }
    }

    /// Connects, unless that was done, and fills the catalog.
    async fn fill(
        self: &Arc<Self>,
        connection: Option<Arc<Connection>>,
    ) -> Result<Infallible, Failure> {
        let connection = match connection {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.run(&self.state).await
    }

    async fn connect(self: &Arc<Self>) -> Result<Arc<Connection>, Failure> {
        loop {
            let epoch = self.state.next_epoch();
            let cluster = self.find_cluster().await?;
            let settings = self.settings.clone();
            let manifests = self.manifests.clone();
            let connection = Connection::to(cluster, settings, manifests, &self.state).await?;
            let connection = Arc::new(connection);
            let adopt = || self.connection.send_replace(Some(connection.clone()));
            if self.is_prepared_for(&connection, epoch).await
                && self.state.if_current(epoch, adopt).is_some()
            {
                // Some wait for it, some for another than before.
                self.state.tell();
                return Ok(connection);
            }
            // It was left meanwhile.
        }
    }

    /// Has the catalog hold nothing of another cluster, user or registry, but what an earlier login
    /// knew of this one. `false`: the connection is an old one already.
    async fn is_prepared_for(self: &Arc<Self>, connection: &Arc<Connection>, epoch: u64) -> bool {
        let key = connection.key(&self.state);
        // It belongs to nobody until it is sure to belong here.
        let before = self.feeds.inner().key.take();
        if before.as_ref() != Some(&key) {
            self.forget();
            self.state.clear_problems();
            connection.show(&self.state);
            self.recall(connection, epoch).await;
        }
        self.state.update(Catalog::retry_configs);
        self.state.if_current(epoch, || self.feeds.inner().key = Some(key)).is_some()
    }

    /// Forgets what was read: nothing of one cluster, user or registry may be shown as another's.
    fn forget(&self) {
        self.keeping.stop();
        self.manifests.clear();
        self.details.clear();
        self.state.forget();
    }

    /// Forgets what was known at an earlier login, if the cluster refuses before it has told whether
    /// that is still so.
    fn forget_unconfirmed(&self) {
        if !self.state.catalog().is_listed() {
            self.keeping.refuse();
            self.feeds.inner().key = None;
            self.forget();
        }
    }

    /// Forgets the connection and all that came over it, before there is another one.
    pub(crate) fn leave(&self) {
        // First of all: nobody makes it the connection again, and who takes it in this moment
        // learns that its content is forgotten.
        self.state.next_epoch();
        self.forget_cluster();
    }

    /// Forgets all that is known of a cluster.
    pub(super) fn forget_cluster(&self) {
        self.connection.send_replace(None);
        self.feeds.inner().key = None;
        self.keeping.stop();
        self.manifests.clear();
        self.details.clear();
        self.roster.forget();
        self.state.forget_cluster();
    }
}

/// Tells the journal.
fn log(failure: &Failure) {
    let details = details_for_all(failure);
    tracing::warn!(code = ?failure.code, message = %failure.message, ?details, "source stopped");
}

/// The details, unless they may be what a login program wrote: that is for the eyes of its user
/// alone, and other people read the journal.
fn details_for_all(failure: &Failure) -> Option<&str> {
    match failure.code {
        Code::Unauthenticated => None,
        _ => failure.details.as_deref(),
    }
}

impl Feeds {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FeedGuard {
    fn drop(&mut self) {
        let mut feeds = self.session.feeds.inner();
        feeds.guards -= 1;
        if feeds.guards == 0 {
            // What was aborted ends at its next await; nobody waits for it.
            feeds.work = JoinSet::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_login_program_wrote_does_not_reach_the_journal() {
        let failure = |code| Failure::new(code, "x").with_details("hunter2");
        assert_eq!(details_for_all(&failure(Code::Unauthenticated)), None);
        assert_eq!(details_for_all(&failure(Code::ClusterUnreachable)), Some("hunter2"));
    }
}
