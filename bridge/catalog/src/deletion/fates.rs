// SPDX-License-Identifier: LGPL-2.1-or-later

//! What becomes of each image and blob, and the bytes.

use std::collections::BTreeMap;

use images_proto::Digest;
use images_proto::delete::{Fate, ImageFate, LayerFate, Part, Reason, Space};
use images_proto::repository::Kind;

use super::afterwards::Afterwards;
use super::planner::Planner;
use crate::{BlobFacts, Content};

/// The most reasons that are named one by one.
const REASONS: usize = 5;

/// A blob of the images that the plan touches.
struct Found {
    part: Part,
    size: Option<u64>,
    /// Whether all images that are touched and contain it were imported, so that it is not here.
    elsewhere: bool,
    /// Whether an image that is removed contains it.
    goes: bool,
}

impl Planner<'_> {
    /// What becomes of everything that is touched, and the bytes.
    pub(super) fn fates(&self, afterwards: &Afterwards) -> (Vec<ImageFate>, Vec<LayerFate>, Space) {
        let mut images = Vec::new();
        let mut blobs: BTreeMap<Digest, Found> = BTreeMap::new();
        let mut layers = Vec::new();
        for digest in afterwards.touched.keys() {
            let content = self.content(digest);
            if content.is_none() && self.catalog.kind(None, digest) == Kind::Missing {
                continue;
            }
            let (fate, mut because) = self.image_fate(digest, afterwards);
            if content.is_none() && fate != Fate::Stays {
                because.push(Reason::Unread);
            }
            let elsewhere = self.is_elsewhere(digest);
            let (manifest, why) = match fate {
                Fate::Removed | Fate::Waits if elsewhere => (Fate::Stays, vec![Reason::Elsewhere]),
                fate => (fate, because.clone()),
            };
            let size = self.around.sizes.get(digest).copied();
            layers.push(layer_fate(*digest, Part::Manifest, size, manifest, why));
            images.push(image_fate(*digest, fate, because));
            let Some(Content::Manifest { config, layers }) = content else { continue };
            let goes = afterwards.removed.contains(digest) && !elsewhere;
            let mut note = |blob: BlobFacts, part| {
                let known = Found { part, size: blob.size, elsewhere, goes };
                let found = blobs.entry(blob.digest).or_insert(known);
                found.part = found.part.min(part);
                found.size = found.size.max(blob.size);
                found.elsewhere &= elsewhere;
                found.goes |= goes;
            };
            // A cluster that does not tell the size of a config says 0, which none has.
            let config = config.map(|config| {
                let size = config.size.filter(|size| *size > 0);
                BlobFacts { size, ..config }
            });
            config.into_iter().for_each(|config| note(config, Part::Config));
            layers.into_iter().for_each(|layer| note(layer, Part::Layer));
        }
        for digest in self.blobs.keys().filter(|digest| !blobs.contains_key(*digest)) {
            let fate = if self.purges_cluster() { Fate::Removed } else { Fate::Waits };
            let size = self.around.sizes.get(digest).copied();
            layers.push(layer_fate(*digest, Part::Layer, size, fate, Vec::new()));
        }
        for (digest, found) in blobs {
            let (fate, because) = self.blob_fate(&digest, &found, afterwards);
            let size = found.size.or_else(|| self.around.sizes.get(&digest).copied());
            layers.push(layer_fate(digest, found.part, size, fate, because));
        }
        layers.sort_unstable_by_key(|layer| layer.digest);
        let space = space(&layers);
        (images, layers, space)
    }

    fn image_fate(&self, digest: &Digest, afterwards: &Afterwards) -> (Fate, Vec<Reason>) {
        if self.is_led_to(digest) {
            (Fate::Stays, self.reasons(digest))
        } else if afterwards.removed.contains(digest) {
            (Fate::Removed, Vec::new())
        } else {
            (Fate::Waits, afterwards.withheld(digest).to_vec())
        }
    }

    fn blob_fate(
        &self,
        digest: &Digest,
        found: &Found,
        afterwards: &Afterwards,
    ) -> (Fate, Vec<Reason>) {
        let (mut users, mut kept) = (Vec::new(), Vec::new());
        let purge = self.purges_cluster();
        for image in self.images_with(digest) {
            if self.is_led_to(&image) {
                users.push(self.as_reason(image));
            } else if purge
                && !afterwards.removed.contains(&image)
                && self.everywhere().is_some_and(|all| all.image(&image).is_some())
            {
                match afterwards.withheld(&image) {
                    [] => kept.push(Reason::Image(image)),
                    withheld => kept.extend_from_slice(withheld),
                }
            }
        }
        if !users.is_empty() {
            users.sort_unstable();
            (Fate::Stays, users)
        } else if found.elsewhere {
            (Fate::Stays, vec![Reason::Elsewhere])
        } else if purge && found.goes && kept.is_empty() {
            (Fate::Removed, kept)
        } else {
            kept.sort_unstable();
            kept.dedup();
            (Fate::Waits, kept)
        }
    }
}

fn image_fate(digest: Digest, fate: Fate, mut because: Vec<Reason>) -> ImageFate {
    let reasons = because.len() as u32;
    because.truncate(REASONS);
    ImageFate { digest, fate, because, reasons }
}

fn layer_fate(
    digest: Digest,
    part: Part,
    size: Option<u64>,
    fate: Fate,
    mut because: Vec<Reason>,
) -> LayerFate {
    let reasons = because.len() as u32;
    because.truncate(REASONS);
    LayerFate { digest, part, size, fate, because, reasons }
}

/// Each blob is there once.
fn space(layers: &[LayerFate]) -> Space {
    let mut space = Space::default();
    for layer in layers {
        let sum = match layer.fate {
            Fate::Removed => &mut space.freed,
            Fate::Waits => &mut space.later,
            // What is in another registry takes no space here.
            Fate::Stays if layer.because == [Reason::Elsewhere] => continue,
            Fate::Stays => &mut space.shared,
        };
        match layer.size {
            Some(size) => *sum = sum.saturating_add(size),
            None if layer.fate == Fate::Stays => {}
            None => space.unknown += 1,
        }
    }
    space
}
