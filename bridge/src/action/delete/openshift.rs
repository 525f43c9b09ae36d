// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes tags, revisions and streams through the image API. Never through the registry, which says
//! 202 to the deletion of a tag and does nothing.

use std::collections::{BTreeMap, BTreeSet};

use images_catalog::TagFacts;
use images_proto::delete::{Outcome, Step};
use images_proto::{Digest, RepositoryName, Tag, TagRef};

use super::persistence::{self, Done};
use super::work::Work;
use super::{CONCURRENCY, all, words};
use crate::cluster::image_stream::ImageStream;
use crate::cluster::{Cluster, Error};
use crate::source::openshift::facts;

/// Tags that are deleted between two looks at their stream. More, and what was looked at is old;
/// fewer, and most of the time goes into looking.
const BATCH: usize = 4;

const WHO: &str = "the cluster";

/// The steps of one stream. They are done one after the other: each changes the stream.
#[derive(Default)]
struct Open<'a> {
    tags: Vec<(usize, &'a TagRef, Option<Digest>)>,
    revisions: Vec<(usize, Tag, Digest)>,
}

/// Does the steps that delete tags and revisions.
pub(super) async fn unlink(cluster: &Cluster, work: &Work<'_>) {
    let mut streams: BTreeMap<&RepositoryName, Open<'_>> = BTreeMap::new();
    for (idx, step) in work.open() {
        match step {
            Step::Tag { tag, digest } => {
                streams.entry(&tag.repository).or_default().tags.push((idx, tag, *digest));
            }
            Step::Revision { tag, digest } => {
                let open = streams.entry(&tag.repository).or_default();
                open.revisions.push((idx, tag.tag.clone(), *digest));
            }
            _ => {}
        }
    }
    let working = streams.into_iter().map(|(repository, open)| async move {
        delete_revisions(cluster, work, repository, &open.revisions).await;
        delete_tags(cluster, work, repository, &open.tags).await;
    });
    all(working.collect(), CONCURRENCY).await;
}

/// Does the steps that delete whole streams.
pub(super) async fn delete_streams(cluster: &Cluster, work: &Work<'_>) {
    let working = work.open().into_iter().filter_map(|(idx, step)| match step {
        Step::Repository(repository) => Some(async move {
            let outcome = match work.halted() {
                Some(failure) => Outcome::Kept(failure),
                None => delete_stream(cluster, work, idx, repository).await,
            };
            work.finish(idx, outcome);
        }),
        _ => None,
    });
    all(working.collect(), CONCURRENCY).await;
}

