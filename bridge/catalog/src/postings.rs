// SPDX-License-Identifier: LGPL-2.1-or-later

//! Maps from one id to a sorted set of others, made for millions of small sets.

use std::marker::PhantomData;

/// Numbers from zero, given one after the other.
pub(crate) trait Id: Copy {
    /// The id with this number.
    fn from_number(number: u32) -> Self;

    /// Its number.
    fn number(self) -> u32;

    /// Its number, as a place in a row.
    fn index(self) -> usize {
        self.number() as usize
    }
}

/// Makes a type around a number an [`Id`].
macro_rules! id {
    ($id:ty) => {
        impl crate::postings::Id for $id {
            fn from_number(number: u32) -> Self {
                Self(number)
            }

            fn number(self) -> u32 {
                self.0
            }
        }
    };
}
pub(crate) use id;

/// The values of each key. A set of one value, the most frequent, stands in the head of its key
/// itself; larger ones share one vector, in blocks of powers of two that are used again.
pub(crate) struct Postings<K, V> {
    lists: Lists,
    ids: PhantomData<(K, V)>,
}

/// Values of one key, in rising order.
pub(crate) struct Ids<'a, V> {
    packed: std::slice::Iter<'a, u32>,
    ids: PhantomData<V>,
}

/// Sorted sets of numbers below 2^31. Those of ids are below 2^28, which 8 GiB of digests would
/// fill: the bits above are free for whoever packs them.
#[derive(Default)]
pub(super) struct Lists {
    /// For each key nothing, its only value, or the start of a block.
    heads: Vec<u32>,
    /// The blocks: how many values there are, then the values, then free places.
    pool: Vec<u32>,
    /// The free blocks of 2^n places.
    free: Vec<Vec<u32>>,
}

const NUMBER: u32 = (1 << 28) - 1;
const EMPTY: u32 = u32::MAX;
/// Marks a head that is the start of a block.
const BLOCK: u32 = 1 << 31;

impl<K, V> Default for Postings<K, V> {
    fn default() -> Self {
        Self { lists: Lists::default(), ids: PhantomData }
    }
}

impl<K: Id, V: Id> Postings<K, V> {
    /// The values of a key.
    pub(crate) fn get(&self, key: K) -> Ids<'_, V> {
        Ids::new(self.lists.get(key.index()))
    }

    /// Adds a value; one that is there already changes nothing.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.lists.insert(key.index(), value.number());
    }

    /// Takes a value away; one that is not there changes nothing.
    pub(crate) fn remove(&mut self, key: K, value: V) {
        self.lists.remove(key.index(), value.number());
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.lists.bytes()
    }
}

impl<'a, V: Id> Ids<'a, V> {
    /// Ids out of sorted numbers with the same bits above.
    pub(super) fn new(packed: &'a [u32]) -> Self {
        Self { packed: packed.iter(), ids: PhantomData }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.packed.as_slice().is_empty()
    }

    /// Whether this is one of them.
    pub(crate) fn has(&self, value: V) -> bool {
        let number = |packed: &u32| *packed & NUMBER;
        self.packed.as_slice().binary_search_by_key(&value.number(), number).is_ok()
    }
}

impl<V> Clone for Ids<'_, V> {
    fn clone(&self) -> Self {
        Self { packed: self.packed.clone(), ids: PhantomData }
    }
}

impl<V: Id> Iterator for Ids<'_, V> {
    type Item = V;

    fn next(&mut self) -> Option<V> {
        self.packed.next().map(|packed| V::from_number(packed & NUMBER))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.packed.size_hint()
    }
}

impl<V: Id> ExactSizeIterator for Ids<'_, V> {}

impl Lists {
    pub(super) fn get(&self, key: usize) -> &[u32] {
        match self.heads.get(key) {
            None | Some(&EMPTY) => &[],
            Some(head) if head & BLOCK == 0 => std::slice::from_ref(head),
            Some(head) => &self.pool[self.values(head & !BLOCK)],
        }
    }

