// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the history says of a change, and what may be done about it.

use images_proto::delete::{Outcome, Plan, PlanItem, ReceiptItem, Step};
use images_proto::history::{Act, Change, Record, State};
use images_proto::{Digest, TagRef};

use super::deletion::accepted;
use super::set::Set;

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is being done.
    Running,
    /// It was broken off after so many of its steps.
    Interrupted {
        /// Steps that were done.
        done: u32,
        /// Steps in all.
        total: u32,
    },
    /// All that was wanted.
    Done,
    /// Not all that was wanted.
    Partly {
        /// Targets that went well.
        good: u32,
        /// Targets in all.
        total: u32,
    },
    /// Nothing that was wanted.
    Failed,
    /// Nobody knows.
    Unproved,
}

/// What came of it.
pub fn standing(change: &Change) -> Standing {
    match change.state {
        State::Running => Standing::Running,
        State::Interrupted { done, total } => Standing::Interrupted { done, total },
        State::Ended { kept: 0, unproved: 0, .. } => Standing::Done,
        State::Ended { good: 0, kept: 0, .. } => Standing::Unproved,
        State::Ended { good: 0, unproved: 0, .. } => Standing::Failed,
        State::Ended { good, kept, unproved } => {
            let total = good.saturating_add(kept).saturating_add(unproved);
            Standing::Partly { good, total }
        }
    }
}

/// Whether it can be taken back now.
pub fn may_undo(change: &Change) -> bool {
    change.act == Act::Delete && change.undo.open
}

/// Whether it can be gone on with.
pub fn may_go_on(change: &Change) -> bool {
    change.act == Act::Delete && matches!(change.state, State::Interrupted { .. })
}

/// The plan of a change; whether it can be undone is told as it is now.
pub fn as_of_now(plan: &Plan, change: &Change) -> Plan {
    Plan { undo: change.undo.clone(), ..plan.clone() }
}

/// Whether this may be the name of a record.
pub fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What an undo puts back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Back<'a> {
    /// Tags that are there again.
    pub tags: Set<&'a TagRef>,
    /// Revisions that stand in the history of their tags again.
    pub revisions: Set<(&'a TagRef, Digest)>,
    /// Images without a tag.
    pub untagged: usize,
}

/// What the undo of a deletion puts back, as far as the record tells. What was not deleted needs no
/// undo.
pub fn comes_back(record: &Record) -> Back<'_> {
    let mut back = Back::default();
    let Some(plan) = &record.plan else { return back };
    let done = record.receipt.as_ref().map_or(&[][..], |receipt| receipt.items.as_slice());
    // Broken off: nobody has summed up yet what went.
    let is_whole = done.len() != plan.items.len();
    let went = |item: &PlanItem| is_whole || done.iter().any(|done| is_gone(done, item));
    for item in accepted(plan).filter(|item| went(item)) {
        item.goes.iter().for_each(|tag| back.tags.insert(tag));
        let places = item.steps.iter().filter_map(|idx| plan.steps.get(*idx as usize));
        for step in places {
            match step {
                Step::Revision { tag, digest } => back.revisions.insert((tag, *digest)),
                Step::Manifest { tags, .. } if tags.is_empty() => back.untagged += 1,
                _ => {}
            }
        }
    }
    back
}

fn is_gone(done: &ReceiptItem, item: &PlanItem) -> bool {
    let has_gone = matches!(done.outcome, Outcome::Deleted | Outcome::Unproved(_));
    has_gone && done.target == item.target
}

#[cfg(test)]
mod tests {
    use images_proto::delete::{Receipt, Target, Window};
    use images_proto::{Code, Failure};

    use super::*;

    fn change(state: State) -> Change {
        Change {
            id: "1".to_owned(),
            act: Act::Delete,
            started: 0,
            ended: None,
            user: None,
            registry: "r".to_owned(),
            reason: None,
            targets: vec![],
            target_count: 0,
            state,
            undo: Window { open: true, ..Window::default() },
            undone_by: None,
        }
    }

