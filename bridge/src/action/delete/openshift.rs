// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes tags and revisions through the image API. Never through the registry, which says 202 to
//! the deletion of a tag and does nothing.

use std::collections::BTreeMap;
use std::future::Future;

use futures_util::{StreamExt, stream};
use http::StatusCode;
use images_proto::delete::{Outcome, Target};
use images_proto::{Digest, Progress, RepositoryName, Tag, TagRef};
use tokio::time::sleep;

use super::{CONCURRENCY, Meter, still_there};
use crate::cluster::{Cluster, Error};
use crate::source::Backoff;

/// How often somebody else may change a stream in the very moment.
const ATTEMPTS: u32 = 6;

/// The targets of one stream. They are worked on one after the other: each changes the stream.
#[derive(Default)]
struct Work {
    tags: Vec<(usize, Tag)>,
    revisions: Vec<(usize, (Tag, Digest))>,
}

/// What became of each target, in their order.
pub(super) async fn delete<P: FnMut(Progress) + Send>(
    cluster: &Cluster,
    targets: &[Target],
    meter: &Meter<P>,
) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Untried; targets.len()];
    let mut streams: BTreeMap<&RepositoryName, Work> = BTreeMap::new();
    for (idx, target) in targets.iter().enumerate() {
        match target {
            Target::Tag(TagRef { repository, tag }) => {
                streams.entry(repository).or_default().tags.push((idx, tag.clone()));
            }
            Target::Revision { repository, tag, digest } => {
                let revision = (tag.clone(), *digest);
                streams.entry(repository).or_default().revisions.push((idx, revision));
            }
            Target::Manifest { .. } => {
                outcomes[idx] = Outcome::Kept(super::super::only_by_pruning());
                meter.advance(1);
            }
        }
    }
    let working: Vec<_> = streams
        .into_iter()
        .map(|(repository, work)| delete_in(cluster, repository, work, meter))
        .collect();
    let mut working = stream::iter(working).buffer_unordered(CONCURRENCY);
    while let Some(done) = working.next().await {
        for (idx, outcome) in done {
            outcomes[idx] = outcome;
        }
    }
    outcomes
}

async fn delete_in<P: FnMut(Progress) + Send>(
    cluster: &Cluster,
    repository: &RepositoryName,
    work: Work,
    meter: &Meter<P>,
) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::with_capacity(work.tags.len() + work.revisions.len());
    if !work.revisions.is_empty() {
        let count = work.revisions.len();
        outcomes.extend(delete_revisions(cluster, repository, work.revisions).await);
        meter.advance(count);
    }
    for (idx, tag) in work.tags {
        let tag = TagRef { repository: repository.clone(), tag };
        outcomes.push((idx, delete_tag(cluster, &tag).await));
        meter.advance(1);
    }
    outcomes
}

async fn delete_tag(cluster: &Cluster, tag: &TagRef) -> Outcome {
    match until_no_conflict(|| cluster.delete_tag(tag)).await {
        Ok(()) => {}
        Err(error) if error.is_not_found() => return Outcome::Absent,
        Err(error) => return Outcome::Kept(error.failure(format_args!("delete the tag {tag}"))),
    }
    match cluster.has_tag(tag).await {
        Ok(false) => Outcome::Deleted,
        Ok(true) => Outcome::Kept(still_there("the cluster")),
        Err(error) => Outcome::Unproved(error.failure(format_args!("see whether {tag} is gone"))),
    }
}

async fn delete_revisions(
    cluster: &Cluster,
    repository: &RepositoryName,
    work: Vec<(usize, (Tag, Digest))>,
) -> Vec<(usize, Outcome)> {
    let revisions: Vec<_> = work.iter().map(|(_, revision)| revision.clone()).collect();
    let result = until_no_conflict(|| cluster.delete_revisions(repository, &revisions)).await;
    let outcome = |revision: &(Tag, Digest)| match &result {
        Ok(absent) if absent.contains(revision) => Outcome::Absent,
        Ok(_) => Outcome::Deleted,
        Err(error) if error.is_not_found() => Outcome::Absent,
        Err(error) => {
            let mut failure =
                error.failure(format_args!("change the history of the tags of {repository}"));
            if error.is_forbidden() {
                failure.fix = Some(
                    "Ask an administrator for the role system:image-pruner, or delete the whole tag."
                        .to_owned(),
                );
            }
            Outcome::Kept(failure)
        }
    };
    work.iter().map(|(idx, revision)| (*idx, outcome(revision))).collect()
}

/// Tries again when somebody else changed the stream in the same moment.
async fn until_no_conflict<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => {
                sleep(backoff.next_delay() / 4).await;
            }
            result => return result,
        }
    }
    attempt().await
}
