// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is remembered before a deletion, so that it can be taken back: image streams as they are,
//! or the manifests that lose their tag.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use images_proto::delete::{Extent, Params, Plan, Step, Target};
use images_proto::{Code, Digest, Failure, RepositoryName, Tag};

use crate::cluster::Cluster;
use crate::record::{Before, Kept, KeptManifest, KeptRepository, comes_back};
use crate::registry::manifest::Manifest;
use crate::registry::{Document, Error, Registry};
use crate::session::state::State;
use crate::source::{Connection, Documents, Source};

/// Streams or manifests that are read at once.
const CONCURRENCY: usize = 16;
/// The most bytes that are remembered of one deletion.
const MOST_BYTES: usize = 96 << 20;
/// How often something is asked for that may answer the next time.
const ATTEMPTS: u32 = 3;
/// The media type of a manifest that came without one: the oldest that every registry takes.
const MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What taking the plan back will need. Where data is removed, nothing is kept.
///
/// # Errors
/// When it cannot be read, or is too much to keep. Then nothing should be done.
pub(super) async fn keep(
    connection: &Connection,
    state: &State,
    plan: &Plan,
    extent: Extent,
    documents: &Documents,
) -> Result<Before, Failure> {
    if extent == Extent::Purge || !plan.steps.iter().any(comes_back) {
        return Ok(Before::Nothing);
    }
    match connection.source() {
        Source::Openshift(source) => streams(source.cluster(), &plan.steps).await,
        Source::Distribution(_) => {
            let registry = connection.registry(state).await?;
            manifests(&registry, &plan.steps, documents).await
        }
    }
}

/// The manifests that this deletion will keep, as far as its targets tell.
pub(super) fn wanted(params: &Params) -> Documents {
    let tags = params.targets.iter().filter_map(|target| match target {
        Target::Tag(tag) if params.extent != Extent::Purge => Some(tag.clone()),
        _ => None,
    });
    Documents::of(tags)
}

/// The manifests that this deletion will keep.
pub(super) fn wanted_of_plan(plan: &Plan, extent: Extent) -> Documents {
    if extent == Extent::Purge {
        return Documents::default();
    }
    let named = roots(&plan.steps).into_iter().flat_map(|(repository, kept)| {
        let tags = kept.tags.into_keys();
        tags.map(move |tag| super::tag_ref(&repository, &tag))
    });
    Documents::of(named)
}

async fn streams(cluster: &Cluster, steps: &[Step]) -> Result<Before, Failure> {
    let repositories: BTreeSet<_> = steps.iter().filter_map(changed_repository).collect();
    let reading = repositories.into_iter().map(|repository| async move {
        let read = cluster.stream_object(repository).await;
        let tried = || format!("remember the image stream {repository}");
        read.map(|stream| (repository.clone(), stream)).map_err(|error| error.failure(tried()))
    });
    let reading: Vec<_> = reading.collect();
    let mut reading = stream::iter(reading).buffer_unordered(CONCURRENCY);
    let (mut streams, mut bytes) = (BTreeMap::new(), 0);
    while let Some((repository, stream)) = reading.try_next().await? {
        // What is gone by now is not what this deletion takes away.
        let Some(mut stream) = stream else { continue };
        if let Some(metadata) = stream.get_mut("metadata").and_then(|value| value.as_object_mut()) {
            // Who changed what is long, and nobody puts it back.
            metadata.remove("managedFields");
        }
        bytes += stream.to_string().len();
        check(bytes)?;
        streams.insert(repository, stream);
    }
    Ok(Before::Openshift { streams })
}

fn changed_repository(step: &Step) -> Option<&RepositoryName> {
    match step {
        Step::Tag { tag, .. } | Step::Revision { tag, .. } => Some(&tag.repository),
        Step::Repository(repository) => Some(repository),
        Step::Manifest { .. } | Step::Link { .. } | Step::Blob(_) | Step::Image(_) => None,
    }
}

