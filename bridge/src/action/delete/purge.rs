// SPDX-License-Identifier: LGPL-2.1-or-later

//! Removes data from OpenShift's registry, and images from the cluster.
//!
//! The registry removes a blob without looking whether anything refers to it, and the cluster
//! forgets an image that a stream still names. So each is looked at right before: links against what
//! the stream contains now, blobs and images against everything in the cluster.

use std::collections::{BTreeMap, HashSet};

use http::StatusCode;
use images_catalog::{Content, References};
use images_proto::delete::{Outcome, Params, Step};
use images_proto::{Digest, Failure, RepositoryName};

use super::super::everywhere::Everywhere;
use super::persistence::{self, Done};
use super::work::Work;
use super::{CONCURRENCY, all, distribution, words};
use crate::cluster::Cluster;
use crate::cluster::by_digest::Named;
use crate::registry::Registry;

/// Things that are removed between two looks at what refers to them.
const BATCH: usize = 16;

/// Does the steps that break links to manifests and blobs, while the streams are there.
pub(super) async fn break_links(cluster: &Cluster, registry: &Registry, work: &Work<'_>) {
    let mut repositories: BTreeMap<&RepositoryName, Vec<(usize, &Step)>> = BTreeMap::new();
    for (idx, step) in work.open() {
        if let Step::Manifest { repository, .. } | Step::Link { repository, .. } = step {
            repositories.entry(repository).or_default().push((idx, step));
        }
    }
    let working = repositories.into_iter().map(|(repository, open)| async move {
        for batch in batches(&open) {
            break_some(cluster, registry, work, repository, batch).await;
        }
    });
    all(working.collect(), CONCURRENCY).await;
}

/// Says of the same steps that no registry can be asked.
pub(super) fn keep_links(failure: &Failure, work: &Work<'_>) {
    for (idx, step) in work.open() {
        if let Step::Manifest { .. } | Step::Link { .. } = step {
            work.finish(idx, Outcome::Kept(failure.clone()));
        }
    }
}

/// Steps of one kind, a few at a time: manifests before the layers that they name.
fn batches<'a, 'b>(open: &'b [(usize, &'a Step)]) -> impl Iterator<Item = &'b [(usize, &'a Step)]> {
    let kinds = open.chunk_by(|(_, a), (_, b)| {
        matches!(a, Step::Link { .. }) == matches!(b, Step::Link { .. })
    });
    kinds.flat_map(|kind| kind.chunks(BATCH))
}

/// What a stream contains now.
struct Contents {
    images: HashSet<Digest>,
    blobs: HashSet<Digest>,
}

/// What a stream contains now; `None`: there is no such stream.
async fn contents(
    cluster: &Cluster,
    repository: &RepositoryName,
) -> Result<Option<Contents>, Failure> {
    let layers = match persistence::ask(|| cluster.layers(repository)).await {
        Ok(layers) => layers,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => {
            return Err(error.failure(format_args!("read what {repository} contains")));
        }
    };
    let parsed = |named: &Named| named.0;
    let images = layers.images.unwrap_or_default();
    let mut blobs: HashSet<_> = layers.blobs.unwrap_or_default().keys().copied().collect();
    let mut known = HashSet::new();
    for (digest, image) in images.iter() {
        known.insert(*digest);
        known.extend(image.manifests.iter().flatten().filter_map(parsed));
        blobs.extend(image.layers.iter().flatten().chain(&image.config).filter_map(parsed));
    }
    Ok(Some(Contents { images: known, blobs }))
}

async fn break_some(
    cluster: &Cluster,
    registry: &Registry,
    work: &Work<'_>,
    repository: &RepositoryName,
    batch: &[(usize, &Step)],
) {
    let contents = match work.halted() {
        Some(failure) => Err(failure),
        None => contents(cluster, repository).await,
    };
    let working = batch.iter().map(|(idx, step)| {
        let contents = &contents;
        async move {
            let outcome = match (contents, step) {
                (Err(failure), _) => Outcome::Kept(failure.clone()),
                (Ok(None), _) => Outcome::Kept(words::too_late(repository)),
                (Ok(Some(now)), Step::Manifest { digest, .. }) if now.images.contains(digest) => {
                    Outcome::Kept(words::depends("what leads to it in the image stream"))
                }
                (Ok(Some(now)), Step::Link { digest, .. }) if now.blobs.contains(digest) => {
                    Outcome::Kept(words::depends("an image of the repository that contains it"))
                }
                (Ok(Some(_)), Step::Manifest { digest, .. }) => {
                    break_manifest(registry, repository, digest).await
                }
                (Ok(Some(_)), Step::Link { digest, .. }) => {
                    distribution::break_link(registry, repository, digest).await
                }
                (Ok(Some(_)), _) => return,
            };
            work.finish(*idx, outcome);
        }
    });
    all(working.collect(), CONCURRENCY).await;
}

