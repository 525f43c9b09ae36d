// SPDX-License-Identifier: LGPL-2.1-or-later

//! Work that has to be done although nobody waits for it any more, such as making a registry
//! writable again whose collection was cancelled. It belongs to the session, and ends with it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Such work.
#[derive(Debug, Default)]
pub struct Aftermath(Mutex<JoinSet<()>>);

impl Aftermath {
    /// Waits until it is done, but not longer than this; what is left then is given up.
    pub async fn finish(&self, patience: Duration) {
        let mut works = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let done = async { while works.join_next().await.is_some() {} };
        if timeout(patience, done).await.is_err() {
            tracing::warn!("ended before everything was set back");
        }
    }

    /// Has it done on this runtime.
    pub(super) fn spawn_on(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
        runtime: &Handle,
    ) {
        let mut works = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while works.try_join_next().is_some() {}
        works.spawn_on(work, runtime);
    }
}
