// SPDX-License-Identifier: LGPL-2.1-or-later

//! What all channels of a login share: the catalog, the connection that fills it while somebody
//! looks, and the actions.

pub mod choices;
mod cluster;
mod details;
mod feed;
mod history;
mod orphans;
mod people;
mod project;
mod recollection;
mod registry;
pub mod roster;
pub mod settings;
mod stages;
pub mod state;

use std::sync::{Arc, RwLockReadGuard, Weak};
use std::time::Duration;

use images_catalog::Catalog;
use images_proto::{
    Code, Digest, Failure, Progress, RepositoryName, delete, garbage, raw, status, usage,
};
use tokio::sync::watch;

use self::cluster::ClusterChoice;
pub use self::feed::FeedGuard;
use self::feed::Feeds;
use self::recollection::Keeping;
use self::settings::Settings;
use self::state::{News, State};
use crate::action;
use crate::source::Connection;
pub use crate::source::details::Details;
use crate::source::distribution::Manifests;

/// How long the end of the process waits for what has to be set back: the cluster is told within a
/// moment, and whoever ends us does not wait much longer.
const LAST_WORK: Duration = Duration::from_secs(15);

/// The session. There is one in a process.
pub struct Session {
    settings: Settings,
    state: State,
    cluster: ClusterChoice,
    /// What the sources and actions work on, once connected.
    connection: watch::Sender<Option<Arc<Connection>>>,
    feeds: Feeds,
    roster: Arc<roster::RosterState>,
    manifests: Arc<Manifests>,
    keeping: Keeping,
    details: details::Cache,
    aftermath: Arc<action::Aftermath>,
    plans: action::Plans,
    promotions: action::Promotions,
}

/// By which connection and route the registry is read: with another, it may say something else.
#[derive(Clone, Default)]
pub struct Way {
    /// Held so that no other connection gets its place in memory.
    connection: Weak<Connection>,
    route: Option<String>,
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        self.connection.ptr_eq(&other.connection) && self.route == other.route
    }
}

impl Session {
    /// A session with the settings of environment and administrator. Nothing is asked before
    /// [`Session::feed`].
    pub fn new() -> Arc<Self> {
        Self::with_settings(Settings::from_environment())
    }

