// SPDX-License-Identifier: LGPL-2.1-or-later

//! What each target asks to go.

use std::collections::BTreeSet;

use hashbrown::HashSet;
use images_proto::delete::{Extent, List, Orphan, Target};
use images_proto::{Digest, Failure, RepositoryName, TagRef};

use super::owners::Owners;
use super::place::Place;
use super::planner::{Draft, Planner};
use super::words;
use crate::Catalog;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::query::listed;
use crate::query::search::found;
use crate::repository::RepositoryId;

impl Planner<'_> {
    /// Notes all that a target asks for.
    ///
    /// # Errors
    /// Why nothing of it can be done; then nothing is noted.
    pub(super) fn expand(
        &mut self,
        target: usize,
        wanted: &Target,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let owners = &Owners::of(target);
        match wanted {
            Target::Tag(tag) => self.expand_tag(tag, owners, draft),
            Target::Revision { repository, tag, digest } => {
                let tag = TagRef { repository: repository.clone(), tag: tag.clone() };
                self.expand_revision(&tag, digest, owners, draft)
            }
            Target::Manifest { repository, digest } => {
                draft.digest = Some(*digest);
                let id = self.find(repository)?;
                self.take_image(id, digest, owners, draft)
            }
            Target::Image(digest) => {
                draft.digest = Some(*digest);
                self.expand_image(digest, owners, draft)
            }
            Target::Repository(repository) => self.expand_repository(repository, owners, draft),
            Target::Layer(digest) => {
                draft.digest = Some(*digest);
                self.expand_layer(digest, owners, draft)
            }
            Target::Blob(digest) => {
                draft.digest = Some(*digest);
                // Whether an image contains it is known once all that goes is known.
                self.blobs.entry(*digest).or_default().add(owners);
                Ok(())
            }
            Target::Found { query, project } => {
                self.expand_found(query, project.as_deref(), owners, draft)
            }
            Target::Orphans(Orphan::Images) => self.expand_orphans(owners),
            Target::Orphans(Orphan::Untagged) => self.expand_untagged(owners, draft),
            Target::Orphans(Orphan::Signatures) => self.expand_signatures(owners, draft),
            Target::Rows { list, except } => self.expand_rows(target, list, except, draft),
        }
    }

    fn expand_tag(
        &mut self,
        wanted: &TagRef,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let (id, name) = self.find_tag(wanted)?;
        draft.digest = self.named_now(id, name).map(|now| self.digest(now));
        self.take_tag(id, name, owners, draft)
    }

    fn expand_revision(
        &mut self,
        wanted: &TagRef,
        digest: &Digest,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        draft.digest = Some(*digest);
        if !self.around.is_openshift() {
            return Err(words::no_history());
        }
        let (id, name) = self.find_tag(wanted)?;
        let image = self.catalog.digests.get(digest);
        let image = image.filter(|image| {
            self.places.get(&id).is_some_and(|place| place.named(*image).contains(&name))
        });
        let Some(image) = image else {
            return Err(words::absent(format_args!("revision {} of {wanted}", digest.short())));
        };
        self.take_revision(id, name, image, true, owners, draft)
    }

    fn expand_image(
        &mut self,
        digest: &Digest,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let image = self.catalog.digests.get(digest);
        let holders: Vec<_> =
            image.into_iter().flat_map(|image| self.catalog.holders_by_name(image)).collect();
        if holders.is_empty() {
            return self.take_outside(digest, owners);
        }
        self.take_all(holders.into_iter().map(|(id, _)| (id, *digest)), owners, draft)
    }

    fn expand_repository(
        &mut self,
        repository: &RepositoryName,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let id = self.find(repository)?;
        let is_openshift = self.around.is_openshift();
        if !self.may_delete_tags(id) {
            return Err(words::no_tags(self.project(id).unwrap_or_default()));
        }
        let Some(place) = self.place(id) else { return Ok(()) };
        if let Some(unread) = may_not_take(place) {
            return Err(unread);
        }
        let tags: Vec<_> = place.repository.tags().collect();
        if !is_openshift && tags.is_empty() && place.repository.images().is_empty() {
            return Err(words::empty_already(repository));
        }
        place.whole.get_or_insert_default().add(owners);
        for held in place.repository.images() {
            place.want(held.digest, owners);
        }
        for tag in tags {
            place.take_tag(tag.name, owners);
            draft.tags.insert((id, tag.name));
            draft.about.extend(tag.revisions.first().map(|now| now.digest));
        }
        if self.purges_cluster() {
            // What lost its tags before: once the stream is gone, nobody can take from the registry
            // what it keeps of these.
            for (digest, pushed_to) in &self.around.pushed_to {
                if pushed_to.as_ref() == Some(repository) {
                    self.outside.entry(*digest).or_default().add(owners);
                }
            }
        }
        Ok(())
    }

    /// Every image that contains a layer, and the indexes that contain such an image: the layer is
    /// pulled through them too.
    fn expand_layer(
        &mut self,
        layer: &Digest,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let images = self.images_with_layer(layer);
        let cut = self.params.extent == Extent::Purge
            && !self.around.is_openshift()
            && self.cut_everywhere(layer, owners);
        if images.is_empty() {
            let none = words::nothing_found("No image contains this layer.");
            return if cut { Ok(()) } else { Err(none) };
        }
        let mut places = Vec::new();
        for image in &images {
            let id = self.catalog.digests.get(image);
            let holders: Vec<_> =
                id.into_iter().flat_map(|id| self.catalog.holders_by_name(id)).collect();
            if holders.is_empty() && self.purges_cluster() {
                self.outside.entry(*image).or_default().add(owners);
            }
            places.extend(holders.into_iter().map(|(id, _)| (id, *image)));
        }
        self.take_all(places.into_iter(), owners, draft)
    }

    /// The images that contain a layer and the indexes that contain such an image, also outside of
    /// repositories.
    pub(super) fn images_with_layer(&self, layer: &Digest) -> BTreeSet<Digest> {
        let mut images = BTreeSet::new();
        let id = self.catalog.digests.get(layer);
        for image in id.into_iter().flat_map(|id| self.catalog.by_layer(id)) {
            let all = self.catalog.with_indexes(image).into_iter();
            images.extend(all.map(|image| self.digest(image)));
        }
        if let Some(everywhere) = self.everywhere() {
            let mut next: Vec<_> = images.iter().copied().collect();
            next.extend(everywhere.images_with(layer));
            let mut seen = BTreeSet::new();
            while let Some(image) = next.pop() {
                if seen.insert(image) {
                    next.extend(everywhere.indexes_with(&image));
                }
            }
            images.extend(seen);
        }
        images
    }

    /// Repositories that still hand out a blob although no image of them contains it. Those in
    /// which one stays are sorted out later.
    pub(super) fn cut_everywhere(&mut self, blob: &Digest, owners: &Owners) -> bool {
        let holders = self.around.holds_blob.get(blob).map_or(&[][..], Vec::as_slice);
        for repository in holders {
            self.cut.entry((repository.clone(), *blob)).or_default().add(owners);
        }
        !holders.is_empty()
    }

    fn expand_found(
        &mut self,
        query: &str,
        project: Option<&str>,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        if query.trim().is_empty() && project.is_none() {
            return Err(words::empty_query());
        }
        let found = found(self.catalog, query, project).map_err(words::mistaken_query)?;
        if found.is_empty() {
            return Err(words::nothing_found("The search finds nothing."));
        }
        let (mut taken, mut failures) = (false, Vec::new());
        for found in found {
            let id = found.repository;
            let result = match (found.tag, found.image) {
                (Some(name), Some(image)) => {
                    self.place(id);
                    self.take_revision(id, name, image, false, owners, draft)
                }
                (Some(name), None) => {
                    self.place(id);
                    self.take_tag(id, name, owners, draft)
                }
                (None, Some(image)) => {
                    let image = self.digest(image);
                    self.take_image(id, &image, owners, draft)
                }
                (None, None) => Ok(()),
            };
            taken |= result.is_ok();
            failures.extend(result.err());
        }
        self.partly(taken, failures)
    }

    /// Each row of a list as a target of its own, but all for the one that is the list.
    fn expand_rows(
        &mut self,
        target: usize,
        list: &List,
        except: &[Target],
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let rows = rows(self.catalog, list, except).map_err(words::mistaken_query)?;
        if rows.is_empty() {
            return Err(words::nothing_found("Nothing of the list is left to delete."));
        }
        let (mut taken, mut failures) = (false, Vec::new());
        for row in rows {
            let result = self.expand(target, &row, draft);
            taken |= result.is_ok();
            failures.extend(result.err());
        }
        draft.digest = None;
        self.partly(taken, failures)
    }

    fn expand_orphans(&mut self, owners: &Owners) -> Result<(), Failure> {
        if !self.around.is_openshift() {
            return Err(words::no_image_objects());
        }
        if !self.purges_cluster() {
            return Err(words::orphans_wait());
        }
        let Some(everywhere) = self.everywhere() else { return Ok(()) };
        let mut found = false;
        for (digest, _) in everywhere.images() {
            // What an index contains goes with the index, if nothing leads there either: that is
            // sorted out later.
            let in_stream = self
                .catalog
                .digests
                .get(digest)
                .is_some_and(|id| !self.catalog.holders(id).is_empty());
            if !in_stream && everywhere.namings(digest).is_empty() {
                self.outside.entry(*digest).or_default().add(owners);
                found = true;
            }
        }
        if found { Ok(()) } else { Err(words::nothing_found("Every image is in an image stream.")) }
    }

    fn expand_untagged(&mut self, owners: &Owners, draft: &mut Draft) -> Result<(), Failure> {
        let mut found = Vec::new();
        for (id, repository) in self.catalog.repositories_by_name() {
            let held = repository.images().iter().filter(|held| !held.missing);
            let held = held.map(|held| held.digest).collect();
            let untagged = crate::query::without_tag(self.catalog, repository, held);
            found.extend(untagged.into_iter().map(|image| (id, self.digest(image))));
        }
        if found.is_empty() {
            return Err(words::nothing_found("No image without a tag is known."));
        }
        self.take_all(found.into_iter(), owners, draft)
    }

    fn expand_signatures(&mut self, owners: &Owners, draft: &mut Draft) -> Result<(), Failure> {
        let (mut found, mut taken, mut failures) = (false, false, Vec::new());
        for (id, name) in self.catalog.lone_signatures(|repository, subject| {
            let asked = (repository.clone(), *subject);
            let absent = self.around.present.get(&asked).map(|present| !present);
            // A plain registry may hold an image of which no tag tells.
            absent.unwrap_or(self.around.is_openshift())
        }) {
            found = true;
            self.place(id);
            let result = self.take_tag(id, name, owners, draft);
            taken |= result.is_ok();
            failures.extend(result.err());
        }
        if !found {
            return Err(words::nothing_found("Every signature belongs to an image that is there."));
        }
        self.partly(taken, failures)
    }

    fn find_tag(&mut self, tag: &TagRef) -> Result<(RepositoryId, NameId), Failure> {
        let id = self.find(&tag.repository)?;
        let absent = || words::absent(format_args!("tag {tag}"));
        let name = self.catalog.tag_names.get(tag.tag.as_str()).ok_or_else(absent)?;
        let place = self.place(id).ok_or_else(absent)?;
        if place.repository.tags.is_none() {
            return Err(words::unread_repository(&tag.repository));
        }
        place.tag(name).ok_or_else(absent)?;
        Ok((id, name))
    }

    fn named_now(&self, id: RepositoryId, name: NameId) -> Option<DigestId> {
        Some(self.places.get(&id)?.tag(name)?.revisions.first()?.digest)
    }

    /// A tag goes. The repository was looked at.
    fn take_tag(
        &mut self,
        id: RepositoryId,
        name: NameId,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let may_delete = self.may_delete_tags(id);
        let may_change = self.may_change_history(id);
        let Some(place) = self.places.get_mut(&id) else { return Ok(()) };
        let Some(tag) = place.tag(name) else { return Ok(()) };
        if may_delete {
            place.take_tag(name, owners);
        } else if may_change && !tag.revisions.is_empty() {
            for revision in tag.revisions {
                place.take_revision(name, revision.digest, owners);
            }
        } else {
            return Err(words::no_tags(self.project(id).unwrap_or_default()));
        }
        draft.about.extend(tag.revisions.first().map(|now| now.digest));
        draft.tags.insert((id, name));
        Ok(())
    }

    /// What a tag names of an image goes. `strict`: nothing else of the tag, whatever rights there
    /// are. The repository was looked at.
    fn take_revision(
        &mut self,
        id: RepositoryId,
        name: NameId,
        image: DigestId,
        strict: bool,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let may_change = self.may_change_history(id) && self.around.is_openshift();
        let Some(place) = self.places.get_mut(&id) else { return Ok(()) };
        let Some(tag) = place.tag(name) else { return Ok(()) };
        let only = tag.revisions.iter().all(|revision| revision.digest == image);
        let now = tag.revisions.first().is_some_and(|now| now.digest == image);
        if only {
            return self.take_tag(id, name, owners, draft);
        }
        if !may_change {
            return if strict || !now {
                Err(words::no_revisions(self.project(id).unwrap_or_default()))
            } else {
                self.take_tag(id, name, owners, draft)
            };
        }
        place.take_revision(name, image, owners);
        draft.about.insert(image);
        draft.tags.insert((id, name));
        Ok(())
    }

    /// Every tag and revision of a repository goes that names an image, and the image itself if
    /// nothing else there leads to it.
    fn take_image(
        &mut self,
        id: RepositoryId,
        digest: &Digest,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let image = self.catalog.digests.get(digest);
        let Some(place) = self.place(id) else { return Ok(()) };
        let name = &place.repository.name;
        let Some(image) = image.filter(|image| place.has(*image)) else {
            return Err(words::absent(format_args!("image {} in {name}", digest.short())));
        };
        if let Some(unread) = may_not_take(place) {
            return Err(unread);
        }
        let names = place.named(image).to_vec();
        let (mut taken, mut failures) = (names.is_empty(), Vec::new());
        for name in names {
            let result = self.take_revision(id, name, image, false, owners, draft);
            taken |= result.is_ok();
            failures.extend(result.err());
        }
        self.partly(taken, failures)?;
        if let Some(place) = self.places.get_mut(&id) {
            place.want(image, owners);
        }
        draft.about.insert(image);
        Ok(())
    }

    /// Images of repositories go, as far as they may.
    fn take_all(
        &mut self,
        images: impl Iterator<Item = (RepositoryId, Digest)>,
        owners: &Owners,
        draft: &mut Draft,
    ) -> Result<(), Failure> {
        let (mut taken, mut failures) = (false, Vec::new());
        for (id, digest) in images {
            let result = self.take_image(id, &digest, owners, draft);
            taken |= result.is_ok();
            failures.extend(result.err());
        }
        self.partly(taken || failures.is_empty(), failures)
    }

    /// An image goes that no repository of the catalog has.
    fn take_outside(&mut self, digest: &Digest, owners: &Owners) -> Result<(), Failure> {
        let known = self.everywhere().is_some_and(|all| all.image(digest).is_some());
        match known {
            true if self.purges_cluster() => {
                self.outside.entry(*digest).or_default().add(owners);
                Ok(())
            }
            true => Err(words::no_tag_leads_there(digest)),
            false => Err(words::absent(format_args!("image {}", digest.short()))),
        }
    }

    /// What could not be taken is told beside what could, and refuses the target if it is all.
    fn partly(&mut self, taken: bool, failures: Vec<Failure>) -> Result<(), Failure> {
        let mut failures = failures.into_iter();
        if !taken && let Some(first) = failures.next() {
            return Err(first);
        }
        for failure in failures {
            if !self.missing.contains(&failure) {
                self.missing.push(failure);
            }
        }
        Ok(())
    }
}

/// The rows of a list that are meant, each as a target.
///
/// # Errors
/// A sentence for the user that says what is wrong with the query.
pub(super) fn rows(
    catalog: &Catalog,
    list: &List,
    except: &[Target],
) -> Result<Vec<Target>, String> {
    let except: HashSet<_> = except.iter().collect();
    let mut rows = listed::targets(catalog, list)?;
    rows.retain(|row| !except.contains(row));
    Ok(rows)
}

/// Why no image may be taken out of a repository.
fn may_not_take(place: &Place<'_>) -> Option<Failure> {
    let name = &place.repository.name;
    if place.repository.tags.is_none() {
        return Some(words::unread_repository(name));
    }
    if place.takes_manifests {
        return None;
    }
    Some(match place.repository.images {
        None => words::unread_repository(name),
        Some(_) => words::unread_tags(name),
    })
}
