// SPDX-License-Identifier: LGPL-2.1-or-later

//! A plan that is being done: what became of each step so far, told to the record and to whoever
//! watches.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_proto::delete::{Extent, Outcome, Params, Plan, Step};
use images_proto::{Failure, Progress};

use crate::record::Writing;
use crate::session::state::State;

/// The plan, and how far it is.
pub(super) struct Work<'a> {
    pub(super) state: &'a State,
    /// Which content the catalog had when the plan was made.
    pub(super) content: u64,
    pub(super) params: &'a Params,
    pub(super) plan: &'a Plan,
    writing: &'a Writing,
    outcomes: Mutex<Vec<Option<Outcome>>>,
    told: Mutex<Told<'a>>,
}

struct Told<'a> {
    done: u64,
    progress: Box<dyn FnMut(Progress) + Send + 'a>,
}

impl<'a> Work<'a> {
    /// The work on this plan, of which some steps were done before.
    pub(super) fn new(
        (state, content): (&'a State, u64),
        (params, plan): (&'a Params, &'a Plan),
        writing: &'a Writing,
        before: BTreeMap<usize, Outcome>,
        progress: impl FnMut(Progress) + Send + 'a,
    ) -> Self {
        let mut outcomes = vec![None; plan.steps.len()];
        let mut done = 0;
        for (idx, outcome) in before {
            if outcome.is_gone()
                && let Some(place) = outcomes.get_mut(idx)
            {
                *place = Some(outcome);
                done += 1;
            }
        }
        let told = Told { done, progress: Box::new(progress) };
        let (outcomes, told) = (Mutex::new(outcomes), Mutex::new(told));
        let work = Self { state, content, params, plan, writing, outcomes, told };
        work.say("Deleting");
        work
    }

    /// The steps that are still to be done, with their places in the plan.
    pub(super) fn open(&self) -> Vec<(usize, &'a Step)> {
        let outcomes = self.outcomes();
        let steps = self.plan.steps.iter().enumerate();
        steps.filter(|(idx, _)| outcomes[*idx].is_none()).collect()
    }

    /// Whether what this step takes away is gone.
    pub(super) fn is_gone(&self, idx: usize) -> bool {
        self.outcomes()[idx].as_ref().is_some_and(Outcome::is_gone)
    }

    /// Says what became of a step.
    pub(super) fn finish(&self, idx: usize, outcome: Outcome) {
        self.writing.step(idx, &outcome);
        let is_new = self.outcomes()[idx].replace(outcome).is_none();
        if is_new {
            self.told().done += 1;
        }
        self.say("Deleting");
    }

    /// Takes back that a step was done: a later look found what it should have taken away.
    pub(super) fn revoke(&self, idx: usize, outcome: Outcome) {
        if self.is_gone(idx) {
            self.finish(idx, outcome);
        }
    }

    /// Says what is done now.
    pub(super) fn say(&self, text: &str) {
        let mut told = self.told();
        let total = Some(self.plan.steps.len() as u64);
        let progress = Progress { text: text.to_owned(), done: told.done, total };
        (told.progress)(progress);
    }

    /// Why nothing more may be done, if so.
    pub(super) fn halted(&self) -> Option<Failure> {
        (self.state.content() != self.content).then(super::super::left)
    }

    /// Whether data goes, too.
    pub(super) fn is_purge(&self) -> bool {
        self.params.extent == Extent::Purge
    }

    /// What became of all steps, in their order.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        let outcomes = self.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Untried)).collect()
    }

    fn outcomes(&self) -> MutexGuard<'_, Vec<Option<Outcome>>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told<'a>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
