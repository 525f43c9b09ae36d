// SPDX-License-Identifier: LGPL-2.1-or-later

//! The plans of promotions that were shown last, so that exactly what somebody agreed to is done.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use images_proto::stage::{Plan, Wanted};

/// The plans that are remembered. A person looks at one after the other.
const KEPT: usize = 8;

/// The plans that were shown last.
#[derive(Default)]
pub struct Promotions {
    shown: Mutex<VecDeque<(u64, Wanted, Plan)>>,
}

impl Promotions {
    /// Remembers a plan for this content of the catalog.
    pub(super) fn put(&self, content: u64, wanted: Wanted, plan: Plan) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|(_, _, known)| known.fingerprint != plan.fingerprint);
        shown.push_back((content, wanted, plan));
        if shown.len() > KEPT {
            shown.pop_front();
        }
    }

    /// The plan with this fingerprint, if it was made for the same moves and registry.
    pub(super) fn get(&self, content: u64, fingerprint: &str, wanted: &Wanted) -> Option<Plan> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let found = shown.iter().find(|(of, moves, plan)| {
            *of == content && moves == wanted && plan.fingerprint == fingerprint
        });
        found.map(|(_, _, plan)| plan.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plan_of_the_same_moves_and_registry_is_found() {
        let promotions = Promotions::default();
        let plan = |name: &str| Plan { fingerprint: name.to_owned(), ..Plan::default() };
        promotions.put(1, Wanted::default(), plan("a"));
        assert_eq!(promotions.get(1, "a", &Wanted::default()), Some(plan("a")));
        assert_eq!(promotions.get(1, "b", &Wanted::default()), None);
        assert_eq!(promotions.get(2, "a", &Wanted::default()), None, "another registry");
        for idx in 0..KEPT {
            promotions.put(1, Wanted::default(), plan(&idx.to_string()));
        }
        assert_eq!(promotions.get(1, "a", &Wanted::default()), None, "that was long ago");
    }
}
