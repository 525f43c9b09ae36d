// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects, people and roles as the session knows them: read from the cluster while a view of them
//! is open, and kept for the next.

mod wants;

use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use futures_util::FutureExt;
use images_proto::Failure;
use images_roster::facts::Kind;
use images_roster::{Roster, Scope};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use self::wants::{Want, Wanted};
use super::Session;
use crate::cluster::Cluster;
use crate::source::{Backoff, roster};

/// What the source writes and views read, and what views want read.
///
/// The locks are held for moments only and never across an await.
#[derive(Default)]
pub struct RosterState {
    roster: RwLock<Roster>,
    /// Counts how often all was forgotten. It changes only while the roster is locked for writing.
    epoch: AtomicU64,
    work: Mutex<Work>,
    changes: watch::Sender<u64>,
    wants: wants::Wants,
    refreshes: watch::Sender<u64>,
    feed: Mutex<Feed>,
}

/// How far reading has come.
#[derive(Default)]
struct Work {
    /// Counts how often reading was stopped.
    stops: u64,
    /// Reading has begun, so that what is being read is known.
    has_begun: bool,
    /// It is known what kind of cluster it is.
    is_known: bool,
    /// What is being read, for the first time or again.
    reading: HashSet<(Kind, Scope)>,
    /// What cannot be followed (any more), though it was read.
    troubles: HashMap<(Kind, Scope), Failure>,
}

#[derive(Default)]
struct Feed {
    guards: usize,
    /// Counts how often work began and ended: what was aborted runs on until its next await, and
    /// may not stop who works by then.
    turn: u64,
    work: JoinSet<()>,
    /// Whose roster it is: the server's address and the user.
    key: Option<(String, Option<String>)>,
}

/// Writes what a source reads, until all was forgotten: what is read of one cluster is nothing to
/// show for the next. How far it has come it says until it is stopped: what is aborted runs on until
/// its next await, and nobody would end what it begins there.
#[derive(Clone)]
pub struct Writer {
    state: Arc<RosterState>,
    epoch: u64,
    stops: u64,
}

/// Keeps the source at work while it lives, and says what it is to read.
pub struct RosterFeed {
    session: Arc<Session>,
    wanted: Wanted,
}

impl RosterState {
    /// The roster, for a look that is over before anything is awaited.
    pub fn look(&self) -> RwLockReadGuard<'_, Roster> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ticks when the roster changed, or how far reading has come.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether it is known what kind of cluster it is.
    pub fn is_known(&self) -> bool {
        self.work().is_known
    }

    /// Whether more is being read than was read.
    pub fn is_reading(&self) -> bool {
        let work = self.work();
        !work.has_begun || !work.reading.is_empty()
    }

    /// What cannot be followed (any more), though it was read.
    pub fn troubles(&self) -> Vec<Failure> {
        let mut troubles: Vec<_> = self.work().troubles.values().cloned().collect();
        troubles.sort_by(|a, b| a.message.cmp(&b.message));
        troubles
    }

    /// Says that somebody may see more by now than was refused before, or that something just
    /// changed that is not followed.
    pub fn refresh(&self) {
        self.refreshes.send_modify(|count| *count += 1);
    }

    /// Ticks at each [`RosterState::refresh`] from now on.
    pub fn refreshes(&self) -> watch::Receiver<u64> {
        self.refreshes.subscribe()
    }

    /// What open views want read.
    pub fn wants(&self) -> &wants::Wants {
        &self.wants
    }

    /// Forgets all that was read: nothing of one cluster or user may be shown as another's.
    pub(super) fn forget(&self) {
        self.feed().key = None;
        self.clear();
    }