/// A stream as it is now, if it is there.
pub(super) async fn look(
    cluster: &Cluster,
    repository: &RepositoryName,
) -> Result<Option<ImageStream>, Error> {
    match persistence::ask(|| cluster.image_stream(repository)).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The tags of a stream, with their history.
fn tags_of(stream: Option<&ImageStream>) -> BTreeMap<Tag, Vec<Digest>> {
    let tags = stream.map(facts::tags).unwrap_or_default().into_iter();
    let digests =
        |facts: &TagFacts| facts.revisions.iter().map(|revision| revision.digest).collect();
    tags.map(|facts| (facts.tag.clone(), digests(&facts))).collect()
}

async fn delete_revisions(
    cluster: &Cluster,
    work: &Work<'_>,
    repository: &RepositoryName,
    open: &[(usize, Tag, Digest)],
) {
    if open.is_empty() {
        return;
    }
    let keep_all = |failure: images_proto::Failure| {
        for (idx, _, _) in open {
            work.finish(*idx, Outcome::Kept(failure.clone()));
        }
    };
    if let Some(failure) = work.halted() {
        return keep_all(failure);
    }
    let before = match look(cluster, repository).await {
        Ok(stream) => tags_of(stream.as_ref()),
        Err(error) => return keep_all(unread(&error, repository)),
    };
    let mut deleted = Vec::with_capacity(open.len());
    for (idx, tag, digest) in open {
        let age = before.get(tag).and_then(|history| history.iter().position(|d| d == digest));
        match age {
            None => work.finish(*idx, Outcome::Absent),
            Some(0) if !may_lose_newest(work, *idx, repository, tag) => {
                let tag = super::super::tag_ref(repository, tag);
                work.finish(*idx, Outcome::Kept(words::named_again(&tag, digest)));
            }
            Some(_) => deleted.push((*idx, tag, digest)),
        }
    }
    if deleted.is_empty() {
        return;
    }
    let revisions: Vec<_> =
        deleted.iter().map(|(_, tag, digest)| ((*tag).clone(), **digest)).collect();
    let done = persistence::ask(|| cluster.delete_revisions(repository, &revisions)).await;
    if let Err(error) = done
        && !error.is_not_found()
    {
        let failure = error.failure(format_args!("change the history of {repository}"));
        for (idx, ..) in deleted {
            work.finish(idx, Outcome::Kept(failure.clone()));
        }
        return;
    }
    let found = look(cluster, repository).await.map(|stream| tags_of(stream.as_ref()));
    for (idx, tag, digest) in deleted {
        let outcome = match &found {
            Ok(tags) if tags.get(tag).is_some_and(|history| history.contains(digest)) => {
                Outcome::Kept(words::still_there(WHO))
            }
            Ok(_) => Outcome::Deleted,
            Err(error) => Outcome::Unproved(words::unproved(&unread(error, repository))),
        };
        work.finish(idx, outcome);
    }
}

/// Whether the plan says that the tag names something else afterwards, or nothing.
fn may_lose_newest(work: &Work<'_>, idx: usize, repository: &RepositoryName, tag: &Tag) -> bool {
    let is_it = |of: &TagRef| of.repository == *repository && of.tag == *tag;
    work.plan.items.iter().filter(|item| item.steps.contains(&(idx as u32))).any(|item| {
        item.goes.iter().any(is_it) || item.falls_back.iter().any(|fallback| is_it(&fallback.tag))
    })
}

async fn delete_tags(
    cluster: &Cluster,
    work: &Work<'_>,
    repository: &RepositoryName,
    open: &[(usize, &TagRef, Option<Digest>)],
) {
    if open.is_empty() {
        return;
    }
    let mut found = look(cluster, repository).await.map(|stream| tags_of(stream.as_ref()));
    for batch in open.chunks(BATCH) {
        let mut deleted = Vec::with_capacity(batch.len());
        for (idx, tag, planned) in batch {
            let outcome = match (&found, work.halted()) {
                (_, Some(failure)) => Outcome::Kept(failure),
                (Err(error), None) => Outcome::Kept(unread(error, repository)),
                (Ok(tags), None) => match tags.get(&tag.tag) {
                    None => Outcome::Absent,
                    Some(history) => match planned {
                        Some(planned) if history.first() != Some(planned) => {
                            Outcome::Kept(words::moved(tag, history.first(), planned))
                        }
                        None if !history.is_empty() => {
                            Outcome::Kept(words::named_meanwhile(tag, &history[0]))
                        }
                        _ => delete_tag(cluster, tag).await,
                    },
                },
            };
            match outcome {
                // Whether it is, is looked at once for the whole batch.
                Outcome::Deleted => deleted.push((*idx, *tag)),
                outcome => work.finish(*idx, outcome),
            }
        }
        if deleted.is_empty() {
            continue;
        }
        found = look(cluster, repository).await.map(|stream| tags_of(stream.as_ref()));
        for (idx, tag) in deleted {
            let outcome = match &found {
                Ok(tags) if tags.contains_key(&tag.tag) => Outcome::Kept(words::still_there(WHO)),
                Ok(_) => Outcome::Deleted,
                Err(error) => Outcome::Unproved(words::unproved(&unread(error, repository))),
            };
            work.finish(idx, outcome);
        }
    }
}

async fn delete_tag(cluster: &Cluster, tag: &TagRef) -> Outcome {
    match persistence::delete(|| cluster.delete_tag(tag)).await {
        Ok(Done::Yes) => Outcome::Deleted,
        Ok(Done::Absent) => Outcome::Absent,
        Err(error) => Outcome::Kept(error.failure(format_args!("delete the tag {tag}"))),
    }
}

/// Deletes a stream, unless it has a tag that nobody agreed to lose.
async fn delete_stream(
    cluster: &Cluster,
    work: &Work<'_>,
    idx: usize,
    repository: &RepositoryName,
) -> Outcome {
    let agreed = agreed_tags(work, idx, repository);
    let tried = || format!("delete the image stream {repository}");
    // Without the stream, the registry would never find them again.
    let links_left = has_links(work, repository)
        .then(|| words::depends("what the registry keeps for the repository"));
    // Somebody may change the stream in between: then it is looked at again.
    let deleting = persistence::ask(|| async {
        let Some(stream) = look(cluster, repository).await? else { return Ok(Outcome::Absent) };
        if let Some(failure) = &links_left {
            return Ok(Outcome::Kept(failure.clone()));
        }
        if let Some(tag) = tags_of(Some(&stream)).into_keys().find(|tag| !agreed.contains(tag)) {
            return Ok(Outcome::Kept(words::not_empty(repository, &tag)));
        }
        let version = stream.metadata.resource_version.as_deref();
        match cluster.delete_stream(repository, version).await {
            Err(error) if error.is_not_found() => Ok(Outcome::Absent),
            done => done.map(|()| Outcome::Deleted),
        }
    });
    match deleting.await {
        Ok(Outcome::Deleted) => {}
        Ok(outcome) => return outcome,
        Err(error) => return Outcome::Kept(error.failure(tried())),
    }
    match look(cluster, repository).await {
        Ok(None) => Outcome::Deleted,
        Ok(Some(_)) => Outcome::Kept(words::still_there(WHO)),
        Err(error) => Outcome::Unproved(words::unproved(&unread(&error, repository))),
    }
}

/// Whether a link of the repository that was to be broken is still there.
fn has_links(work: &Work<'_>, repository: &RepositoryName) -> bool {
    work.plan.steps.iter().enumerate().any(|(idx, step)| {
        let is_link = matches!(step, Step::Manifest { repository: of, .. } | Step::Link { repository: of, .. }
            if of == repository);
        is_link && !work.is_gone(idx)
    })
}

/// The tags that may go with a stream: those that the plan takes with it. Where they have steps of
/// their own, none may be left.
fn agreed_tags(work: &Work<'_>, idx: usize, repository: &RepositoryName) -> BTreeSet<Tag> {
    let has_steps = work.plan.steps.iter().any(|step| {
        matches!(step, Step::Tag { tag, .. } | Step::Revision { tag, .. } if tag.repository == *repository)
    });
    if has_steps {
        return BTreeSet::new();
    }
    let items = work.plan.items.iter().filter(|item| item.steps.contains(&(idx as u32)));
    let goes = items.flat_map(|item| &item.goes).filter(|tag| tag.repository == *repository);
    goes.map(|tag| tag.tag.clone()).collect()
}

fn unread(error: &Error, repository: &RepositoryName) -> images_proto::Failure {
    error.failure(format_args!("look at the image stream {repository}"))
}
