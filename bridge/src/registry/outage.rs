// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whether a registry went away: told by requests that run at the same time and end in any order.

use std::sync::atomic::{AtomicU64, Ordering};

/// An outage: begins with a request that fails as any other would, and ends with the answer to one
/// that was sent after that. An answer that was on its way meanwhile says nothing.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Requests that were begun.
    begun: AtomicU64,
    /// How many had been begun when one failed; zero while none did.
    since: AtomicU64,
}

impl Outage {
    /// Notes that a request begins, and gives its number.
    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes that a request failed as any other would now.
    pub(super) fn failed(&self) {
        self.since.fetch_max(self.begun.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Notes that the request of this number was answered.
    pub(super) fn answered(&self, number: u64) {
        let ends = |since| (since != 0 && number > since).then_some(0);
        // Nothing to write is no failure.
        let _ = self.since.fetch_update(Ordering::Relaxed, Ordering::Relaxed, ends);
    }

    /// Whether it lasts.
    pub(super) fn lasts(&self) -> bool {
        self.since.load(Ordering::Relaxed) != 0
    }
}
