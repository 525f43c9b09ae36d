// SPDX-License-Identifier: LGPL-2.1-or-later

//! The two ways to fill the catalog and to keep it true: OpenShift's image API, and a registry's
//! own catalog; and the connection that they work on.

mod backoff;
mod configs;
pub mod details;
pub mod distribution;
pub mod openshift;
pub mod roster;
mod route;
pub mod workloads;

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use images_proto::route::{Ability, Reached};
use images_proto::{Digest, Failure, Offer, RepositoryName, status};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, timeout};

pub use self::backoff::Backoff;
pub use self::distribution::Documents;
use self::distribution::{Distribution, Manifests};
use self::openshift::Openshift;
pub use self::route::login::Logins;
pub use self::route::public::announced;
use crate::cluster::Cluster;
use crate::recollection;
use crate::registry::Registry;
use crate::session::settings::Settings;
use crate::session::state::State;

/// How long it is believed that no route leads to the registry, when somebody needs it.
const AGAIN: Duration = Duration::from_secs(15);

/// How long it is waited for what tells the cluster from others.
const MARK: Duration = Duration::from_secs(3);

/// Tags that are all looked at again in a moment.
const FEW_TAGS: u64 = 5_000;
/// Repositories that are looked at again at once.
const CATCHING_UP: usize = 16;

/// A cluster, its registry, and the way its images are known.
pub struct Connection {
    settings: Settings,
    cluster: Option<Cluster>,
    source: Source,
    route: Route,
    workloads: workloads::Cache,
    /// What tells cluster and user from others of the same address and name, as far as the cluster
    /// tells it. `None` where it does not even tell who the user is.
    marks: Option<String>,
    /// Of the session, when this began: afterwards it has nothing to say any more.
    epoch: u64,
}

/// How the registry is reached, as far as that was found out.
#[derive(Default)]
struct Route {
    /// Held while the routes are tried, so that those who come meanwhile wait for the answer.
    trying: Mutex<()>,
    found: std::sync::Mutex<Option<Found>>,
    /// What the registry can do, and when the route to it was found.
    abilities: Mutex<Option<(Option<Instant>, Reached)>>,
    /// Tells that no route leads to the registry (any more).
    lost: Notify,
}

/// What came of trying the routes.
#[derive(Clone)]
struct Found {
    /// The public host that was known then.
    host: Option<String>,
    result: Result<route::Reached, Failure>,
    when: Instant,
}

impl Found {
    /// Whether it is another route than the one found now.
    fn leads_elsewhere(&self, now: &Self) -> bool {
        match (&self.result, &now.result) {
            (Ok(before), Ok(now)) => before.words != now.words,
            (before, now) => before.is_ok() != now.is_ok(),
        }
    }

    /// Whether it still holds: the routes are tried again when one that was found broke, and after
    /// a while when there was none.
    fn holds(&self, host: Option<&str>) -> bool {
        match &self.result {
            Ok(reached) => !reached.registry.is_broken(),
            Err(_) => self.host.as_deref() == host && self.when.elapsed() < AGAIN,
        }
    }
}

/// Who keeps the list of repositories.
pub enum Source {
    /// OpenShift's image API.
    Openshift(Box<Openshift>),
    /// The registry's own catalog.
    Distribution(Distribution),
}

