// SPDX-License-Identifier: LGPL-2.1-or-later

//! What tags named earlier, where the registry itself does not say: from the record of our own
//! promotions.

use hashbrown::{HashMap, HashSet};
use images_proto::{Digest, RepositoryName, Tag, TagRef};

/// What tags named earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    named: HashMap<RepositoryName, HashMap<Tag, HashSet<Digest>>>,
}

impl Past {
    /// The tag named this digest once.
    pub fn add(&mut self, tag: &TagRef, digest: Digest) {
        let tags = self.named.entry(tag.repository.clone()).or_default();
        tags.entry(tag.tag.clone()).or_default().insert(digest);
    }

    /// Whether the tag named this digest once.
    pub(super) fn has(&self, repository: &RepositoryName, tag: &str, digest: &Digest) -> bool {
        let tags = self.named.get(repository);
        tags.and_then(|tags| tags.get(tag)).is_some_and(|digests| digests.contains(digest))
    }
}
