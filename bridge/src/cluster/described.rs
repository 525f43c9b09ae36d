// SPDX-License-Identifier: LGPL-2.1-or-later

//! An object's metadata with the labels and annotations that are read of it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// An object's metadata; of its labels and annotations, `N` says which ones matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "N: DeserializeOwned + Default"))]
pub struct Described<N = Nothing> {
    /// Its name.
    pub name: String,
    /// Its namespace, if it is in one.
    pub namespace: Option<String>,
    /// When it was made, in RFC 3339.
    pub creation_timestamp: Option<String>,
    /// When somebody asked for its deletion, in RFC 3339.
    pub deletion_timestamp: Option<String>,
    /// Whether it belongs to another object.
    #[serde(rename = "ownerReferences", deserialize_with = "is_any")]
    pub is_owned: bool,
    labels: Option<N>,
    annotations: Option<N>,
}

fn is_any<'de, D: Deserializer<'de>>(list: D) -> Result<bool, D::Error> {
    let list = Option::<Vec<serde::de::IgnoredAny>>::deserialize(list)?;
    Ok(list.is_some_and(|list| !list.is_empty()))
}

/// No label or annotation matters.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Nothing {}

impl<N> Described<N> {
    /// A text of the annotations, else of the labels. Untrusted.
    pub fn note(&self, text: impl Fn(&N) -> Option<&String>) -> Option<&str> {
        let notes = [&self.annotations, &self.labels];
        notes.into_iter().flatten().find_map(text).map(String::as_str)
    }
}