impl Connection {
    /// Connects to this cluster, or to the configured registry alone: finds out who we are, and who
    /// keeps the list of repositories.
    ///
    /// # Errors
    /// When the cluster cannot be spoken to, or there is no registry.
    pub async fn to(
        cluster: Option<Cluster>,
        settings: Settings,
        manifests: Arc<Manifests>,
        state: &State,
    ) -> Result<Self, Failure> {
        let epoch = state.epoch();
        let (mut openshift, mut marks) = (false, Some(String::new()));
        if let Some(cluster) = &cluster {
            // Nobody waits long for what only a memory needs.
            let uid = async { timeout(MARK, cluster.uid()).await.ok().flatten() };
            let asking =
                async { tokio::join!(cluster.identity(), cluster.has_image_streams(), uid) };
            // Three requests at once are too large to be part of what waits for them.
            let (identity, has_image_streams, uid) = Box::pin(asking).await;
            // What is wrong with the cluster is told by the first question, whichever failed first.
            let both = identity.and_then(|identity| Ok((identity, has_image_streams?)));
            let (identity, has_image_streams) = match both {
                Ok(answers) => answers,
                Err(error) => return Err(cluster.explain(&error, "connect to the cluster").await),
            };
            openshift = has_image_streams;
            marks = identity.user.as_ref().map(|_| format!("{uid:?} {:?}", identity.uid));
            // Another cluster may have been chosen meanwhile.
            state.if_current(epoch, || {
                state.set_connected(Some(cluster.clone()));
                state.set_cluster(Some(status::Cluster {
                    server: cluster.server().to_owned(),
                    context: cluster.context().map(str::to_owned),
                    user: identity.user,
                    version: identity.version,
                    insecure: cluster.is_insecure(),
                }));
            });
        }
        let route = Route::default();
        let source = match cluster.clone().filter(|_| openshift) {
            Some(cluster) => Source::Openshift(Box::new(Openshift::new(cluster))),
            None => {
                let reached = Box::pin(route::find(route::Search {
                    settings: &settings,
                    cluster: cluster.as_ref(),
                    openshift: None,
                    tell: &|view| {
                        state.if_current(epoch, || state.set_routes(view));
                    },
                }))
                .await
                .inspect_err(|_| {
                    state.if_current(epoch, || state.set_registry(None));
                })?;
                let source = Distribution::new(reached.registry.clone(), manifests);
                route.set(Found { host: None, result: Ok(reached), when: Instant::now() });
                Source::Distribution(source)
            }
        };
        let workloads = workloads::Cache::default();
        let connection = Self { settings, cluster, source, route, workloads, marks, epoch };
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

    /// What tells this registry, and who we are there, from all others at all times. `None` where
    /// nobody knows who we are.
    pub fn recollection(&self, state: &State) -> Option<recollection::Key> {
        let marks = self.marks.as_ref()?;
        let authorities = self.cluster.as_ref().map(Cluster::authorities);
        let login = match (&self.source, self.route.get()) {
            (Source::Distribution(_), Some(Found { result: Ok(reached), .. })) => {
                reached.identity.map(|identity| identity.words)
            }
            _ => None,
        };
        let words = (self.key(state), marks, login, authorities);
        Some(recollection::Key::of(&format!("{words:?}")))
    }

    /// Takes what the catalog holds for true until something else is told.
    pub fn trust(&self, state: &State) {
        if let Source::Openshift(source) = &self.source {
            source.trust(state);
        }
    }

    /// The bytes of a manifest or index, if it was read from the registry.
    pub fn manifest_size(&self, digest: &Digest) -> Option<u64> {
        match &self.source {
            Source::Openshift(_) => None,
            Source::Distribution(source) => source.manifest_size(digest),
        }
    }

    /// Fills the catalog and keeps it up to date until something fails for good.
    ///
    /// # Errors
    /// That is all it can end with.
    pub async fn run(&self, state: &State) -> Result<Infallible, Failure> {
        match &self.source {
            Source::Openshift(source) => source.run(state, self).await,
            Source::Distribution(source) => {
                let failure = source.run(state, self).await;
                if let Err(failure) = &failure
                    && failure.offers.contains(&Offer::Login)
                    && let Some(Ok(reached)) = self.route.get().map(|found| found.result)
                {
                    // The registry lets anybody in, but shows its list only to those it knows.
                    self.settings.logins.settle(self.settings.logins.typed(), Some(reached.goal));
                }
                failure
            }
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
        self.reread_with(state, repositories, &Documents::default()).await
    }

    /// Reads these repositories again, and of a plain registry with the same requests the documents
    /// that are wanted.
    ///
    /// # Errors
    /// When one of the repositories cannot be read.
    pub async fn reread_with(
        &self,
        state: &State,
        repositories: &[RepositoryName],
        documents: &Documents,
    ) -> Result<(), Failure> {
        match &self.source {
            Source::Openshift(source) => source.reread(state, repositories).await,
            Source::Distribution(source) => source.reread(state, repositories, documents).await,
        }
    }

    /// Reads what came since everything was read, where nobody tells: of a plain registry the
    /// repositories that are new, and all of them if there are few tags.
    ///
    /// # Errors
    /// When the registry does not list its repositories.
    pub async fn catch_up(&self, state: &State) -> Result<(), Failure> {
        let Source::Distribution(source) = &self.source else { return Ok(()) };
        let mut wanted = source.find_new(state).await?;
        {
            let catalog = state.catalog();
            if catalog.counts().tags <= FEW_TAGS {
                wanted.extend(catalog.repository_names().cloned());
            }
        }
        let reading: Vec<_> = wanted
            .iter()
            .map(|name| async move {
                (
                    name,
                    source.reread(state, std::slice::from_ref(name), &Documents::default()).await,
                )
            })
            .collect();
        let mut reading = stream::iter(reading).buffer_unordered(CATCHING_UP);
        while let Some((name, read)) = reading.next().await {
            // One that cannot be read must not stand in the way of all the others. What a plan
            // touches is read once more, and has to be read.
            if let Err(failure) = read {
                tracing::warn!(%name, message = %failure.message, "a repository cannot be read");
            }
        }
        Ok(())
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
            Some(found) if found.holds(host.as_deref()) => found,
            before => {
                let openshift = matches!(self.source, Source::Openshift(_));
                let result = Box::pin(route::find(route::Search {
                    settings: &self.settings,
                    cluster: self.cluster.as_ref(),
                    openshift: openshift.then_some(host.as_deref()),
                    tell: &|view| {
                        state.if_current(self.epoch, || state.set_routes(view));
                    },
                }))
                .await;
                let found = Found { host, result, when: Instant::now() };
                self.route.set(found.clone());
                self.show(state);
                if found.result.is_err() {
                    self.route.lost.notify_one();
                } else if !openshift && before.is_some_and(|before| before.leads_elsewhere(&found))
                {
                    // The source goes by the route that broke: it begins anew with this one.
                    state.if_current(self.epoch, || state.retry());
                }
                found
            }
        };
        found.result.map(|reached| reached.registry)
    }

    /// What the registry can do, asked once for each route.
    ///
    /// # Errors
    /// When no route leads to it.
    pub async fn abilities(&self, state: &State) -> Result<Reached, Failure> {
        let registry = self.registry(state).await?;
        let found = self.route.get();
        let when = found.as_ref().map(|found| found.when);
        let found = found.and_then(|found| found.result.ok());
        let mut known = self.route.abilities.lock().await;
        if let Some((_, reached)) = known.as_ref().filter(|(known, _)| *known == when) {
            return Ok(reached.clone());
        }
        let (lists, (writes, deletes, referrers), image) = tokio::join!(
            registry.lists(),
            self.abilities_in_a_repository(&registry, state),
            self.image(found.as_ref()),
        );
        let product = found.and_then(|found| found.product);
        let reached = Reached { product, image, lists, writes, deletes, referrers };
        let all = [&reached.lists, &reached.writes, &reached.deletes, &reached.referrers];
        // What was unclear is asked again when somebody looks again.
        let is_clear = !all.iter().any(|ability| matches!(ability, Ability::Unclear(_)));
        *known = is_clear.then(|| (when, reached.clone()));
        Ok(reached)
    }

    /// Some things are only asked of a repository; most registries do not mind one that is not
    /// there.
    async fn abilities_in_a_repository(
        &self,
        registry: &Registry,
        state: &State,
    ) -> (Ability, Ability, Ability) {
        let known = state.catalog().repository_names().next().cloned();
        let Some(name) = known.or_else(|| "cockpit-images/nothing".parse().ok()) else {
            let unclear = || Ability::Unclear("There is no repository to ask about.".to_owned());
            return (unclear(), unclear(), unclear());
        };
        tokio::join!(registry.writes(&name), registry.deletes(&name), registry.has_referrers(&name))
    }

    /// The image that the registry's pods run.
    async fn image(&self, found: Option<&route::Reached>) -> Option<String> {
        let (namespace, name) = found?.service.as_ref()?;
        let workload = self.cluster.as_ref()?.registry_workload(namespace, name).await.ok()?;
        workload.ready_pod()?.image.clone()
    }

    /// Whether the registry is spoken to with the cluster's token.
    pub fn uses_cluster_login(&self) -> bool {
        let found = self.route.get().and_then(|found| found.result.ok());
        found.is_some_and(|reached| reached.is_cluster_login)
    }

    /// Whether the registry is spoken to as the service account, and not as the user.
    fn uses_account(&self) -> bool {
        let found = self.route.get().and_then(|found| found.result.ok());
        // Its tokens alone are renewed by us.
        found.is_some_and(|reached| reached.is_cluster_login && reached.expires.is_some())
    }

    /// Until when the login in use holds, as it is now: seconds since the Unix epoch.
    pub fn login_expires(&self) -> Option<i64> {
        self.route.get()?.result.ok()?.expires?.now()
    }

    /// The namespace and name of the registry's service, where the route leads to one.
    pub fn service(&self) -> Option<(String, String)> {
        self.route.get()?.result.ok()?.service
    }

    /// Whether no route leads to the registry, as far as that was tried.
    pub(crate) fn is_registry_lost(&self) -> bool {
        self.route.get().is_some_and(|found| match found.result {
            Ok(reached) => reached.registry.is_broken(),
            Err(_) => true,
        })
    }

    /// Has the routes looked at again if a request just failed as if the registry were gone.
    pub(crate) fn check_the_registry(&self) {
        if self.is_registry_lost() {
            self.route.lost.notify_one();
        }
    }

    /// Returns when no route leads to the registry any more.
    pub(crate) async fn lost_the_registry(&self) {
        self.route.lost.notified().await;
    }

    /// Whether some route led to the registry.
    pub(crate) fn is_registry_known(&self) -> bool {
        self.route.get().is_some_and(|found| found.result.is_ok())
    }

    /// Tries the routes again, if none led to the registry or the one in use broke. Whether one does.
    pub(crate) async fn look_again(&self, state: &State) -> bool {
        self.forget_failed_routes();
        self.registry(state).await.is_ok()
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
        state.if_current(self.epoch, || self.show_it(state));
    }

    fn show_it(&self, state: &State) {
        let source = match self.source {
            Source::Openshift(_) => status::Source::Openshift,
            Source::Distribution(_) => status::Source::Distribution,
        };
        let (reached, unreachable) = match self.route.get().map(|found| found.result) {
            Some(Ok(reached)) => (Some(reached), None),
            Some(Err(failure)) => (None, Some(failure)),
            None => (None, None),
        };
        // On OpenShift the streams say what the public host is; whatever else somebody set must not
        // be taken for it, for that host gets the cluster's tokens.
        let host = reached.as_ref().and_then(|reached| reached.host.clone());
        if let (status::Source::Distribution, Some(host)) = (source, host) {
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
