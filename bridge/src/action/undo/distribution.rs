// SPDX-License-Identifier: LGPL-2.1-or-later

//! Puts manifests and tags back into a plain registry: first that what they refer to is there, then
//! images, indexes, tags.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use images_proto::delete::{Outcome, Step};
use images_proto::history::UndoneItem;
use images_proto::{Code, Digest, Failure, RepositoryName, Tag, TagRef};
use tokio::time::sleep;

use super::super::delete::repointing::placeholder;
use super::{CONCURRENCY, Meter, Report, changed_since, left};
use crate::record::{Kept, KeptManifest};
use crate::registry::manifest::Manifest;
use crate::registry::{Error, Registry};
use crate::source::Backoff;

/// Repositories that are worked on at once.
const REPOSITORIES: usize = 4;
/// How often a registry that is busy is asked.
const ATTEMPTS: u32 = 4;

/// Puts back what these steps took away.
pub(super) async fn undo(
    registry: &Registry,
    kept: &Kept,
    steps: &[&Step],
    meter: &Meter<'_>,
) -> Report {
    let wanted = wanted(steps);
    let working = wanted.into_iter().map(|(name, wanted)| async move {
        let repository = Repository { registry, name, manifests: &kept.manifests };
        let report = repository.undo(wanted).await;
        meter.advance(report.len());
        report
    });
    let working: Vec<_> = working.collect();
    let done: Vec<_> = stream::iter(working).buffered(REPOSITORIES).collect().await;
    Report::of(done)
}

/// What went from a repository.
#[derive(Default)]
struct Wanted {
    tags: BTreeMap<Tag, Digest>,
    manifests: BTreeSet<Digest>,
}

fn wanted<'a>(steps: &[&'a Step]) -> BTreeMap<&'a RepositoryName, Wanted> {
    let mut repositories: BTreeMap<&RepositoryName, Wanted> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Tag { tag, digest: Some(digest) } => {
                let wanted = repositories.entry(&tag.repository).or_default();
                wanted.tags.insert(tag.tag.clone(), *digest);
                wanted.manifests.insert(*digest);
            }
            Step::Manifest { repository, digest, tags } => {
                let wanted = repositories.entry(repository).or_default();
                wanted.tags.extend(tags.iter().map(|tag| (tag.clone(), *digest)));
                wanted.manifests.insert(*digest);
            }
            _ => {}
        }
    }
    repositories
}

/// A repository to which something comes back.
struct Repository<'a> {
    registry: &'a Registry,
    name: &'a RepositoryName,
    manifests: &'a BTreeMap<Digest, KeptManifest>,
}

/// Manifests with what stands in their way; `None`: nothing.
type Lacking = BTreeMap<Digest, Option<Failure>>;

