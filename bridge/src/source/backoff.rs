// SPDX-License-Identifier: LGPL-2.1-or-later

//! How long to wait before something that failed is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(60);

/// Waits that double from half a second to a minute.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after one more failure: between half and all of the time that is due, so
    /// that the sessions of many users do not come back in the same moment.
    pub fn next_delay(&mut self) -> Duration {
        let due = FIRST.saturating_mul(1 << self.failures.min(10)).min(MOST);
        self.failures += 1;
        // Each RandomState has other keys: randomness enough, without a crate.
        let share = RandomState::new().hash_one(self.failures) % 1_000;
        due / 2 + due.mul_f64(share as f64 / 2_000.0)
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_start_anew() {
        let mut backoff = Backoff::default();
        let delays: Vec<_> = (0..40).map(|_| backoff.next_delay()).collect();
        assert!(delays[0] >= FIRST / 2 && delays[0] <= FIRST);
        assert!(delays[20..].iter().all(|delay| *delay >= MOST / 2 && *delay <= MOST));
        backoff.reset();
        assert!(backoff.next_delay() <= FIRST);
    }
}
