// SPDX-License-Identifier: LGPL-2.1-or-later
//! All objects of a kind in order, written and made ones. Made objects are only made when somebody
//! looks: a list of a million of them is a list of numbers.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::{Objects, Stored};
use crate::api::object;
use crate::load::Load;
use crate::resource::Resource;

/// An object of a list.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// One that was written.
    Written(Arc<Stored>),
    /// The one that a load makes at that rank.
    Made(Arc<Load>, &'static Resource, u32),
}

impl Item {
    /// The object.
    pub(crate) fn stored(&self) -> Arc<Stored> {
        match self {
            Self::Written(stored) => Arc::clone(stored),
            Self::Made(load, resource, rank) => Arc::new(Stored::made(load, resource, *rank)),
        }
    }

    /// Its key.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Written(stored) => stored.key.clone(),
            Self::Made(load, resource, rank) => load.key(resource, *rank),
        }
    }

    /// Only its metadata.
    pub(crate) fn metadata_only(&self) -> Value {
        match self {
            Self::Written(stored) => object::metadata_only(stored.item()),
            Self::Made(load, resource, rank) => {
                let metadata = load.metadata(resource, *rank);
                object::metadata_only(format!(r#"{{"metadata":{metadata}}}"#).as_bytes())
            }
        }
    }
}

/// Keys from the first one on; up to the second one, without it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keys<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: Option<&'a str>,
}

impl<'a> Keys<'a> {
    /// What was written under these keys.
    fn of<T>(self, written: &'a BTreeMap<String, T>) -> impl Iterator<Item = (&'a str, &'a T)> {
        let to = self.to.map_or(Bound::Unbounded, Bound::Excluded);
        // A range that ends before it begins is an error.
        let is_some = self.to.is_none_or(|to| self.from < to);
        let range = is_some.then(|| written.range::<str, _>((Bound::Included(self.from), to)));
        range.into_iter().flatten().map(|(key, one)| (key.as_str(), one))
    }
}

/// What is written, over what is made.
pub(crate) struct Items<'a, W> {
    load: Option<&'a Arc<Load>>,
    resource: &'static Resource,
    written: W,
    /// The next rank to be shown, where the next written object is, and where all ends.
    next: u32,
    until: u32,
    end: u32,
    /// The next written object, and whether it is over a made one.
    pending: Option<(Option<Arc<Stored>>, bool)>,
}

impl Objects {
    /// All objects of a kind with some keys; all of them without.
    pub(crate) fn items<'a>(
        &'a self,
        resource: &'static Resource,
        keys: Option<Keys<'a>>,
    ) -> Items<'a, impl Iterator<Item = (&'a str, Option<Arc<Stored>>)>> {
        let keys = keys.unwrap_or_default();
        let written = self.collections.get(resource.collection()).into_iter();
        let written = written.flat_map(move |all| keys.of(all));
        Items::new(self, resource, keys, written.map(|(key, one)| (key, one.clone())))
    }

    /// The same as it was when these objects were still other ones.
    pub(super) fn items_before<'a>(
        &'a self,
        resource: &'static Resource,
        keys: Keys<'a>,
        then: &'a BTreeMap<String, Option<Arc<Stored>>>,
    ) -> Items<'a, impl Iterator<Item = (&'a str, Option<Arc<Stored>>)>> {
        let written = self.collections.get(resource.collection()).into_iter();
        let mut merged: BTreeMap<_, _> = written.flat_map(move |all| keys.of(all)).collect();
        merged.extend(keys.of(then));
        let written = merged.into_iter().map(|(key, one)| (key, one.clone()));
        Items::new(self, resource, keys, written)
    }
}

impl<'a, W: Iterator<Item = (&'a str, Option<Arc<Stored>>)>> Items<'a, W> {
    fn new(objects: &'a Objects, resource: &'static Resource, keys: Keys<'_>, written: W) -> Self {
        let load = objects.load.as_ref().filter(|load| load.count(resource) > 0);
        let rank =
            |key| load.map_or(0, |load| load.position(resource, key).unwrap_or_else(|at| at));
        let next = if keys.from.is_empty() { 0 } else { rank(keys.from) };
        let end = match keys.to {
            Some(to) => rank(to),
            None => load.map_or(0, |load| load.count(resource)),
        };
        Self { load, resource, written, next, until: next, end: end.max(next), pending: None }
    }

    /// Takes the next written object; false if there is none.
    fn advance(&mut self) -> bool {
        let Some((key, object)) = self.written.next() else {
            self.until = self.end;
            return false;
        };
        let place = self.load.map_or(Err(0), |load| load.position(self.resource, key));
        let is_over = place.is_ok();
        self.until = place.unwrap_or_else(|at| at).max(self.next);
        self.pending = Some((object, is_over));
        true
    }
}

impl<'a, W: Iterator<Item = (&'a str, Option<Arc<Stored>>)>> Iterator for Items<'a, W> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(load) = self.load.filter(|_| self.next < self.until) {
                self.next += 1;
                return Some(Item::Made(Arc::clone(load), self.resource, self.next - 1));
            }
            match self.pending.take() {
                Some((object, is_over)) => {
                    self.next += u32::from(is_over);
                    if let Some(object) = object {
                        return Some(Item::Written(object));
                    }
                }
                None if !self.advance() && self.next == self.end => return None,
                None => {}
            }
        }
    }

    /// Without a look at what is only made.
    fn count(mut self) -> usize {
        let mut count = 0;
        loop {
            count += (self.until - self.next) as usize;
            self.next = self.until;
            match self.pending.take() {
                Some((object, is_over)) => {
                    self.next += u32::from(is_over);
                    self.until = self.next;
                    count += usize::from(object.is_some());
                }
                None if !self.advance() && self.next == self.end => return count,
                None => {}
            }
        }
    }
}
