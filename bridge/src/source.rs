// SPDX-License-Identifier: LGPL-2.1-or-later

//! The two ways to fill the catalog and to keep it true: OpenShift's image API, and a registry's
//! own catalog; and the connection that they work on.

mod backoff;
mod configs;
pub mod details;
pub mod distribution;
pub mod openshift;
mod route;

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};

use images_proto::{Failure, RepositoryName, status};
use tokio::sync::Mutex;

pub use self::backoff::Backoff;
use self::distribution::{Distribution, Manifests};
use self::openshift::Openshift;
use self::route::Reached;
use crate::cluster::Cluster;
use crate::registry::Registry;
use crate::session::settings::Settings;
use crate::session::state::State;

/// A cluster, its registry, and the way its images are known.
pub struct Connection {
    settings: Settings,
    cluster: Option<Cluster>,
    source: Source,
    route: Route,
}

/// How the registry is reached, as far as that was found out.
#[derive(Default)]
struct Route {
    /// Held while the routes are tried, so that those who come meanwhile wait for the answer.
    trying: Mutex<()>,
    found: std::sync::Mutex<Option<Found>>,
}

/// What came of trying the routes.
#[derive(Clone)]
struct Found {
    /// The public host that was known then.
    host: Option<String>,
    result: Result<Reached, Failure>,
}

/// Who keeps the list of repositories.
pub enum Source {
    /// OpenShift's image API.
    Openshift(Box<Openshift>),
    /// The registry's own catalog.
    Distribution(Distribution),
}

impl Connection {
    /// Connects: finds the cluster, who we are, and who keeps the list of repositories.
    ///
    /// # Errors
    /// When there is no cluster and no registry to speak to.
    pub async fn open(
        settings: Settings,
        manifests: Arc<Manifests>,
        state: &State,
    ) -> Result<Self, Failure> {
        let configured = settings.registry()?;
        if let Some(cluster) = settings.cluster.clone() {
            return Self::to(Some(cluster), settings, manifests, state).await;
        }
        let cluster = match Cluster::from_environment().await {
            Ok(cluster) => Some(cluster),
            // A registry alone can be looked at too.
            Err(crate::cluster::ConfigError::None(_)) if configured.is_some() => None,
            Err(error) => return Err(error.failure()),
        };
        Self::to(cluster, settings, manifests, state).await
    }

    /// Connects to this cluster, or to the configured registry alone.
    ///
    /// # Errors
    /// When the cluster cannot be spoken to, or there is no registry.
    async fn to(
        cluster: Option<Cluster>,
        settings: Settings,
        manifests: Arc<Manifests>,
        state: &State,
    ) -> Result<Self, Failure> {
        let mut openshift = false;
        if let Some(cluster) = &cluster {
            let tried = |error: crate::cluster::Error| error.failure("connect to the cluster");
            let (identity, has_image_streams) =
                tokio::try_join!(cluster.identity(), cluster.has_image_streams()).map_err(tried)?;
            openshift = has_image_streams;
            state.set_cluster(Some(status::Cluster {
                server: cluster.server().to_owned(),
                context: cluster.context().map(str::to_owned),
                user: identity.user,
                version: identity.version,
            }));
        }
        let route = Route::default();
        let source = match cluster.clone().filter(|_| openshift) {
            Some(cluster) => Source::Openshift(Box::new(Openshift::new(cluster))),
            None => {
                let reached = route::find(&settings, cluster.as_ref(), None).await?;
                let source = Distribution::new(reached.registry.clone(), manifests);
                route.set(Found { host: None, result: Ok(reached) });
                Source::Distribution(source)
            }
        };
        let connection = Self { settings, cluster, source, route };
        connection.show(state);
        Ok(connection)
    }

    /// The cluster, if there is one.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Who keeps the list of repositories.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What the catalog's content belongs to: for another key it is forgotten.
    pub fn key(&self, state: &State) -> String {
        let cluster = state.view().cluster.map(|cluster| (cluster.server, cluster.user));
        let registry = match (&self.source, self.route.get()) {
            (Source::Distribution(_), Some(Found { result: Ok(reached), .. })) => {
                Some(reached.words)
            }
            _ => None,
        };
        format!("{cluster:?} {registry:?}")
    }

    /// Fills the catalog and keeps it up to date until something fails for good.
    ///
    /// # Errors
    /// That is all it can end with.
    pub async fn run(&self, state: &State) -> Result<Infallible, Failure> {
        match &self.source {
            Source::Openshift(source) => source.run(state, self).await,
            Source::Distribution(source) => source.run(state).await,
        }
    }

    /// Reads these repositories again, after something was done to them.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn reread(
        &self,
        state: &State,
        repositories: &[RepositoryName],
    ) -> Result<(), Failure> {
        match &self.source {
            Source::Openshift(source) => source.reread(state, repositories).await,
            Source::Distribution(source) => source.reread(state, repositories).await,
        }
    }

    /// The registry, over the first route that leads to it.
    ///
    /// # Errors
    /// When none does. They are tried again when the public host is another one, or the connection
    /// is opened anew.
    pub async fn registry(&self, state: &State) -> Result<Registry, Failure> {
        let _trying = self.route.trying.lock().await;
        let host = state.catalog().host().map(str::to_owned);
        let found = match self.route.get() {
            Some(found) if found.result.is_ok() || found.host == host => found,
            _ => {
                let cluster = self.cluster.as_ref();
                let result = route::find(&self.settings, cluster, Some(host.as_deref())).await;
                let found = Found { host, result };
                self.route.set(found.clone());
                self.show(state);
                found
            }
        };
        found.result.map(|reached| reached.registry)
    }

    /// Whether some route led to the registry.
    pub(crate) fn is_registry_known(&self) -> bool {
        self.route.get().is_some_and(|found| found.result.is_ok())
    }

    /// Has the routes tried again at the next need, if none led to the registry.
    pub(crate) fn forget_failed_routes(&self) {
        let mut found = self.route.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.as_ref().is_some_and(|found| found.result.is_err()) {
            *found = None;
        }
    }

    /// Shows in the status what is known of the registry.
    pub(crate) fn show(&self, state: &State) {
        let source = match self.source {
            Source::Openshift(_) => status::Source::Openshift,
            Source::Distribution(_) => status::Source::Distribution,
        };
        let (reached, unreachable) = match self.route.get().map(|found| found.result) {
            Some(Ok(reached)) => (Some(reached), None),
            Some(Err(failure)) => (None, Some(failure)),
            None => (None, None),
        };
        if let Some(host) = reached.as_ref().and_then(|reached| reached.host.clone()) {
            state.update(|catalog| catalog.set_host(Some(host)));
        }
        state.update(|catalog| catalog.set_source(Some(source)));
        let host = state.catalog().host().map(str::to_owned);
        state.set_registry(Some(status::Registry {
            source,
            host,
            route: reached.map(|reached| reached.words),
            unreachable,
        }));
    }
}

impl Route {
    fn get(&self) -> Option<Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, found: Found) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }
}

#[cfg(test)]
pub(crate) mod tests;
