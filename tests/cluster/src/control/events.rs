// SPDX-License-Identifier: LGPL-2.1-or-later
//! What happens in a load, at a given rate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval};

use crate::load::Load;
use crate::store::Store;

/// How often it is looked whether events are due.
const TICK: Duration = Duration::from_millis(5);

/// How many events there are to be.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Order {
    /// So many each second, for so many seconds.
    Rate {
        per_second: u32,
        #[serde(rename = "for")]
        seconds: u32,
    },
    /// So many at once.
    Count { count: u32 },
}

/// How far they are.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Progress {
    /// Since the start of the cluster.
    happened: u64,
}

/// The events of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Events {
    happened: AtomicU64,
    running: Mutex<Option<AbortHandle>>,
}

impl Events {
    /// Begins what was ordered, instead of what is under way.
    ///
    /// # Errors
    /// When the cluster has no load.
    pub(super) fn order(self: &Arc<Self>, order: Order, store: &Arc<Store>) -> Result<(), String> {
        let load = store.made().ok_or("there is no load: see --load")?;
        self.stop();
        match order {
            Order::Count { count } => {
                (0..count).for_each(|_| self.happen(&load, store));
            }
            Order::Rate { per_second, seconds } => {
                let (this, store) = (Arc::clone(self), Arc::clone(store));
                let task = tokio::spawn(this.run(load, store, per_second, seconds));
                *self.running.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(task.abort_handle());
            }
        }
        Ok(())
    }

    /// Ends what is under way.
    pub(super) fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = running {
            task.abort();
        }
    }

    /// How far they are.
    pub(super) fn progress(&self) -> Progress {
        Progress { happened: self.happened.load(Ordering::Relaxed) }
    }

    async fn run(self: Arc<Self>, load: Arc<Load>, store: Arc<Store>, rate: u32, seconds: u32) {
        let (start, all) = (Instant::now(), u64::from(rate) * u64::from(seconds));
        let (mut done, mut ticks) = (0, interval(TICK));
        while done < all {
            ticks.tick().await;
            let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            let due = millis.saturating_mul(rate.into()) / 1000;
            while done < due.min(all) {
                self.happen(&load, &store);
                done += 1;
            }
        }
    }

    fn happen(&self, load: &Load, store: &Store) {
        load.happen(store, self.happened.fetch_add(1, Ordering::Relaxed));
    }
}
