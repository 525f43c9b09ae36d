// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::delete::{Part, ReceiptItem, StepDone};
use images_proto::usage::{Used, User};
use images_proto::{Code, RepositoryName};

use super::*;

fn digest(n: u8) -> Digest {
    Digest::from_bytes([n; 32])
}

fn tag(name: &str) -> TagRef {
    TagRef { repository: "a/b".parse().unwrap(), tag: name.parse().unwrap() }
}

fn failure() -> Failure {
    Failure::new(Code::Forbidden, "no")
}

fn item(target: Target, goes: &[&str]) -> PlanItem {
    PlanItem { goes: goes.iter().map(|name| tag(name)).collect(), ..PlanItem::new(target) }
}

fn tag_item(name: &str, goes: &[&str]) -> PlanItem {
    PlanItem { history: 2, ..item(Target::Tag(tag(name)), goes) }
}

fn plan(items: Vec<PlanItem>) -> Plan {
    let steps = items
        .iter()
        .flat_map(|item| &item.goes)
        .map(|tag| Action::Tag { tag: tag.clone(), digest: None })
        .collect();
    Plan { fingerprint: "f".to_owned(), items, steps, ..Plan::default() }
}

fn user(how: How) -> User {
    User {
        kind: "Deployment".to_owned(),
        project: "shop".to_owned(),
        name: "web".to_owned(),
        through: vec![],
        container: None,
        asks: None,
        digest: digest(1),
        how,
        moved: false,
        count: 1,
    }
}

#[test]
fn the_order_is_the_plan_that_was_read() {
    let targets = [Target::Tag(tag("v1"))];
    let choices =
        Choices { extent: Extent::Purge, reason: "  leaked \n".to_owned(), ..Choices::default() };
    assert_eq!(choices.question(&targets).reason, None);
    let order = choices.order(&targets, &plan(vec![tag_item("v1", &["v1"])]));
    assert_eq!(order.targets, targets);
    assert_eq!(order.extent, Extent::Purge);
    assert_eq!(order.reason.as_deref(), Some("leaked"));
    assert_eq!(order.agreed.as_deref(), Some("f"));
}

#[test]
fn of_what_nothing_leads_to_the_data_is_deleted() {
    let (blob, orphans) = (Target::Blob(digest(1)), Target::Orphans(Orphan::Images));
    assert_eq!(Choices::of(&[blob.clone(), orphans]).extent, Extent::Purge);
    assert_eq!(Choices::of(&[blob, Target::Tag(tag("v1"))]).extent, Extent::Unlink);
    assert_eq!(Choices::of(&[Target::Orphans(Orphan::Untagged)]).extent, Extent::Unlink);
}

#[test]
fn what_runs_must_be_known_to_run() {
    let mut plan = plan(vec![tag_item("v1", &["v1"])]);
    plan.used = Used { users: vec![user(How::Referenced)], total: 1, ..Used::default() };
    assert!(Step::planned(plan.clone()).confirmable().is_some());
    plan.used.users.insert(0, user(How::Running));
    assert_eq!(Step::planned(plan.clone()).confirmable(), None);
    let known = Step::Planned { plan: Rc::new(plan), known_in_use: true };
    assert!(known.confirmable().is_some());
}

#[test]
fn what_hidden_users_use_may_run() {
    let mut plan = plan(vec![tag_item("v1", &["v1"])]);
    for (hidden, is_asked) in [(Some(3), true), (Some(0), false), (None, false)] {
        plan.used = Used { hidden, ..Used::default() };
        assert_eq!(Step::planned(plan.clone()).confirmable().is_none(), is_asked, "{hidden:?}");
    }
}

#[test]
fn without_a_step_there_is_nothing_to_confirm() {
    let refused = PlanItem { refused: Some(failure()), ..item(Target::Tag(tag("v1")), &[]) };
    let nothing = plan(vec![refused]);
    assert_eq!(Step::planned(nothing).confirmable(), None);
}

#[test]
fn only_a_plan_for_the_choices_as_they_are_can_be_confirmed() {
    let plan = plan(vec![tag_item("v1", &["v1"])]);
    assert!(Step::planned(plan.clone()).confirmable().is_some());
    let plan = Rc::new(plan);
    let failed = Step::DeleteFailed(plan.clone(), Rc::new(failure()));
    let again = Step::Planning(Some(plan));
    assert!(failed.plan().is_some() && again.plan().is_some());
    for step in [failed, again, Step::Deleting(Progress::default()), Step::Stopped] {
        assert_eq!(step.confirmable(), None);
    }
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let long = "ä".repeat(Params::MAX_REASON);
    assert_eq!(reason(&long).unwrap().len(), Params::MAX_REASON);
    let odd = format!("x{long}");
    assert_eq!(reason(&odd).unwrap().len(), Params::MAX_REASON - 1);
    assert_eq!(reason(" \n"), None);
}

