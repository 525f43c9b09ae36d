// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a whole project holds, and what of it others need.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use images_proto::repository::Origin;
use images_proto::{Digest, TagRef};

use crate::catalog::Catalog;
use crate::digests::DigestId;
use crate::repository::Repository;

/// The content of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// How many repositories it has.
    pub repositories: u32,
    /// Their tags, as far as they were read.
    pub tags: Vec<TagRef>,
    /// Every image that they hold or have a tag for, now or earlier, sorted.
    pub digests: Vec<Digest>,
    /// Bytes of the blobs that no repository outside of it has; `None` while not everything was
    /// read.
    pub size: Option<u64>,
    /// Tags of other projects that follow a tag of this one, each with what it follows.
    pub followers: Vec<(TagRef, String)>,
}

impl Catalog {
    /// What a project holds.
    pub fn holdings(&self, project: &str) -> Holdings {
        let mut holdings = Holdings::default();
        let mut held = Vec::new();
        let inside = format!("{project}/");
        for (_, repository) in self.repositories_by_name() {
            if repository.name.project() != Some(project) {
                holdings.followers.extend(self.following(repository, &inside));
                continue;
            }
            holdings.repositories += 1;
            holdings.tags.extend(repository.tags().map(|tag| TagRef {
                repository: repository.name.clone(),
                tag: self.tag_name(tag.name),
            }));
            held.extend(repository.digests());
        }
        held.sort_unstable();
        held.dedup();
        holdings.size = self.size_within(project, &held);
        holdings.digests = held.into_iter().map(|digest| self.digests.digest(digest)).collect();
        holdings.digests.sort_unstable();
        holdings
    }

    /// Tags of a repository that follow what is inside of another project.
    fn following(&self, repository: &Repository, inside: &str) -> Vec<(TagRef, String)> {
        let follows = repository.tags().filter_map(|tag| match tag.origin {
            Origin::Follows { from } if from.starts_with(inside) => Some((tag.name, from.clone())),
            _ => None,
        });
        let name = |name| TagRef { repository: repository.name.clone(), tag: self.tag_name(name) };
        follows.map(|(tag, from)| (name(tag), from)).collect()
    }

    fn size_within(&self, project: &str, held: &[DigestId]) -> Option<u64> {
        if !self.images_are_read() {
            return None;
        }
        // Manifests that disagree about a blob: the larger size counts.
        let mut blobs: BTreeMap<DigestId, Option<u64>> = BTreeMap::new();
        for image in held.iter().flat_map(|digest| self.with_children(*digest)) {
            for blob in self.content(image).into_iter().flat_map(|content| content.blobs()) {
                let size = blobs.entry(blob.digest).or_insert_with(|| blob.size);
                *size = (*size).max(blob.size);
            }
        }
        let mut outside = HashMap::new();
        let mut sum = 0_u64;
        for (blob, size) in blobs {
            let is_needed =
                |image| *outside.entry(image).or_insert_with(|| self.is_outside(project, image));
            if !self.by_blob(blob).any(is_needed) {
                sum = sum.saturating_add(size?);
            }
        }
        Some(sum)
    }

    /// Whether a repository outside of the project holds an image, by itself or in an index.
    fn is_outside(&self, project: &str, image: DigestId) -> bool {
        let mut holding = self.with_indexes(image).into_iter();
        holding.any(|digest| {
            let mut repositories = self.repositories_with(digest);
            repositories.any(|(_, repository)| repository.name.project() != Some(project))
        })
    }
}

#[cfg(test)]
mod tests {
    use images_proto::RepositoryName;

    use super::*;
    use crate::model::digest;
    use crate::{BlobFacts, Content, ImageFacts, RevisionFacts, TagFacts};

    fn name(text: &str) -> RepositoryName {
        text.parse().unwrap()
    }

    fn tag(text: &str, image: u8, origin: Origin) -> TagFacts {
        let revision = RevisionFacts { digest: digest(&[image]), created: None };
        TagFacts { tag: text.parse().unwrap(), revisions: vec![revision], origin, problem: None }
    }

    fn image(image: u8, layers: &[(u8, Option<u64>)]) -> ImageFacts {
        let layers = layers.iter();
        let layers =
            layers.map(|(layer, size)| BlobFacts { digest: digest(&[*layer]), size: *size });
        let content = Content::Manifest { config: None, layers: layers.collect() };
        ImageFacts { digest: digest(&[image]), content }
    }

    #[test]
    fn what_others_have_too_takes_no_space_of_its_own() {
        let mut catalog = Catalog::default();
        let (api, web, other) = (name("sky/api"), name("sky/web"), name("sea/api"));
        let follows = |from: &str| Origin::Follows { from: from.to_owned() };
        catalog.put_repository(&api, Some(vec![tag("v1", 1, Origin::Pushed)]));
        catalog.put_repository(&web, Some(vec![tag("v1", 2, follows("sky/api:v1"))]));
        let theirs =
            vec![tag("v1", 3, follows("sky/api:v1")), tag("v2", 3, follows("skyline/api:v1"))];
        catalog.put_repository(&other, Some(theirs));
        let size = |catalog: &Catalog| catalog.holdings("sky").size;
        catalog.put_images(&api, vec![image(1, &[(10, Some(1)), (11, Some(2))])]);
        catalog.put_images(&web, vec![image(2, &[(11, Some(2)), (12, Some(4))])]);
        assert_eq!(size(&catalog), None, "nobody knows what the other has");
        catalog.put_images(&other, vec![image(3, &[(10, Some(1)), (13, None)])]);
        let holdings = catalog.holdings("sky");
        assert_eq!(holdings.size, Some(2 + 4), "each once, without what is shared");
        assert_eq!((holdings.repositories, holdings.tags.len()), (2, 2));
        assert_eq!(holdings.digests.len(), 2);
        let followers: Vec<_> =
            holdings.followers.iter().map(|(tag, from)| format!("{tag} {from}")).collect();
        assert_eq!(followers, ["sea/api:v1 sky/api:v1"]);
        assert_eq!(catalog.holdings("sea").size, None, "a size is unknown");
        assert_eq!(catalog.holdings("nowhere"), Holdings { size: Some(0), ..Holdings::default() });
    }

    #[test]
    fn an_image_inside_an_index_elsewhere_is_needed_there() {
        let mut catalog = Catalog::default();
        for name in [name("sky/api"), name("sea/api")] {
            catalog.put_repository(&name, Some(Vec::new()));
        }
        catalog.put_images(&name("sky/api"), vec![image(1, &[(10, Some(1))])]);
        let index = Content::Index { children: vec![digest(&[1])] };
        let index = ImageFacts { digest: digest(&[2]), content: index };
        catalog.put_images(&name("sea/api"), vec![index]);
        assert_eq!(catalog.holdings("sky").size, Some(0));
    }
}
