// SPDX-License-Identifier: LGPL-2.1-or-later

//! Manifests, byte for byte, of tags that are about to go. Whoever looks at such a tag gets what it
//! names with the same request, instead of asking for that by its digest in a second one.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_proto::{Digest, TagRef};

use crate::registry::Document;

/// The most bytes that are held. What is beyond is asked for again.
const MOST_BYTES: usize = 96 << 20;

/// The manifests that are wanted, and those that came.
#[derive(Default)]
pub struct Documents {
    wanted: HashSet<TagRef>,
    came: Mutex<Came>,
}

#[derive(Default)]
struct Came {
    documents: HashMap<Digest, Document>,
    bytes: usize,
}

impl Documents {
    /// Those that these tags name.
    pub fn of(wanted: impl IntoIterator<Item = TagRef>) -> Self {
        Self { wanted: wanted.into_iter().collect(), came: Mutex::default() }
    }

    /// The manifest with this digest, if a tag was looked at that names it. It is given away.
    pub fn take(&self, digest: &Digest) -> Option<Document> {
        let mut came = self.came();
        let document = came.documents.remove(digest)?;
        came.bytes -= document.bytes.len();
        Some(document)
    }

    /// Whether what the tag names is wanted.
    pub(super) fn wants(&self, tag: &TagRef) -> bool {
        self.wanted.contains(tag)
    }

    /// Holds a manifest, whose digest was verified.
    pub(super) fn put(&self, digest: Digest, document: Document) {
        let mut came = self.came();
        let bytes = came.bytes + document.bytes.len();
        if bytes <= MOST_BYTES && !came.documents.contains_key(&digest) {
            came.bytes = bytes;
            came.documents.insert(digest, document);
        }
    }

    fn came(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