    fn clear(&self) {
        let mut roster = self.roster.write().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::AcqRel);
        roster.clear();
        drop(roster);
        self.stop();
    }

    fn writer(self: &Arc<Self>) -> Writer {
        let (epoch, stops) = (self.epoch.load(Ordering::Acquire), self.work().stops);
        Writer { state: self.clone(), epoch, stops }
    }

    /// Counts one more who is looked for, and begins this work with the first one.
    fn enter<F>(&self, work: impl FnOnce(u64) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut feed = self.feed();
        feed.guards += 1;
        if feed.guards == 1 {
            feed.turn += 1;
            let work = work(feed.turn);
            feed.work.spawn(work);
        }
    }

    /// Counts one less, and ends all work with the last one.
    fn leave(&self) {
        let mut feed = self.feed();
        feed.guards -= 1;
        if feed.guards == 0 {
            // What was aborted ends at its next await; nobody waits for it.
            feed.work = JoinSet::new();
            feed.turn += 1;
            // Before the next one enters, whose reading this would end.
            self.stop();
        }
    }

    /// For reading what belongs to the server and user of this key; `None` once another turn has
    /// begun.
    fn begin_turn(self: &Arc<Self>, turn: u64, key: &(String, Option<String>)) -> Option<Writer> {
        let mut feed = self.feed();
        if feed.turn != turn {
            return None;
        }
        if feed.key.as_ref() != Some(key) {
            self.clear();
            feed.key = Some(key.clone());
        }
        // Whoever was stopped may have said something after that.
        self.stop();
        Some(self.writer())
    }

    /// What was read in this turn goes on being shown; nothing is being read any more.
    fn end_turn(&self, turn: u64) {
        let feed = self.feed();
        if feed.turn == turn {
            self.stop();
        }
    }

    /// Forgets how far reading had come.
    fn stop(&self) {
        let mut work = self.work();
        *work = Work { stops: work.stops + 1, ..Work::default() };
        drop(work);
        self.tell();
    }

    fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// What views look at.
    pub fn state(&self) -> &RosterState {
        &self.state
    }

    /// Changes the roster and tells who waits for that.
    pub fn update<R>(&self, change: impl FnOnce(&mut Roster) -> R) -> Option<R> {
        let mut roster = self.state.roster.write().unwrap_or_else(PoisonError::into_inner);
        if self.state.epoch.load(Ordering::Acquire) != self.epoch {
            return None;
        }
        let before = roster.generation();
        let result = change(&mut roster);
        let is_changed = roster.generation() != before;
        drop(roster);
        if is_changed {
            self.state.tell();
        }
        Some(result)
    }

    /// How far it has come, unless it was stopped.
    fn work(&self) -> Option<MutexGuard<'_, Work>> {
        Some(self.state.work()).filter(|work| work.stops == self.stops)
    }

    /// Says that these are being read.
    pub fn begin(&self, parts: impl IntoIterator<Item = (Kind, Scope)>) {
        let Some(mut work) = self.work() else { return };
        work.has_begun = true;
        work.reading.extend(parts);
        drop(work);
        self.state.tell();
    }

    /// Says that it is known what kind of cluster it is.
    pub fn know(&self) {
        let Some(mut work) = self.work() else { return };
        work.is_known = true;
        drop(work);
        self.state.tell();
    }

    /// Says that this was read, or cannot be.
    pub fn end(&self, kind: Kind, scope: &Scope) {
        let part = (kind, scope.clone());
        let Some(mut work) = self.work() else { return };
        let is_changed = work.reading.remove(&part) | work.troubles.remove(&part).is_some();
        drop(work);
        if is_changed {
            self.state.tell();
        }
    }

    /// Says what is wrong with a part, while it goes on being tried.
    pub fn trouble(&self, kind: Kind, scope: &Scope, failure: Failure) {
        let part = (kind, scope.clone());
        let Some(mut work) = self.work() else { return };
        // Who waits for this part has to know why it does not come.
        work.reading.remove(&part);
        let is_new = work.troubles.insert(part, failure.clone()).as_ref() != Some(&failure);
        drop(work);
        if is_new {
            self.state.tell();
        }
    }
}

impl Session {
    /// Projects, people and roles.
    pub fn roster(&self) -> &Arc<RosterState> {
        &self.roster
    }

    /// The cluster that answers, if one does.
    pub(crate) fn connected(&self) -> Option<Cluster> {
        self.state.connected()
    }

