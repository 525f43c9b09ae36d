// SPDX-License-Identifier: LGPL-2.1-or-later

//! The lines of a record behind its header.

use images_proto::TagRef;
use images_proto::delete::{Outcome, Receipt};
use images_proto::garbage::Collected;
use images_proto::history::Undone;
use images_proto::stage::Item;
use serde::{Deserialize, Serialize};

/// A line. What a newer bridge writes besides is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    /// A step was tried.
    Step {
        /// Which one, in the order of the plan.
        step: usize,
        /// How many are done by now: the last line alone tells how far it came.
        done: usize,
        /// What became of it.
        outcome: Outcome,
    },
    /// Somebody goes on with what was broken off.
    Resumed {
        /// How many steps are done by now.
        done: usize,
    },
    /// All of it ended, so.
    Receipt(Box<Receipt>),
    /// An undo left these tags with a part of their revisions.
    Half(Vec<TagRef>),
    /// An undo ended, so.
    Undone(Undone),
    /// A collection ended, so.
    Collected(Collected),
    /// A move of a promotion was tried.
    Moved {
        /// Which one, in the order of the plan.
        step: usize,
        /// How many are done by now.
        done: usize,
        /// What became of it.
        item: Item,
    },
    /// It is over. The last line, and a short one: a list reads no other.
    End(End),
}

/// What came of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// When, in seconds since the Unix epoch.
    pub(super) ended: i64,
    /// Targets that are gone, or back again.
    pub(super) good: u32,
    /// Targets that were refused or are still there.
    pub(super) kept: u32,
    /// Targets of which nobody knows.
    pub(super) unproved: u32,
}

impl End {
    /// The end of a deletion.
    pub(super) fn of_receipt(receipt: &Receipt) -> Self {
        let mut end = Self { ended: receipt.ended, ..Self::default() };
        for item in &receipt.items {
            *end.place(Some(&item.outcome)) += 1;
        }
        end
    }

    /// The end of an undo.
    pub(super) fn of_undone(undone: &Undone, ended: i64) -> Self {
        let mut end = Self { ended, ..Self::default() };
        for item in &undone.items {
            *end.place(item.left.as_ref()) += 1;
        }
        end.good += undone.untagged;
        end.kept += undone.failures.len() as u32;
        end
    }

    /// The end of a collection.
    pub(super) fn of_collected(collected: &Collected, ended: i64) -> Self {
        let good = u32::from(collected.failure.is_none());
        Self { ended, good, kept: 1 - good, unproved: 0 }
    }

    /// The end of a promotion.
    pub(super) fn of_promotion(items: &[Item], ended: i64) -> Self {
        let good = items.iter().filter(|item| item.done).count() as u32;
        Self { ended, good, kept: items.len() as u32 - good, unproved: 0 }
    }

    /// The end of a deletion that was broken off and will not be gone on with.
    pub(super) fn of_steps<'a>(outcomes: impl Iterator<Item = &'a Outcome>, ended: i64) -> Self {
        let mut end = Self { ended, ..Self::default() };
        for outcome in outcomes {
            *end.place(Some(outcome)) += 1;
        }
        end
    }

    fn place(&mut self, outcome: Option<&Outcome>) -> &mut u32 {
        match outcome {
            None | Some(Outcome::Deleted | Outcome::Absent) => &mut self.good,
            Some(Outcome::Kept(_) | Outcome::Untried) => &mut self.kept,
            Some(Outcome::Unproved(_)) => &mut self.unproved,
        }
    }
}
