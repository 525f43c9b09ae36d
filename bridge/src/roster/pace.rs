// SPDX-License-Identifier: LGPL-2.1-or-later

//! How often a view looks at the roster because it changed.

use std::future::pending;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::live::PACE;

/// Waits for changes of the roster, but not for each.
pub(crate) struct Pace {
    changes: watch::Receiver<u64>,
    rested: Instant,
}

impl Pace {
    pub(crate) fn new(changes: watch::Receiver<u64>) -> Self {
        Self { changes, rested: Instant::now() }
    }

    /// The roster is looked at now.
    pub(crate) fn seen(&mut self) {
        self.changes.borrow_and_update();
    }

    /// Returns when another look is due.
    pub(crate) async fn changed(&mut self) {
        sleep_until(self.rested).await;
        if self.changes.changed().await.is_err() {
            pending::<()>().await;
        }
        self.rested = Instant::now() + PACE;
    }
}