async fn break_manifest(
    registry: &Registry,
    repository: &RepositoryName,
    digest: &Digest,
) -> Outcome {
    let shown = format!("the manifest {} of {repository}", digest.short());
    let deleting = persistence::delete(|| registry.delete_manifest(repository, digest));
    match deleting.await {
        Ok(Done::Yes) => {}
        Ok(Done::Absent) => return Outcome::Absent,
        Err(error) => {
            let status = error.refusal().map(|refusal| refusal.status);
            return Outcome::Kept(match status {
                // The stream names it, or it is gone: the registry knows what it belongs to from
                // there.
                Some(StatusCode::METHOD_NOT_ALLOWED) => {
                    words::depends("what leads to it in the image stream")
                }
                Some(StatusCode::INTERNAL_SERVER_ERROR) => words::too_late(repository),
                _ => error.failure(format_args!("delete {shown}")),
            });
        }
    }
    for _ in 0..2 {
        match persistence::ask(|| registry.has_manifest(repository, digest)).await {
            Ok(false) => return Outcome::Deleted,
            Ok(true) => {}
            Err(error) => {
                let failure = error.failure(format_args!("see whether {shown} is gone"));
                return Outcome::Unproved(words::unproved(&failure));
            }
        }
    }
    Outcome::Kept(words::still_there("the registry"))
}

/// Does the steps that remove blobs from the storage, and then those that have the cluster forget
/// images: these lead to what is left if the work ends in between.
pub(super) async fn remove(
    cluster: &Cluster,
    registry: &Result<Registry, Failure>,
    work: &Work<'_>,
    everywhere: &mut Everywhere<'_>,
) {
    let open = work.open();
    let blobs: Vec<_> = open
        .iter()
        .filter_map(|(idx, step)| match step {
            Step::Blob(digest) => Some((*idx, *digest)),
            _ => None,
        })
        .collect();
    let images: Vec<_> = open
        .iter()
        .filter_map(|(idx, step)| match step {
            Step::Image(digest) => Some((*idx, *digest)),
            _ => None,
        })
        .collect();
    let going = going(work);
    for batch in blobs.chunks(BATCH) {
        remove_blobs(registry, work, everywhere, &going, batch).await;
    }
    for batch in images.chunks(BATCH) {
        forget_images(cluster, work, everywhere, &going, batch).await;
    }
    if !blobs.is_empty() {
        look_back(work, everywhere, &going, &blobs).await;
    }
}

/// Says loudly if an image that came in the very moment needs what was removed.
async fn look_back(
    work: &Work<'_>,
    everywhere: &mut Everywhere<'_>,
    going: &HashSet<Digest>,
    blobs: &[(usize, Digest)],
) {
    let fresh = match everywhere.look().await {
        Ok(fresh) => fresh,
        Err(failure) => {
            for (idx, _) in blobs {
                work.revoke(*idx, Outcome::Unproved(words::unproved(&failure)));
            }
            return;
        }
    };
    for (idx, digest) in blobs {
        let holders = fresh.holders_of_blob(digest, going);
        if !holders.is_empty() {
            work.revoke(*idx, Outcome::Kept(words::needed_after_all(digest, &holders)));
        }
    }
}

/// All images that the plan has the cluster forget, also those that it forgot before.
fn going(work: &Work<'_>) -> HashSet<Digest> {
    let steps = work.plan.steps.iter();
    let images =
        steps.filter_map(|step| if let Step::Image(digest) = step { Some(*digest) } else { None });
    images.collect()
}

/// Looks at everything in the cluster, unless the work has to end.
async fn fresh(work: &Work<'_>, everywhere: &mut Everywhere<'_>) -> Result<References, Failure> {
    match work.halted() {
        Some(failure) => Err(failure),
        None => everywhere.look().await,
    }
}