async fn manifests(
    registry: &Registry,
    steps: &[Step],
    documents: &Documents,
) -> Result<Before, Failure> {
    let mut kept = Kept { repositories: roots(steps), ..Kept::default() };
    let mut children: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
    // Level by level, each digest from one of the repositories that hold it: it has one content.
    let mut wanted: BTreeMap<Digest, RepositoryName> = BTreeMap::new();
    for (name, repository) in &kept.repositories {
        wanted.extend(repository.manifests.iter().map(|digest| (*digest, name.clone())));
    }
    let (mut seen, mut bytes) = (BTreeSet::new(), 0);
    while !wanted.is_empty() {
        seen.extend(wanted.keys().copied());
        let level = std::mem::take(&mut wanted);
        let reading = level.into_iter().map(|(digest, repository)| async move {
            let manifest = read(registry, &repository, &digest, documents).await?;
            Ok::<_, Failure>((digest, repository, manifest))
        });
        let reading: Vec<_> = reading.collect();
        let mut reading = stream::iter(reading).buffer_unordered(CONCURRENCY);
        while let Some((digest, repository, manifest)) = reading.try_next().await? {
            let Some(manifest) = manifest else { continue };
            bytes += manifest.text.len();
            check(bytes)?;
            if let Ok(Manifest::Index(index)) = Manifest::parse(manifest.text.as_bytes()) {
                let digests: Vec<_> = index.children.iter().map(|child| child.digest).collect();
                let new = digests.iter().filter(|child| !seen.contains(*child));
                wanted.extend(new.map(|child| (*child, repository.clone())));
                children.insert(digest, digests);
            }
            kept.manifests.insert(digest, manifest);
        }
    }
    for repository in kept.repositories.values_mut() {
        repository.manifests = with_children(&repository.manifests, &children);
    }
    Ok(Before::Distribution(kept))
}

/// The tags and manifests that the steps name.
fn roots(steps: &[Step]) -> BTreeMap<RepositoryName, KeptRepository> {
    let mut repositories: BTreeMap<RepositoryName, KeptRepository> = BTreeMap::new();
    let mut add = |repository: &RepositoryName, digest: Digest, tags: &[Tag]| {
        let kept = repositories.entry(repository.clone()).or_default();
        kept.tags.extend(tags.iter().map(|tag| (tag.clone(), digest)));
        kept.manifests.push(digest);
    };
    for step in steps {
        match step {
            Step::Tag { tag, digest: Some(digest) } => {
                add(&tag.repository, *digest, std::slice::from_ref(&tag.tag));
            }
            Step::Manifest { repository, digest, tags } => add(repository, *digest, tags),
            _ => {}
        }
    }
    repositories
}

/// These, each once, and behind each index what it contains.
fn with_children(roots: &[Digest], children: &BTreeMap<Digest, Vec<Digest>>) -> Vec<Digest> {
    let mut all = Vec::with_capacity(roots.len());
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<_> = roots.iter().rev().copied().collect();
    while let Some(digest) = waiting.pop() {
        if seen.insert(digest) {
            all.push(digest);
            waiting.extend(children.get(&digest).into_iter().flatten().rev().copied());
        }
    }
    all
}

/// A manifest; `None` where the registry does not have it, or not as its digest says: what is broken
/// may be deleted, too, but does not come back.
async fn read(
    registry: &Registry,
    repository: &RepositoryName,
    digest: &Digest,
    documents: &Documents,
) -> Result<Option<KeptManifest>, Failure> {
    if let Some(document) = documents.take(digest) {
        return Ok(kept(document));
    }
    let mut attempt = 1;
    loop {
        match registry.manifest(repository, digest).await {
            Ok(document) => return Ok(kept(document)),
            Err(error) if is_broken(&error) => return Ok(None),
            Err(error) => {
                let failure = error.failure(format_args!(
                    "remember the manifest {} of {repository}",
                    digest.short()
                ));
                if attempt == ATTEMPTS || !failure.retryable {
                    return Err(failure);
                }
                attempt += 1;
            }
        }
    }
}

fn kept(document: Document) -> Option<KeptManifest> {
    let text = String::from_utf8(document.bytes.into()).ok()?;
    let media_type = document.media_type.unwrap_or_else(|| MEDIA_TYPE.to_owned());
    Some(KeptManifest { media_type, text })
}

fn is_broken(error: &Error) -> bool {
    use crate::registry::Kind;
    error.is_not_found() || matches!(error.kind, Kind::Digest { .. })
}

fn check(bytes: usize) -> Result<(), Failure> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(Failure::new(
        Code::Unsupported,
        "There is more to remember for an undo than can be kept of one deletion.",
    )
    .with_fix("Delete in several steps."))
}