    pub(super) fn insert(&mut self, key: usize, value: u32) {
        if self.heads.len() <= key {
            self.heads.resize(key + 1, EMPTY);
        }
        let head = self.heads[key];
        if head == EMPTY || head == value {
            self.heads[key] = value;
        } else if head & BLOCK == 0 {
            let start = self.take(class(2));
            let place = start as usize;
            self.pool[place..place + 3].copy_from_slice(&[2, head.min(value), head.max(value)]);
            self.heads[key] = start | BLOCK;
        } else {
            let mut start = head & !BLOCK;
            let Err(place) = self.pool[self.values(start)].binary_search(&value) else { return };
            let len = self.pool[start as usize];
            if class(len + 1) > class(len) {
                start = self.move_to(start, len, class(len + 1));
                self.heads[key] = start | BLOCK;
            }
            self.pool[start as usize] = len + 1;
            let values = self.values(start);
            let values = &mut self.pool[values];
            values.copy_within(place..len as usize, place + 1);
            values[place] = value;
        }
    }

    pub(super) fn remove(&mut self, key: usize, value: u32) {
        let Some(head) = self.heads.get(key).copied() else { return };
        if head == value {
            self.heads[key] = EMPTY;
        }
        if head == EMPTY || head & BLOCK == 0 {
            return;
        }
        let start = head & !BLOCK;
        let values = self.values(start);
        let values = &mut self.pool[values];
        let Ok(place) = values.binary_search(&value) else { return };
        values.copy_within(place + 1.., place);
        let (first, left) = (values[0], values.len() as u32 - 1);
        if left == 1 {
            self.give(class(2), start);
            self.heads[key] = first;
            return;
        }
        self.pool[start as usize] = left;
        if class(left) < class(left + 1) {
            let old = class(left + 1);
            let smaller = self.take(class(left));
            self.copy(start, left, smaller);
            self.give(old, start);
            self.heads[key] = smaller | BLOCK;
        }
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> usize {
        let free: usize = self.free.iter().map(Vec::len).sum();
        (self.heads.len() + self.pool.len() + free) * 4
    }

    /// The places of the values of a block.
    fn values(&self, start: u32) -> std::ops::Range<usize> {
        let first = start as usize + 1;
        first..first + self.pool[start as usize] as usize
    }

    /// Moves a block of so many values to a larger one.
    fn move_to(&mut self, start: u32, len: u32, larger: usize) -> u32 {
        let new = self.take(larger);
        self.copy(start, len, new);
        self.give(class(len), start);
        new
    }

    fn copy(&mut self, from: u32, len: u32, to: u32) {
        let from = from as usize;
        self.pool.copy_within(from..=from + len as usize, to as usize);
    }

    /// A block of 2^class places, filled with anything.
    fn take(&mut self, class: usize) -> u32 {
        if let Some(start) = self.free.get_mut(class).and_then(Vec::pop) {
            return start;
        }
        let start = self.pool.len();
        self.pool.resize(start + (1 << class), 0);
        // 2^31 places would fill 8 GiB: memory ends long before the places do.
        start as u32
    }

    fn give(&mut self, class: usize, start: u32) {
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        self.free[class].push(start);
    }
}

/// The power of two of the block for so many values and their number.
fn class(len: u32) -> usize {
    (len + 1).next_power_of_two().trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_map_of_sets(
            steps in prop::collection::vec((any::<bool>(), 0_usize..4, 0_u32..20), 0..400),
        ) {
            let mut lists = Lists::default();
            let mut model = BTreeMap::<usize, BTreeSet<u32>>::new();
            for (add, key, value) in steps {
                if add {
                    lists.insert(key, value);
                    model.entry(key).or_default().insert(value);
                } else {
                    lists.remove(key, value);
                    model.entry(key).or_default().remove(&value);
                }
                for key in 0..5 {
                    let expected: Vec<_> = model.get(&key).into_iter().flatten().copied().collect();
                    prop_assert_eq!(lists.get(key), &expected[..]);
                }
            }
            // Four sets of at most 20 values fit blocks of 32, once each size on the way.
            prop_assert!(lists.pool.len() <= 4 * 64);
        }
    }
}
