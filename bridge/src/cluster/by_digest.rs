// SPDX-License-Identifier: LGPL-2.1-or-later

//! Digests where the API writes texts. A cluster with a hundred thousand images names some million of
//! them, so no text is kept, and nothing is hashed.

use std::fmt;
use std::marker::PhantomData;

use images_proto::Digest;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A digest where one is to stand; `None`: the text there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named(pub Option<Digest>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Named;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a digest")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Named, E> {
                Ok(Named(text.parse().ok()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// What has a digest for its name, in rising order; what has another name is left out. Of two with the
/// same name the last counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByDigest<T>(Vec<(Digest, T)>);

impl<T> ByDigest<T> {
    /// What has this name.
    pub fn get(&self, digest: &Digest) -> Option<&T> {
        let place = self.0.binary_search_by(|(known, _)| known.cmp(digest)).ok()?;
        Some(&self.0[place].1)
    }

    /// All of it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Digest, &T)> {
        self.0.iter().map(|(digest, value)| (digest, value))
    }

    /// The names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Digest> {
        self.0.iter().map(|(digest, _)| digest)
    }
}

impl<T> Default for ByDigest<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<(Digest, T)>> for ByDigest<T> {
    fn from(mut all: Vec<(Digest, T)>) -> Self {
        // Go writes the keys of a map in rising order: usually nothing is left to do.
        if !all.is_sorted_by(|(one, _), (next, _)| one < next) {
            all.reverse();
            all.sort_by_key(|(digest, _)| *digest);
            all.dedup_by_key(|(digest, _)| *digest);
        }
        Self(all)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByDigest<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
            type Value = ByDigest<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of digests")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByDigest<T>, A::Error> {
                let mut all = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    if let Named(Some(digest)) = name {
                        all.push((digest, value));
                    }
                }
                Ok(all.into())
            }
        }
        deserializer.deserialize_map(Map(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_counts_in_whatever_order_they_come() {
        let digest = |byte| Digest::from_bytes([byte; 32]);
        let text = |names: &[(Digest, u8)]| {
            let entries: Vec<_> =
                names.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}, \"latest\": 9}}", entries.join(","))
        };
        for (names, expected) in [
            (vec![(1, 5), (2, 6)], vec![(1, 5), (2, 6)]),
            (vec![(2, 6), (1, 5)], vec![(1, 5), (2, 6)]),
            (vec![(3, 1), (1, 2), (3, 3), (1, 4)], vec![(1, 4), (3, 3)]),
            (vec![(1, 1), (1, 2)], vec![(1, 2)]),
        ] {
            let named: Vec<_> = names.iter().map(|(byte, value)| (digest(*byte), *value)).collect();
            let read: ByDigest<u8> = serde_json::from_str(&text(&named)).unwrap();
            let expected: Vec<_> =
                expected.iter().map(|(byte, value)| (digest(*byte), *value)).collect();
            assert!(read.iter().map(|(digest, value)| (*digest, *value)).eq(expected.clone()));
            assert!(expected.iter().all(|(digest, value)| read.get(digest) == Some(value)));
            assert!(read.get(&digest(9)).is_none());
        }
    }
}
