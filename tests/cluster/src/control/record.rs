// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which requests came in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// The oldest entries make room beyond this many.
const MAX_ENTRIES: usize = 200_000;

/// Which of our servers was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The API server.
    Api,
    /// The registry, directly or through the service proxy.
    Registry,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who was asked.
    pub target: Target,
    /// Its method.
    pub method: String,
    /// Its path, undecoded.
    pub path: String,
    /// Its query string, empty if there was none.
    pub query: String,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// Whether it carried an `Authorization` header.
    pub authorization: bool,
    /// The status of the answer; 0 while there is none.
    pub status: u16,
    /// Bytes of the answer's body sent so far.
    pub bytes: u64,
}

/// How often the same thing was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Who was asked.
    pub target: Target,
    /// The method.
    pub method: String,
    /// The path, undecoded.
    pub path: String,
    /// The `User-Agent`.
    pub user_agent: String,
    /// How often.
    pub requests: u64,
    /// Bytes of all the answers' bodies.
    pub bytes: u64,
}

/// One request whose answer may still be on its way.
#[derive(Debug)]
pub(crate) struct Running {
    asked: Entry,
    status: AtomicU64,
    bytes: AtomicU64,
}

impl Running {
    pub(crate) fn answered(&self, status: u16) {
        self.status.store(u64::from(status), Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn entry(&self) -> Entry {
        let status = u16::try_from(self.status.load(Ordering::Relaxed)).unwrap_or_default();
        Entry { status, bytes: self.bytes.load(Ordering::Relaxed), ..self.asked.clone() }
    }
}

/// All requests since the last reset.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<VecDeque<Arc<Running>>>);

impl Recorder {
    /// Notes a request that just came in.
    pub(crate) fn note<B>(&self, target: Target, request: &http::Request<B>) -> Arc<Running> {
        let agent =
            request.headers().get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let asked = Entry {
            target,
            method: request.method().as_str().to_owned(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            user_agent: agent.unwrap_or_default().to_owned(),
            authorization: request.headers().contains_key(http::header::AUTHORIZATION),
            status: 0,
            bytes: 0,
        };
        let running =
            Arc::new(Running { asked, status: AtomicU64::new(0), bytes: AtomicU64::new(0) });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == MAX_ENTRIES {
            all.pop_front();
        }
        all.push_back(Arc::clone(&running));
        running
    }

    /// In the order of their arrival.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|running| running.entry())
            .collect()
    }

    /// Equal requests folded.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let mut counts = BTreeMap::new();
        for entry in self.entries() {
            let key = (entry.target, entry.method, entry.path, entry.user_agent);
            let (requests, bytes) = counts.entry(key).or_insert((0, 0));
            *requests += 1;
            *bytes += entry.bytes;
        }
        let counts = counts.into_iter();
        counts
            .map(|((target, method, path, user_agent), (requests, bytes))| Count {
                target,
                method,
                path,
                user_agent,
                requests,
                bytes,
            })
            .collect()
    }

    /// Forgets them.
    pub(crate) fn reset(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
