// SPDX-License-Identifier: LGPL-2.1-or-later

//! The steps of the delete dialog: plan, confirm, delete, receipt; and what each step may do.

use std::rc::Rc;

use images_proto::delete::{
    Extent, Fallback, Fate, LayerFate, Orphan, Outcome, Params, Plan, PlanItem, Reason, Receipt,
    Step as Action, Target,
};
use images_proto::usage::How;
use images_proto::{Digest, Failure, Progress, TagRef};

use super::set::Set;

/// Where the dialog stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The bridge is asked what would go. Until it answers, the plan for other choices stays to be
    /// read.
    Planning(Option<Rc<Plan>>),
    /// No plan could be had; the user may ask again.
    PlanFailed(Rc<Failure>),
    /// The user reads what would go.
    Planned {
        /// What would go.
        plan: Rc<Plan>,
        /// It was ticked that what runs of it is known to run. Another plan is asked about anew:
        /// something else may run by then.
        known_in_use: bool,
    },
    /// It is being deleted.
    Deleting(Progress),
    /// The user stopped it; what was deleted before stays deleted.
    Stopped,
    /// The whole request failed. The plan is kept so that it can be read once more.
    DeleteFailed(Rc<Plan>, Rc<Failure>),
    /// What became of it.
    Done(Rc<Receipt>),
}

impl Step {
    /// A plan that came just now.
    pub fn planned(plan: Plan) -> Self {
        Self::Planned { plan: Rc::new(plan), known_in_use: false }
    }

    /// The plan that is shown.
    pub fn plan(&self) -> Option<&Rc<Plan>> {
        match self {
            Self::Planned { plan, .. }
            | Self::DeleteFailed(plan, _)
            | Self::Planning(Some(plan)) => Some(plan),
            _ => None,
        }
    }

    /// The plan that can be confirmed; `None` when there is none, nothing to do, or it was not
    /// said yet that what runs is known to run.
    pub fn confirmable(&self) -> Option<&Rc<Plan>> {
        let Self::Planned { plan, known_in_use } = self else { return None };
        let may = !plan.steps.is_empty() && (*known_in_use || !is_in_use(plan));
        may.then_some(plan)
    }

    /// Whether closing the dialog would break off work.
    pub fn is_working(&self) -> bool {
        matches!(self, Self::Deleting(_))
    }
}

/// What the user chose and typed. It outlives the plans that are made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// How far it goes.
    pub extent: Extent,
    /// Data that is younger than an hour goes too.
    pub insist: bool,
    /// Why, as typed.
    pub reason: String,
}

impl Choices {
    /// What is chosen before anybody chose. What nothing leads to has only its data left to delete.
    pub fn of(targets: &[Target]) -> Self {
        let is_data =
            |target: &Target| matches!(target, Target::Blob(_) | Target::Orphans(Orphan::Images));
        let extent = if targets.iter().all(is_data) { Extent::Purge } else { Extent::Unlink };
        Self { extent, ..Self::default() }
    }

    /// The question for the plan of these targets.
    pub fn question(&self, targets: &[Target]) -> Params {
        let (extent, insist) = (self.extent, self.insist);
        Params { targets: targets.to_vec(), extent, insist, ..Params::default() }
    }

    /// The order to do what was planned for these targets.
    pub fn order(&self, targets: &[Target], plan: &Plan) -> Params {
        Params {
            reason: reason(&self.reason),
            agreed: Some(plan.fingerprint.clone()),
            ..self.question(targets)
        }
    }
}

/// What was typed as a reason, as long as one may be.
fn reason(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let end = typed.floor_char_boundary(Params::MAX_REASON);
    (end > 0).then(|| typed[..end].to_owned())
}

/// Whether something that goes runs, or may run: how those use it that the user may not see, nobody
/// tells. Running users come first.
pub fn is_in_use(plan: &Plan) -> bool {
    let used = &plan.used;
    used.hidden.is_some_and(|hidden| hidden > 0)
        || used.users.first().is_some_and(|user| user.how == How::Running)
}

/// Whether something stays only because it is young, or may be: of a blob nobody knows it.
pub fn is_young(plan: &Plan) -> bool {
    if plan.items.iter().any(|item| matches!(item.target, Target::Blob(_))) {
        return true;
    }
    let young = |reasons: &[Reason]| reasons.iter().any(|why| matches!(why, Reason::Young(_)));
    plan.images.iter().any(|image| young(&image.because))
        || plan.layers.iter().any(|layer| young(&layer.because))
}

/// The items that are not refused.
pub fn accepted(plan: &Plan) -> impl Iterator<Item = &PlanItem> {
    plan.items.iter().filter(|item| item.refused.is_none())
}

