// SPDX-License-Identifier: LGPL-2.1-or-later

//! A set as a sorted vector. The one of the standard library compiles to 7 KB more of the page for
//! each type that is put into it.

/// A set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T>(Vec<T>);

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Set<T> {
    /// Whether it is in it.
    pub fn contains(&self, item: &T) -> bool {
        self.0.binary_search(item).is_ok()
    }

    /// Puts it in.
    pub fn insert(&mut self, item: T) {
        // What comes in order, as most does, goes to the end.
        if self.0.last().is_none_or(|last| *last < item) {
            self.0.push(item);
        } else if let Err(at) = self.0.binary_search(&item) {
            self.0.insert(at, item);
        }
    }

    /// Takes it out.
    pub fn remove(&mut self, item: &T) {
        if let Ok(at) = self.0.binary_search(item) {
            self.0.remove(at);
        }
    }

    /// Only those of which this is true.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// The same set with it, or without it if it was there.
    #[must_use]
    pub fn toggled(mut self, item: T) -> Self {
        match self.0.binary_search(&item) {
            Ok(at) => drop(self.0.remove(at)),
            Err(at) => self.0.insert(at, item),
        }
        self
    }

    /// What is in it, in order.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The same.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::default();
        for item in items {
            set.insert(item);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn does_as_the_one_of_the_standard_library(
            start in prop::collection::vec(0_u8..20, 0..20),
            steps in prop::collection::vec((0_u8..3, 0_u8..20), 0..40),
        ) {
            let mut set: Set<u8> = start.iter().copied().collect();
            let mut model: BTreeSet<u8> = start.into_iter().collect();
            for (step, item) in steps {
                prop_assert_eq!(set.contains(&item), model.contains(&item));
                match step {
                    0 => {
                        set.insert(item);
                        model.insert(item);
                    }
                    1 => {
                        set.remove(&item);
                        model.remove(&item);
                    }
                    _ => {
                        set = set.toggled(item);
                        if !model.remove(&item) {
                            model.insert(item);
                        }
                    }
                }
            }
            prop_assert_eq!(set.into_vec(), model.into_iter().collect::<Vec<_>>());
        }
    }
}
