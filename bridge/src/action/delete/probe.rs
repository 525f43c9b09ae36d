// SPDX-License-Identifier: LGPL-2.1-or-later

//! Asks again for every digest that was touched: is it gone, does its data wait, can it still be
//! pulled?

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use images_catalog::Content;
use images_proto::delete::{Fate, Part, Plan, Probed, Reason, Step, Verdict};
use images_proto::{Code, Digest, Failure, RepositoryName};

use super::persistence;
use super::work::Work;
use crate::cluster::Cluster;
use crate::registry::Registry;

/// Digests that are asked for at once.
const CONCURRENCY: usize = 32;
/// The most questions.
const MOST: usize = 20_000;
/// Blobs of which no step took anything are asked for until so many were still there. The links to
/// the rest of them are then as they were, too: who asks for them by their digests still gets them.
/// Where one is gone the registry takes links away by itself, and all are asked for.
const SAMPLE: usize = 64;
/// The most reasons that are told of one digest.
const REASONS: usize = 5;

/// Where the digests of a plan were, as known before it is done.
#[derive(Default)]
pub(super) struct Places {
    manifests: HashMap<Digest, BTreeSet<RepositoryName>>,
    blobs: HashMap<Digest, BTreeSet<RepositoryName>>,
}

impl Places {
    /// Looks in the catalog. What it has forgotten since an earlier run was dealt with by that.
    pub(super) fn of(work: &Work<'_>) -> Self {
        let mut places = Self::default();
        let catalog = work.state.catalog();
        let touched: BTreeSet<_> = work.plan.images.iter().map(|image| image.digest).collect();
        for step in &work.plan.steps {
            let (repository, digest) = match step {
                Step::Tag { tag, digest: Some(digest) } | Step::Revision { tag, digest } => {
                    (&tag.repository, digest)
                }
                Step::Manifest { repository, digest, .. } => (repository, digest),
                Step::Link { repository, digest } => {
                    places.blobs.entry(*digest).or_default().insert(repository.clone());
                    continue;
                }
                // Its images are those of its tags.
                Step::Repository(repository) => {
                    for digest in &touched {
                        if !catalog.tags_of_digest(Some(repository), digest).is_empty() {
                            places.add(repository, digest, &|d| catalog.content_of(d));
                        }
                    }
                    continue;
                }
                Step::Tag { digest: None, .. } | Step::Blob(_) | Step::Image(_) => continue,
            };
            places.add(repository, digest, &|digest| catalog.content_of(digest));
        }
        places
    }

    fn add(
        &mut self,
        repository: &RepositoryName,
        digest: &Digest,
        content_of: &impl Fn(&Digest) -> Option<Content>,
    ) {
        if !self.manifests.entry(*digest).or_default().insert(repository.clone()) {
            return;
        }
        match content_of(digest) {
            Some(Content::Manifest { config, layers }) => {
                for blob in config.iter().chain(&layers) {
                    self.blobs.entry(blob.digest).or_default().insert(repository.clone());
                }
            }
            Some(Content::Index { children }) => {
                for child in children {
                    self.add(repository, &child, content_of);
                }
            }
            Some(Content::Missing) | None => {}
        }
    }
}

/// What the steps took away, and looked after themselves.
#[derive(Default)]
struct Taken<'a> {
    manifests: HashSet<(&'a RepositoryName, &'a Digest)>,
    links: HashSet<(&'a RepositoryName, &'a Digest)>,
    blobs: HashSet<&'a Digest>,
    images: HashSet<&'a Digest>,
}

impl<'a> Taken<'a> {
    fn by(work: &Work<'a>) -> Self {
        let mut taken = Self::default();
        let steps = work.plan.steps.iter().enumerate();
        for (_, step) in steps.filter(|(idx, _)| work.is_gone(*idx)) {
            match step {
                Step::Manifest { repository, digest, .. } => {
                    taken.manifests.insert((repository, digest));
                }
                Step::Link { repository, digest } => drop(taken.links.insert((repository, digest))),
                Step::Blob(digest) => drop(taken.blobs.insert(digest)),
                Step::Image(digest) => drop(taken.images.insert(digest)),
                Step::Tag { .. } | Step::Revision { .. } | Step::Repository(_) => {}
            }
        }
        taken
    }
}

