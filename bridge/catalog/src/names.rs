// SPDX-License-Identifier: LGPL-2.1-or-later

//! Names, each kept once, in one haystack that is searched for words.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use memchr::{memchr_iter, memmem};

use crate::postings::{Id, id};

/// A name of one [`Names`]. Ids are given in the order of arrival and never taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NameId(u32);

id!(NameId);

/// A set of names.
#[derive(Default)]
pub(crate) struct Names {
    /// All names, with a newline behind each: no word contains one.
    text: String,
    /// The same in lower case of ASCII, so with the same places; empty as long as it would be equal.
    lower: String,
    /// Whether there is a name with upper case.
    differs: bool,
    /// Where each name starts, and where the next would.
    starts: Vec<usize>,
    ids: HashTable<NameId>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The id of this name, a new one if it is new.
    pub(crate) fn intern(&mut self, name: &str) -> NameId {
        if let Some(id) = self.get(name) {
            return id;
        }
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        let id = NameId(self.len() as u32);
        if !self.differs && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.lower.clone_from(&self.text);
            self.lower.make_ascii_lowercase();
            self.differs = true;
        }
        self.text.push_str(name);
        self.text.push('\n');
        if self.differs {
            self.lower.push_str(&name.to_ascii_lowercase());
            self.lower.push('\n');
        }
        self.starts.push(self.text.len());
        let Self { text, starts, ids, hasher, .. } = self;
        ids.insert_unique(hasher.hash_one(name), id, |id| hasher.hash_one(at(text, starts, *id)));
        id
    }

    /// The id of this name, if it was heard of.
    pub(crate) fn get(&self, name: &str) -> Option<NameId> {
        self.ids.find(self.hasher.hash_one(name), |id| self.name(*id) == name).copied()
    }

    /// The name of this id.
    pub(crate) fn name(&self, id: NameId) -> &str {
        at(&self.text, &self.starts, id)
    }

    /// The name of this id in lower case of ASCII.
    pub(crate) fn lower(&self, id: NameId) -> &str {
        at(self.haystack(), &self.starts, id)
    }

    fn haystack(&self) -> &str {
        if self.differs { &self.lower } else { &self.text }
    }

    /// All ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = NameId> {
        (0..self.len() as u32).map(NameId)
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The names that contain this word, which is in lower case: ids in rising order.
    pub(crate) fn containing(&self, word: &str) -> Vec<NameId> {
        let haystack = self.haystack().as_bytes();
        match word.as_bytes() {
            [] => self.ids().collect(),
            // The first letter that is typed is in half of all names.
            [letter] => self.around(memchr_iter(*letter, haystack)),
            word => self.around(memmem::find_iter(haystack, word)),
        }
    }

    /// The names around these rising places of the haystack.
    fn around(&self, places: impl Iterator<Item = usize>) -> Vec<NameId> {
        let (mut found, mut end) = (Vec::new(), 0);
        let mut next = 0;
        for place in places {
            if place < end {
                continue;
            }
            // The name is mostly near: the distance is doubled until it is passed.
            let mut step = 1;
            while self.starts.get(next + step).is_some_and(|start| *start <= place) {
                next += step;
                step *= 2;
            }
            let rest = self.starts.get(next + 1..).unwrap_or_default();
            let rest = &rest[..rest.len().min(step)];
            next += rest.partition_point(|start| *start <= place);
            found.push(NameId(next as u32));
            next += 1;
            end = self.starts.get(next).copied().unwrap_or(usize::MAX);
        }
        found
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        let starts = size_of_val(&*self.starts);
        self.text.len() + self.lower.len() + starts + self.ids.allocation_size()
    }
}

fn at<'a>(text: &'a str, starts: &[usize], id: NameId) -> &'a str {
    &text[starts[id.index()]..starts[id.index() + 1] - 1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_is_found_in_each_name_once_and_not_across_names() {
        let mut names = Names::default();
        let all = ["abab", "ab", "", "xAb", "a", "b", "line\nbreak"];
        let ids = all.map(|name| names.intern(name));
        assert_eq!(all.map(|name| names.intern(name)), ids);
        let found = |word| -> Vec<_> {
            names.containing(word).into_iter().map(|id| names.name(id)).collect()
        };
        assert_eq!(found("ab"), ["abab", "ab", "xAb"]);
        assert_eq!(found("b"), ["abab", "ab", "xAb", "b", "line\nbreak"]);
        assert_eq!(found("break"), ["line\nbreak"]);
        assert_eq!(found(""), all);
        assert!(found("ba").len() == 1 && found("bx").is_empty());
        assert!(Names::default().containing("a").is_empty());
    }

    proptest! {
        #[test]
        fn words_agree_with_a_scan(
            all in prop::collection::vec("[abA]{0,5}", 0..20),
            word in "[ab]{1,3}",
        ) {
            let mut names = Names::default();
            for name in &all {
                let id = names.intern(name);
                prop_assert_eq!(names.name(id), name);
            }
            let found = names.containing(&word);
            for name in &all {
                let id = names.get(name).unwrap();
                prop_assert_eq!(found.contains(&id), name.to_lowercase().contains(&word));
            }
            prop_assert!(found.is_sorted());
        }
    }
}
