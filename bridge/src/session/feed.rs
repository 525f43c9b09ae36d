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
        }
        FeedGuard { session: self.clone() }
    }

    /// Works until it is dropped.
    async fn work(&self) {
        let mut retries = self.state.retries();
        let mut backoff = Backoff::default();
        // A connection of an earlier feed is used again.
        let mut connection = self.connection.borrow().clone();
        loop {
            retries.borrow_and_update();
            let failed = {
                let work = AssertUnwindSafe(self.fill(connection.take())).catch_unwind();
                tokio::select! {
                    result = work => Some(match result {
                        Ok(Ok(never)) => match never {},
                        Ok(Err(failure)) => failure,
                        Err(_) => fault("The bridge stumbled over a fault of its own."),
                    }),
                    // The sender lives in the session.
                    _ = retries.changed() => None,
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
            tracing::warn!(code = ?failure.code, message = %failure.message, details = ?failure.details, "source stopped");
            let was_ready = self.state.view().phase == Phase::Ready;
            if was_ready {
                backoff.reset();
            }
            self.connection.send_replace(None);
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
    async fn fill(&self, connection: Option<Arc<Connection>>) -> Result<Infallible, Failure> {
        let connection = match connection {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.run(&self.state).await
    }

    async fn connect(&self) -> Result<Arc<Connection>, Failure> {
        let cluster = self.find_cluster().await?;
        let settings = self.settings.clone();
        let manifests = self.manifests.clone();
        let connection = Connection::to(cluster, settings, manifests, &self.state).await?;
        let connection = Arc::new(connection);
        let key = connection.key(&self.state);
        let before = self.feeds.inner().key.replace(key.clone());
        if before != Some(key) {
            // Another cluster, user or registry.
            self.forget();
            connection.show(&self.state);
        }
        self.state.update(Catalog::retry_configs);
        self.connection.send_replace(Some(connection.clone()));
        Ok(connection)
    }

    /// Forgets what was read: nothing of one cluster, user or registry may be shown as another's.
    fn forget(&self) {
        self.manifests.clear();
        self.details.clear();
        self.state.update(Catalog::clear);
    }

    /// Forgets the connection and all that came over it, before there is another one.
    pub(super) fn leave(&self) {
        self.connection.send_replace(None);
        self.feeds.inner().key = None;
        self.forget();
        self.state.set_cluster(None);
        self.state.set_registry(None);
        self.state.set_phase(Phase::Connecting);
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