    /// A session with these settings.
    pub fn with_settings(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            state: State::default(),
            cluster: ClusterChoice::default(),
            connection: watch::Sender::new(None),
            feeds: Feeds::default(),
            roster: Arc::default(),
            manifests: Arc::default(),
            keeping: Keeping::default(),
            details: details::Cache::default(),
            aftermath: Arc::default(),
            plans: action::Plans::default(),
            promotions: action::Promotions::default(),
        })
    }

    /// The catalog, for a short look that is over before anything is awaited.
    pub fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.state.catalog()
    }

    /// What sources write and views read.
    #[cfg(test)]
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Ticks when the catalog or the status changed.
    pub fn changes(&self) -> watch::Receiver<News> {
        self.state.changes()
    }

    /// Where the session stands.
    pub fn status(&self) -> status::View {
        self.state.view()
    }

    /// Whether everything was read that will be read without another change; [`Session::changes`]
    /// ticks when that becomes true.
    pub fn is_settled(&self) -> bool {
        self.state.is_settled()
    }

    /// Connects anew and reads everything again, now.
    pub fn retry(&self) {
        self.state.retry();
    }

    /// The way to the registry as it is now.
    pub fn way(&self) -> Way {
        let connection = self.connection.borrow().as_ref().map(Arc::downgrade).unwrap_or_default();
        Way { connection, route: self.state.route() }
    }

    /// Manifest and config of an image, or the children of an index.
    ///
    /// # Errors
    /// When neither registry nor API has them.
    pub async fn details(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Arc<Details>, Failure> {
        let connection = self.connection().await?;
        let details = self.details.get(&self.state, connection.clone(), repository, digest).await;
        connection.check_the_registry();
        details
    }

    /// A manifest or config, byte for byte.
    ///
    /// # Errors
    /// When the registry does not have it or cannot be reached.
    pub async fn raw(&self, params: raw::Params) -> Result<raw::Document, Failure> {
        let connection = self.connection().await?;
        let registry = connection.registry(&self.state).await?;
        let raw::Params { repository, digest, what } = &params;
        let (document, tried) = match what {
            raw::What::Manifest => (registry.manifest(repository, digest).await, "manifest"),
            raw::What::Config => (registry.config(repository, digest).await, "config"),
        };
        connection.check_the_registry();
        let document =
            document.map_err(|error| error.failure(format_args!("read the {tried} {digest}")))?;
        let text = String::from_utf8_lossy(&document.bytes).into_owned();
        Ok(raw::Document { media_type: document.media_type, text })
    }

    /// What a deletion would take with it.
    ///
    /// # Errors
    /// When the repositories cannot be read now.
    pub async fn plan(&self, params: delete::Params) -> Result<delete::Plan, Failure> {
        let connection = self.connection().await?;
        let content = self.state.content();
        let plan = action::plan(&connection, &self.state, params.clone()).await;
        connection.check_the_registry();
        let plan = plan?;
        self.plans.put(content, params, plan.clone());
        Ok(plan)
    }

    /// Deletes, and asks again what is left.
    ///
    /// # Errors
    /// When nothing was tried; what became of each target is in the receipt.
    pub async fn delete(
        &self,
        params: delete::Params,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<delete::Receipt, Failure> {
        let connection = self.connection().await?;
        action::delete(self.workplace(&connection), params, progress).await
    }

    /// Who uses these images.
    ///
    /// # Errors
    /// When there is no connection; what could not be looked at is in [`usage::Used::unread`].
    pub async fn usage(&self, params: usage::Params) -> Result<usage::Used, Failure> {
        if params.digests.len().max(params.tags.len()) > usage::Params::MAX_DIGESTS {
            let most = usage::Params::MAX_DIGESTS;
            let message = format!("Who uses more than {most} images cannot be asked at once.");
            return Err(Failure::new(Code::BadRequest, message));
        }
        let connection = self.connection().await?;
        Ok(action::usage(&connection, &self.state, &params).await)
    }

    /// What the registry's garbage collection would free.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn garbage(
        &self,
        params: garbage::Params,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<garbage::View, Failure> {
        let connection = self.connection().await?;
        let records = &self.settings.records;
        Ok(action::garbage(&connection, &self.state, records, params, progress).await)
    }

    /// Collects the registry's garbage.
    ///
    /// # Errors
    /// When nothing was done.
    pub async fn collect(
        &self,
        params: garbage::Params,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<garbage::Collected, Failure> {
        let connection = self.connection().await?;
        let (records, aftermath) = (&self.settings.records, &self.aftermath);
        action::collect(&connection, &self.state, records, aftermath, params, progress).await
    }

    /// What a deletion works with.
    fn workplace<'a>(&'a self, connection: &'a Connection) -> action::Workplace<'a> {
        let (state, records, plans) = (&self.state, &*self.settings.records, &self.plans);
        action::Workplace { connection, state, records, plans }
    }

    /// Waits, but not for long, until everything is set back that was changed only for the time of a
    /// work that is over, and what was learned is written down. Called once, at the end.
    pub async fn finish(self: &Arc<Self>) {
        let kept = tokio::time::timeout(LAST_WORK, self.keep_last());
        let (_, kept) = tokio::join!(self.aftermath.finish(LAST_WORK), kept);
        if kept.is_err() {
            tracing::warn!(
                "what was learned of the registry is not written down: it took too long"
            );
        }
    }

    /// The connection, or why there is none. Waits while it is being made.
    async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        self.found(|| self.connection.borrow().clone()).await
    }

    /// What `look` finds as soon as it does, or why connecting failed.
    async fn found<T>(&self, look: impl Fn() -> Option<T>) -> Result<T, Failure> {
        let mut changes = self.state.changes();
        loop {
            changes.borrow_and_update();
            if let Some(found) = look() {
                return Ok(found);
            }
            if let Some(failure) = self.state.failure() {
                return Err(failure);
            }
            if changes.changed().await.is_err() {
                return Err(fault("The session ended."));
            }
        }
    }
}

/// A fault of the bridge itself.
fn fault(message: &str) -> Failure {
    Failure::new(Code::Internal, message).retryable()
}

#[cfg(test)]
mod tests;
