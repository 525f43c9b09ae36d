// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who refers to an image or blob in a whole cluster: asked before a plan, and once more right
//! before each physical removal, of lists that were read for it.
//!
//! Unlike the [`Catalog`](crate::Catalog) it knows image streams that the user may not see, and
//! images that are in no stream.

use hashbrown::HashMap;
use images_proto::delete::Reason;
use images_proto::{Digest, RepositoryName, TagRef};

use crate::{Content, TagFacts};

/// Every reference of a cluster, as far as it was added.
#[derive(Clone, Debug, Default)]
pub struct References {
    images: HashMap<Digest, ClusterImage>,
    /// From an image to what names it in a stream, now or earlier.
    named: HashMap<Digest, Vec<Naming>>,
    /// From a layer or config to the images that contain it.
    by_blob: HashMap<Digest, Vec<Digest>>,
    /// From a manifest to the indexes that contain it.
    by_child: HashMap<Digest, Vec<Digest>>,
    /// How many images have an unknown content.
    unread: usize,
}

/// An Image object of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterImage {
    /// When it was made, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// Whether its data is in the cluster's own registry, and not where it was imported from.
    pub managed: bool,
    /// What it contains; `None` if that could not be read. As long as there is such an image nothing
    /// can be removed, because it may contain anything.
    pub content: Option<Content>,
}

/// A revision of a tag of an image stream.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    pub(crate) tag: TagRef,
    pub(crate) age: u32,
    pub(crate) hidden: bool,
}

impl References {
    /// Adds the tags of an image stream; `hidden`: the user may not see it.
    pub fn add_stream(&mut self, repository: &RepositoryName, tags: &[TagFacts], hidden: bool) {
        for facts in tags {
            for (age, revision) in facts.revisions.iter().enumerate() {
                let tag = TagRef { repository: repository.clone(), tag: facts.tag.clone() };
                let naming = Naming { tag, age: age as u32, hidden };
                self.named.entry(revision.digest).or_default().push(naming);
            }
        }
    }

    /// Adds an image. Of several with one digest the first counts.
    pub fn add_image(&mut self, digest: Digest, image: ClusterImage) {
        if self.images.contains_key(&digest) {
            return;
        }
        match &image.content {
            Some(Content::Manifest { config, layers }) => {
                for blob in config.iter().chain(layers) {
                    add(&mut self.by_blob, blob.digest, digest);
                }
            }
            Some(Content::Index { children }) => {
                for child in children {
                    add(&mut self.by_child, *child, digest);
                }
            }
            Some(Content::Missing) | None => self.unread += 1,
        }
        self.images.insert(digest, image);
    }

    /// An image, if it is there.
    pub fn image(&self, digest: &Digest) -> Option<&ClusterImage> {
        self.images.get(digest)
    }

    /// The images with data in the cluster's registry that no stream leads to, not even by an index;
    /// sorted.
    pub fn loose(&self) -> Vec<Digest> {
        let mut next: Vec<_> = self.named.keys().copied().collect();
        let mut reached: std::collections::HashSet<_> = next.iter().copied().collect();
        while let Some(image) = next.pop() {
            if let Some(Content::Index { children }) =
                self.images.get(&image).and_then(|image| image.content.as_ref())
            {
                next.extend(children.iter().filter(|child| reached.insert(**child)));
            }
        }
        let loose = self
            .images
            .iter()
            .filter(|(digest, image)| image.managed && !reached.contains(*digest));
        let mut loose: Vec<_> = loose.map(|(digest, _)| *digest).collect();
        loose.sort_unstable();
        loose
    }

    /// Who leads to an image: revisions of tags, and indexes, except such in `going` to which
    /// nothing leads either. If there is nobody, it may be removed.
    pub fn holders_of_image(
        &self,
        digest: &Digest,
        going: &std::collections::HashSet<Digest>,
    ) -> Vec<Reason> {
        let mut holders = self.unread();
        self.add_holders(*digest, going, &mut Vec::new(), &mut holders);
        sorted(holders)
    }

    /// Who needs a blob, be it a layer, a config or a manifest: the images that contain it, except
    /// such in `going` to which nothing leads. If there is nobody, it may be removed.
    pub fn holders_of_blob(
        &self,
        blob: &Digest,
        going: &std::collections::HashSet<Digest>,
    ) -> Vec<Reason> {
        let mut holders = self.unread();
        let mut hold = |image: &Digest, exists: bool| {
            if exists && !going.contains(image) {
                holders.push(self.as_reason(*image));
            } else {
                self.add_holders(*image, going, &mut Vec::new(), &mut holders);
            }
        };
        for image in self.images_with(blob) {
            hold(image, true);
        }
        // A manifest may be named although the cluster has forgotten its image.
        hold(blob, self.images.contains_key(blob));
        sorted(holders)
    }

    fn add_holders(
        &self,
        digest: Digest,
        going: &std::collections::HashSet<Digest>,
        path: &mut Vec<Digest>,
        holders: &mut Vec<Reason>,
    ) {
        // Hostile facts may go in circles.
        if path.contains(&digest) {
            return;
        }
        path.push(digest);
        holders.extend(self.namings(&digest).iter().map(Naming::as_reason));
        for index in self.indexes_with(&digest) {
            if !going.contains(index) {
                holders.push(self.as_reason(*index));
                continue;
            }
            let before = holders.len();
            self.add_holders(*index, going, path, holders);
            if holders.len() > before {
                holders.truncate(before);
                holders.push(self.as_reason(*index));
            }
        }
        path.pop();
    }

    /// An image as the reason why something stays.
    fn as_reason(&self, image: Digest) -> Reason {
        let namings = self.namings(&image);
        if !namings.is_empty() && namings.iter().all(|naming| naming.hidden) {
            Reason::Hidden
        } else {
            Reason::Image(image)
        }
    }

    fn unread(&self) -> Vec<Reason> {
        if self.has_unread() { vec![Reason::Unread] } else { Vec::new() }
    }

    /// Whether there is an image that may contain anything.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread > 0
    }

    pub(crate) fn images(&self) -> impl Iterator<Item = (&Digest, &ClusterImage)> {
        self.images.iter()
    }

    pub(crate) fn namings(&self, image: &Digest) -> &[Naming] {
        self.named.get(image).map_or(&[], Vec::as_slice)
    }

    /// The images that contain a layer or config.
    pub(crate) fn images_with(&self, blob: &Digest) -> &[Digest] {
        self.by_blob.get(blob).map_or(&[], Vec::as_slice)
    }

    /// The indexes that contain a manifest.
    pub(crate) fn indexes_with(&self, image: &Digest) -> &[Digest] {
        self.by_child.get(image).map_or(&[], Vec::as_slice)
    }
}

impl Naming {
    pub(crate) fn as_reason(&self) -> Reason {
        if self.hidden {
            Reason::Hidden
        } else {
            Reason::Tag { tag: self.tag.clone(), age: self.age }
        }
    }
}

/// A manifest may name a layer twice.
fn add(postings: &mut HashMap<Digest, Vec<Digest>>, key: Digest, value: Digest) {
    let values = postings.entry(key).or_default();
    if values.last() != Some(&value) {
        values.push(value);
    }
}

fn sorted(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[cfg(test)]
mod tests;
