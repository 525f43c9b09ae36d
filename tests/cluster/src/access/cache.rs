// SPDX-License-Identifier: LGPL-2.1-or-later
//! The API server's memory of tokens that it found to be good.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// As long as Kubernetes remembers: a token that was just used is good for that long after the
/// object that it is bound to is gone.
const LASTING: Duration = Duration::from_secs(10);

/// Tokens that were good some time ago.
#[derive(Debug)]
pub(crate) struct Remembered(Mutex<State>);

#[derive(Debug)]
struct State {
    lasting: Duration,
    found: HashMap<String, Instant>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self(Mutex::new(State { lasting: LASTING, found: HashMap::new() }))
    }
}

impl Remembered {
    /// Whether a token is good: if it was found so lately, or is found so now.
    pub(crate) fn is_good(&self, token: &str, find_out: impl FnOnce() -> bool) -> bool {
        let now = Instant::now();
        let lasting = {
            let state = self.state();
            let found = state.found.get(token);
            if found.is_some_and(|then| now.duration_since(*then) < state.lasting) {
                return true;
            }
            state.lasting
        };
        // Not under the lock: the store is looked at.
        let good = find_out();
        let mut state = self.state();
        state.found.retain(|_, then| now.duration_since(*then) < lasting);
        if good {
            state.found.insert(token.to_owned(), now);
        }
        good
    }

    /// From now on it remembers so many seconds, and nothing of before.
    pub(crate) fn set_lasting(&self, seconds: u64) {
        *self.state() = State { lasting: Duration::from_secs(seconds), found: HashMap::new() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_outlives_what_it_is_bound_to_for_a_while() {
        let remembered = Remembered::default();
        assert!(!remembered.is_good("a", || false));
        assert!(remembered.is_good("a", || true));
        assert!(remembered.is_good("a", || false));
        assert!(!remembered.is_good("b", || false));
        remembered.set_lasting(0);
        assert!(!remembered.is_good("a", || false));
        assert!(remembered.is_good("a", || true));
        assert!(!remembered.is_good("a", || false));
    }
}
