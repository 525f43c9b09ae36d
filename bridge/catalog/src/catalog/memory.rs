// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the catalog takes of memory.

use super::Catalog;
use crate::repository::{Held, Repository, Tags};

impl Catalog {
    /// What takes how many bytes of memory: without the room that vectors keep for growth, which is
    /// never touched, and without what the allocator adds.
    pub fn memory(&self) -> Vec<(&'static str, usize)> {
        let repositories = self.repositories_by_name();
        let repositories = repositories.map(|(_, repository)| {
            let tags = repository.tags.as_ref().map_or(0, Tags::bytes);
            size_of::<Option<Repository>>()
                + repository.name.as_str().len()
                + std::mem::size_of_val::<[Held]>(repository.images())
                + tags
        });
        let layers: usize = self.images.all().iter().map(|image| image.stored.bytes()).sum();
        vec![
            ("digests", self.digests.bytes()),
            ("sizes of blobs", self.sizes.bytes()),
            ("links", self.links.bytes()),
            ("images", self.images.bytes() + layers),
            ("configs", self.configs.bytes()),
            ("labels", self.labels.bytes()),
            ("repositories and tags", repositories.sum()),
            ("names of repositories", self.repository_names.bytes()),
            ("names of tags", self.tag_names.bytes() + self.named.bytes()),
        ]
    }
}
