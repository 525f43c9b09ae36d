// SPDX-License-Identifier: LGPL-2.1-or-later

//! The receipt: what became of each target, and the space.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::delete::{
    Fate, Outcome, Plan, PlanItem, Probed, ReceiptItem, Space, Step, StepDone, Verdict,
};
use images_proto::{Code, Digest};

/// What became of each target.
pub(super) fn items(plan: &Plan, outcomes: &[Outcome]) -> Vec<ReceiptItem> {
    let items = plan
        .items
        .iter()
        .map(|item| ReceiptItem { target: item.target.clone(), outcome: outcome(item, outcomes) });
    items.collect()
}

/// What became of each step.
pub(super) fn steps(plan: &Plan, outcomes: &[Outcome]) -> Vec<StepDone> {
    let steps = plan.steps.iter().zip(outcomes);
    steps.map(|(step, outcome)| StepDone { step: step.clone(), outcome: outcome.clone() }).collect()
}

fn outcome(item: &PlanItem, outcomes: &[Outcome]) -> Outcome {
    if let Some(failure) = &item.refused {
        return match failure.code {
            Code::NotFound => Outcome::Absent,
            _ => Outcome::Kept(failure.clone()),
        };
    }
    let steps = item.steps.iter().filter_map(|idx| outcomes.get(*idx as usize));
    // Of those that are as bad as each other the first: the others may have followed from it.
    let worst = steps.rev().max_by_key(|outcome| badness(outcome));
    worst.cloned().unwrap_or(Outcome::Absent)
}

fn badness(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Absent => 0,
        Outcome::Deleted => 1,
        Outcome::Untried => 2,
        Outcome::Unproved(_) => 3,
        Outcome::Kept(_) => 4,
    }
}

/// The space, by what was found afterwards.
pub(super) fn space(plan: &Plan, outcomes: &[Outcome], digests: &[Probed]) -> Space {
    let found: BTreeMap<Digest, &Verdict> =
        digests.iter().map(|probed| (probed.digest, &probed.verdict)).collect();
    let steps = plan.steps.iter().zip(outcomes);
    let removed: BTreeSet<Digest> = steps
        .filter_map(|(step, outcome)| match (step, outcome) {
            (Step::Blob(digest), Outcome::Deleted | Outcome::Absent) => Some(*digest),
            _ => None,
        })
        .collect();
    let mut space = Space::default();
    for layer in &plan.layers {
        let place = match (layer.fate, found.get(&layer.digest)) {
            // The data of a manifest may be gone while the cluster still knows the image.
            _ if removed.contains(&layer.digest) => &mut space.freed,
            (_, Some(Verdict::Gone)) => &mut space.freed,
            // Something still leads there.
            (_, Some(Verdict::Reachable(reasons))) if !reasons.is_empty() => &mut space.shared,
            (Fate::Stays, _) => &mut space.shared,
            // Only asked for by its digest, or not asked: no space is free that was not proved to
            // be.
            (Fate::Removed | Fate::Waits, _) => &mut space.later,
        };
        match layer.size {
            Some(size) => *place = place.saturating_add(size),
            None if layer.fate != Fate::Stays => space.unknown += 1,
            None => {}
        }
    }
    space
}

#[cfg(test)]
mod tests {
    use images_proto::Failure;
    use images_proto::delete::{LayerFate, Part, Target};

    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    fn kept() -> Outcome {
        Outcome::Kept(Failure::new(Code::Conflict, "no"))
    }

    #[test]
    fn of_several_things_the_worst_is_told() {
        let item = |steps: &[u32]| PlanItem {
            steps: steps.to_vec(),
            ..PlanItem::new(Target::Image(digest(1)))
        };
        let outcomes = [Outcome::Deleted, Outcome::Absent, kept(), Outcome::Untried];
        assert_eq!(outcome(&item(&[0, 1]), &outcomes), Outcome::Deleted);
        assert_eq!(outcome(&item(&[0, 1, 3]), &outcomes), Outcome::Untried);
        assert_eq!(outcome(&item(&[3, 2, 0]), &outcomes), kept());
        assert_eq!(outcome(&item(&[1]), &outcomes), Outcome::Absent);
        assert_eq!(outcome(&item(&[]), &outcomes), Outcome::Absent);
        let refused = PlanItem { refused: Some(Failure::new(Code::Forbidden, "no")), ..item(&[0]) };
        assert!(matches!(outcome(&refused, &outcomes), Outcome::Kept(_)));
    }

    #[test]
    fn only_what_is_proved_to_be_gone_is_freed() {
        let layer = |byte, size, fate| LayerFate {
            digest: digest(byte),
            part: Part::Layer,
            size,
            fate,
            because: Vec::new(),
            reasons: 0,
        };
        let plan = Plan {
            layers: vec![
                layer(1, Some(1), Fate::Removed),
                layer(2, Some(10), Fate::Removed),
                layer(3, Some(100), Fate::Waits),
                layer(4, Some(1_000), Fate::Stays),
                layer(5, None, Fate::Removed),
                layer(6, Some(10_000), Fate::Removed),
            ],
            ..Plan::default()
        };
        let probed = |byte, verdict| Probed { digest: digest(byte), part: Part::Layer, verdict };
        let digests = [
            probed(1, Verdict::Gone),
            probed(2, Verdict::Waits),
            probed(3, Verdict::Reachable(Vec::new())),
            probed(5, Verdict::Gone),
            probed(6, Verdict::Reachable(vec![images_proto::delete::Reason::Hidden])),
        ];
        let space = space(&plan, &[], &digests);
        assert_eq!(space, Space { freed: 1, later: 110, shared: 11_000, unknown: 1 });
    }
}
