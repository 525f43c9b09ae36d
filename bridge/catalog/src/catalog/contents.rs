// SPDX-License-Identifier: LGPL-2.1-or-later

//! What images contain, what contains them, and how much space that takes.

use std::collections::BTreeSet;

use hashbrown::HashSet;
use images_proto::repository::Kind;

use super::Catalog;
use crate::digests::DigestId;
use crate::repository::Repository;
use crate::stored::{Config, Stored};

impl Catalog {
    /// The content of an image that some repository holds.
    pub(crate) fn content(&self, digest: DigestId) -> Option<&Stored> {
        self.images.get(&digest).map(|image| &image.content)
    }

    pub(crate) fn kind_in(&self, repository: Option<&Repository>, digest: DigestId) -> Kind {
        let missing = match repository {
            Some(repository) => repository.held(digest).is_some_and(|held| held.missing),
            None => false,
        };
        match self.content(digest) {
            _ if missing => Kind::Missing,
            Some(Stored::Manifest { .. }) => Kind::Image,
            Some(Stored::Index { .. }) => Kind::Index,
            None if self.is_missing(digest) => Kind::Missing,
            None => Kind::Unknown,
        }
    }

    /// Whether a repository says that this image is gone, and none holds it.
    fn is_missing(&self, digest: DigestId) -> bool {
        let holders = self.holders.get(digest).iter();
        self.content(digest).is_none()
            && holders.filter_map(|id| self.repository(*id)?.held(digest)).any(|held| held.missing)
    }

    /// When the image was built, as its config says; the newest child of an index.
    pub(crate) fn built(&self, digest: DigestId) -> Option<i64> {
        let images = self.images_of(digest).into_iter();
        images.filter_map(|image| self.config_of(image)?.created).max()
    }

    /// The commit that the image was built from, as the labels of its config say; of an index that of
    /// the first image that has one.
    pub(crate) fn commit(&self, digest: DigestId) -> Option<&str> {
        let images = self.images_of(digest).into_iter();
        images.filter_map(|image| self.config_of(image)?.commit.as_deref()).next()
    }

    /// The config of an image, once it was read.
    pub(crate) fn config_of(&self, image: DigestId) -> Option<&Config> {
        self.configs.get(&self.content(image)?.config()?)
    }

    /// The diff IDs of an image's layers, once its config was read; none if it names another number
    /// of them.
    pub(crate) fn diff_ids_of(&self, image: DigestId) -> &[DigestId] {
        let layers = self.content(image).map_or(0, |content| content.layers().len());
        match self.config_of(image) {
            Some(config) if config.diff_ids.len() == layers => &config.diff_ids,
            _ => &[],
        }
    }

    /// Whether one image, this one or one inside an index, has all these labels: as `KEY=VALUE` each
    /// contains the text, which is in lower case.
    pub(crate) fn has_labels(&self, digest: DigestId, texts: &[String]) -> bool {
        self.images_of(digest).into_iter().filter_map(|image| self.config_of(image)).any(|config| {
            texts.iter().all(|text| {
                config.labels.iter().any(|label| self.labels.lower(*label).contains(text))
            })
        })
    }

    /// An image and every index that contains it, however deep.
    pub(crate) fn with_indexes(&self, digest: DigestId) -> Vec<DigestId> {
        reach(digest, |digest| self.by_child.get(digest))
    }

    /// An index and everything in it, however deep. Of an image: itself.
    pub(crate) fn with_children(&self, digest: DigestId) -> Vec<DigestId> {
        reach(digest, |digest| self.content(digest).map_or(&[], Stored::children))
    }

    /// The images of an index, or the image itself.
    fn images_of(&self, digest: DigestId) -> Vec<DigestId> {
        let mut all = self.with_children(digest);
        all.retain(|digest| matches!(self.content(*digest), Some(Stored::Manifest { .. })));
        all
    }

    /// Bytes of an image's distinct blobs, or of those of all children of an index. `None` if any of
    /// it was not read or has no known size; what is missing takes no space.
    pub(crate) fn size(&self, digest: DigestId) -> Option<u64> {
        self.content(digest)?;
        self.size_of([digest].into_iter())
    }

    pub(super) fn repository_size(&self, repository: &Repository) -> Option<u64> {
        let held = repository.images.as_ref()?.iter().filter(|held| !held.missing);
        self.size_of(held.map(|held| held.digest))
    }

    pub(super) fn repository_built(&self, repository: &Repository) -> Option<i64> {
        let held = repository.images().iter().filter(|held| !held.missing);
        held.filter_map(|held| self.config_of(held.digest)?.created).max()
    }

    fn size_of(&self, digests: impl Iterator<Item = DigestId>) -> Option<u64> {
        let mut seen = HashSet::new();
        let mut sizes = Vec::new();
        for digest in digests {
            for part in self.with_children(digest) {
                if !seen.insert(part) {
                    continue;
                }
                match self.content(part) {
                    Some(content) => sizes.extend(content.blobs().map(|b| (b.digest, b.size()))),
                    None if self.is_missing(part) => {}
                    None => return None,
                }
            }
        }
        // Manifests that disagree about a blob: the larger size stands last.
        sizes.sort_unstable();
        let mut sum = 0_u64;
        for (idx, (digest, size)) in sizes.iter().enumerate() {
            if sizes.get(idx + 1).is_none_or(|(next, _)| next != digest) {
                sum = sum.saturating_add((*size)?);
            }
        }
        Some(sum)
    }
}

/// Everything that is reached from one digest, itself first. Hostile facts may go in circles.
fn reach<'a>(start: DigestId, next: impl Fn(DigestId) -> &'a [DigestId]) -> Vec<DigestId> {
    let mut found = vec![start];
    if next(start).is_empty() {
        return found;
    }
    let mut seen = BTreeSet::from([start]);
    let mut done = 0;
    while let Some(digest) = found.get(done) {
        done += 1;
        let new: Vec<_> = next(*digest).iter().copied().filter(|id| seen.insert(*id)).collect();
        found.extend(new);
    }
    found
}
