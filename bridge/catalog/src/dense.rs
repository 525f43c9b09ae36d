// SPDX-License-Identifier: LGPL-2.1-or-later

//! A map of things that know their own digest: in a row without gaps, and found by a table of
//! places.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::digests::DigestId;

/// What stands in such a map.
pub(crate) trait Keyed {
    /// Its digest.
    fn digest(&self) -> DigestId;
}

/// The map.
pub(crate) struct Dense<V> {
    all: Vec<V>,
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<V> Default for Dense<V> {
    fn default() -> Self {
        Self { all: Vec::new(), places: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<V: Keyed> Dense<V> {
    /// The place of what has this digest.
    pub(crate) fn place(&self, digest: DigestId) -> Option<u32> {
        let hash = self.hasher.hash_one(digest);
        self.places.find(hash, |place| self.all[*place as usize].digest() == digest).copied()
    }

    pub(crate) fn get(&self, digest: DigestId) -> Option<&V> {
        self.all.get(self.place(digest)? as usize)
    }

    pub(crate) fn get_mut(&mut self, digest: DigestId) -> Option<&mut V> {
        let place = self.place(digest)?;
        self.all.get_mut(place as usize)
    }

    /// All of it, by place. Places are given in the order of arrival, and stay as long as nothing is
    /// removed.
    pub(crate) fn all(&self) -> &[V] {
        &self.all
    }

    /// Adds what is not there.
    pub(crate) fn insert(&mut self, value: V) {
        let Self { all, places, hasher } = self;
        let hash = hasher.hash_one(value.digest());
        let place = all.len() as u32;
        all.push(value);
        places.insert_unique(hash, place, |place| hasher.hash_one(all[*place as usize].digest()));
    }

    /// Takes something away; the last takes its place.
    pub(crate) fn remove(&mut self, digest: DigestId) -> Option<V> {
        let Self { all, places, hasher } = self;
        let has = |place: &u32, digest| all[*place as usize].digest() == digest;
        let last = all.last()?.digest();
        let found = places.find_entry(hasher.hash_one(digest), |place| has(place, digest));
        let (gone, _) = found.ok()?.remove();
        if let Some(place) = places.find_mut(hasher.hash_one(last), |place| has(place, last)) {
            *place = gone;
        }
        Some(all.swap_remove(gone as usize))
    }

    /// Bytes in use, without what stands elsewhere.
    pub(crate) fn bytes(&self) -> usize {
        self.all.len() * size_of::<V>() + self.places.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::postings::Id;

    impl Keyed for (DigestId, u8) {
        fn digest(&self) -> DigestId {
            self.0
        }
    }

    proptest! {
        #[test]
        fn behaves_as_a_map(steps in prop::collection::vec((any::<bool>(), 0_u32..8, 0_u8..9), 0..99)) {
            let mut dense = Dense::default();
            let mut model = BTreeMap::new();
            for (add, number, value) in steps {
                let digest = DigestId::from_number(number);
                if !add {
                    prop_assert_eq!(dense.remove(digest), model.remove(&number).map(|v| (digest, v)));
                } else if let Some(old) = dense.get_mut(digest) {
                    old.1 = value;
                    model.insert(number, value);
                } else {
                    dense.insert((digest, value));
                    model.insert(number, value);
                }
                prop_assert_eq!(dense.all().len(), model.len());
                for number in 0..9 {
                    let found = dense.get(DigestId::from_number(number)).map(|(_, value)| value);
                    prop_assert_eq!(found, model.get(&number));
                }
            }
        }
    }
}