/// What is asked, and whom.
pub(super) struct Probe<'a, 'w> {
    cluster: Option<&'a Cluster>,
    registry: Result<Registry, Failure>,
    work: &'a Work<'w>,
    places: Places,
    asked: AtomicUsize,
    /// Blobs that no step touched, and that were still there.
    untouched: AtomicUsize,
    /// One of these was not there.
    loses_links: AtomicBool,
    /// The user may not look at images of the cluster.
    is_forbidden: AtomicBool,
}

impl<'a, 'w> Probe<'a, 'w> {
    pub(super) fn new(
        cluster: Option<&'a Cluster>,
        registry: Result<Registry, Failure>,
        work: &'a Work<'w>,
        places: Places,
    ) -> Self {
        let (asked, untouched, loses_links, is_forbidden) = Default::default();
        Self { cluster, registry, work, places, asked, untouched, loses_links, is_forbidden }
    }

    /// What was found of each digest of the plan, in its order, once. The repositories that were
    /// touched were just read again.
    pub(super) async fn run(&self) -> Vec<Probed> {
        let plan = self.work.plan;
        let mut seen = BTreeSet::new();
        let images = plan.images.iter().map(|image| (image.digest, Part::Manifest));
        let blobs = plan.layers.iter().map(|layer| (layer.digest, layer.part));
        let digests: Vec<_> =
            images.chain(blobs).filter(|(digest, _)| seen.insert(*digest)).collect();
        let taken = Taken::by(self.work);
        let stays = stays(plan);
        let asking = digests.into_iter().map(|(digest, part)| {
            let (taken, stays) = (&taken, &stays);
            async move {
                let verdict = match self.reasons(part, &digest) {
                    reasons if !reasons.is_empty() => Verdict::Reachable(reasons),
                    _ => match part {
                        Part::Manifest => self.manifest(&digest, taken).await,
                        Part::Config | Part::Layer => self.blob(part, &digest, taken).await,
                    },
                };
                // What only the plan knew, such as something in a project that nobody here may see.
                let verdict = match (verdict, stays.get(&digest)) {
                    (Verdict::Waits, Some(because)) if !because.is_empty() => {
                        Verdict::Reachable(because.to_vec())
                    }
                    (verdict, _) => verdict,
                };
                Probed { digest, part, verdict }
            }
        });
        let asking: Vec<_> = asking.collect();
        stream::iter(asking).buffered(CONCURRENCY).collect().await
    }

    /// Why it can still be pulled, as the catalog knows after it was read again.
    fn reasons(&self, part: Part, digest: &Digest) -> Vec<Reason> {
        if self.work.halted().is_some() {
            return Vec::new();
        }
        let catalog = self.work.state.catalog();
        let tags = catalog.tags_of_digest(None, digest).into_iter();
        let tags = tags.map(|(tag, age)| Reason::Tag { tag, age });
        let images = match part {
            Part::Manifest => catalog.indexes_with(digest),
            Part::Config | Part::Layer => catalog.images_with_blob(None, digest),
        };
        tags.chain(images.into_iter().map(Reason::Image)).take(REASONS).collect()
    }

    async fn manifest(&self, digest: &Digest, taken: &Taken<'_>) -> Verdict {
        if let Some(cluster) = self.cluster {
            if taken.images.contains(digest) {
                return Verdict::Gone;
            }
            if !self.is_forbidden.load(Ordering::Relaxed) {
                if let Some(verdict) = self.too_much() {
                    return verdict;
                }
                match persistence::ask(|| cluster.has_image(digest)).await {
                    Ok(false) => return Verdict::Gone,
                    Ok(true) => return Verdict::Waits,
                    Err(error) if error.is_forbidden() => {
                        self.is_forbidden.store(true, Ordering::Relaxed);
                    }
                    Err(error) => {
                        return Verdict::Unknown(error.failure(tried(digest)));
                    }
                }
            }
        }
        self.still_served(Part::Manifest, digest, taken).await.unwrap_or(Verdict::Waits)
    }

