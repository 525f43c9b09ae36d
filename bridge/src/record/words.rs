// SPDX-License-Identifier: LGPL-2.1-or-later

//! Targets, steps and outcomes as people write them, for lists, receipts and the journal.

use images_proto::delete::{List, Orphan, Outcome, Part, Reason, Step, Target, Verdict};
use images_proto::stage::{Item, Move};
use images_proto::{Digest, Failure, TagRef};

/// The reasons that are named one by one.
const NAMED: usize = 2;

/// A target.
pub(super) fn target(target: &Target) -> String {
    match target {
        Target::Tag(tag) => tag.to_string(),
        Target::Revision { repository, tag, digest } => {
            format!("{repository}:{tag}, revision {}", digest.short())
        }
        Target::Manifest { repository, digest } => format!("{repository}@{digest}"),
        Target::Image(digest) => format!("image {digest}"),
        Target::Repository(repository) => format!("repository {repository}"),
        Target::Layer(digest) => format!("images with layer {digest}"),
        Target::Blob(digest) => format!("blob {digest}"),
        Target::Found { query, project: None } => format!("found by \"{query}\""),
        Target::Found { query, project: Some(project) } => {
            format!("found by \"{query}\" in {project}")
        }
        Target::Orphans(Orphan::Images) => "images in no image stream".to_owned(),
        Target::Orphans(Orphan::Untagged) => "images without a tag".to_owned(),
        Target::Orphans(Orphan::Signatures) => "signatures of images that are gone".to_owned(),
        Target::Rows { list, except } => match except.len() {
            0 => rows(list),
            kept => format!("{}, but {kept}", rows(list)),
        },
    }
}

/// The rows of a list.
fn rows(list: &List) -> String {
    let of = |what: &str, filter: &str| match filter.trim() {
        "" => format!("all {what}"),
        filter => format!("all {what} with \"{filter}\""),
    };
    match list {
        List::Search { query, project: None } => of("that is listed", query),
        List::Search { query, project: Some(project) } => {
            format!("{} in {project}", of("that is listed", query))
        }
        List::Tags { repository, filter, .. } => of(&format!("tags of {repository}"), filter),
        List::Layer(digest) => format!("all that is listed for layer {digest}"),
    }
}

/// The digest that a target names itself.
pub(super) fn digest(target: &Target) -> Option<&Digest> {
    match target {
        Target::Revision { digest, .. }
        | Target::Manifest { digest, .. }
        | Target::Image(digest)
        | Target::Layer(digest)
        | Target::Blob(digest) => Some(digest),
        Target::Tag(_)
        | Target::Repository(_)
        | Target::Found { .. }
        | Target::Orphans(_)
        | Target::Rows { .. } => None,
    }
}

/// A step.
pub(super) fn step(step: &Step) -> String {
    match step {
        Step::Tag { tag, digest: Some(digest) } => format!("tag {tag} on {digest}"),
        Step::Tag { tag, digest: None } => format!("tag {tag}"),
        Step::Revision { tag, digest } => format!("revision {digest} of {tag}"),
        Step::Manifest { repository, digest, tags } if tags.is_empty() => {
            format!("manifest {repository}@{digest}")
        }
        Step::Manifest { repository, digest, tags } => {
            let tags: Vec<_> = tags.iter().map(|tag| tag.as_str()).collect();
            format!("manifest {repository}@{digest} with {}", tags.join(", "))
        }
        Step::Link { repository, digest } => format!("link to {digest} in {repository}"),
        Step::Repository(repository) => format!("repository {repository}"),
        Step::Blob(digest) => format!("blob {digest}"),
        Step::Image(digest) => format!("image {digest}"),
    }
}

/// What became of something, in a word or two.
pub(super) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Deleted => "deleted",
        Outcome::Absent => "was not there",
        Outcome::Kept(_) => "NOT deleted",
        Outcome::Unproved(_) => "NOT PROVED",
        Outcome::Untried => "not tried",
    }
}

/// The same as a word for programs, in the journal.
pub(super) fn result(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Deleted => "deleted",
        Outcome::Absent => "absent",
        Outcome::Kept(_) => "kept",
        Outcome::Unproved(_) => "unproved",
        Outcome::Untried => "untried",
    }
}

/// Why, if it did not go as it was meant to.
pub(super) fn failure(outcome: &Outcome) -> Option<&Failure> {
    match outcome {
        Outcome::Kept(failure) | Outcome::Unproved(failure) => Some(failure),
        Outcome::Deleted | Outcome::Absent | Outcome::Untried => None,
    }
}

/// What a digest names.
pub(super) fn part(part: Part) -> &'static str {
    match part {
        Part::Manifest => "manifest",
        Part::Config => "config",
        Part::Layer => "layer",
    }
}

/// What was found of a digest.
pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Gone => "gone".to_owned(),
        Verdict::Waits => "out of reach, waits for pruning or garbage collection".to_owned(),
        Verdict::Reachable(reasons) if reasons.is_empty() => {
            "still served by its digest, although nothing leads to it".to_owned()
        }
        Verdict::Reachable(reasons) => {
            let named: Vec<_> = reasons.iter().take(NAMED).map(reason).collect();
            let more = if reasons.len() > NAMED { " and more" } else { "" };
            format!("still reachable: {}{more}", named.join("; "))
        }
        Verdict::Unknown(failure) => format!("unknown: {}", failure.message),
    }
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Tag { tag, age: 0 } => format!("{tag} names it"),
        Reason::Tag { tag, .. } => format!("it is in the history of {tag}"),
        Reason::Image(digest) => format!("it is a part of {digest}"),
        Reason::Hidden => "something that you may not see refers to it".to_owned(),
        Reason::Young(_) => "it is younger than an hour".to_owned(),
        Reason::Forbidden => "you may not remove it".to_owned(),
        Reason::Unread => "what contains it is not known".to_owned(),
        Reason::Elsewhere => "its data is in another registry".to_owned(),
    }
}

/// A move of a promotion.
pub(super) fn moved(item: &Item) -> String {
    let Move { from, digest, to } = &item.wanted;
    let source = if *from == to.repository { String::new() } else { format!(" of {from}") };
    match (item.done, &item.was) {
        (true, Some(was)) if was == digest => format!("{to} is on {digest}{source}, as before"),
        (true, Some(was)) => format!("{to} is on {digest}{source}, before: {was}"),
        (true, None) => format!("{to} is on {digest}{source}, new"),
        (false, _) => format!("{to} is NOT on {digest}{source}"),
    }
}

/// A tag that came back, or did not.
pub(super) fn undone(tag: &TagRef, left: Option<&Outcome>) -> String {
    match left {
        None => format!("{tag} is back"),
        Some(Outcome::Unproved(_)) => format!("whether {tag} is back is not known"),
        Some(_) => format!("{tag} is NOT back"),
    }
}
