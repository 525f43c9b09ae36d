// SPDX-License-Identifier: LGPL-2.1-or-later

//! Every digest once, and the digests that start with given hex digits.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use images_proto::{Digest, DigestPrefix};

use crate::postings::{Id, id};

/// A digest of the catalog. Ids are given in the order of arrival and never taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DigestId(u32);

id!(DigestId);

/// The most digests that are searched one by one.
const MAX_TAIL: usize = 1024;

/// How many digests stand in a row.
const ROW: usize = 4096;

/// Every digest that was ever heard of, of whatever it names.
#[derive(Default)]
pub(crate) struct Digests {
    all: Rows,
    ids: HashTable<DigestId>,
    hasher: DefaultHashBuilder,
    /// The ids by digest, in runs, each at least twice as long as the next: so there are few to be
    /// looked into, and each id is merged a few times only.
    runs: Vec<Vec<Sorted>>,
    /// How many ids stand in runs. The later ones are the tail: few, and in a row in `all`.
    sorted: usize,
}

/// A digest in a run, with its first bytes: nearly always they decide, and they stand in a row, while
/// the digests of a run are all over the memory.
#[derive(Clone, Copy)]
struct Sorted {
    first: u32,
    id: DigestId,
}

/// Digests by id, in rows that never grow: the largest part of a catalog would leave holes of half
/// its size behind whenever it moved.
#[derive(Default)]
struct Rows {
    rows: Vec<Vec<Digest>>,
}

impl Digests {
    /// The id of this digest, a new one if it is new.
    pub(crate) fn intern(&mut self, digest: &Digest) -> DigestId {
        if let Some(id) = self.get(digest) {
            return id;
        }
        // 2^28 digests, as many as postings can tell apart, would fill 8 GiB: memory ends before.
        let id = DigestId(self.all.len() as u32);
        self.all.push(*digest);
        let Self { all, ids, hasher, .. } = self;
        ids.insert_unique(hasher.hash_one(digest), id, |id| hasher.hash_one(all.get(id.index())));
        if self.all.len() - self.sorted > MAX_TAIL {
            self.sort();
        }
        id
    }

    /// Adds a digest, without sorting it in; `None` if it is there already. Whoever adds many at once
    /// sorts all of them in at the end.
    pub(crate) fn append(&mut self, digest: &Digest) -> Option<DigestId> {
        let Self { all, ids, hasher, .. } = self;
        let id = DigestId(all.len() as u32);
        let is_it = |id: &DigestId| all.get(id.index()) == digest;
        let hash = hasher.hash_one(digest);
        match ids.entry(hash, is_it, |id| hasher.hash_one(all.get(id.index()))) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert(id),
        };
        all.push(*digest);
        Some(id)
    }

    /// Makes room for as many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        let Self { all, ids, hasher, .. } = self;
        ids.reserve(more, |id| hasher.hash_one(all.get(id.index())));
    }

    /// How many digests there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The id of this digest, if it was heard of.
    pub(crate) fn get(&self, digest: &Digest) -> Option<DigestId> {
        let hash = self.hasher.hash_one(digest);
        self.ids.find(hash, |id| self.all.get(id.index()) == digest).copied()
    }

    /// The digest of this id.
    pub(crate) fn digest(&self, id: DigestId) -> Digest {
        *self.all.get(id.index())
    }

    /// The digests that start with these digits, sorted.
    pub(crate) fn with_prefix(&self, prefix: &DigestPrefix) -> Vec<DigestId> {
        let lowest = prefix.lowest();
        let mut found = Vec::new();
        let first = first_bytes(&lowest);
        for run in &self.runs {
            let start = run.partition_point(|sorted| {
                sorted.first < first || sorted.first == first && self.digest(sorted.id) < lowest
            });
            let run = run[start..].iter().map(|sorted| sorted.id);
            found.extend(run.take_while(|id| prefix.matches(&self.digest(*id))));
        }
        let tail =
            (self.sorted..self.all.len()).filter(|place| prefix.matches(self.all.get(*place)));
        found.extend(tail.map(|place| DigestId(place as u32)));
        found.sort_unstable_by_key(|id| self.digest(*id));
        found
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.all.len() * size_of::<Digest>()
            + self.ids.allocation_size()
            + self.sorted * size_of::<Sorted>()
    }

    /// Makes the tail a run.
    pub(crate) fn sort(&mut self) {
        let all = &self.all;
        let order = |one: &Sorted, other: &Sorted| {
            let digest = |sorted: &Sorted| all.get(sorted.id.index());
            one.first.cmp(&other.first).then_with(|| digest(one).cmp(digest(other)))
        };
        let mut run: Vec<_> = (self.sorted..all.len())
            .map(|place| Sorted { first: first_bytes(all.get(place)), id: DigestId(place as u32) })
            .collect();
        run.sort_unstable_by(order);
        while let Some(last) = self.runs.pop_if(|last| last.len() < 2 * run.len()) {
            // A stable sort finds the two sorted parts by itself and merges them.
            run.extend(last);
            run.sort_by(order);
        }
        self.runs.push(run);
        self.sorted = all.len();
    }
}

fn first_bytes(digest: &Digest) -> u32 {
    digest.as_bytes().iter().take(4).fold(0, |bytes, byte| bytes << 8 | u32::from(*byte))
}

impl Rows {
    fn get(&self, place: usize) -> &Digest {
        &self.rows[place / ROW][place % ROW]
    }

    fn len(&self) -> usize {
        self.rows.last().map_or(0, |last| (self.rows.len() - 1) * ROW + last.len())
    }

    fn push(&mut self, digest: Digest) {
        match self.rows.last_mut().filter(|last| last.len() < ROW) {
            Some(last) => last.push(digest),
            None => {
                let mut row = Vec::with_capacity(ROW);
                row.push(digest);
                self.rows.push(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_are_found_in_the_sorted_part_and_in_the_tail() {
        let mut digests = Digests::default();
        let digest = |n: u32| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            Digest::from_bytes(bytes)
        };
        for n in 0..6000 {
            let id = digests.intern(&digest(n));
            assert_eq!(digests.intern(&digest(n)), id);
        }
        assert!(digests.runs.len() > 1 && digests.sorted < 6000);
        for n in 0..6000 {
            let prefix = DigestPrefix::from_hex(&digest(n).hex()[..8]).unwrap();
            let found = digests.with_prefix(&prefix);
            assert_eq!(found, [digests.get(&digest(n)).unwrap()], "{n}");
        }
        assert!(digests.get(&digest(6000)).is_none());
    }

    proptest! {
        #[test]
        fn prefixes_agree_with_a_scan(
            all in prop::collection::vec(prop::array::uniform2(0_u8..3), 0..40),
            sorted in prop::collection::vec(0_usize..40, 0..4),
            prefix in "[012]{1,4}",
        ) {
            let mut digests = Digests::default();
            let digest = |start: &[u8; 2]| {
                let mut bytes = [0; 32];
                bytes[..2].copy_from_slice(start);
                Digest::from_bytes(bytes)
            };
            for (place, start) in all.iter().enumerate() {
                digests.intern(&digest(start));
                if sorted.contains(&place) {
                    digests.sort();
                }
            }
            let mut expected: Vec<_> = all.iter().map(digest).collect();
            expected.sort_unstable();
            expected.dedup();
            expected.retain(|digest| digest.hex().starts_with(&prefix));
            let found = digests.with_prefix(&DigestPrefix::from_hex(&prefix).unwrap());
            let found: Vec<_> = found.into_iter().map(|id| digests.digest(id)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
