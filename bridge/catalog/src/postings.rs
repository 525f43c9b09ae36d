// SPDX-License-Identifier: LGPL-2.1-or-later

//! A map from one id to a sorted set of others, made for millions of small sets.

use std::hash::Hash;

use hashbrown::HashMap;

/// The values of each key. A set of one value, the most frequent, stands in the map itself; larger
/// ones share one vector, in blocks of powers of two that are used again.
pub(crate) struct Postings<K, V> {
    lists: HashMap<K, List<V>>,
    pool: Vec<V>,
    /// The free blocks of 2^n values.
    free: Vec<Vec<u32>>,
}

#[derive(Clone, Copy)]
enum List<V> {
    One(V),
    /// At least two; the block has the next power of two of places.
    Many {
        start: u32,
        len: u32,
    },
}

impl<K, V> Default for Postings<K, V> {
    fn default() -> Self {
        Self { lists: HashMap::new(), pool: Vec::new(), free: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Copy + Ord> Postings<K, V> {
    /// The values of a key, in rising order.
    pub(crate) fn get(&self, key: K) -> &[V] {
        match self.lists.get(&key) {
            None => &[],
            Some(List::One(value)) => std::slice::from_ref(value),
            Some(List::Many { start, len }) => &self.pool[block(*start, *len)],
        }
    }

    /// Adds a value; one that is there already changes nothing.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let list = match self.lists.get(&key).copied() {
            None => List::One(value),
            Some(List::One(old)) if old == value => return,
            Some(List::One(old)) => {
                let start = self.take(1, value);
                let pair = [old.min(value), old.max(value)];
                self.pool[block(start, 2)].copy_from_slice(&pair);
                List::Many { start, len: 2 }
            }
            Some(List::Many { mut start, len }) => {
                let Err(place) = self.pool[block(start, len)].binary_search(&value) else { return };
                if len.is_power_of_two() {
                    let larger = self.take(class(len) + 1, value);
                    self.pool.copy_within(block(start, len), larger as usize);
                    self.give(class(len), start);
                    start = larger;
                }
                let values = &mut self.pool[block(start, len + 1)];
                values.copy_within(place..len as usize, place + 1);
                values[place] = value;
                List::Many { start, len: len + 1 }
            }
        };
        self.lists.insert(key, list);
    }

    /// Takes a value away; one that is not there changes nothing.
    pub(crate) fn remove(&mut self, key: K, value: V) {
        match self.lists.get(&key).copied() {
            Some(List::One(old)) if old == value => {
                self.lists.remove(&key);
            }
            None | Some(List::One(_)) => {}
            Some(List::Many { mut start, len }) => {
                let values = &mut self.pool[block(start, len)];
                let Ok(place) = values.binary_search(&value) else { return };
                values.copy_within(place + 1.., place);
                let left = len - 1;
                let list = if left == 1 {
                    let one = values[0];
                    self.give(class(len), start);
                    List::One(one)
                } else {
                    if class(left) < class(len) {
                        let smaller = self.take(class(left), value);
                        self.pool.copy_within(block(start, left), smaller as usize);
                        self.give(class(len), start);
                        start = smaller;
                    }
                    List::Many { start, len: left }
                };
                self.lists.insert(key, list);
            }
        }
    }

    /// A block of 2^class places, filled with anything.
    fn take(&mut self, class: usize, filler: V) -> u32 {
        if let Some(start) = self.free.get_mut(class).and_then(Vec::pop) {
            return start;
        }
        let start = self.pool.len();
        self.pool.resize(start + (1 << class), filler);
        // 2^32 values would fill 16 GiB: memory ends long before the places do.
        start as u32
    }

    fn give(&mut self, class: usize, start: u32) {
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        self.free[class].push(start);
    }
}

fn block(start: u32, len: u32) -> std::ops::Range<usize> {
    start as usize..start as usize + len as usize
}

/// The power of two of the block that holds so many values.
fn class(len: u32) -> usize {
    len.next_power_of_two().trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_map_of_sets(
            steps in prop::collection::vec((any::<bool>(), 0_u8..4, 0_u8..20), 0..400),
        ) {
            let mut postings = Postings::<u8, u8>::default();
            let mut model = BTreeMap::<u8, BTreeSet<u8>>::new();
            for (add, key, value) in steps {
                if add {
                    postings.insert(key, value);
                    model.entry(key).or_default().insert(value);
                } else {
                    postings.remove(key, value);
                    model.entry(key).or_default().remove(&value);
                }
                for key in 0..4 {
                    let expected: Vec<_> = model.get(&key).into_iter().flatten().copied().collect();
                    prop_assert_eq!(postings.get(key), &expected[..]);
                }
            }
            // Four sets of at most 20 values fit blocks of 32, once each size on the way.
            prop_assert!(postings.pool.len() <= 4 * 64);
        }
    }
}
