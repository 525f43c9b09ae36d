// SPDX-License-Identifier: LGPL-2.1-or-later

//! The plans that were shown last, so that exactly what somebody agreed to is done.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_proto::delete::{Params, Plan};

/// The plans that are remembered. A person looks at one after the other.
const KEPT: usize = 8;

/// The plans that were shown last.
#[derive(Default)]
pub struct Plans {
    shown: Mutex<VecDeque<Shown>>,
}

struct Shown {
    /// Of the catalog, when the plan was made: a plan for another cluster is none for this one.
    content: u64,
    params: Params,
    plan: Plan,
}

impl Plans {
    /// Remembers a plan.
    pub fn put(&self, content: u64, params: Params, plan: Plan) {
        let mut shown = self.shown();
        shown.retain(|known| known.plan.fingerprint != plan.fingerprint);
        shown.push_back(Shown { content, params, plan });
        if shown.len() > KEPT {
            shown.pop_front();
        }
    }

    /// The plan with this fingerprint, if it was made for the same targets.
    pub fn get(&self, content: u64, fingerprint: &str, params: &Params) -> Option<Plan> {
        let shown = self.shown();
        let found = shown.iter().find(|known| {
            known.content == content
                && known.plan.fingerprint == fingerprint
                && known.params.targets == params.targets
                && known.params.extent == params.extent
                && known.params.insist == params.insist
        });
        found.map(|known| known.plan.clone())
    }

    fn shown(&self) -> MutexGuard<'_, VecDeque<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use images_proto::delete::Target;

    use super::*;

    fn plan(fingerprint: &str) -> Plan {
        Plan { fingerprint: fingerprint.to_owned(), ..Plan::default() }
    }

    #[test]
    fn only_the_same_plan_for_the_same_targets_is_found() {
        let plans = Plans::default();
        let params = Params::of(vec![Target::Repository("shop/api".parse().unwrap())]);
        plans.put(1, params.clone(), plan("a"));
        assert_eq!(plans.get(1, "a", &params), Some(plan("a")));
        assert_eq!(plans.get(1, "b", &params), None);
        assert_eq!(plans.get(2, "a", &params), None, "another cluster");
        assert_eq!(plans.get(1, "a", &Params { insist: true, ..params.clone() }), None);
        let reason = Some("old".to_owned());
        assert!(plans.get(1, "a", &Params { reason, ..params.clone() }).is_some());
        for idx in 0..KEPT {
            plans.put(1, params.clone(), plan(&idx.to_string()));
        }
        assert_eq!(plans.get(1, "a", &params), None, "that was long ago");
    }
}
