// SPDX-License-Identifier: LGPL-2.1-or-later

//! What sources write and views read: the catalog, and where the session stands.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::atomic::{AtomicU64, Ordering};
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
    changes: watch::Sender<News>,
    retries: watch::Sender<u64>,
    /// Counts the connections. It changes only while `turn` is held.
    epoch: AtomicU64,
    turn: Mutex<()>,
    /// Counts how often the catalog's content was forgotten.
    forgotten: watch::Sender<u64>,
    /// The cluster that answers, be a registry found in it or not, and the epoch in which it began
    /// to.
    connected: Mutex<Option<(u64, connection::Cluster)>>,
}

/// How much changed, in numbers that only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Changes of any kind.
    pub changes: u64,
    /// Those among them for which nobody should wait a moment: the first repositories are there, or
    /// the last is gone; reading begins, ends or fails.
    pub turns: u64,
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

impl Status {
    /// Nothing is known.
    fn new(phase: Phase) -> Self {
        Self {
            phase,
            cluster: None,
            kubeconfig: None,
            registry: None,
            routes: route::View::default(),
            problems: BTreeMap::new(),
            settled: false,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            catalog: RwLock::default(),
            status: Mutex::new(Status::new(Phase::Connecting)),
            changes: watch::Sender::default(),
            retries: watch::Sender::new(0),
            epoch: AtomicU64::new(0),
            turn: Mutex::default(),
            forgotten: watch::Sender::new(0),
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
        let before = (catalog.generation(), catalog.counts().repositories == 0);
        let result = change(&mut catalog);
        let after = (catalog.generation(), catalog.counts().repositories == 0);
        drop(catalog);
        if after.0 != before.0 {
            self.tell_more(after.1 != before.1);
        }
        result
    }

    /// Ticks when the catalog or the status changed.
    pub fn changes(&self) -> watch::Receiver<News> {
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

    /// The connection of now. What is found out over an older one is nothing to show any more.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Begins another epoch: the connection of before has nothing to say from now on.
    pub fn next_epoch(&self) -> u64 {
        let _turn = lock(&self.turn);
        self.epoch.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether this is still the epoch. It may be over a moment later: what is written belongs
    /// into [`State::if_current`].
    pub fn is_current(&self, epoch: u64) -> bool {
        self.epoch() == epoch
    }

    /// Does something quick if this is still the epoch, which does not end before it is done. Must
    /// not be nested.
    pub fn if_current<R>(&self, epoch: u64, work: impl FnOnce() -> R) -> Option<R> {
        let _turn = lock(&self.turn);
        self.is_current(epoch).then(work)
    }

    /// Forgets all that the catalog holds.
    pub fn forget(&self) {
        self.forgotten.send_modify(|count| *count += 1);
        self.update(Catalog::clear);
    }

    /// Begins the catalog, which holds nothing yet, with what was known at an earlier login.
    pub fn recall(&self, recalled: Catalog) {
        self.update(|catalog| catalog.recall(recalled));
    }

    /// Counts how often the catalog's content was forgotten.
    pub fn content(&self) -> u64 {
        *self.forgotten.borrow()
    }

    /// Returns once this content was forgotten.
    pub async fn content_forgotten(&self, content: u64) {
        let mut forgotten = self.forgotten.subscribe();
        // The sender lives as long as this.
        let _ = forgotten.wait_for(|count| *count != content).await;
    }

    /// Forgets the cluster with all that is known of it: nothing of it may be shown, or worked on,
    /// as if it were that of the next connection.
    pub fn forget_cluster(&self) {
        *lock(&self.connected) = None;
        let mut status = self.status();
        let kubeconfig = status.kubeconfig.take();
        *status = Status { kubeconfig, ..Status::new(Phase::Connecting) };
        drop(status);
        self.forget();
        self.tell();
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
        lock(&self.connected).as_ref().map(|(_, cluster)| cluster.clone())
    }

    /// Says which cluster answers.
    pub fn set_connected(&self, cluster: Option<connection::Cluster>) {
        let epoch = self.epoch();
        *lock(&self.connected) = cluster.map(|cluster| (epoch, cluster));
        self.tell();
    }

    /// Forgets a cluster that answered in an earlier epoch and does not any more.
    pub fn forget_silent_cluster(&self) {
        let epoch = self.epoch();
        lock(&self.connected).take_if(|(since, _)| *since != epoch);
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
        let mut status = self.status();
        if status.phase == phase {
            return;
        }
        let is_turn = discriminant(&status.phase) != discriminant(&phase);
        status.phase = phase;
        drop(status);
        self.tell_more(is_turn);
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

    /// The route in use that leads to the registry.
    pub fn route(&self) -> Option<String> {
        self.status().registry.as_ref()?.route.clone()
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

    /// Forgets what was wrong: it was the trouble of another connection.
    pub fn clear_problems(&self) {
        self.change(|status| &mut status.problems, BTreeMap::new());
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
        lock(&self.status)
    }

    /// Has all who wait for changes look again.
    pub(super) fn tell(&self) {
        self.tell_more(false);
    }

    fn tell_more(&self, is_turn: bool) {
        self.changes.send_modify(|news| {
            news.changes += 1;
            news.turns += u64::from(is_turn);
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_connection_has_nothing_to_say() {
        let state = State::default();
        let old = state.epoch();
        assert_eq!(state.if_current(old, || state.set_settled(true)), Some(()));
        let new = state.next_epoch();
        assert_eq!(state.if_current(old, || state.set_settled(false)), None);
        assert!(state.is_current(new) && !state.is_current(old));
        assert!(state.status().settled);
    }

    #[tokio::test]
    async fn what_is_left_leaves_nothing_behind() {
        let state = State::default();
        let content = state.content();
        let failure = || Failure::new(images_proto::Code::Internal, "x");
        let kubeconfig = Kubeconfig {
            origin: images_proto::status::Origin::Host("/etc/x".to_owned()),
            context: None,
            contexts: Vec::new(),
        };
        state.set_kubeconfig(Some(kubeconfig.clone()));
        state.set_phase(Phase::Failed(failure()));
        state.set_problem(Part::Watch, Some(failure()));
        state.set_settled(true);
        state.set_registry(Some(Registry {
            source: images_proto::status::Source::Openshift,
            host: None,
            route: None,
            unreachable: None,
        }));
        let found = vec![route::Found {
            choice: route::Choice::Address("x".to_owned()),
            words: "x".to_owned(),
        }];
        state.set_routes(route::View { found, ..route::View::default() });
        state.forget_cluster();
        state.content_forgotten(content).await;
        let shown = View {
            phase: Phase::Connecting,
            cluster: None,
            kubeconfig: Some(kubeconfig),
            registry: None,
            counts: state.catalog().counts(),
            problems: Vec::new(),
        };
        assert_eq!(state.view(), shown);
        assert_eq!(state.routes(), route::View::default());
        assert!(!state.status().settled);
    }

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
