// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes at a registry: manifests with the tags on them, tags alone, and links to blobs.
//!
//! All tags on a manifest go with it, so one that somebody tagged meanwhile is left alone, and so is
//! everything in a repository with a tag that cannot be read: it may be on that very manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use http::StatusCode;
use images_proto::delete::{Outcome, Reason, Step};
use images_proto::{Code, Digest, Failure, RepositoryName, Tag, TagRef};

use super::persistence::{self, Done};
use super::repointing::Repointing;
use super::work::Work;
use super::{CONCURRENCY, Workplace, all, words};
use crate::registry::{Error, Registry};

const WHO: &str = "the registry";

/// Manifests and tags of all repositories that are worked on at once.
const STEPS: usize = 16;
/// Steps that are begun before it is asked whether what was read is old by now.
const CHUNK: usize = 128;
/// How long what was read of a repository is believed.
const FRESH: Duration = Duration::from_secs(5);

/// Does the steps that delete tags and manifests. What their repositories contain was read at `read`;
/// one of which that is long ago is read again right before, for a tag that came since would go with
/// its manifest.
pub(super) async fn unlink(
    workplace: Workplace<'_>,
    registry: &Registry,
    work: &Work<'_>,
    read: Instant,
) {
    let repointing = Repointing::default();
    let mut last_read: BTreeMap<RepositoryName, Instant> = BTreeMap::new();
    for some in rounds(work).iter().flat_map(|round| round.chunks(CHUNK)) {
        let names: BTreeSet<_> = some.iter().filter_map(|(_, step)| repository(step)).collect();
        let is_old = |name: &RepositoryName| last_read.get(name).unwrap_or(&read).elapsed() > FRESH;
        let old: Vec<_> = names.into_iter().filter(|name| is_old(name)).cloned().collect();
        if !old.is_empty() {
            let now = Instant::now();
            let Workplace { connection, state, .. } = workplace;
            let reading = super::super::reread(connection, state, work.content, &old).await;
            if let Err(failure) = reading {
                some.iter().for_each(|(idx, _)| work.finish(*idx, Outcome::Kept(failure.clone())));
                continue;
            }
            last_read.extend(old.into_iter().map(|name| (name, now)));
        }
        let working = some.iter().map(|(idx, step)| {
            let repointing = &repointing;
            async move {
                let outcome = match (work.halted(), step) {
                    (Some(failure), _) => Outcome::Kept(failure),
                    (None, Step::Tag { tag, digest }) => {
                        delete_tag(registry, repointing, tag, digest.as_ref()).await
                    }
                    (None, Step::Manifest { repository, digest, tags }) => {
                        delete_manifest(registry, work, repository, digest, tags).await
                    }
                    _ => return,
                };
                work.finish(*idx, outcome);
            }
        });
        all(working.collect(), STEPS).await;
    }
}

/// Where a tag or manifest goes.
fn repository(step: &Step) -> Option<&RepositoryName> {
    match step {
        Step::Tag { tag, .. } => Some(&tag.repository),
        Step::Manifest { repository, .. } => Some(repository),
        _ => None,
    }
}

/// Says of links that they could not be looked at.
pub(super) fn keep_links(failure: &Failure, work: &Work<'_>) {
    for (idx, step) in work.open() {
        if let Step::Link { .. } = step {
            work.finish(idx, Outcome::Kept(failure.clone()));
        }
    }
}

/// Does the steps that break links to blobs, in repositories that were read since their manifests
/// went.
pub(super) async fn break_links(registry: &Registry, work: &Work<'_>) {
    let working = work.open().into_iter().filter_map(|(idx, step)| match step {
        Step::Link { repository, digest } => Some(async move {
            let outcome = match (work.halted(), holder(work, repository, digest)) {
                (Some(failure), _) => Outcome::Kept(failure),
                (None, _) if work.state.catalog().has_unknown_images(repository) => {
                    Outcome::Kept(words::held(&[Reason::Unread]))
                }
                (None, Some(image)) => Outcome::Kept(words::held(&[Reason::Image(image)])),
                (None, None) => break_link(registry, repository, digest).await,
            };
            work.finish(idx, outcome);
        }),
        _ => None,
    });
    all(working.collect(), CONCURRENCY).await;
}

/// The open steps in rounds: an index goes before the images that it contains, and the steps of one
/// round do not depend on each other.
fn rounds<'a>(work: &Work<'a>) -> Vec<Vec<(usize, &'a Step)>> {
    let catalog = work.state.catalog();
    let mut round_of: BTreeMap<(&RepositoryName, Digest), usize> = BTreeMap::new();
    let mut rounds: Vec<Vec<_>> = Vec::new();
    for (idx, step) in work.open() {
        let round = match step {
            Step::Tag { .. } => 0,
            Step::Manifest { repository, digest, .. } => {
                let indexes = catalog.indexes_containing(repository, digest);
                let before = indexes.iter().filter_map(|index| round_of.get(&(repository, *index)));
                let round = before.map(|round| round + 1).max().unwrap_or(0);
                round_of.insert((repository, *digest), round);
                round
            }
            _ => continue,
        };
        if rounds.len() <= round {
            rounds.resize_with(round + 1, Vec::new);
        }
        rounds[round].push((idx, step));
    }
    rounds
}