async fn remove_blobs(
    registry: &Result<Registry, Failure>,
    work: &Work<'_>,
    everywhere: &mut Everywhere<'_>,
    going: &HashSet<Digest>,
    batch: &[(usize, Digest)],
) {
    let fresh = fresh(work, everywhere).await;
    let now = super::super::now();
    let working = batch.iter().map(|(idx, digest)| {
        let fresh = &fresh;
        async move {
            let outcome = match (fresh, registry) {
                (Err(failure), _) | (_, Err(failure)) => Outcome::Kept(failure.clone()),
                (Ok(fresh), Ok(registry)) => {
                    let holders = fresh.holders_of_blob(digest, going);
                    let is_young = !work.params.insist
                        && going.iter().any(|image| {
                            let known = fresh.image(image);
                            known.is_some_and(|known| {
                                is_young(known.created, now)
                                    && (image == digest || contains(known.content.as_ref(), digest))
                            })
                        });
                    if !holders.is_empty() {
                        Outcome::Kept(words::held(&holders))
                    } else if is_young {
                        Outcome::Kept(words::young())
                    } else {
                        remove_blob(registry, digest).await
                    }
                }
            };
            work.finish(*idx, outcome);
        }
    });
    all(working.collect(), CONCURRENCY).await;
}

/// Removes a blob. Nobody can be asked whether its data is gone: no link leads there any more. The
/// registry says yes only after its storage did.
async fn remove_blob(registry: &Registry, digest: &Digest) -> Outcome {
    match persistence::delete(|| registry.delete_blob_everywhere(digest)).await {
        Ok(Done::Yes) => Outcome::Deleted,
        Ok(Done::Absent) => Outcome::Absent,
        Err(error) => {
            Outcome::Kept(error.failure(format_args!("remove the blob {}", digest.short())))
        }
    }
}

async fn forget_images(
    cluster: &Cluster,
    work: &Work<'_>,
    everywhere: &mut Everywhere<'_>,
    going: &HashSet<Digest>,
    batch: &[(usize, Digest)],
) {
    let fresh = fresh(work, everywhere).await;
    let steps = work.plan.steps.iter().enumerate();
    let left: HashSet<Digest> = steps
        .filter_map(|(idx, step)| match step {
            Step::Blob(digest) if !work.is_gone(idx) => Some(*digest),
            _ => None,
        })
        .collect();
    let now = super::super::now();
    // One after the other: the images of an index go before it, and each may hold the next one.
    for (idx, digest) in batch {
        let outcome = match &fresh {
            Err(failure) => Outcome::Kept(failure.clone()),
            Ok(fresh) => match fresh.image(digest) {
                None => Outcome::Absent,
                Some(image) => {
                    let holders = fresh.holders_of_image(digest, going);
                    // What another image holds is found by that.
                    let keeps = left.iter().any(|blob| {
                        (blob == digest || contains(image.content.as_ref(), blob))
                            && fresh.holders_of_blob(blob, going).is_empty()
                    });
                    if !holders.is_empty() {
                        Outcome::Kept(words::held(&holders))
                    } else if !work.params.insist && is_young(image.created, now) {
                        Outcome::Kept(words::young())
                    } else if keeps {
                        // Who prunes finds the rest by it.
                        Outcome::Kept(words::depends("some of its data"))
                    } else {
                        forget(cluster, digest).await
                    }
                }
            },
        };
        work.finish(*idx, outcome);
    }
}

async fn forget(cluster: &Cluster, digest: &Digest) -> Outcome {
    let shown = digest.short();
    match persistence::delete(|| cluster.delete_image(digest)).await {
        Ok(Done::Yes) => {}
        Ok(Done::Absent) => return Outcome::Absent,
        Err(error) => {
            return Outcome::Kept(error.failure(format_args!("have the cluster forget {shown}")));
        }
    }
    match persistence::ask(|| cluster.has_image(digest)).await {
        Ok(false) => Outcome::Deleted,
        Ok(true) => Outcome::Kept(words::still_there("the cluster")),
        Err(error) => Outcome::Unproved(words::unproved(
            &error.failure(format_args!("see whether {shown} is gone")),
        )),
    }
}

/// Whether a push may still be going on. What nobody knows the age of is taken for young.
fn is_young(created: Option<i64>, now: i64) -> bool {
    created.is_none_or(|created| now.saturating_sub(created) < Params::YOUNG)
}

fn contains(content: Option<&Content>, blob: &Digest) -> bool {
    match content {
        Some(Content::Manifest { config, layers }) => {
            config.iter().chain(layers).any(|facts| facts.digest == *blob)
        }
        // What nobody knows the content of may contain anything.
        None => true,
        Some(Content::Index { .. } | Content::Missing) => false,
    }
}
