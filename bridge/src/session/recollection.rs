// SPDX-License-Identifier: LGPL-2.1-or-later

//! A session begins with what an earlier login knew, and writes down what it learns.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use images_catalog::blocks::Writer;
use tokio::time::{Instant, sleep, sleep_until};

use super::Session;
use crate::recollection::{Key, Recollection};
use crate::source::Connection;

/// How long nothing is written after something was, and how long it is waited that all is read.
const PAUSE: Duration = Duration::from_secs(5 * 60);
/// How long what was read is handed on from one login to the next, in seconds. Most of what changes is
/// told, but not that somebody deleted an image behind the tags that name it.
const LONGEST: i64 = 7 * 24 * 60 * 60;

/// What is written down, and where.
#[derive(Default)]
pub(super) struct Keeping {
    kept: Mutex<Option<Kept>>,
    /// What the cluster refused to tell again: it is not shown a second time.
    refused: Mutex<Option<Key>>,
    /// Held while something is written.
    writing: Mutex<()>,
}

#[derive(Clone, Copy)]
struct Kept {
    key: Key,
    /// Since when nothing was read from the beginning.
    since: i64,
    /// How much of what was learned is written.
    learned: u64,
    /// The content of the state that is meant.
    content: u64,
    /// Before that nothing more is written.
    rests: Instant,
}

impl Keeping {
    /// Writes nothing any more, before the catalog becomes another one.
    pub(super) fn stop(&self) {
        *self.kept() = None;
    }

    /// What is to be written now, and not again for a while, whatever comes of it.
    fn rest(&self) -> Option<Kept> {
        let mut kept = self.kept();
        let kept = kept.as_mut()?;
        kept.rests = Instant::now() + PAUSE;
        Some(*kept)
    }

    /// Has what is remembered now not remembered again in this session.
    pub(super) fn refuse(&self) {
        *lock(&self.refused) = self.kept().map(|kept| kept.key);
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        lock(&self.kept)
    }
}

impl Session {
    /// Begins the empty catalog with what an earlier login knew of this registry.
    pub(super) async fn recall(self: &Arc<Self>, connection: &Arc<Connection>, epoch: u64) {
        let Some(key) = connection.recollection(&self.state) else { return };
        if !self.settings.recollections.have_a_place() {
            return;
        }
        let (session, connection) = (self.clone(), connection.clone());
        let recalling = tokio::task::spawn_blocking(move || {
            let recalled = match *lock(&session.keeping.refused) == Some(key) {
                true => None,
                false => session.settings.recollections.read(key),
            };
            let is_trusted = session
                .state
                .if_current(epoch, || session.begin_with(key, recalled))
                .unwrap_or_default();
            // Rows are shown already.
            if is_trusted {
                connection.trust(&session.state);
            }
        });
        if let Err(error) = recalling.await {
            tracing::warn!(%error, "what is remembered of a registry cannot be used");
        }
    }

    /// Whether it need not all be read again.
    fn begin_with(&self, key: Key, recalled: Option<Recollection>) -> bool {
        let (content, now) = (self.state.content(), crate::action::now());
        let (learned, rests) = (self.state.catalog().learned(), Instant::now());
        let mut kept = Kept { key, since: now, learned, content, rests };
        let mut is_trusted = false;
        if let Some(Recollection { catalog, manifests, since }) = recalled {
            self.manifests.recall(manifests);
            self.state.recall(catalog);
            kept.learned = self.state.catalog().learned();
            is_trusted = (0..LONGEST).contains(&now.saturating_sub(since));
            if is_trusted {
                kept.since = since;
            }
        }
        *self.keeping.kept() = Some(kept);
        is_trusted
    }

    /// Writes down what is learned, now and then.
    pub(super) async fn keep(self: &Arc<Self>) -> Infallible {
        loop {
            self.until(Self::has_news).await;
            let kept = *self.keeping.kept();
            if let Some(kept) = kept {
                sleep_until(kept.rests).await;
            }
            tokio::select! {
                () = self.until(Self::is_settled) => {}
                () = sleep(PAUSE) => {}
            }
            self.keep_now().await;
        }
    }

    /// Writes down what is not written yet, at the end.
    pub(super) async fn keep_last(self: &Arc<Self>) {
        if self.has_news() {
            self.keep_now().await;
        }
    }

    async fn keep_now(self: &Arc<Self>) {
        let session = self.clone();
        let written = tokio::task::spawn_blocking(move || session.write_down());
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, "what was learned of the registry cannot be written down");
        }
    }

    /// Whether something was learned that is not written down.
    fn has_news(&self) -> bool {
        let Some(kept) = *self.keeping.kept() else { return false };
        let catalog = self.state.catalog();
        catalog.is_listed() && catalog.learned() != kept.learned
    }

    fn write_down(&self) -> io::Result<()> {
        let _writing = lock(&self.keeping.writing);
        if !self.has_news() {
            return Ok(());
        }
        let Some(kept) = self.keeping.rest() else { return Ok(()) };
        let mut writing = self.settings.recollections.write(kept.key, kept.since)?;
        let learned = self.state.catalog().learned();
        let mut writer = Writer::default();
        loop {
            let block = {
                let catalog = self.state.catalog();
                if self.state.content() != kept.content {
                    // It is another one, with which this has nothing to do.
                    return Ok(());
                }
                writer.next(&catalog)
            };
            match block {
                Some(block) => writing.block(&block)?,
                None => break,
            }
        }
        let mut manifests: Vec<_> = self.manifests.sizes().into_iter().collect();
        manifests.retain(|(digest, _)| self.state.catalog().has_image(digest));
        writing.manifests(&manifests)?;
        writing.finish()?;
        if let Some(now) = self.keeping.kept().as_mut().filter(|now| now.content == kept.content) {
            now.learned = learned;
        }
        Ok(())
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let mut changes = self.state.changes();
        loop {
            changes.borrow_and_update();
            // The sender lives in the session.
            if is_so(self) || changes.changed().await.is_err() {
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
