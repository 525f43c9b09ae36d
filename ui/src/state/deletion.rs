// SPDX-License-Identifier: LGPL-2.1-or-later

//! The steps of the delete dialog: plan, confirm, delete, receipt; and what each step may do.

use std::rc::Rc;

use images_proto::delete::{Outcome, Params, Plan, PlanItem, Receipt, ReceiptItem, Target};
use images_proto::{Failure, Progress, TagRef};

use super::set::Set;

/// Where the dialog stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The bridge is asked what would go.
    Planning,
    /// No plan could be had; the user may ask again.
    PlanFailed(Rc<Failure>),
    /// The user reads what would go.
    Planned(Rc<Plan>),
    /// It is being deleted.
    Deleting(Progress),
    /// The user stopped it; what was deleted before stays deleted.
    Stopped,
    /// The whole request failed. The plan is kept so that it can be confirmed again.
    DeleteFailed(Rc<Plan>, Rc<Failure>),
    /// What became of each target of the plan.
    Done(Rc<Plan>, Rc<Receipt>),
}

impl Step {
    /// What confirming would delete; `None` when there is nothing to confirm.
    pub fn request(&self) -> Option<Params> {
        match self {
            Self::Planned(plan) => request(plan),
            _ => None,
        }
    }

    /// Whether the list behind the dialog may have changed, so that it must be read again.
    pub fn touched(&self) -> bool {
        matches!(self, Self::Deleting(_) | Self::Stopped | Self::DeleteFailed(..) | Self::Done(..))
    }

    /// Whether closing the dialog would break off work.
    pub fn is_working(&self) -> bool {
        matches!(self, Self::Deleting(_))
    }
}

/// What deleting a plan sends: the targets that are not refused, and the siblings that were shown
/// to go with them.
fn request(plan: &Plan) -> Option<Params> {
    let accepted = || plan.items.iter().filter(|item| item.refused.is_none());
    let targets: Vec<Target> = accepted().map(|item| item.target.clone()).collect();
    if targets.is_empty() {
        return None;
    }
    let agreed: Set<&TagRef> = accepted().flat_map(|item| &item.goes).collect();
    let agreed = agreed.into_vec().into_iter().cloned().collect();
    let planned = accepted().map(|item| item.digest).collect();
    Some(Params { targets, agreed, planned })
}

/// The tags that were chosen and are not refused: those that certainly go.
pub fn chosen(plan: &Plan) -> Set<&TagRef> {
    let accepted = plan.items.iter().filter(|item| item.refused.is_none());
    accepted
        .filter_map(|item| match &item.target {
            Target::Tag(tag) => Some(tag),
            _ => None,
        })
        .collect()
}

/// How many tags on the same digest stay although this item goes, besides those that it names.
pub fn unnamed(item: &PlanItem) -> u64 {
    u64::from(item.stay_count).saturating_sub(item.stays.len() as u64)
}

/// The tags that an item takes along although nobody chose them.
pub fn taken_along<'a>(item: &'a PlanItem, chosen: &Set<&TagRef>) -> Vec<&'a TagRef> {
    item.goes.iter().filter(|tag| !chosen.contains(tag)).collect()
}

