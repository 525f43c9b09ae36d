// SPDX-License-Identifier: LGPL-2.1-or-later

//! Targets that are layers or configs themselves: refused while an image contains them.

use images_proto::delete::{Extent, Reason};
use images_proto::repository::Kind;
use images_proto::{Digest, Failure};

use super::afterwards::Afterwards;
use super::planner::Planner;
use super::words;

impl Planner<'_> {
    /// Refuses targets that are blobs and that an image contains.
    pub(super) fn refuse_blobs(&mut self, afterwards: &Afterwards) {
        for (blob, owners) in std::mem::take(&mut self.blobs) {
            match self.blob_refusal(&blob, afterwards) {
                Some(refused) => {
                    for target in owners.iter() {
                        if let Some(draft) = self.drafts.get_mut(target) {
                            draft.refused.get_or_insert_with(|| refused.clone());
                        }
                    }
                }
                None => {
                    self.cut_everywhere(&blob, &owners);
                    self.blobs.insert(blob, owners);
                }
            }
        }
    }

    fn blob_refusal(&self, blob: &Digest, afterwards: &Afterwards) -> Option<Failure> {
        let everywhere = self.everywhere();
        let is_image = self.catalog.kind(None, blob) != Kind::Unknown
            || everywhere.is_some_and(|all| all.image(blob).is_some());
        if is_image {
            return Some(words::an_image(blob));
        }
        let purge = self.params.extent == Extent::Purge;
        let needed = |image: &Digest| {
            let exists = everywhere.is_some_and(|all| all.image(image).is_some());
            !purge || self.is_led_to(image) || exists && !afterwards.removed.contains(image)
        };
        let images: Vec<_> = self.images_with(blob).into_iter().filter(|i| needed(i)).collect();
        if !images.is_empty() {
            let seen: Vec<_> = images
                .into_iter()
                .filter(|image| self.as_reason(*image) != Reason::Hidden)
                .collect();
            return Some(if seen.is_empty() {
                words::contained_by_hidden(blob)
            } else {
                words::contained(blob, &seen)
            });
        }
        if self.purges_cluster() {
            if everywhere.is_some_and(|all| all.has_unread()) {
                return Some(words::contents_unread());
            }
            return (!self.params.insist).then(words::unknown_age);
        }
        let held = self.around.holds_blob.get(blob).is_some_and(|holders| !holders.is_empty());
        (!held).then(|| words::absent(format_args!("layer {}", blob.short())))
    }
}