impl Repository<'_> {
    async fn undo(&self, wanted: Wanted) -> Report {
        let levels = self.levels(&wanted.manifests);
        let mut lacking = self.find(levels.iter().flatten()).await;
        for level in &levels {
            let putting =
                level.iter().filter(|digest| lacking.contains_key(*digest)).map(|digest| async {
                    let failure = match lacking[digest].clone() {
                        None => match self.lacking_child(digest, &lacking) {
                            Some(failure) => Some(failure),
                            None => self.put(digest, &digest.to_string()).await.err(),
                        },
                        failure => failure,
                    };
                    (*digest, failure)
                });
            let putting: Vec<_> = putting.collect();
            let done: Vec<_> = stream::iter(putting).buffered(CONCURRENCY).collect().await;
            for (digest, failure) in done {
                match failure {
                    Some(failure) => drop(lacking.insert(digest, Some(failure))),
                    None => drop(lacking.remove(&digest)),
                }
            }
        }
        let lacking = &lacking;
        let mut report = self.look_at_untagged(&wanted, lacking).await;
        let tags = wanted.tags.into_iter().map(|(tag, digest)| async move {
            let tag = TagRef { repository: self.name.clone(), tag };
            let left = match lacking.get(&digest).cloned().flatten() {
                Some(failure) => Some(Outcome::Kept(failure)),
                None => self.put_tag(&tag, &digest).await.err(),
            };
            let back = left.is_none();
            let (digest, revisions) = (back.then_some(digest), u32::from(back));
            UndoneItem { tag, digest, revisions, left, differs: None }
        });
        let tags: Vec<_> = tags.collect();
        report.items = stream::iter(tags).buffered(CONCURRENCY).collect().await;
        report
    }

    /// Whether the manifests that had no tag are back, by a later look.
    async fn look_at_untagged(&self, wanted: &Wanted, lacking: &Lacking) -> Report {
        let tagged: BTreeSet<_> = wanted.tags.values().collect();
        let untagged = wanted.manifests.iter().filter(|digest| !tagged.contains(digest));
        let looking = untagged.map(|digest| async move {
            if let Some(failure) = lacking.get(digest).cloned().flatten() {
                return Err(failure);
            }
            match retried(|| self.registry.find_manifest(self.name, digest)).await {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(Failure::new(
                    Code::Conflict,
                    format!(
                        "{}@{} is not back, although the registry said yes.",
                        self.name,
                        digest.short()
                    ),
                )
                .retryable()),
                Err(error) => Err(error.failure(format_args!(
                    "see whether {}@{} is back",
                    self.name,
                    digest.short()
                ))),
            }
        });
        let looking: Vec<_> = looking.collect();
        let mut looking = stream::iter(looking).buffered(CONCURRENCY);
        let mut report = Report::default();
        while let Some(looked) = looking.next().await {
            match looked {
                Ok(()) => report.untagged += 1,
                Err(failure) => report.failures.push(failure),
            }
        }
        report
    }

    /// These manifests with what their indexes contain: images first, then indexes of images, and
    /// so on.
    fn levels(&self, roots: &BTreeSet<Digest>) -> Vec<Vec<Digest>> {
        let mut children: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        let mut waiting: Vec<_> = roots.iter().copied().collect();
        while let Some(digest) = waiting.pop() {
            if let Entry::Vacant(place) = children.entry(digest) {
                let found = self.children(&digest);
                waiting.extend(&found);
                place.insert(found);
            }
        }
        let mut levels = Vec::new();
        // No digest can be in its own content, so this ends.
        while !children.is_empty() {
            let ready = |of: &[Digest]| of.iter().all(|child| !children.contains_key(child));
            let level: Vec<_> =
                children.iter().filter(|(_, of)| ready(of)).map(|(digest, _)| *digest).collect();
            if level.is_empty() {
                break;
            }
            children.retain(|digest, _| !level.contains(digest));
            levels.push(level);
        }
        levels
    }

    /// The children that were remembered. Others were not there before either.
    fn children(&self, digest: &Digest) -> Vec<Digest> {
        match self.parsed(digest) {
            Some(Manifest::Index(index)) => {
                let children = index.children.iter().map(|child| child.digest);
                children.filter(|child| self.manifests.contains_key(child)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn parsed(&self, digest: &Digest) -> Option<Manifest> {
        Manifest::parse(self.manifests.get(digest)?.text.as_bytes()).ok()
    }

    /// The manifests that the repository does not have, and whether it has their blobs.
    async fn find(&self, digests: impl Iterator<Item = &Digest>) -> Lacking {
        let asking = digests.map(|digest| async move {
            let there = retried(|| self.registry.find_manifest(self.name, digest)).await;
            match there {
                Ok(Some(_)) => None,
                Ok(None) if !self.manifests.contains_key(digest) => {
                    Some((*digest, Some(self.was_broken(digest))))
                }
                Ok(None) => Some((*digest, None)),
                Err(error) => Some((*digest, Some(error.failure(self.looking())))),
            }
        });
        let asking: Vec<_> = asking.collect();
        let mut lacking: Lacking = stream::iter(asking)
            .buffer_unordered(CONCURRENCY)
            .filter_map(std::future::ready)
            .collect()
            .await;
        let mut users: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        for digest in lacking.iter().filter(|(_, way)| way.is_none()).map(|(digest, _)| digest) {
            for blob in self.blobs(digest) {
                users.entry(blob).or_default().push(*digest);
            }
        }
        let asking = users.keys().map(|blob| async move {
            (blob, retried(|| self.registry.has_blob(self.name, blob)).await)
        });
        let asking: Vec<_> = asking.collect();
        let mut asking = stream::iter(asking).buffer_unordered(CONCURRENCY);
        while let Some((blob, there)) = asking.next().await {
            let failure = match there {
                Ok(true) => continue,
                Ok(false) => self.collected(blob),
                Err(error) => error.failure(self.looking()),
            };
            for user in &users[blob] {
                lacking.insert(*user, Some(failure.clone()));
            }
        }
        lacking
    }

    /// The blobs that a registry wants to have before it takes the manifest.
    fn blobs(&self, digest: &Digest) -> Vec<Digest> {
        let Some(Manifest::Image(image)) = self.parsed(digest) else { return Vec::new() };
        let is_here = |media_type: &Option<String>| {
            let media_type = media_type.as_deref().unwrap_or_default();
            !media_type.contains("foreign") && !media_type.contains("nondistributable")
        };
        let blobs = image.config.into_iter().chain(image.layers);
        blobs.filter(|blob| is_here(&blob.media_type)).map(|blob| blob.digest).collect()
    }

    fn lacking_child(&self, index: &Digest, lacking: &Lacking) -> Option<Failure> {
        self.children(index).iter().find_map(|child| lacking.get(child)?.clone())
    }

    async fn put(&self, digest: &Digest, reference: &str) -> Result<(), Failure> {
        let Some(manifest) = self.manifests.get(digest) else {
            return Err(self.was_broken(digest));
        };
        let bytes = Bytes::copy_from_slice(manifest.text.as_bytes());
        let media_type = &manifest.media_type;
        let put = || self.registry.put_manifest(self.name, reference, media_type, bytes.clone());
        retried(put).await.map_err(|error| {
            error.failure(format_args!("put {}@{} back", self.name, digest.short()))
        })
    }

    /// Puts a tag back, and looks whether it is there.
    async fn put_tag(&self, tag: &TagRef, digest: &Digest) -> Result<(), Outcome> {
        let resolve = || self.registry.resolve(self.name, tag.tag.as_str());
        let looked = |error: Error| Outcome::Kept(error.failure(format_args!("look at {tag}")));
        let placeholder = placeholder(tag, digest);
        let is_in_the_way = match retried(resolve).await.map_err(looked)? {
            Some(now) if now.digest == *digest => return Ok(()),
            // The deletion was broken off after it had made the tag name that.
            Some(now) if now.digest == placeholder => true,
            Some(_) => return Err(Outcome::Kept(changed_since(tag))),
            None => false,
        };
        self.put(digest, tag.tag.as_str()).await.map_err(Outcome::Kept)?;
        if is_in_the_way
            && let Err(error) =
                retried(|| self.registry.delete_manifest(self.name, &placeholder)).await
        {
            // It is of a few bytes, and no tag leads to it.
            tracing::warn!(%error, "a placeholder is left");
        }
        match retried(resolve).await {
            Ok(Some(now)) if now.digest == *digest => Ok(()),
            Ok(_) => Err(Outcome::Kept(left(tag))),
            Err(error) => {
                Err(Outcome::Unproved(error.failure(format_args!("see whether {tag} is back"))))
            }
        }
    }

    fn looking(&self) -> String {
        format!("see what is left of {}", self.name)
    }

    fn collected(&self, blob: &Digest) -> Failure {
        let words = format!(
            "The blob {} is not in {} any more: garbage was collected since, or the link to it was removed.",
            blob.short(),
            self.name
        );
        Failure::new(Code::NotFound, words).with_fix("Build or push the image again.")
    }

    fn was_broken(&self, digest: &Digest) -> Failure {
        let words = format!(
            "The manifest {} could not be read before it was deleted, so it was not remembered.",
            digest.short()
        );
        Failure::new(Code::NotFound, words).with_fix("Build or push the image again.")
    }
}

/// Tries again when the registry is busy.
async fn retried<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if is_passing(&error) => sleep(backoff.next_delay() / 2).await,
            result => return result,
        }
    }
    attempt().await
}

fn is_passing(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| {
        refusal.status == http::StatusCode::TOO_MANY_REQUESTS || refusal.status.is_server_error()
    })
}
