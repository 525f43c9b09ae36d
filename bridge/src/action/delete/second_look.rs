// SPDX-License-Identifier: LGPL-2.1-or-later

//! Looks once more, at the end, for what the steps took away: also for what an earlier run did, and
//! what came back since. The repositories of the plan were just read.

use images_catalog::Catalog;
use images_proto::delete::{Outcome, Step};
use images_proto::{Digest, Failure, TagRef};

use super::words;
use super::work::Work;

/// Takes back that a step was done if what it took away is there.
pub(super) fn look(work: &Work<'_>) {
    for (idx, step) in work.plan.steps.iter().enumerate() {
        let is_there = is_there(&work.state.catalog(), step);
        if is_there {
            work.revoke(idx, Outcome::Kept(words::there_again()));
        }
    }
}

/// Says that nobody could look.
pub(super) fn doubt(work: &Work<'_>, why: &Failure) {
    for (idx, step) in work.plan.steps.iter().enumerate() {
        match step {
            // A registry was asked about each of them.
            Step::Manifest { tags, .. } if tags.is_empty() => {}
            Step::Tag { .. }
            | Step::Revision { .. }
            | Step::Manifest { .. }
            | Step::Repository(_) => work.revoke(idx, Outcome::Unproved(words::unproved(why))),
            Step::Link { .. } | Step::Blob(_) | Step::Image(_) => {}
        }
    }
}

fn is_there(catalog: &Catalog, step: &Step) -> bool {
    match step {
        Step::Tag { tag, digest } => names(catalog, tag, digest.as_ref()),
        Step::Revision { tag, digest } => {
            let known = catalog.tag(tag);
            known.is_some_and(|known| known.revisions.iter().any(|old| old.digest == *digest))
        }
        Step::Manifest { repository, digest, tags } => tags
            .iter()
            .any(|tag| names(catalog, &super::super::tag_ref(repository, tag), Some(digest))),
        Step::Repository(repository) => catalog.has_repository(repository),
        Step::Link { .. } | Step::Blob(_) | Step::Image(_) => false,
    }
}

/// Whether the tag names what it did. One that was pushed anew names something else, and is not
/// meant.
fn names(catalog: &Catalog, tag: &TagRef, planned: Option<&Digest>) -> bool {
    catalog.tag(tag).is_some_and(|known| {
        let now = known.revisions.first().map(|revision| &revision.digest);
        planned.is_none() || now == planned
    })
}
