// SPDX-License-Identifier: LGPL-2.1-or-later

//! The details of images that were read lately: each is read once for all who look, and kept for a
//! while.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use images_proto::{Digest, Failure, RepositoryName};

use super::state::State;
use crate::registry::Registry;
use crate::source::Connection;
use crate::source::details::{self, Details};

/// The bytes of manifests and configs whose details are kept.
const KEPT: usize = 16 << 20;
/// What an entry costs besides its text.
const OVERHEAD: usize = 1 << 10;

type Answer = Result<Arc<Details>, Failure>;
type Reading = Shared<BoxFuture<'static, Answer>>;

/// The details read lately, and those being read.
#[derive(Default)]
pub(super) struct Cache {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    kept: HashMap<Digest, Arc<Details>>,
    /// The oldest first.
    order: VecDeque<Digest>,
    weight: usize,
    /// By repository too: the right to read is given by repository.
    running: HashMap<(RepositoryName, Digest), WeakShared<BoxFuture<'static, Answer>>>,
}

impl Cache {
    /// The details, from here or read now.
    pub(super) async fn get(
        &self,
        state: &State,
        connection: Arc<Connection>,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Answer {
        if let Some(details) = lock(&self.inner).kept.get(digest) {
            return Ok(details.clone());
        }
        // The registry is found first: that waits on the state, which cannot be shared.
        let registry = connection.registry(state).await;
        self.reading(connection, registry, (repository.clone(), *digest)).await
    }

    /// The one reading of this image that runs, or a new one. It ends when nobody waits any more.
    fn reading(
        &self,
        connection: Arc<Connection>,
        registry: Result<Registry, Failure>,
        key: (RepositoryName, Digest),
    ) -> Reading {
        let mut inner = lock(&self.inner);
        if let Some(running) = inner.running.get(&key).and_then(WeakShared::upgrade) {
            return running;
        }
        let (cache, wanted) = (self.inner.clone(), key.clone());
        let reading = async move {
            let answer =
                details::read(&connection, registry, &wanted.0, &wanted.1).await.map(Arc::new);
            let mut inner = lock(&cache);
            inner.running.remove(&wanted);
            if let Ok(details) = &answer {
                inner.keep(wanted.1, details.clone());
            }
            answer
        };
        let reading = reading.boxed().shared();
        inner.running.retain(|_, running| running.upgrade().is_some());
        inner.running.extend(reading.downgrade().map(|running| (key, running)));
        reading
    }

    pub(super) fn clear(&self) {
        *lock(&self.inner) = Inner::default();
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn keep(&mut self, digest: Digest, details: Arc<Details>) {
        if !details.is_whole {
            // The rest of it may be read once the registry is back.
            return;
        }
        self.weight += details.weight + OVERHEAD;
        match self.kept.insert(digest, details) {
            Some(old) => self.weight -= old.weight + OVERHEAD,
            None => self.order.push_back(digest),
        }
        while self.weight > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(old) = self.kept.remove(&oldest) {
                self.weight -= old.weight + OVERHEAD;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use images_catalog::overlay::{Read, ReadIndex};

    use super::*;

    fn details(weight: usize) -> Arc<Details> {
        Arc::new(Details { read: Read::Index(ReadIndex::default()), is_whole: true, weight })
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let mut inner = Inner::default();
        for byte in 0..100 {
            inner.keep(Digest::from_bytes([byte; 32]), details(1 << 20));
        }
        assert!(inner.weight <= KEPT);
        assert!(inner.kept.contains_key(&Digest::from_bytes([99; 32])));
        assert!(!inner.kept.contains_key(&Digest::from_bytes([0; 32])));
        assert_eq!(inner.kept.len(), inner.order.len());
    }

    #[test]
    fn half_of_the_details_is_nothing_to_keep() {
        let mut inner = Inner::default();
        let read = Read::Index(ReadIndex::default());
        inner.keep(
            Digest::from_bytes([1; 32]),
            Arc::new(Details { read, is_whole: false, weight: 10 }),
        );
        assert_eq!((inner.kept.len(), inner.weight), (0, 0));
    }

    #[test]
    fn keeping_the_same_twice_counts_once() {
        let mut inner = Inner::default();
        inner.keep(Digest::from_bytes([1; 32]), details(10));
        inner.keep(Digest::from_bytes([1; 32]), details(10));
        assert_eq!((inner.weight, inner.order.len()), (10 + OVERHEAD, 1));
    }
}