async fn delete_tag(
    registry: &Registry,
    repointing: &Repointing,
    tag: &TagRef,
    planned: Option<&Digest>,
) -> Outcome {
    let TagRef { repository, tag: name } = tag;
    let now = persistence::ask(|| registry.resolve(repository, name.as_str())).await;
    let now = match now {
        Ok(Some(now)) => now.digest,
        Ok(None) => return Outcome::Absent,
        Err(error) => return Outcome::Kept(error.failure(format_args!("look at the tag {tag}"))),
    };
    if let Some(planned) = planned.filter(|planned| **planned != now) {
        // What an earlier run left there in the tag's way is taken away.
        if !repointing.is_placeholder(tag, planned, &now) {
            return Outcome::Kept(words::moved(tag, Some(&now), planned));
        }
    }
    let deleted = repointing.delete(registry, tag, planned.unwrap_or(&now), &now).await;
    match deleted {
        Ok(Done::Yes) => {}
        Ok(Done::Absent) => return Outcome::Absent,
        Err(failure) => return Outcome::Kept(failure),
    }
    match persistence::ask(|| registry.resolve(repository, name.as_str())).await {
        Ok(None) => Outcome::Deleted,
        Ok(Some(_)) => Outcome::Kept(words::still_there(WHO)),
        Err(error) => Outcome::Unproved(words::unproved(
            &error.failure(format_args!("look for the tag {tag}")),
        )),
    }
}

async fn delete_manifest(
    registry: &Registry,
    work: &Work<'_>,
    repository: &RepositoryName,
    digest: &Digest,
    agreed: &[Tag],
) -> Outcome {
    if let Some(failure) = in_the_way(work, repository, digest, agreed) {
        return Outcome::Kept(failure);
    }
    let shown = format!("{repository}@{}", digest.short());
    let done = persistence::delete(|| registry.delete_manifest(repository, digest)).await;
    match done {
        Ok(Done::Yes) => {}
        Ok(Done::Absent) => return Outcome::Absent,
        Err(error) => return Outcome::Kept(refused(&error, &shown)),
    }
    let found = persistence::ask(|| registry.has_manifest(repository, digest)).await;
    match found {
        Ok(false) => Outcome::Deleted,
        Ok(true) => Outcome::Kept(words::still_there(WHO)),
        Err(error) => Outcome::Unproved(words::unproved(
            &error.failure(format_args!("see whether {shown} is gone")),
        )),
    }
}

/// Why a manifest may not go, by what was just read.
fn in_the_way(
    work: &Work<'_>,
    repository: &RepositoryName,
    digest: &Digest,
    agreed: &[Tag],
) -> Option<Failure> {
    let agreed: BTreeSet<&Tag> = agreed.iter().collect();
    let indexes = {
        let catalog = work.state.catalog();
        if catalog.has_unread_tags(repository) {
            return Some(super::super::unread_tags(repository));
        }
        let tags = catalog.tags_of_digest(Some(repository), digest);
        if let Some((tag, _)) = tags.into_iter().find(|(tag, _)| !agreed.contains(&tag.tag)) {
            return Some(words::tagged_meanwhile(&tag));
        }
        catalog.indexes_containing(repository, digest)
    };
    let stays = |index: &&Digest| {
        let step = work.plan.steps.iter().position(|step| {
            matches!(step, Step::Manifest { repository: of, digest, .. }
                if of == repository && digest == *index)
        });
        !step.is_some_and(|idx| work.is_gone(idx))
    };
    indexes.iter().find(stays).map(words::in_an_index)
}

/// An image of the repository that contains the blob.
fn holder(work: &Work<'_>, repository: &RepositoryName, blob: &Digest) -> Option<Digest> {
    let catalog = work.state.catalog();
    catalog.images_with_blob(Some(repository), blob).into_iter().find(|image| {
        // The catalog may hold what just went until it is read again.
        let step = work.plan.steps.iter().position(|step| {
            matches!(step, Step::Manifest { repository: of, digest, .. }
                if of == repository && digest == image)
        });
        !step.is_some_and(|idx| work.is_gone(idx))
    })
}

/// Breaks a link, and asks whether the blob can still be pulled from there.
pub(super) async fn break_link(
    registry: &Registry,
    repository: &RepositoryName,
    digest: &Digest,
) -> Outcome {
    let shown = format!("{} of {repository}", digest.short());
    match persistence::delete(|| registry.delete_blob(repository, digest)).await {
        Ok(Done::Yes) => {}
        Ok(Done::Absent) => return Outcome::Absent,
        Err(error) => return Outcome::Kept(refused(&error, &shown)),
    }
    // Registries remember what blobs they saw, so that one yes says nothing.
    for _ in 0..2 {
        match persistence::ask(|| registry.has_blob(repository, digest)).await {
            Ok(false) => return Outcome::Deleted,
            Ok(true) => {}
            Err(error) => {
                let failure = error.failure(format_args!("see whether {shown} is gone"));
                return Outcome::Unproved(words::unproved(&failure));
            }
        }
    }
    Outcome::Kept(words::still_there(WHO))
}

/// Why a registry does not delete.
pub(super) fn refused(error: &Error, shown: &str) -> Failure {
    let failure = error.failure(format_args!("delete {shown}"));
    let Some(refusal) = error.refusal().filter(|r| r.status == StatusCode::METHOD_NOT_ALLOWED)
    else {
        return failure;
    };
    // A registry that is read-only has no such method; one that does not delete says so in a
    // registry's words.
    let (message, fix) = match &refusal.code {
        None => (
            "This registry is read-only.",
            "Ask its administrator to switch storage.maintenance.readonly off.",
        ),
        Some(_) => (
            "Deleting is switched off in this registry.",
            "Ask its administrator to set REGISTRY_STORAGE_DELETE_ENABLED=true.",
        ),
    };
    Failure::new(Code::Unsupported, message).with_fix(fix).with_details(crate::body::chain(error))
}