/// The tags that went along with a target that was deleted, by the plan.
pub fn went_along<'a>(
    plan: &'a Plan,
    chosen: &Set<&TagRef>,
    item: &ReceiptItem,
) -> Vec<&'a TagRef> {
    let planned = plan.items.iter().find(|planned| planned.target == item.target);
    match item.outcome {
        Outcome::Deleted => planned.map(|planned| taken_along(planned, chosen)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// What a plan means as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Targets that would be deleted.
    pub targets: usize,
    /// Tags that go along without having been chosen.
    pub along: usize,
    /// Revisions of their histories.
    pub history: u64,
    /// Targets that are refused.
    pub refused: usize,
}

/// Sums a plan up.
pub fn summary(plan: &Plan) -> Summary {
    let chosen = chosen(plan);
    let accepted = || plan.items.iter().filter(|item| item.refused.is_none());
    let along: Set<&TagRef> = accepted().flat_map(|item| taken_along(item, &chosen)).collect();
    Summary {
        targets: accepted().count(),
        along: along.as_slice().len(),
        history: accepted().map(|item| u64::from(item.history)).sum(),
        refused: plan.items.iter().filter(|item| item.refused.is_some()).count(),
    }
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

/// The targets that are gone and so need no mark any more.
pub fn gone(receipt: &Receipt) -> Vec<Target> {
    receipt
        .items
        .iter()
        .filter(|item| matches!(item.outcome, Outcome::Deleted | Outcome::Absent))
        .map(|item| item.target.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use images_proto::Code;

    use super::*;

    fn tag(name: &str) -> TagRef {
        TagRef { repository: "a/b".parse().unwrap(), tag: name.parse().unwrap() }
    }

    fn failure() -> Failure {
        Failure::new(Code::Forbidden, "no")
    }

    fn item(name: &str, goes: &[&str]) -> PlanItem {
        PlanItem {
            target: Target::Tag(tag(name)),
            digest: None,
            goes: goes.iter().map(|name| tag(name)).collect(),
            history: 2,
            stays: vec![],
            stay_count: 0,
            breaks: vec![],
            returns: None,
            refused: None,
        }
    }

    #[test]
    fn siblings_that_go_along_are_agreed_to() {
        let plan = Plan { items: vec![item("v1", &["v1", "latest"]), item("v2", &["v2"])] };
        let request = Step::Planned(Rc::new(plan.clone())).request().unwrap();
        assert_eq!(request.targets, [Target::Tag(tag("v1")), Target::Tag(tag("v2"))]);
        assert_eq!(request.agreed, [tag("latest"), tag("v1"), tag("v2")]);
        assert_eq!(taken_along(&plan.items[0], &chosen(&plan)), [&tag("latest")]);
        assert_eq!(summary(&plan), Summary { targets: 2, along: 1, history: 4, refused: 0 });
    }

    #[test]
    fn a_sibling_that_was_chosen_too_does_not_go_along() {
        let plan = Plan { items: vec![item("v1", &["v1", "v2"]), item("v2", &["v1", "v2"])] };
        assert_eq!(summary(&plan).along, 0);
        assert!(taken_along(&plan.items[0], &chosen(&plan)).is_empty());
    }

    #[test]
    fn what_is_refused_is_neither_sent_nor_agreed_to() {
        let refused = PlanItem { refused: Some(failure()), ..item("v1", &["v1", "latest"]) };
        let plan = Plan { items: vec![refused.clone(), item("v2", &["v2"])] };
        let request = Step::Planned(Rc::new(plan.clone())).request().unwrap();
        assert_eq!(request.targets, [Target::Tag(tag("v2"))]);
        assert_eq!(request.agreed, [tag("v2")]);
        assert_eq!(request.planned, [plan.items[1].digest]);
        let all_refused = Plan { items: vec![refused] };
        assert_eq!(summary(&all_refused).refused, 1);
        assert_eq!(Step::Planned(Rc::new(all_refused)).request(), None);
    }

    #[test]
    fn tags_went_along_only_with_what_was_deleted() {
        let plan = Plan { items: vec![item("v1", &["v1", "latest"])] };
        let receipt = |outcome| ReceiptItem { target: Target::Tag(tag("v1")), outcome };
        assert_eq!(went_along(&plan, &chosen(&plan), &receipt(Outcome::Deleted)), [&tag("latest")]);
        assert!(went_along(&plan, &chosen(&plan), &receipt(Outcome::Kept(failure()))).is_empty());
    }

    #[test]
    fn only_a_plan_can_be_confirmed() {
        let plan = Rc::new(Plan { items: vec![item("v1", &["v1"])] });
        let planned = Step::Planned(plan.clone());
        assert!(planned.request().is_some() && !planned.touched());
        let failed = Step::DeleteFailed(plan, Rc::new(failure()));
        assert!(failed.touched());
        for step in [failed, Step::Planning, Step::Deleting(Progress::default()), Step::Stopped] {
            assert_eq!(step.request(), None);
        }
    }

    #[test]
    fn a_receipt_never_counts_the_unproved_as_gone() {
        let outcomes = [
            Outcome::Deleted,
            Outcome::Absent,
            Outcome::Kept(failure()),
            Outcome::Unproved(failure()),
            Outcome::Untried,
        ];
        let items = outcomes
            .into_iter()
            .enumerate()
            .map(|(idx, outcome)| ReceiptItem {
                target: Target::Tag(tag(&format!("t{idx}"))),
                outcome,
            })
            .collect();
        let receipt = Receipt { items };
        assert_eq!(tally(&receipt), Tally { gone: 2, kept: 2, unproved: 1 });
        assert_eq!(gone(&receipt), [Target::Tag(tag("t0")), Target::Tag(tag("t1"))]);
    }
}
