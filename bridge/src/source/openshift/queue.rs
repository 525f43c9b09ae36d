// SPDX-License-Identifier: LGPL-2.1-or-later

//! The image streams whose images must be read: each once, however often it changes meanwhile, and
//! only if a change brought other images.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_catalog::TagFacts;
use images_proto::{Digest, RepositoryName};
use tokio::sync::{Notify, watch};

/// The queue.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    offered: Notify,
    idle: watch::Sender<bool>,
}

#[derive(Default)]
struct Inner {
    waiting: BTreeSet<RepositoryName>,
    running: HashSet<RepositoryName>,
    /// Whether all streams were put here that there were at first.
    complete: bool,
    /// Those finished since the queue was last empty.
    done: usize,
    /// Which images each stream had when it was last put here.
    images: HashMap<RepositoryName, u64>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { inner: Mutex::default(), offered: Notify::new(), idle: watch::Sender::new(false) }
    }
}

impl Queue {
    /// Puts a stream with these tags here, if its images are not those that it had before.
    pub(super) fn offer(&self, repository: &RepositoryName, tags: &[TagFacts]) {
        let revisions = tags.iter().flat_map(|tag| &tag.revisions);
        let images = fingerprint(revisions.map(|revision| revision.digest).collect());
        let mut inner = self.inner();
        if inner.images.insert(repository.clone(), images) == Some(images) {
            return;
        }
        inner.waiting.insert(repository.clone());
        drop(inner);
        self.idle.send_replace(false);
        self.offered.notify_one();
    }

    /// Says that these images of a stream need not be read, unless others are offered.
    pub(super) fn know(&self, repository: &RepositoryName, images: Vec<Digest>) {
        self.inner().images.insert(repository.clone(), fingerprint(images));
    }

    /// Puts these here whatever images they have.
    pub(super) fn again(&self, repositories: Vec<RepositoryName>) {
        if repositories.is_empty() {
            return;
        }
        self.inner().waiting.extend(repositories);
        self.idle.send_replace(false);
        self.offered.notify_one();
    }

    /// The next one to read.
    pub(super) fn next(&self) -> Option<RepositoryName> {
        let mut inner = self.inner();
        let next = inner.waiting.pop_first()?;
        inner.running.insert(next.clone());
        Some(next)
    }

    /// Takes this one out of its turn, if it waits.
    pub(super) fn take(&self, repository: &RepositoryName) -> bool {
        self.inner().waiting.remove(repository)
    }

    /// One was read.
    pub(super) fn finish(&self, repository: &RepositoryName) {
        let mut inner = self.inner();
        inner.running.remove(repository);
        inner.done += 1;
    }

    /// One could not be read, or is gone: the next news of it is a reason to try again.
    pub(super) fn forget(&self, repository: &RepositoryName) {
        self.finish(repository);
        let mut inner = self.inner();
        inner.waiting.remove(repository);
        inner.images.remove(repository);
    }

    /// Puts back what was being read when the reader was dropped, and awaits all streams anew.
    pub(super) fn restart(&self) {
        self.idle.send_replace(false);
        let mut inner = self.inner();
        let Inner { waiting, running, done, complete, .. } = &mut *inner;
        waiting.extend(running.drain());
        *done = 0;
        *complete = false;
    }

    /// Says that all streams were put here.
    pub(super) fn complete(&self) {
        self.inner().complete = true;
        self.offered.notify_one();
    }

    /// Whether all streams were put here.
    pub(super) fn is_complete(&self) -> bool {
        self.inner().complete
    }

    /// How many are read, of how many.
    pub(super) fn progress(&self) -> (u64, u64) {
        let inner = self.inner();
        let open = inner.waiting.len() + inner.running.len();
        (inner.done as u64, (inner.done + open) as u64)
    }

    /// Says that everything was read, unless something came in the meantime.
    pub(super) fn rest(&self) {
        let mut inner = self.inner();
        if inner.waiting.is_empty() && inner.running.is_empty() {
            inner.done = 0;
            self.idle.send_replace(true);
        }
    }

    /// Waits until there is something to read.
    pub(super) async fn offered(&self) {
        self.offered.notified().await;
    }

    /// Waits until everything was read (`true`), or something came (`false`).
    pub(super) async fn idle(&self, idle: bool) {
        // The sender lives as long as this queue.
        let _ = self.idle.subscribe().wait_for(|now| *now == idle).await;
    }

    /// Whether everything was read.
    pub(super) fn is_idle(&self) -> bool {
        *self.idle.borrow()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which images there are, whatever tags name them.
fn fingerprint(mut digests: Vec<Digest>) -> u64 {
    digests.sort_unstable();
    digests.dedup();
    let mut hasher = DefaultHasher::new();
    digests.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use images_catalog::RevisionFacts;
    use images_proto::repository::Origin;

    use super::*;

    fn tag(name: &str, digests: &[u8]) -> TagFacts {
        let revision =
            |byte: &u8| RevisionFacts { digest: Digest::from_bytes([*byte; 32]), created: None };
        TagFacts {
            tag: name.parse().unwrap(),
            revisions: digests.iter().map(revision).collect(),
            origin: Origin::Pushed,
            problem: None,
        }
    }

    fn name(text: &str) -> RepositoryName {
        text.parse().unwrap()
    }

    #[test]
    fn only_other_images_are_a_reason_to_read() {
        let queue = Queue::default();
        queue.offer(&name("a/b"), &[tag("v1", &[1, 2])]);
        queue.offer(&name("a/b"), &[tag("v1", &[1, 2])]);
        assert_eq!(queue.next(), Some(name("a/b")));
        assert_eq!(queue.next(), None);
        queue.finish(&name("a/b"));
        queue.offer(&name("a/b"), &[tag("v2", &[2]), tag("v3", &[1])]);
        assert_eq!(queue.next(), None, "a moved tag brings no image");
        queue.offer(&name("a/b"), &[tag("v1", &[3])]);
        assert_eq!(queue.next(), Some(name("a/b")));
    }

    #[test]
    fn what_is_known_is_read_only_once_it_is_another() {
        let queue = Queue::default();
        let digest = |byte| Digest::from_bytes([byte; 32]);
        queue.know(&name("a/b"), vec![digest(1), digest(2)]);
        queue.offer(&name("a/b"), &[tag("v2", &[2, 1]), tag("v1", &[1])]);
        assert_eq!(queue.next(), None);
        queue.offer(&name("a/b"), &[tag("v1", &[1])]);
        assert_eq!(queue.next(), Some(name("a/b")));
    }

    #[test]
    fn what_was_lost_or_failed_comes_back() {
        let queue = Queue::default();
        queue.offer(&name("a/b"), &[tag("v1", &[1])]);
        queue.next();
        queue.restart();
        assert_eq!(queue.next(), Some(name("a/b")));
        queue.forget(&name("a/b"));
        queue.offer(&name("a/b"), &[tag("v1", &[1])]);
        assert_eq!(queue.next(), Some(name("a/b")));
    }

    #[test]
    fn rests_only_when_nothing_is_left() {
        let queue = Queue::default();
        queue.offer(&name("a/b"), &[]);
        queue.rest();
        assert!(!queue.is_idle());
        queue.next();
        queue.rest();
        assert!(!queue.is_idle());
        assert_eq!(queue.progress(), (0, 1));
        queue.finish(&name("a/b"));
        assert_eq!(queue.progress(), (1, 1));
        queue.rest();
        assert!(queue.is_idle());
        queue.offer(&name("a/c"), &[]);
        assert!(!queue.is_idle());
    }
}
