// SPDX-License-Identifier: LGPL-2.1-or-later

//! What leads to each digest: what holds it, contains it, or is attached to it.

use std::marker::PhantomData;

use crate::digests::DigestId;
use crate::names::NameId;
use crate::postings::{Id, Ids, Lists};
use crate::repository::RepositoryId;

/// From each digest to the ids of one kind.
pub(crate) struct Way<V> {
    bits: u32,
    ids: PhantomData<V>,
}

/// From an image to the repositories that hold it or have a tag that names or named it.
pub(crate) const HOLDERS: Way<RepositoryId> = Way::new(0);
/// From a layer to the images that contain it.
pub(crate) const BY_LAYER: Way<DigestId> = Way::new(1);
/// From a config to its images.
pub(crate) const BY_CONFIG: Way<DigestId> = Way::new(2);
/// From a manifest to the indexes that contain it.
pub(crate) const BY_CHILD: Way<DigestId> = Way::new(3);
/// From a diff ID to the layers that were seen with it.
pub(crate) const LAYERS: Way<DigestId> = Way::new(4);
/// From a diff ID to the configs that name another number of them than their images have layers.
pub(crate) const ODD_CONFIGS: Way<DigestId> = Way::new(5);
/// From a digest to the names of tags such as `sha256-….sig` that attach something to it.
pub(crate) const ATTACHED: Way<NameId> = Way::new(6);

/// All ways from each digest. Nearly every digest has one alone, so they share one set for each
/// digest, with the way in the bits above the ids.
#[derive(Default)]
pub(crate) struct Links {
    lists: Lists,
}

impl<V> Way<V> {
    /// Where the bits of the way stand.
    const SHIFT: u32 = 28;

    const fn new(number: u32) -> Self {
        Self { bits: number << Self::SHIFT, ids: PhantomData }
    }
}

impl Links {
    /// Where this way leads.
    pub(crate) fn get<V: Id>(&self, digest: DigestId, way: Way<V>) -> Ids<'_, V> {
        let all = self.lists.get(digest.index());
        let start = all.partition_point(|packed| *packed < way.bits);
        let end = all.partition_point(|packed| *packed >> Way::<V>::SHIFT <= way.number());
        Ids::new(&all[start..end])
    }

    /// Adds an end to this way; one that is there already changes nothing.
    pub(crate) fn insert<V: Id>(&mut self, digest: DigestId, way: Way<V>, to: V) {
        self.lists.insert(digest.index(), way.bits | to.number());
    }

    /// Takes an end away; one that is not there changes nothing.
    pub(crate) fn remove<V: Id>(&mut self, digest: DigestId, way: Way<V>, to: V) {
        self.lists.remove(digest.index(), way.bits | to.number());
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.lists.bytes()
    }
}

impl<V> Way<V> {
    const fn number(&self) -> u32 {
        self.bits >> Self::SHIFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_one_digest_do_not_mix() {
        let id = DigestId::from_number;
        let mut links = Links::default();
        links.insert(id(3), BY_LAYER, id(7));
        links.insert(id(3), BY_CHILD, id(7));
        links.insert(id(3), BY_CHILD, id(2));
        links.insert(id(3), ATTACHED, NameId::from_number(0));
        let children: Vec<_> = links.get(id(3), BY_CHILD).collect();
        assert_eq!(children, [id(2), id(7)]);
        assert!(links.get(id(3), BY_LAYER).eq([id(7)]));
        assert!(links.get(id(3), BY_LAYER).has(id(7)) && !links.get(id(3), BY_LAYER).has(id(2)));
        assert!(links.get(id(3), HOLDERS).is_empty() && links.get(id(4), BY_LAYER).is_empty());
        assert_eq!(links.get(id(3), ATTACHED).len(), 1);
        links.remove(id(3), BY_CHILD, id(7));
        links.remove(id(3), BY_CONFIG, id(2));
        assert!(links.get(id(3), BY_CHILD).eq([id(2)]));
        assert!(links.get(id(3), BY_LAYER).eq([id(7)]));
    }
}
