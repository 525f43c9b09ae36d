// SPDX-License-Identifier: LGPL-2.1-or-later
//! Requests that wait until a test lets them go, so that what happens meanwhile is no chance.
//!
//! A fault of kind `hold` stops a request before anything is done, `hold-answer` after it. Who
//! gives up is forgotten, and what was not done then never is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Request;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::fault::Fault;
use super::record::Target;

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The name of the fault; empty if it has none.
    pub name: String,
    /// Who was asked.
    pub target: Target,
    /// Its method.
    pub method: String,
    /// Its path, undecoded.
    pub path: String,
}

/// All that wait, in the order of their arrival.
#[derive(Debug)]
pub(crate) struct Holds {
    waiting: Arc<Mutex<Waiting>>,
    changes: Arc<watch::Sender<()>>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    requests: BTreeMap<u64, (Held, Arc<Notify>)>,
}

impl Default for Holds {
    fn default() -> Self {
        Self { waiting: Arc::default(), changes: Arc::new(watch::Sender::new(())) }
    }
}

impl Holds {
    /// Takes a request among those that wait.
    pub(crate) fn hold<B>(&self, fault: &Fault, request: &Request<B>) -> Ticket {
        self.enter(held(fault, request))
    }

    /// Notes a request that will wait once it was done; nobody sees it until then.
    pub(crate) fn note<B>(&self, fault: &Fault, request: &Request<B>) -> Done {
        Done { held: held(fault, request), holds: self.share() }
    }

    /// Those of a name that wait now.
    pub(crate) fn of(&self, name: Option<&str>) -> Vec<Held> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let all = waiting.requests.values().map(|(held, _)| held);
        all.filter(|held| name.is_none_or(|name| held.name == name)).cloned().collect()
    }

    /// Those of a name, once there is one.
    pub(crate) async fn wait_for(&self, name: &str) -> Vec<Held> {
        let mut changes = self.changes.subscribe();
        loop {
            let held = self.of(Some(name));
            if !held.is_empty() || changes.changed().await.is_err() {
                return held;
            }
        }
    }

    /// Lets requests of a name go: the one that waits longest, or all.
    pub(crate) fn release(&self, name: Option<&str>, one: bool) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let those = waiting.requests.values();
        let those = those.filter(|(held, _)| name.is_none_or(|name| held.name == name));
        for (_, go) in those.take(if one { 1 } else { usize::MAX }) {
            go.notify_one();
        }
    }

    fn share(&self) -> Self {
        Self { waiting: Arc::clone(&self.waiting), changes: Arc::clone(&self.changes) }
    }

    fn enter(&self, held: Held) -> Ticket {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let number = waiting.next;
        waiting.next += 1;
        let go = Arc::new(Notify::new());
        waiting.requests.insert(number, (held, Arc::clone(&go)));
        drop(waiting);
        self.changes.send_replace(());
        Ticket { number, go, waiting: Arc::clone(&self.waiting) }
    }
}

fn held<B>(fault: &Fault, request: &Request<B>) -> Held {
    Held {
        name: fault.name.clone().unwrap_or_default(),
        target: fault.on,
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
    }
}

/// A request that was done and will wait before it is answered.
pub(crate) struct Done {
    held: Held,
    holds: Holds,
}

impl Done {
    /// Waits until it is let go.
    pub(crate) async fn let_go(self) {
        self.holds.enter(self.held).let_go().await;
    }
}

/// A place among those that wait; it is given up with this.
pub(crate) struct Ticket {
    number: u64,
    go: Arc<Notify>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Ticket {
    /// Waits until it is let go.
    pub(crate) async fn let_go(self) {
        self.go.notified().await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.requests.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn they_go_one_after_the_other() {
        let holds = Holds::default();
        let fault = r#"{"on":"api","path":"/x","kind":"hold","name":"n"}"#;
        let fault: Fault = serde_json::from_str(fault).unwrap();
        let request = |path: &str| Request::delete(path).body(()).unwrap();
        let (first, second) = (request("/x/1"), request("/x/2"));
        let mut held = Box::pin(async {
            let (first, second) = (holds.hold(&fault, &first), holds.hold(&fault, &second));
            tokio::join!(first.let_go(), second.let_go());
        });
        tokio::select! {
            () = &mut held => panic!("not held"),
            waiting = holds.wait_for("n") => assert_eq!(waiting[0].path, "/x/1"),
        }
        assert_eq!(holds.of(Some("n")).len(), 2);
        holds.release(Some("other"), false);
        holds.release(Some("n"), true);
        assert!(futures_util::poll!(&mut held).is_pending());
        assert_eq!(holds.of(None)[0].path, "/x/2");
        holds.release(Some("n"), true);
        held.await;
        assert_eq!(holds.of(None), []);
    }

    #[tokio::test]
    async fn who_gives_up_is_forgotten() {
        let holds = Holds::default();
        let fault = r#"{"on":"api","path":"/x","kind":"hold"}"#;
        let fault: Fault = serde_json::from_str(fault).unwrap();
        let request = Request::delete("/x").body(()).unwrap();
        let held = holds.hold(&fault, &request);
        assert_eq!(holds.of(None).len(), 1);
        drop(held);
        assert_eq!(holds.of(None), []);
    }
}
