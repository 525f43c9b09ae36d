// SPDX-License-Identifier: LGPL-2.1-or-later

//! Questions to the cluster about what a view shows: asked once, and again when the answers may be
//! others, but not more often than once a second.

use std::collections::HashMap;
use std::future::pending;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use crate::cluster::Cluster;
use crate::session::{Session, Way};

/// Requests that a view makes at once.
pub(crate) const CONCURRENCY: usize = 8;
/// The shortest time between two times that the same is asked.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks all these questions.
type Ask<Q, A> = fn(Cluster, Vec<Q>) -> BoxFuture<'static, HashMap<Q, A>>;

/// The questions of a view and their answers.
pub(crate) struct Asker<Q, A> {
    session: Arc<Session>,
    ask: Ask<Q, A>,
    wanted: Vec<Q>,
    /// What the answers depend on; with another, they are asked for again.
    state: u64,
    answers: HashMap<Q, A>,
    asking: Option<BoxFuture<'static, HashMap<Q, A>>>,
    /// All are to be asked again.
    is_stale: bool,
    /// When they may be.
    rested: Instant,
    way: Way,
}

impl<Q, A> Asker<Q, A>
where
    Q: Clone + Eq + Hash + Send + 'static,
    A: Send + 'static,
{
    pub(crate) fn new(session: Arc<Session>, ask: Ask<Q, A>) -> Self {
        let way = session.way();
        Self {
            session,
            ask,
            wanted: Vec::new(),
            state: 0,
            answers: HashMap::new(),
            asking: None,
            is_stale: false,
            rested: Instant::now(),
            way,
        }
    }

    /// Says what is wanted now, and in which state of the roster. What was answered to the same
    /// questions before is shown until there is another answer.
    pub(crate) fn want(&mut self, wanted: Vec<Q>, state: u64) {
        let way = self.session.way();
        if way != self.way {
            // Another cluster's answers.
            self.way = way;
            (self.answers, self.asking) = (HashMap::new(), None);
        }
        if wanted != self.wanted {
            self.answers.retain(|question, _| wanted.contains(question));
            (self.wanted, self.asking) = (wanted, None);
        }
        if state != self.state {
            (self.state, self.is_stale) = (state, true);
        }
        self.begin();
    }

    /// The answer; `None` while there is none.
    pub(crate) fn answer(&self, question: &Q) -> Option<&A> {
        self.answers.get(question)
    }

    /// Whether something was not answered yet.
    pub(crate) fn is_asking(&self) -> bool {
        self.wanted.iter().any(|question| !self.answers.contains_key(question))
    }

    fn begin(&mut self) {
        if self.asking.is_some() {
            return;
        }
        let is_due = self.is_stale && Instant::now() >= self.rested;
        let questions: Vec<_> = self
            .wanted
            .iter()
            .filter(|question| is_due || !self.answers.contains_key(question))
            .cloned()
            .collect();
        let Some(cluster) = self.session.connected().filter(|_| !questions.is_empty()) else {
            return;
        };
        if questions.len() == self.wanted.len() {
            self.is_stale = false;
            self.rested = Instant::now() + PAUSE;
        }
        self.asking = Some((self.ask)(cluster, questions));
    }

    /// Goes on asking; returns when there is something new to show, or to ask.
    pub(crate) async fn work(&mut self) {
        if let Some(asking) = &mut self.asking {
            let answers = asking.await;
            self.asking = None;
            self.answers.extend(answers);
            return;
        }
        match self.is_stale && !self.wanted.is_empty() {
            true => sleep_until(self.rested).await,
            false => pending().await,
        }
    }
}
