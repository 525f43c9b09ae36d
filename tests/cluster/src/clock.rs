// SPDX-License-Identifier: LGPL-2.1-or-later
//! The cluster's time, as it stands in its objects.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Normally now; the seed sets it back so that its pushes lie some days apart.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds behind the machine's time.
    behind: AtomicI64,
}

impl Clock {
    /// Sets it back.
    pub(crate) fn set_back(&self, behind: SignedDuration) {
        self.behind.store(behind.as_secs(), Ordering::Relaxed);
    }

    /// The time in the form of Kubernetes: whole seconds, UTC.
    pub(crate) fn now(&self) -> String {
        let now = Timestamp::now().as_second() - self.behind.load(Ordering::Relaxed);
        Timestamp::from_second(now).map(|time| time.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_whole_seconds_in_utc() {
        let clock = Clock::default();
        let now = clock.now();
        assert_eq!(now.len(), "2026-11-24T08:38:15Z".len(), "{now}");
        clock.set_back(SignedDuration::from_hours(48));
        assert!(clock.now() < now);
    }
}