    /// Has them read and followed for as long as the guard lives. When the last one is dropped all
    /// work stops; what was read is kept for the next.
    pub fn roster_feed(self: &Arc<Self>) -> RosterFeed {
        let wanted = self.roster.wants.add();
        let session = self.clone();
        self.roster.enter(|turn| async move { Box::pin(session.read_roster(turn)).await });
        RosterFeed { session: self.clone(), wanted }
    }

    /// Reads until it is dropped, whichever cluster is connected.
    async fn read_roster(&self, turn: u64) {
        let mut backoff = Backoff::default();
        loop {
            let cluster = self.connected_cluster().await;
            let key = self.roster_key(&cluster);
            let Some(writer) = self.roster.begin_turn(turn, &key) else { return };
            let epoch = writer.epoch;
            let reading = AssertUnwindSafe(roster::read(cluster, writer));
            tokio::select! {
                stumbled = reading.catch_unwind() => match stumbled {
                    Ok(never) => match never {},
                    Err(_) => tracing::error!("reading the roster stumbled over a fault of its own"),
                },
                () = self.cluster_is_another(&key, epoch) => {}
            }
            self.roster.end_turn(turn);
            sleep(backoff.next_delay()).await;
        }
    }

    async fn connected_cluster(&self) -> Cluster {
        let mut changes = self.state.changes();
        loop {
            changes.borrow_and_update();
            if let Some(cluster) = self.state.connected() {
                return cluster;
            }
            if changes.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }

    /// Returns when another cluster or user is connected, or none.
    async fn cluster_is_another(&self, key: &(String, Option<String>), epoch: u64) {
        let mut changes = self.state.changes();
        loop {
            changes.borrow_and_update();
            match self.state.connected() {
                // What was forgotten has to be read again, be it the same.
                Some(cluster)
                    if self.roster_key(&cluster) == *key
                        && self.roster.epoch.load(Ordering::Acquire) == epoch => {}
                _ => return,
            }
            if changes.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }

    fn roster_key(&self, cluster: &Cluster) -> (String, Option<String>) {
        let user = self.state.view().cluster.and_then(|cluster| cluster.user);
        (cluster.server().to_owned(), user)
    }
}

impl RosterFeed {
    /// Says what this view wants read besides what is read for all.
    pub fn want(&self, want: Want) {
        self.wanted.set(want);
    }
}

impl Drop for RosterFeed {
    fn drop(&mut self) {
        self.session.roster.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who enters while the last one leaves: whichever way the two go, the reader that began last
    /// is heard, and one that was aborted neither stops it nor begins in its place.
    #[tokio::test]
    async fn whoever_was_aborted_does_not_stop_the_next() {
        let state: Arc<RosterState> = Arc::default();
        let key = || ("https://moon".to_owned(), None);
        let part = || (Kind::Robot, Scope::Cluster);
        let (turns, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let enter = || {
            let turns = turns.clone();
            state.enter(|turn| async move {
                _ = turns.send(turn);
            });
        };
        enter();
        let old = begun.recv().await.unwrap();
        let late = state.begin_turn(old, &key()).unwrap();
        state.leave();
        enter();
        let now = begun.recv().await.unwrap();
        let writer = state.begin_turn(now, &key()).unwrap();
        writer.begin([part()]);
        assert!(state.begin_turn(old, &key()).is_none());
        state.end_turn(old);
        late.end(Kind::Robot, &Scope::Cluster);
        assert!(state.is_reading());
        writer.end(Kind::Robot, &Scope::Cluster);
        assert!(!state.is_reading(), "nobody would say that it was read");
    }

    #[test]
    fn whoever_was_stopped_begins_nothing_any_more() {
        let state: Arc<RosterState> = Arc::default();
        let part = || (Kind::Robot, Scope::Project("moon".to_owned()));
        let late = state.writer();
        state.stop();
        let writer = state.writer();
        writer.begin([part()]);
        writer.end(Kind::Robot, &part().1);
        assert!(!state.is_reading());
        late.begin([part()]);
        assert!(!state.is_reading(), "nobody would end it");
        writer.begin([part()]);
        late.end(Kind::Robot, &part().1);
        assert!(state.is_reading());
    }
}
