// SPDX-License-Identifier: LGPL-2.1-or-later

//! From a digest of any kind to the tags and images that it leads to.

use hashbrown::HashSet;
use images_proto::TagRef;
use images_proto::delete::Target;
use images_proto::search::{Hit, Matched};
use images_proto::status::Source;

use super::order::Row;
use super::search::Found;
use super::text::Role;
use crate::Catalog;
use crate::catalog::age_of;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::repository::{Repository, RepositoryId};

/// The images and indexes that the digests lead to, and the tags attached to them.
#[derive(Default)]
pub(crate) struct Goals {
    /// Sorted by image; for each image and digest the closest way.
    images: Vec<Goal>,
    /// Sorted by tag: what is attached to which digest.
    attached: Vec<(NameId, DigestId)>,
}

/// An image or index that a digest leads to.
#[derive(Clone, Copy)]
struct Goal {
    image: DigestId,
    matched_digest: DigestId,
    matched: Matched,
    /// The image inside it that matched.
    child: Option<DigestId>,
}

/// A row: a tag or an untagged image.
#[derive(Clone, Copy)]
pub(crate) struct HitRow {
    repository: RepositoryId,
    tag: Option<NameId>,
    digest: DigestId,
    matched_digest: DigestId,
    matched: Matched,
    child: Option<DigestId>,
}

impl Row for HitRow {
    type Identity = (RepositoryId, Option<NameId>, DigestId, DigestId);

    fn identity(self) -> Self::Identity {
        (self.repository, self.tag, self.digest, self.matched_digest)
    }
}

impl Goals {
    /// What these digests lead to, in any of the roles asked for.
    pub(crate) fn new(catalog: &Catalog, digests: &[(DigestId, Role)]) -> Self {
        let mut goals = Self::default();
        for (digest, role) in digests {
            goals.add(catalog, *digest, *role);
        }
        goals.sorted(catalog)
    }

    /// What a compressed layer leads to.
    pub(crate) fn of_layer(catalog: &Catalog, layer: DigestId) -> Self {
        let mut goals = Self::default();
        for image in catalog.by_layer(layer) {
            goals.add_image(catalog, image, layer, Matched::Layer);
        }
        goals.sorted(catalog)
    }

    fn sorted(mut self, catalog: &Catalog) -> Self {
        self.images.sort_unstable_by_key(|goal| {
            let child = goal.child.map(|child| catalog.digests.digest(child));
            (goal.image, goal.matched_digest, goal.matched, child)
        });
        self.images.dedup_by_key(|goal| (goal.image, goal.matched_digest));
        self.attached.sort_unstable();
        self.attached.dedup();
        self
    }

