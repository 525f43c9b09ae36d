// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion did, as asked of API and registry afterwards.

use serde::{Deserialize, Serialize};

use super::{Part, Reason, Space, Step, Target, Window};
use crate::{Digest, Failure};

/// What a deletion did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Receipt {
    /// The name of its record in the history; absent where none could be kept.
    pub id: Option<String>,
    /// The registry's host, or the address it was reached by.
    pub registry: String,
    /// The user of the cluster or registry, if known.
    pub user: Option<String>,
    /// Why, as the user said.
    pub reason: Option<String>,
    /// When it began, in seconds since the Unix epoch.
    pub started: i64,
    /// When it ended.
    pub ended: i64,
    /// One for each target, in their order.
    pub items: Vec<ReceiptItem>,
    /// Every step, in the order of the plan.
    pub steps: Vec<StepDone>,
    /// Every digest that was touched, as it was found afterwards.
    pub digests: Vec<Probed>,
    /// The space: what was really freed, and what waits.
    pub space: Space,
    /// Whether and how long it can be undone.
    pub undo: Window,
}

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptItem {
    /// The target.
    pub target: Target,
    /// What became of it: of several things the worst.
    pub outcome: Outcome,
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDone {
    /// The step.
    pub step: Step,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a target or step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was deleted, and a later look did not find it.
    Deleted,
    /// It was not there any more.
    Absent,
    /// It was refused, or it is still there although the other side said yes.
    Kept(Failure),
    /// The other side said yes, but whether it is gone could not be asked.
    Unproved(Failure),
    /// The work ended before it.
    Untried,
}

impl Outcome {
    /// Whether it is gone, by this deletion or before it.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Deleted | Self::Absent)
    }
}

/// A digest that was touched, as it was found afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// The digest.
    pub digest: Digest,
    /// What it is.
    pub part: Part,
    /// What was found.
    pub verdict: Verdict,
}

/// What was found when a digest was asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is gone.
    Gone,
    /// Nothing leads to it; its data waits for pruning or garbage collection.
    Waits,
    /// It can still be pulled, for these reasons; at most 5, the first ones.
    Reachable(Vec<Reason>),
    /// It could not be asked.
    Unknown(Failure),
}