    async fn blob(&self, part: Part, digest: &Digest, taken: &Taken<'_>) -> Verdict {
        let is_touched = self.work.is_purge() || self.cluster.is_some();
        if !is_touched && self.keeps_links() {
            return Verdict::Reachable(Vec::new());
        }
        let is_removed = taken.blobs.contains(digest);
        let gone = if is_removed { Verdict::Gone } else { Verdict::Waits };
        let served = self.still_served(part, digest, taken).await;
        match &served {
            Some(Verdict::Reachable(_)) => drop(self.untouched.fetch_add(1, Ordering::Relaxed)),
            Some(_) => {}
            None => self.loses_links.store(true, Ordering::Relaxed),
        }
        served.unwrap_or(gone)
    }

    /// Whether enough was asked to know that the links to untouched blobs are as they were.
    fn keeps_links(&self) -> bool {
        let kept = self.untouched.load(Ordering::Relaxed);
        kept >= SAMPLE && !self.loses_links.load(Ordering::Relaxed)
    }

    /// Asks the repositories where it was, but for those where a step has looked after it. `None`:
    /// none of them serves it.
    async fn still_served(
        &self,
        part: Part,
        digest: &Digest,
        taken: &Taken<'_>,
    ) -> Option<Verdict> {
        let (places, taken) = match part {
            Part::Manifest => (&self.places.manifests, &taken.manifests),
            Part::Config | Part::Layer => (&self.places.blobs, &taken.links),
        };
        for repository in places.get(digest).into_iter().flatten() {
            if self.is_without_stream(repository) || taken.contains(&(repository, digest)) {
                continue;
            }
            if let Some(verdict) = self.too_much() {
                return Some(verdict);
            }
            let registry = match &self.registry {
                Ok(registry) => registry,
                Err(failure) => return Some(Verdict::Unknown(failure.clone())),
            };
            let answer = match part {
                Part::Manifest => {
                    persistence::ask(|| registry.has_manifest(repository, digest)).await
                }
                Part::Config | Part::Layer => {
                    persistence::ask(|| registry.has_blob(repository, digest)).await
                }
            };
            match answer {
                Ok(true) => return Some(Verdict::Reachable(Vec::new())),
                Ok(false) => {}
                Err(error) => return Some(Verdict::Unknown(error.failure(tried(digest)))),
            }
        }
        None
    }

    /// OpenShift's registry knows nothing of a repository without a stream.
    fn is_without_stream(&self, repository: &RepositoryName) -> bool {
        self.cluster.is_some() && !self.work.state.catalog().has_repository(repository)
    }

    fn too_much(&self) -> Option<Verdict> {
        if self.asked.fetch_add(1, Ordering::Relaxed) < MOST {
            return None;
        }
        let words = format!("It was not asked: there are more than {MOST} such questions.");
        Some(Verdict::Unknown(Failure::new(Code::Busy, words)))
    }
}

/// The reasons by which the plan says that a digest stays.
fn stays(plan: &Plan) -> BTreeMap<Digest, &[Reason]> {
    let images = plan.images.iter().map(|image| (image.digest, image.fate, &image.because));
    let layers = plan.layers.iter().map(|layer| (layer.digest, layer.fate, &layer.because));
    let stay = images.chain(layers).filter(|(_, fate, _)| *fate == Fate::Stays);
    // What the user sees was looked at anew.
    let unseen = |because: &[Reason]| {
        because
            .iter()
            .any(|reason| matches!(reason, Reason::Hidden | Reason::Unread | Reason::Elsewhere))
    };
    stay.filter(|(_, _, because)| unseen(because))
        .map(|(digest, _, because)| (digest, because.as_slice()))
        .collect()
}

fn tried(digest: &Digest) -> String {
    format!("see whether {} is gone", digest.short())
}
