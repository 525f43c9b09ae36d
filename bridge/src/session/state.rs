// SPDX-License-Identifier: LGPL-2.1-or-later

//! What sources write and views read: the catalog, and where the session stands.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use images_catalog::Catalog;
use images_proto::status::{Cluster, Kubeconfig, Phase, Registry, View};
use images_proto::{Failure, Progress, route};
use tokio::sync::watch;

use crate::cluster as connection;

/// The catalog, the status, and the news that one of them changed.
///
/// The locks are held for moments only and never across an await. A panic while one was held
/// leaves data that is whole, if old, so a poisoned lock is used like any other.
pub struct State {
    catalog: RwLock<Catalog>,
    status: Mutex<Status>,
    changes: watch::Sender<u64>,
    retries: watch::Sender<u64>,
    /// The cluster that answers, be a registry found in it or not.
    connected: Mutex<Option<connection::Cluster>>,
}

struct Status {
    phase: Phase,
    cluster: Option<Cluster>,
    kubeconfig: Option<Kubeconfig>,
    registry: Option<Registry>,
    routes: route::View,
    problems: BTreeMap<Part, Failure>,
    settled: bool,
}

/// A part of the work that may fail while the rest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Following changes.
    Watch,
    /// Reading some repositories.
    Repositories,
    /// Reading configs in the background.
    Configs,
}

impl Default for State {
    fn default() -> Self {
        let status = Status {
            phase: Phase::Connecting,
            cluster: None,
            kubeconfig: None,
            registry: None,
            routes: route::View::default(),
            problems: BTreeMap::new(),
            settled: false,
        };
        Self {
            catalog: RwLock::default(),
            status: Mutex::new(status),
            changes: watch::Sender::new(0),
            retries: watch::Sender::new(0),
            connected: Mutex::default(),
        }
    }
}

impl State {
    /// The catalog, for a look.
    pub fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the catalog and tells who waits for that.
    pub fn update<R>(&self, change: impl FnOnce(&mut Catalog) -> R) -> R {
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        let before = catalog.generation();
        let result = change(&mut catalog);
        let changed = catalog.generation() != before;
        drop(catalog);
        if changed {
            self.tell();
        }
        result
    }

    /// Ticks when the catalog or the status changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Says that the user wants everything read again now.
    pub fn retry(&self) {
        self.retries.send_modify(|count| *count += 1);
    }

    /// Ticks at each [`State::retry`] from now on.
    pub fn retries(&self) -> watch::Receiver<u64> {
        self.retries.subscribe()
    }

    /// Where the session stands.
    pub fn view(&self) -> View {
        let counts = self.catalog().counts();
        let status = self.status();
        View {
            phase: status.phase.clone(),
            cluster: status.cluster.clone(),
            kubeconfig: status.kubeconfig.clone(),
            registry: status.registry.clone(),
            counts,
            problems: status.problems.values().cloned().collect(),
        }
    }

    /// The cluster that answers, be a registry found in it or not.
    pub fn connected(&self) -> Option<connection::Cluster> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says which cluster answers.
    pub fn set_connected(&self, cluster: Option<connection::Cluster>) {
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner) = cluster;
        self.tell();
    }

    /// The failure that stopped the source, if one did.
    pub fn failure(&self) -> Option<Failure> {
        match &self.status().phase {
            Phase::Failed(failure) => Some(failure.clone()),
            _ => None,
        }
    }

    /// Whether everything was read that will be read without another change.
    pub fn is_settled(&self) -> bool {
        let status = self.status();
        status.settled && status.phase == Phase::Ready
    }

    /// Says how far the listing is.
    pub fn set_progress(&self, text: &str, done: u64, total: Option<u64>) {
        // After a failure nobody wants to see how far the next attempt came before it failed too.
        if self.failure().is_some() && self.catalog().counts().repositories == 0 {
            return;
        }
        self.set_phase(Phase::Filling(Progress { text: text.to_owned(), done, total }));
    }

    /// Sets the phase.
    pub fn set_phase(&self, phase: Phase) {
        self.change(|status| &mut status.phase, phase);
    }

    /// Sets the cluster.
    pub fn set_cluster(&self, cluster: Option<Cluster>) {
        self.change(|status| &mut status.cluster, cluster);
    }

    /// Where the cluster's address and the login come from.
    pub fn kubeconfig(&self) -> Option<Kubeconfig> {
        self.status().kubeconfig.clone()
    }

    /// Sets where the cluster's address and the login come from.
    pub fn set_kubeconfig(&self, kubeconfig: Option<Kubeconfig>) {
        self.change(|status| &mut status.kubeconfig, kubeconfig);
    }

    /// Sets the registry.
    pub fn set_registry(&self, registry: Option<Registry>) {
        self.change(|status| &mut status.registry, registry);
    }

    /// The ladder of routes to the registry, as it was climbed last.
    pub fn routes(&self) -> route::View {
        self.status().routes.clone()
    }

    /// Shows how far the ladder was climbed.
    pub fn set_routes(&self, routes: route::View) {
        self.change(|status| &mut status.routes, routes);
    }

    /// Says whether background reading is done.
    pub fn set_settled(&self, settled: bool) {
        self.change(|status| &mut status.settled, settled);
    }

    /// Says what is wrong with a part of the work, or that nothing is any more.
    pub fn set_problem(&self, part: Part, problem: Option<Failure>) {
        let mut status = self.status();
        let changed = match problem {
            Some(failure) => status.problems.insert(part, failure.clone()) != Some(failure),
            None => status.problems.remove(&part).is_some(),
        };
        drop(status);
        if changed {
            self.tell();
        }
    }

    fn change<T: PartialEq>(&self, place: impl FnOnce(&mut Status) -> &mut T, value: T) {
        let mut status = self.status();
        let place = place(&mut status);
        let changed = *place != value;
        *place = value;
        drop(status);
        if changed {
            self.tell();
        }
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_told() {
        let state = State::default();
        let mut changes = state.changes();
        state.set_phase(Phase::Connecting);
        state.update(|_| ());
        state.set_problem(Part::Watch, None);
        assert!(!changes.has_changed().unwrap());
        state.set_progress("reading", 1, None);
        assert!(changes.has_changed().unwrap());
        changes.borrow_and_update();
        state.update(|catalog| catalog.set_listed(true));
        assert!(changes.has_changed().unwrap());
    }

    #[test]
    fn only_a_ready_session_is_settled() {
        let state = State::default();
        state.set_settled(true);
        assert!(!state.is_settled());
        state.set_phase(Phase::Ready);
        assert!(state.is_settled());
    }
}
