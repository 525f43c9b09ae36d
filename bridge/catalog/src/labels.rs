// SPDX-License-Identifier: LGPL-2.1-or-later

//! The labels of all configs, and a search in them.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::configs::ConfigPlace;
use crate::names::{NameId, Names};
use crate::postings::{Id, Ids, Postings, id};

/// Labels are kept up to this many bytes of `KEY=VALUE`: they are there to be searched, the whole
/// ones are read when an image is looked at.
const MAX_LABEL: usize = 256;

/// A label of one [`Labels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LabelId(u32);

id!(LabelId);

/// The distinct labels, as `KEY=VALUE` in lower case. Builds give each image values of its own, but
/// all the same keys; so the two are kept apart.
#[derive(Default)]
pub(crate) struct Labels {
    /// What stands before the first `=`.
    keys: Names,
    /// The rest, with it.
    values: Names,
    /// The values with another `=`: few, so that what stands before one is mostly a key.
    equations: Vec<NameId>,
    all: Vec<(NameId, NameId)>,
    ids: HashTable<LabelId>,
    hasher: DefaultHashBuilder,
    /// From a label to the configs that have it.
    configs: Postings<LabelId, ConfigPlace>,
}

impl Labels {
    /// The id of this label, a new one if it is new.
    pub(crate) fn intern(&mut self, key: &str, value: &str) -> LabelId {
        let mut label = format!("{key}={value}");
        label.truncate(label.floor_char_boundary(MAX_LABEL));
        // They are only searched, never shown.
        label.make_ascii_lowercase();
        let (key, value) = label.split_at(label.find('=').unwrap_or(label.len()));
        let key = self.key(key);
        self.put(key, value)
    }

    /// The id of what stands before the first `=` of labels, in lower case; a new one if it is new.
    pub(crate) fn key(&mut self, key: &str) -> NameId {
        self.keys.intern(key)
    }

    /// The id of the label with this key and the rest with its `=`, in lower case; a new one if it is
    /// new.
    pub(crate) fn put(&mut self, key: NameId, value: &str) -> LabelId {
        let known = self.values.len();
        let label = (key, self.values.intern(value));
        if self.values.len() > known && value.rfind('=') > Some(0) {
            self.equations.push(label.1);
        }
        let Self { all, ids, hasher, .. } = self;
        let hash = hasher.hash_one(label);
        if let Some(id) = ids.find(hash, |id| all[id.index()] == label) {
            return *id;
        }
        let id = LabelId(all.len() as u32);
        all.push(label);
        ids.insert_unique(hash, id, |id| hasher.hash_one(all[id.index()]));
        id
    }

    /// Says that a config has a label.
    pub(crate) fn link(&mut self, label: LabelId, config: ConfigPlace) {
        self.configs.insert(label, config);
    }

    /// The configs that have a label.
    pub(crate) fn configs(&self, label: LabelId) -> Ids<'_, ConfigPlace> {
        self.configs.get(label)
    }

    /// How many labels there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many keys there are.
    pub(crate) fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// The id of what stands before the first `=` of a label.
    pub(crate) fn key_of(&self, label: LabelId) -> NameId {
        self.all[label.index()].0
    }

    /// What stands before the first `=` of labels.
    pub(crate) fn key_text(&self, key: NameId) -> &str {
        self.keys.name(key)
    }

    /// What stands before the first `=` of a label, and the rest with it; in lower case.
    pub(crate) fn label(&self, label: LabelId) -> (&str, &str) {
        let (key, value) = self.all[label.index()];
        (self.keys.name(key), self.values.name(value))
    }

    /// Whether a label contains this text, which is in lower case.
    pub(crate) fn contains(&self, label: LabelId, text: &str) -> bool {
        let (key, value) = self.label(label);
        let over_both = text.find('=').is_some_and(|place| {
            key.ends_with(&text[..place]) && value.starts_with(&text[place..])
        });
        over_both || key.contains(text) || value.contains(text)
    }

    /// The labels that contain this text, which is in lower case: ids in rising order.
    pub(crate) fn containing(&self, text: &str) -> Vec<LabelId> {
        let fits: &dyn Fn(NameId, NameId) -> bool = match text.find('=') {
            // A key has none, so the text is in the value, or begins at the end of the key.
            Some(place) => {
                let (end, rest) = text.split_at(place);
                let keys = self.keys.ids().filter(|key| self.keys.name(*key).ends_with(end));
                let keys = marks(&self.keys, keys);
                let values = self.equations.iter().copied();
                let inside = values.filter(|value| self.values.name(*value).contains(text));
                let inside = marks(&self.values, inside);
                &move |key, value| {
                    inside[value.index()]
                        || keys[key.index()] && self.values.name(value).starts_with(rest)
                }
            }
            None => {
                let keys = marks(&self.keys, self.keys.containing(text));
                let values = marks(&self.values, self.values.containing(text));
                &move |key, value| keys[key.index()] || values[value.index()]
            }
        };
        let labels = (0..self.all.len() as u32).map(LabelId).zip(&self.all);
        labels.filter(|(_, (key, value))| fits(*key, *value)).map(|(id, _)| id).collect()
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        let all = size_of_val(&*self.all) + size_of_val(&*self.equations);
        let all = all + self.ids.allocation_size();
        all + self.keys.bytes() + self.values.bytes() + self.configs.bytes()
    }
}

/// Which names are among these.
fn marks(names: &Names, marked: impl IntoIterator<Item = NameId>) -> Vec<bool> {
    let mut marks = vec![false; names.len()];
    for name in marked {
        marks[name.index()] = true;
    }
    marks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_label_is_cut() {
        let mut labels = Labels::default();
        let id = labels.intern("K", &"ä".repeat(300));
        assert_eq!(labels.label(id), ("k", &*format!("={}", "ä".repeat(127))));
        let id = labels.intern(&"k".repeat(300), "v");
        assert_eq!(labels.label(id), (&*"k".repeat(256), ""));
    }

    proptest! {
        #[test]
        fn a_text_is_found_wherever_it_stands_in_a_label(
            all in prop::collection::vec(("[aB=]{0,3}", "[aB=]{0,3}"), 0..12),
            text in "[ab=]{0,4}",
        ) {
            let mut labels = Labels::default();
            let ids: Vec<_> = all.iter().map(|(key, value)| labels.intern(key, value)).collect();
            let found = labels.containing(&text);
            prop_assert!(found.is_sorted());
            for (id, (key, value)) in ids.iter().zip(&all) {
                let fits = format!("{key}={value}").to_lowercase().contains(&text);
                prop_assert_eq!(found.contains(id), fits);
                prop_assert_eq!(labels.contains(*id, &text), fits);
            }
        }
    }
}