#[test]
fn a_sibling_goes_along_unless_it_was_chosen_too() {
    let narrow = plan(vec![tag_item("v1", &["v1", "latest"]), tag_item("v2", &["v2"])]);
    let sum = summary(&narrow);
    assert_eq!(sum.along.as_slice(), [&tag("latest")]);
    assert_eq!((sum.tags.as_slice().len(), sum.history), (3, 4));
    let both = plan(vec![tag_item("v1", &["v1", "v2"]), tag_item("v2", &["v1", "v2"])]);
    assert!(summary(&both).along.as_slice().is_empty());
    assert_eq!(summary(&both).tags.as_slice().len(), 2);
}

#[test]
fn the_tags_of_an_image_are_what_was_asked_for() {
    let image = item(Target::Image(digest(1)), &["v1", "latest"]);
    assert!(summary(&plan(vec![image.clone()])).along.as_slice().is_empty());
    let both = plan(vec![image, tag_item("v1", &["v1", "latest"])]);
    assert!(summary(&both).along.as_slice().is_empty());
}

#[test]
fn what_is_refused_takes_nothing_along() {
    let refused = PlanItem { refused: Some(failure()), ..tag_item("v1", &["v1", "latest"]) };
    let sum = summary(&plan(vec![refused, tag_item("v2", &["v2"])])).tags.into_vec().len();
    assert_eq!(sum, 1);
}

#[test]
fn a_blob_that_several_repositories_link_is_counted_once() {
    let repository = |name: &str| -> RepositoryName { name.parse().unwrap() };
    let steps = vec![
        Action::Link { repository: repository("a/b"), digest: digest(1) },
        Action::Link { repository: repository("a/c"), digest: digest(1) },
        Action::Repository(repository("a/b")),
        Action::Blob(digest(1)),
        Action::Blob(digest(2)),
    ];
    let plan = Plan { steps, ..Plan::default() };
    let sum = summary(&plan);
    assert_eq!((sum.blobs, sum.repositories), (2, 1));
}

#[test]
fn sharers_that_are_not_named_make_it_at_least() {
    let layer = |fate, because: Vec<Reason>, reasons| LayerFate {
        digest: digest(9),
        part: Part::Layer,
        size: None,
        fate,
        because,
        reasons,
    };
    let one = layer(Fate::Stays, vec![Reason::Image(digest(1))], 1);
    let gone = layer(Fate::Removed, vec![], 0);
    assert_eq!(sharers(&[one.clone(), one.clone(), gone]), Sharers { images: 1, more: false });
    let hidden = layer(Fate::Stays, vec![Reason::Hidden], 1);
    assert_eq!(sharers(&[one, hidden]), Sharers { images: 1, more: true });
    let many = layer(Fate::Stays, vec![Reason::Image(digest(1)), Reason::Image(digest(2))], 7);
    assert_eq!(sharers(&[many]), Sharers { images: 2, more: true });
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
        .map(|(idx, outcome)| ReceiptItem { target: Target::Tag(tag(&format!("t{idx}"))), outcome })
        .collect();
    let receipt = Receipt { items, ..Receipt::default() };
    assert_eq!(tally(&receipt), Tally { gone: 2, kept: 2, unproved: 1 });
    assert_eq!(gone(&receipt), [Target::Tag(tag("t0")), Target::Tag(tag("t1"))]);
}

#[test]
fn tags_are_counted_however_they_went() {
    let done = |step, outcome| StepDone { step, outcome };
    let tag = |name: &str| Action::Tag { tag: tag(name), digest: None };
    let manifest = Action::Manifest {
        repository: "a/b".parse().unwrap(),
        digest: digest(1),
        tags: vec!["x".parse().unwrap(), "y".parse().unwrap()],
    };
    let steps = vec![
        done(tag("v1"), Outcome::Deleted),
        done(tag("v2"), Outcome::Absent),
        done(tag("v3"), Outcome::Untried),
        done(manifest, Outcome::Deleted),
        done(Action::Blob(digest(2)), Outcome::Deleted),
    ];
    assert_eq!(tags_gone(&Receipt { steps, ..Receipt::default() }), 4);
}
