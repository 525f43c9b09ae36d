// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which cluster is asked, and as whom: the user's kubeconfig or one that was handed over, and the
//! context that was chosen in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use images_proto::context::{ContextChoice, Done, HandedOver, OwnKubeconfig};
use images_proto::route::View;
use images_proto::{Code, Failure, Offer, status};
use tokio::sync::watch;

use super::Session;
use crate::cluster::kubeconfig::Kubeconfig;
use crate::cluster::{Cluster, ConfigError};
use crate::file_watch::{self, Fingerprint, Seen};

/// What was found and chosen.
#[derive(Default)]
pub(super) struct ClusterChoice {
    handed_over: Mutex<Option<Arc<Given>>>,
    found: Mutex<Option<Found>>,
    watched: watch::Sender<Watched>,
}

/// A kubeconfig that was handed over; gone with the session.
struct Given {
    kubeconfig: Kubeconfig,
    context: Mutex<Option<String>>,
}

/// What the connection was made of.
struct Found {
    essence: Fingerprint,
    /// The server's address and the name of the user entry: with others, what was read before
    /// belongs to somebody else.
    whose: (Option<String>, Option<String>),
}

/// The files whose change matters.
#[derive(Clone, Default)]
struct Watched {
    /// They change the connection.
    files: Seen,
    /// They are read anew by themselves; they repair a login that was refused.
    tokens: Seen,
}

impl Session {
    /// Chooses a context and connects anew.
    ///
    /// # Errors
    /// When the kubeconfig has no such context, or cannot be read.
    pub async fn choose_context(&self, params: ContextChoice) -> Result<Done, Failure> {
        let given = self.given();
        let is_known = |kubeconfig: &Kubeconfig| match &params.context {
            Some(name) => kubeconfig.has_context(name),
            None => true,
        };
        let is_known = match &given {
            Some(given) => is_known(&given.kubeconfig),
            None => is_known(&self.settings.kubeconfig.read().map_err(|error| error.failure())?),
        };
        if !is_known {
            return Err(Failure::new(
                Code::BadRequest,
                "The kubeconfig has no context of that name (any more).",
            )
            .with_fix("Choose one of those that it has."));
        }
        match given {
            Some(given) => *lock(&given.context) = params.context,
            None => {
                if let Err(error) = self.settings.choices.set_context(params.context) {
                    tracing::warn!(%error, "the chosen context is forgotten with this session");
                }
            }
        }
        self.leave();
        self.retry();
        Ok(Done {})
    }