    /// Only the images with these labels, themselves or the image inside that matched; nothing
    /// attached.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(DigestId) -> bool) {
        self.images.retain(|goal| keep(goal.child.unwrap_or(goal.image)));
        self.attached.clear();
    }

    fn add(&mut self, catalog: &Catalog, digest: DigestId, role: Role) {
        if role == Role::Any {
            let named = !catalog.holders(digest).is_empty();
            if named || !catalog.by_child(digest).is_empty() {
                let matched = match catalog.content(digest) {
                    Some(content) if content.is_index() => Matched::Index,
                    _ => Matched::Manifest,
                };
                self.add_image(catalog, digest, digest, matched);
            }
            self.attached.extend(catalog.attached(digest).map(|name| (name, digest)));
        }
        if role != Role::Layer {
            for image in catalog.by_config(digest) {
                self.add_image(catalog, image, digest, Matched::ImageId);
            }
        }
        if role != Role::ImageId {
            for image in catalog.by_layer(digest) {
                self.add_image(catalog, image, digest, Matched::Layer);
            }
            for image in catalog.by_diff_id(digest) {
                self.add_image(catalog, image, digest, Matched::DiffId);
            }
        }
    }

    /// An image, and the indexes that contain it.
    fn add_image(
        &mut self,
        catalog: &Catalog,
        image: DigestId,
        matched_digest: DigestId,
        matched: Matched,
    ) {
        self.images.push(Goal { image, matched_digest, matched, child: None });
        let inside = match matched {
            Matched::Manifest | Matched::Index => Matched::Child,
            other => other,
        };
        for index in catalog.with_indexes(image).into_iter().skip(1) {
            let child = Some(image);
            self.images.push(Goal { image: index, matched_digest, matched: inside, child });
        }
    }

    fn of(&self, image: DigestId) -> &[Goal] {
        let start = self.images.partition_point(|goal| goal.image < image);
        let len = self.images[start..].partition_point(|goal| goal.image == image);
        &self.images[start..start + len]
    }

    fn attached_by(&self, tag: NameId) -> &[(NameId, DigestId)] {
        let start = self.attached.partition_point(|(name, _)| *name < tag);
        let len = self.attached[start..].partition_point(|(name, _)| *name == tag);
        &self.attached[start..start + len]
    }

    /// The rows, by name of repository and tag, images without a tag last. `keep` chooses the
    /// repositories, and among their tags (`None`: images without a tag).
    pub(crate) fn rows(
        &self,
        catalog: &Catalog,
        keep: impl Fn(&Repository, Option<NameId>) -> bool,
    ) -> Vec<HitRow> {
        let images = self.images.iter().flat_map(|goal| catalog.holders(goal.image));
        let attached = self.attached.iter().flat_map(|(name, _)| catalog.named.get(*name));
        let mut ids: Vec<_> = images.chain(attached).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut repositories: Vec<_> =
            ids.into_iter().filter_map(|id| Some((id, catalog.repository(id)?))).collect();
        repositories.sort_unstable_by_key(|(_, repository)| &repository.name);

        let mut rows = Vec::new();
        for (id, repository) in repositories {
            self.tagged(id, repository, &keep, &mut rows);
            if keep(repository, None) {
                self.untagged(catalog, id, repository, &mut rows);
            }
        }
        rows
    }

    fn tagged(
        &self,
        id: RepositoryId,
        repository: &Repository,
        keep: impl Fn(&Repository, Option<NameId>) -> bool,
        rows: &mut Vec<HitRow>,
    ) {
        for tag in repository.tags() {
            let row = |digest, matched_digest, matched, child| HitRow {
                repository: id,
                tag: Some(tag.name),
                digest,
                matched_digest,
                matched,
                child,
            };
            let first = rows.len();
            for (age, revision) in tag.revisions.iter().enumerate() {
                let goals = self.of(revision.digest);
                // A tag that came back to an earlier digest is one row, as old as its newest use.
                if !goals.is_empty() && age_of(tag.revisions, revision.digest) == Some(age as u32) {
                    rows.extend(goals.iter().map(|goal| {
                        row(revision.digest, goal.matched_digest, goal.matched, goal.child)
                    }));
                }
                // What the tag names now is attached to the digest in the tag's name, and may be
                // what was looked for itself.
                for (_, subject) in self.attached_by(tag.name).iter().filter(|_| age == 0) {
                    if goals.iter().all(|goal| goal.matched_digest != *subject) {
                        rows.push(row(revision.digest, *subject, Matched::Attachment, None));
                    }
                }
            }
            if rows.len() > first && !keep(repository, Some(tag.name)) {
                rows.truncate(first);
            }
        }
    }

    /// The images of a repository that no tag leads to, and no index that it holds.
    fn untagged(
        &self,
        catalog: &Catalog,
        id: RepositoryId,
        repository: &Repository,
        rows: &mut Vec<HitRow>,
    ) {
        let found = repository.images().iter().filter(|held| !held.missing);
        let found = found.filter(|held| !self.of(held.digest).is_empty()).map(|held| held.digest);
        let found = without_tag(catalog, repository, found.collect());
        let found = found.into_iter().flat_map(|image| self.of(image));
        rows.extend(found.map(|goal| HitRow {
            repository: id,
            tag: None,
            digest: goal.image,
            matched_digest: goal.matched_digest,
            matched: goal.matched,
            child: goal.child,
        }));
    }
}

/// Those of these images of a repository to which neither a tag of it leads, now or earlier, nor an
/// index that it holds: by digest.
pub(crate) fn without_tag(
    catalog: &Catalog,
    repository: &Repository,
    mut images: Vec<DigestId>,
) -> Vec<DigestId> {
    if images.is_empty() {
        return images;
    }
    let revisions = repository.tags().flat_map(|tag| tag.revisions);
    let tagged: HashSet<_> = revisions.map(|revision| revision.digest).collect();
    images.retain(|image| {
        let mut indexes = catalog.by_child(*image);
        !tagged.contains(image) && !indexes.any(|index| repository.holds(index))
    });
    images.sort_by_key(|image| catalog.digests.digest(*image));
    images
}

impl HitRow {
    /// What was found, without why.
    pub(crate) fn found(self) -> Found {
        Found { repository: self.repository, tag: self.tag, image: Some(self.digest) }
    }

    /// What the row deletes; `None` if it is not there any more.
    pub(crate) fn target(self, catalog: &Catalog) -> Option<Target> {
        let record = catalog.repository(self.repository)?;
        let (repository, digest) = (record.name.clone(), catalog.digests.digest(self.digest));
        Some(match self.tag {
            Some(name) => {
                let age = age_of(record.tag(name)?.revisions, self.digest)?;
                let tag = catalog.tag_name(name);
                match age {
                    0 => Target::Tag(TagRef { repository, tag }),
                    _ => Target::Revision { repository, tag, digest },
                }
            }
            // OpenShift keeps images apart from repositories.
            None if catalog.source() == Some(Source::Openshift) => Target::Image(digest),
            None => Target::Manifest { repository, digest },
        })
    }

    /// What is shown of it; `None` if it is not there any more.
    pub(crate) fn show(self, catalog: &Catalog) -> Option<Hit> {
        let repository = catalog.repository(self.repository)?;
        let (tag, created) = match self.tag {
            Some(name) => {
                let tag = repository.tag(name)?;
                let age = age_of(tag.revisions, self.digest)?;
                let created = tag.revisions[age as usize].created.get();
                (Some(catalog.revision(name, age)), created)
            }
            None if repository.holds(self.digest) => (None, None),
            None => return None,
        };
        Some(Hit {
            repository: repository.name.clone(),
            tag,
            digest: catalog.digests.digest(self.digest),
            child: self.child.map(|child| catalog.digests.digest(child)),
            matched: self.matched,
            matched_digest: catalog.digests.digest(self.matched_digest),
            created,
            size: catalog.size(self.digest),
        })
    }
}
