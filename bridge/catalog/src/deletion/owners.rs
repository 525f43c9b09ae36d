// SPDX-License-Identifier: LGPL-2.1-or-later

//! The targets for which something is done.

/// The places of targets among all, sorted. Most things have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owners(Vec<u32>);

impl Owners {
    pub(super) fn of(target: usize) -> Self {
        Self(vec![target as u32])
    }

    pub(super) fn add(&mut self, others: &Self) {
        for other in &others.0 {
            if let Err(place) = self.0.binary_search(other) {
                self.0.insert(place, *other);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|target| *target as usize)
    }
}
