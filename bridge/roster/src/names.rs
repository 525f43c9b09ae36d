// SPDX-License-Identifier: LGPL-2.1-or-later

//! Names, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// A name of one [`Names`]. Ids are given in the order of arrival and never taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NameId(u32);

impl NameId {
    /// No id is less.
    pub(crate) const MIN: Self = Self(0);
    /// No id is greater.
    pub(crate) const MAX: Self = Self(u32::MAX);
}

/// A set of names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    all: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, NameId>,
}

impl Names {
    /// The id of this name, a new one if it is new.
    pub(crate) fn intern(&mut self, name: &str) -> NameId {
        if let Some(id) = self.get(name) {
            return id;
        }
        let id = NameId(self.all.len() as u32);
        let name: Arc<str> = name.into();
        self.all.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }

    /// The id of this name, if it was heard of.
    pub(crate) fn get(&self, name: &str) -> Option<NameId> {
        self.ids.get(name).copied()
    }

    /// The name of this id.
    pub(crate) fn name(&self, id: NameId) -> &str {
        &self.all[id.0 as usize]
    }

    /// The bytes that are kept.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        let texts = self.all.iter().map(|name| name.len() + 16);
        let of_map = self.ids.capacity() * size_of::<(Arc<str>, NameId)>();
        texts.sum::<usize>() + self.all.capacity() * size_of::<Arc<str>>() + of_map
    }
}