/// What a plan means as a whole. Everything is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary<'a> {
    /// Tags that disappear.
    pub tags: Set<&'a TagRef>,
    /// Those of them that nobody chose: a tag or revision was chosen, and they go with it.
    pub along: Set<&'a TagRef>,
    /// Revisions that are lost with the tags.
    pub history: u64,
    /// Revisions of tags that stay.
    pub revisions: usize,
    /// Images that are taken away from where they are.
    pub images: u64,
    /// Repositories that go.
    pub repositories: usize,
    /// Layers and configs that go, or can no longer be pulled from somewhere.
    pub blobs: usize,
    /// Tags that name an earlier revision afterwards.
    pub falls_back: Vec<&'a Fallback>,
    /// Tags on the same images that stay, as far as they are named.
    pub stays: Set<&'a TagRef>,
    /// How many more there are.
    pub more_stay: u64,
    /// Indexes that hold something back.
    pub breaks: Set<Digest>,
}

/// Sums a plan up.
pub fn summary(plan: &Plan) -> Summary<'_> {
    let mut sum = Summary::default();
    let mut blobs = Set::<Digest>::default();
    let mut chosen = Set::<&TagRef>::default();
    let mut stay_count = 0_u64;
    let is_narrow =
        |item: &PlanItem| matches!(item.target, Target::Tag(_) | Target::Revision { .. });
    for item in accepted(plan) {
        match &item.target {
            Target::Tag(tag) => chosen.insert(tag),
            _ if !is_narrow(item) => item.goes.iter().for_each(|tag| chosen.insert(tag)),
            _ => {}
        }
        item.goes.iter().for_each(|tag| sum.tags.insert(tag));
        item.stays.iter().for_each(|tag| sum.stays.insert(tag));
        item.breaks.iter().for_each(|digest| sum.breaks.insert(*digest));
        sum.falls_back.extend(&item.falls_back);
        sum.history += u64::from(item.history);
        sum.images += u64::from(item.images);
        stay_count += u64::from(item.stay_count).saturating_sub(item.stays.len() as u64);
    }
    sum.more_stay = stay_count;
    for item in accepted(plan).filter(|item| is_narrow(item)) {
        item.goes.iter().filter(|tag| !chosen.contains(tag)).for_each(|tag| sum.along.insert(tag));
    }
    for step in &plan.steps {
        match step {
            Action::Revision { .. } => sum.revisions += 1,
            Action::Repository(_) => sum.repositories += 1,
            Action::Link { digest, .. } | Action::Blob(digest) => blobs.insert(*digest),
            Action::Tag { .. } | Action::Manifest { .. } | Action::Image(_) => {}
        }
    }
    sum.blobs = blobs.as_slice().len();
    sum
}

/// How many other images hold back the layers that stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sharers {
    /// Those that are named.
    pub images: usize,
    /// There are more.
    pub more: bool,
}

/// Counts the images that hold back layers and configs.
pub fn sharers(layers: &[LayerFate]) -> Sharers {
    let mut images = Set::<Digest>::default();
    let mut more = false;
    for layer in layers.iter().filter(|layer| layer.fate == Fate::Stays) {
        more |= layer.reasons as usize > layer.because.len();
        for why in &layer.because {
            match why {
                Reason::Image(digest) => images.insert(*digest),
                Reason::Hidden => more = true,
                _ => {}
            }
        }
    }
    Sharers { images: images.as_slice().len(), more }
}

/// What a receipt means as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Gone, by this deletion or before it.
    pub gone: usize,
    /// Still there.
    pub kept: usize,
    /// Nobody knows.
    pub unproved: usize,
}

/// Counts a receipt.
pub fn tally(receipt: &Receipt) -> Tally {
    let mut tally = Tally::default();
    for item in &receipt.items {
        match item.outcome {
            Outcome::Deleted | Outcome::Absent => tally.gone += 1,
            Outcome::Kept(_) | Outcome::Untried => tally.kept += 1,
            Outcome::Unproved(_) => tally.unproved += 1,
        }
    }
    tally
}

/// How many tags are gone, whatever they were deleted as.
pub fn tags_gone(receipt: &Receipt) -> u64 {
    let tags =
        receipt.steps.iter().filter(|done| done.outcome.is_gone()).map(|done| match &done.step {
            Action::Tag { .. } => 1,
            Action::Manifest { tags, .. } => tags.len(),
            _ => 0,
        });
    tags.sum::<usize>() as u64
}

/// The targets that are gone and so need no mark any more.
pub fn gone(receipt: &Receipt) -> Vec<Target> {
    receipt
        .items
        .iter()
        .filter(|item| item.outcome.is_gone())
        .map(|item| item.target.clone())
        .collect()
}

#[cfg(test)]
mod tests;
