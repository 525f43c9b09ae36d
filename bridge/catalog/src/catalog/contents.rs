// SPDX-License-Identifier: LGPL-2.1-or-later

//! What images contain, what contains them, and how much space that takes.

use std::collections::BTreeSet;

use hashbrown::HashSet;
use images_proto::repository::Kind;

use super::Catalog;
use crate::configs::Config;
use crate::digests::DigestId;
use crate::links::{ATTACHED, BY_CHILD, BY_CONFIG, BY_LAYER, HOLDERS, LAYERS, ODD_CONFIGS};
use crate::names::NameId;
use crate::postings::Ids;
use crate::repository::{Repository, RepositoryId};
use crate::stored::Contents;

impl Catalog {
    /// The content of an image that some repository holds.
    pub(crate) fn content(&self, digest: DigestId) -> Option<Contents<'_>> {
        Some(Contents::new(&self.images.get(digest)?.stored, &self.sizes))
    }

    /// The repositories that hold an image or have a tag that names or named it.
    pub(crate) fn holders(&self, image: DigestId) -> Ids<'_, RepositoryId> {
        self.links.get(image, HOLDERS)
    }

    /// The images that contain a layer.
    pub(crate) fn by_layer(&self, layer: DigestId) -> Ids<'_, DigestId> {
        self.links.get(layer, BY_LAYER)
    }

    /// The images of a config.
    pub(crate) fn by_config(&self, config: DigestId) -> Ids<'_, DigestId> {
        self.links.get(config, BY_CONFIG)
    }

    /// The images that contain a layer or config.
    pub(crate) fn by_blob(&self, blob: DigestId) -> impl Iterator<Item = DigestId> {
        self.by_layer(blob).chain(self.by_config(blob))
    }

    /// The indexes that contain a manifest.
    pub(crate) fn by_child(&self, manifest: DigestId) -> Ids<'_, DigestId> {
        self.links.get(manifest, BY_CHILD)
    }

    /// The names of tags such as `sha256-….sig` that attach something to a digest.
    pub(crate) fn attached(&self, digest: DigestId) -> Ids<'_, NameId> {
        self.links.get(digest, ATTACHED)
    }

    /// The images whose configs name a diff ID; some may come twice.
    pub(crate) fn by_diff_id(&self, diff_id: DigestId) -> impl Iterator<Item = DigestId> {
        let layers = self.links.get(diff_id, LAYERS);
        let names = move |image: &DigestId| {
            let config = self.config_of(*image);
            config.is_some_and(|config| config.diff_ids().contains(&diff_id))
        };
        let through_layers = layers.flat_map(|layer| self.by_layer(layer)).filter(names);
        let odd = self.links.get(diff_id, ODD_CONFIGS);
        through_layers.chain(odd.flat_map(|config| self.by_config(config)))
    }

    pub(crate) fn kind_in(&self, repository: Option<&Repository>, digest: DigestId) -> Kind {
        let missing = match repository {
            Some(repository) => repository.held(digest).is_some_and(|held| held.missing),
            None => false,
        };
        match self.content(digest) {
            _ if missing => Kind::Missing,
            Some(content) if content.is_index() => Kind::Index,
            Some(_) => Kind::Image,
            None if self.is_missing(digest) => Kind::Missing,
            None => Kind::Unknown,
        }
    }

    /// Whether a repository says that this image is gone, and none holds it.
    fn is_missing(&self, digest: DigestId) -> bool {
        let mut held = self.holders(digest).filter_map(|id| self.repository(id)?.held(digest));
        self.content(digest).is_none() && held.any(|held| held.missing)
    }

    /// When the image was built, as its config says; the newest child of an index.
    pub(crate) fn built(&self, digest: DigestId) -> Option<i64> {
        let images = self.images_of(digest).into_iter();
        images.filter_map(|image| self.config_of(image)?.created()).max()
    }

    /// The commit that the image was built from, as the labels of its config say; of an index that of
    /// the first image that has one.
    pub(crate) fn commit(&self, digest: DigestId) -> Option<&str> {
        let images = self.images_of(digest).into_iter();
        images.filter_map(|image| self.config_of(image)?.commit(&self.labels)).next()
    }

    /// The config of an image, once it was read.
    pub(crate) fn config_of(&self, image: DigestId) -> Option<Config<'_>> {
        self.configs.get(self.content(image)?.config()?)
    }

    /// The diff IDs of an image's layers, once its config was read; none if it names another number
    /// of them.
    pub(crate) fn diff_ids_of(&self, image: DigestId) -> &[DigestId] {
        let layers = self.content(image).map_or(0, |content| content.layer_count());
        match self.config_of(image) {
            Some(config) if config.diff_ids().len() == layers => config.diff_ids(),
            _ => &[],
        }
    }

    /// Whether one image, this one or one inside an index, has all these labels: as `KEY=VALUE` each
    /// contains the text, which is in lower case.
    pub(crate) fn has_labels(&self, digest: DigestId, texts: &[String]) -> bool {
        self.images_of(digest).into_iter().filter_map(|image| self.config_of(image)).any(|config| {
            let has = |text| config.labels().iter().any(|label| self.labels.contains(*label, text));
            texts.iter().all(|text| has(text))
        })
    }

    /// An image and every index that contains it, however deep.
    pub(crate) fn with_indexes(&self, digest: DigestId) -> Vec<DigestId> {
        reach(digest, |digest| self.by_child(digest))
    }

    /// An index and everything in it, however deep. Of an image: itself.
    pub(crate) fn with_children(&self, digest: DigestId) -> Vec<DigestId> {
        reach(digest, |digest| {
            self.content(digest).map_or(&[][..], Contents::children).iter().copied()
        })
    }

    /// The images of an index, or the image itself.
    fn images_of(&self, digest: DigestId) -> Vec<DigestId> {
        let mut all = self.with_children(digest);
        all.retain(|digest| self.content(*digest).is_some_and(|content| !content.is_index()));
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
        held.filter_map(|held| self.config_of(held.digest)?.created()).max()
    }

    fn size_of(&self, digests: impl Iterator<Item = DigestId>) -> Option<u64> {
        let mut seen = HashSet::new();
        let mut sizes = Vec::new();
        let mut open: Vec<_> = digests.collect();
        // With all that is in indexes, however deep; hostile facts may go in circles.
        while let Some(part) = open.pop() {
            if !seen.insert(part) {
                continue;
            }
            match self.content(part) {
                Some(content) => {
                    sizes.extend(content.blobs().map(|blob| (blob.digest, blob.size)));
                    open.extend(content.children());
                }
                None if self.is_missing(part) => {}
                None => return None,
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
fn reach<I: Iterator<Item = DigestId>>(
    start: DigestId,
    next: impl Fn(DigestId) -> I,
) -> Vec<DigestId> {
    let mut found = vec![start];
    let mut nearest = next(start).peekable();
    if nearest.peek().is_none() {
        return found;
    }
    let mut seen = BTreeSet::from([start]);
    found.extend(nearest.filter(|digest| seen.insert(*digest)));
    let mut done = 1;
    while let Some(digest) = found.get(done) {
        done += 1;
        let new: Vec<_> = next(*digest).filter(|digest| seen.insert(*digest)).collect();
        found.extend(new);
    }
    found
}