    /// Takes a kubeconfig over and connects anew. It is kept in memory only.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn hand_over(&self, params: HandedOver) -> Result<Done, Failure> {
        let HandedOver { path, kubeconfig } = params;
        let kubeconfig = Kubeconfig::handed_over(&path, kubeconfig.expose()).map_err(|error| {
            let mut failure = error.failure();
            failure.offers.clear();
            failure
        })?;
        let given = Given { kubeconfig, context: Mutex::default() };
        *lock(&self.cluster.handed_over) = Some(Arc::new(given));
        self.leave();
        self.retry();
        Ok(Done {})
    }

    /// Forgets the kubeconfig that was handed over, and connects with the user's own.
    ///
    /// # Errors
    /// None was handed over.
    pub async fn use_own(&self, OwnKubeconfig {}: OwnKubeconfig) -> Result<Done, Failure> {
        if lock(&self.cluster.handed_over).take().is_none() {
            return Err(Failure::new(Code::BadRequest, "The kubeconfig in use is your own."));
        }
        // What is shown of it would be taken for the user's.
        self.state.set_kubeconfig(None);
        self.leave();
        self.retry();
        Ok(Done {})
    }

    /// The cluster to connect to; `None` when only a registry is configured.
    pub(super) async fn find_cluster(&self) -> Result<Option<Cluster>, Failure> {
        if let Some(cluster) = &self.settings.cluster {
            return Ok(Some(cluster.clone()));
        }
        if let Some(given) = self.given() {
            let chosen = lock(&given.context).clone();
            return self.cluster_of(&given.kubeconfig, chosen.as_deref()).await.map(Some);
        }
        // Before it is read: what is repaired meanwhile is noticed.
        let before = self.settings.kubeconfig.seen();
        match self.settings.kubeconfig.read() {
            Ok(kubeconfig) => {
                let chosen = self.settings.choices.context();
                self.cluster_of(&kubeconfig, chosen.as_deref()).await.map(Some)
            }
            Err(error) => {
                self.state.set_kubeconfig(None);
                self.watch(before, Seen::new());
                // A registry alone can be looked at too.
                let has_registry = self.settings.registry.is_some();
                if error.is_none() && has_registry { Ok(None) } else { Err(error.failure()) }
            }
        }
    }

    async fn cluster_of(
        &self,
        kubeconfig: &Kubeconfig,
        chosen: Option<&str>,
    ) -> Result<Cluster, Failure> {
        let shown = kubeconfig.shown(chosen);
        self.watch(kubeconfig.seen(chosen), kubeconfig.token_seen(chosen));
        let found = Found { essence: kubeconfig.essence(chosen), whose: whose(&shown) };
        self.state.set_kubeconfig(Some(shown));
        let (is_other, is_changed) = match &*lock(&self.cluster.found) {
            Some(before) => (found.whose != before.whose, found.essence != before.essence),
            None => (false, false),
        };
        *lock(&self.cluster.found) = Some(found);
        if is_other {
            self.forget_cluster();
        } else if is_changed {
            // Perhaps somebody else under the same names.
            self.state.set_connected(None);
            self.state.set_routes(View::default());
        }
        kubeconfig.cluster(chosen).await.map_err(|error: ConfigError| error.failure())
    }

    /// Waits until the kubeconfig, or a file that it names, says something else about the
    /// connection. Other changes, such as another context, are only shown.
    pub(super) async fn kubeconfig_changed(&self) {
        let mut watched = self.cluster.watched.subscribe();
        loop {
            let files = watched.borrow_and_update().files.clone();
            tokio::select! {
                () = file_watch::changed(&files) => {}
                Ok(()) = watched.changed() => continue,
            }
            if !self.is_connection_the_same() {
                return;
            }
        }
    }

    /// Waits until one of these files, or the one with the token, has another content.
    pub(super) async fn kubeconfig_repaired(&self) {
        let Watched { mut files, tokens } = self.cluster.watched.borrow().clone();
        files.extend(tokens);
        file_watch::changed(&files).await;
    }

    fn is_connection_the_same(&self) -> bool {
        let (given, chosen) = (self.given(), self.settings.choices.context());
        let chosen = chosen.as_deref();
        let Ok(kubeconfig) = self.settings.kubeconfig.read() else { return false };
        let is_same = |found: &Found| found.essence == kubeconfig.essence(chosen);
        if given.is_some() || !lock(&self.cluster.found).as_ref().is_some_and(is_same) {
            return false;
        }
        self.state.set_kubeconfig(Some(kubeconfig.shown(chosen)));
        self.watch(kubeconfig.seen(chosen), kubeconfig.token_seen(chosen));
        true
    }

    /// A failure with the offers alone that can be taken up here.
    pub(super) fn fitting(&self, mut failure: Failure) -> Failure {
        let kubeconfig = self.state.kubeconfig();
        let has_own = self.settings.cluster.is_none();
        failure.offers.retain(|offer| match (offer, &kubeconfig) {
            (Offer::ChooseContext, Some(kubeconfig)) => kubeconfig
                .contexts
                .iter()
                .any(|context| Some(&context.name) != kubeconfig.context.as_ref()),
            (Offer::ChooseContext, None) => false,
            (Offer::HostKubeconfig, Some(kubeconfig)) => {
                matches!(kubeconfig.origin, status::Origin::Files(_) | status::Origin::Host(_))
            }
            (Offer::HostKubeconfig, None) => has_own,
            _ => true,
        });
        failure
    }

    fn given(&self) -> Option<Arc<Given>> {
        lock(&self.cluster.handed_over).clone()
    }

    fn watch(&self, files: Seen, tokens: Seen) {
        self.cluster.watched.send_replace(Watched { files, tokens });
    }
}

fn whose(shown: &status::Kubeconfig) -> (Option<String>, Option<String>) {
    let context =
        shown.contexts.iter().find(|context| Some(&context.name) == shown.context.as_ref());
    context.map(|context| (context.server.clone(), context.user.clone())).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