    #[test]
    fn what_is_not_known_is_no_success() {
        let of = |good, kept, unproved| standing(&change(State::Ended { good, kept, unproved }));
        assert_eq!(of(2, 0, 0), Standing::Done);
        assert_eq!(of(0, 0, 2), Standing::Unproved);
        assert_eq!(of(0, 3, 0), Standing::Failed);
        assert_eq!(of(1, 0, 1), Standing::Partly { good: 1, total: 2 });
        assert_eq!(of(1, 2, 1), Standing::Partly { good: 1, total: 4 });
        assert_eq!(of(0, 1, 1), Standing::Partly { good: 0, total: 2 });
        assert_eq!(of(u32::MAX, 1, 1), Standing::Partly { good: u32::MAX, total: u32::MAX });
    }

    #[test]
    fn only_deletions_are_taken_back_or_gone_on_with() {
        let broken = change(State::Interrupted { done: 1, total: 2 });
        assert!(may_undo(&broken) && may_go_on(&broken));
        let undo = Change { act: Act::Undo, ..broken.clone() };
        assert!(!may_undo(&undo) && !may_go_on(&undo));
        assert!(!may_go_on(&change(State::Running)));
        let late = Change { undo: Window::default(), ..broken };
        assert!(!may_undo(&late));
    }

    #[test]
    fn an_undo_of_then_is_not_promised_now() {
        let plan = Plan { undo: Window { open: true, ..Window::default() }, ..Plan::default() };
        let late = Change { undo: Window::default(), ..change(State::Running) };
        assert!(!as_of_now(&plan, &late).undo.open);
    }

    #[test]
    fn names_of_records_lead_nowhere_else() {
        assert!(is_id("20261124T171502123Z-3f9a00112233"));
        for id in ["", "..", "a/b", "a.b", "ü", &"a".repeat(65)] {
            assert!(!is_id(id), "{id:?}");
        }
    }

    #[test]
    fn only_what_went_comes_back() {
        let tag =
            |name: &str| TagRef { repository: "a/b".parse().unwrap(), tag: name.parse().unwrap() };
        let digest = Digest::from_bytes([1; 32]);
        let (one, two) = (tag("one"), tag("two"));
        let item = |tag: &TagRef, steps: &[u32]| PlanItem {
            goes: vec![tag.clone()],
            steps: steps.to_vec(),
            ..PlanItem::new(Target::Tag(tag.clone()))
        };
        let plan = Plan {
            items: vec![item(&one, &[0]), item(&two, &[1, 7])],
            steps: vec![
                Step::Revision { tag: one.clone(), digest },
                Step::Manifest { repository: "a/b".parse().unwrap(), digest, tags: vec![] },
            ],
            ..Plan::default()
        };
        let kept = Outcome::Kept(Failure::new(Code::Forbidden, "no"));
        let receipt = Receipt {
            items: vec![
                ReceiptItem { target: Target::Tag(one.clone()), outcome: Outcome::Deleted },
                ReceiptItem { target: Target::Tag(two.clone()), outcome: kept },
            ],
            ..Receipt::default()
        };
        let mut record = Record {
            change: change(State::Running),
            params: None,
            plan: Some(plan),
            receipt: Some(receipt),
            undone: None,
            promotion: None,
            text: String::new(),
        };
        let back = comes_back(&record);
        assert_eq!(back.tags.as_slice(), [&one]);
        assert_eq!((back.revisions.as_slice(), back.untagged), (&[(&one, digest)][..], 0));
        record.receipt = None;
        let back = comes_back(&record);
        assert_eq!(back.tags.as_slice(), [&one, &two]);
        assert_eq!(back.untagged, 1);
        record.plan = None;
        assert_eq!(comes_back(&record), Back::default());
    }
}
