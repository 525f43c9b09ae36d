// SPDX-License-Identifier: LGPL-2.1-or-later

//! All that is done, in an order that leaves nothing half visible if it ends anywhere.
//!
//! First the tags: from then on nobody is led to what follows. Then manifests before the layers
//! that they need, and indexes before what they contain. Data goes from the storage before the
//! cluster forgets its image, because only the image tells which data it was.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::delete::{Extent, Fate, LayerFate, Part, Reason, Step, Target};
use images_proto::repository::Kind;
use images_proto::{Digest, RepositoryName};

use super::afterwards::Afterwards;
use super::owners::Owners;
use super::place::{Going, Place};
use super::planner::Planner;
use crate::Content;
use crate::digests::DigestId;
use crate::references::References;

/// Steps as they are put together.
#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    owners: Vec<Owners>,
}

impl Steps {
    fn push(&mut self, step: Step, owners: Owners) {
        self.steps.push(step);
        self.owners.push(owners);
    }
}

impl Planner<'_> {
    /// The steps, and for whom each is done.
    pub(super) fn steps(
        &self,
        afterwards: &Afterwards,
        layers: &[LayerFate],
    ) -> (Vec<Step>, Vec<Owners>) {
        let mut places: Vec<_> = self.places.values().collect();
        places.sort_unstable_by_key(|place| &place.repository.name);
        let mut steps = Steps::default();
        for place in &places {
            self.push_tags(place, &mut steps);
        }
        let is_openshift = self.around.is_openshift();
        if !is_openshift || self.purges_cluster() {
            for place in &places {
                self.push_manifests(place, afterwards, &mut steps);
            }
            for (repository, digest, owners) in self.left_behind(afterwards) {
                let repository = repository.clone();
                steps.push(Step::Manifest { repository, digest, tags: Vec::new() }, owners.clone());
            }
        }
        for ((repository, digest), owners) in self.links(&places, afterwards) {
            steps.push(Step::Link { repository, digest }, owners);
        }
        for place in places.iter().filter(|_| is_openshift) {
            if let Some(owners) = &place.whole {
                let mut owners = owners.clone();
                if self.goes_at_once(place) {
                    for (tag, _) in place.going_tags() {
                        owners.add(&place.tag_owners(tag.name));
                    }
                }
                steps.push(Step::Repository(place.repository.name.clone()), owners);
            }
        }
        if self.purges_cluster() {
            self.push_removals(afterwards, layers, &mut steps);
        }
        (steps.steps, steps.owners)
    }

    /// Whether an image stream goes with all its tags in one step.
    fn goes_at_once(&self, place: &Place<'_>) -> bool {
        place.whole.is_some() && self.around.is_openshift() && self.params.extent == Extent::Unlink
    }

    fn push_tags(&self, place: &Place<'_>, steps: &mut Steps) {
        if self.goes_at_once(place) {
            return;
        }
        let is_openshift = self.around.is_openshift();
        // An image is not left without its signature: those go last.
        for attached in [false, true] {
            for (tag, going) in place.going_tags() {
                if self.catalog.is_attachment(tag.name) != attached {
                    continue;
                }
                let now = tag.revisions.first().map(|revision| revision.digest);
                if !is_openshift && now.is_some_and(|now| place.leaves(now)) {
                    // It goes with its manifest.
                    continue;
                }
                let name = self.tag_ref(place, tag.name);
                let owners = place.tag_owners(tag.name);
                match going {
                    Going::Whole => {
                        let digest = now.map(|now| self.digest(now));
                        steps.push(Step::Tag { tag: name, digest }, owners);
                    }
                    Going::Revisions(gone) => {
                        let mut gone: Vec<_> =
                            gone.iter().map(|image| self.digest(*image)).collect();
                        gone.sort_unstable();
                        for digest in gone {
                            let step = Step::Revision { tag: name.clone(), digest };
                            steps.push(step, owners.clone());
                        }
                    }
                }
            }
        }
    }

    /// Manifests of a repository: on a plain registry with their tags, on OpenShift what the
    /// registry keeps of them.
    fn push_manifests(&self, place: &Place<'_>, afterwards: &Afterwards, steps: &mut Steps) {
        let is_openshift = self.around.is_openshift();
        for image in &place.leaving {
            let digest = self.digest(*image);
            if !self.may_cut(&digest, afterwards) {
                continue;
            }
            let mut tags: Vec<_> = match is_openshift {
                true => Vec::new(),
                false => place.named(*image).to_vec(),
            };
            tags.sort_unstable_by(|a, b| {
                let name = |name| self.catalog.tag_names.name(name);
                images_proto::natural::compare(name(*a), name(*b))
            });
            let tags = tags.into_iter().map(|name| self.catalog.tag_name(name)).collect();
            let repository = place.repository.name.clone();
            steps.push(Step::Manifest { repository, digest, tags }, place.owners(*image));
        }
    }

    /// The images that are removed and were in no stream, each with the repository that it was pushed
    /// to, if that is there: the registry may keep links to it.
    fn left_behind<'b>(
        &'b self,
        afterwards: &'b Afterwards,
    ) -> impl Iterator<Item = (&'b RepositoryName, Digest, &'b Owners)> {
        afterwards.removed.iter().filter_map(move |digest| {
            let repository = self.around.pushed_to.get(digest)?.as_ref()?;
            let place = self.places.get(&self.catalog.id(repository)?);
            let image = self.catalog.digests.get(digest);
            let leaves = place.zip(image).is_some_and(|(place, image)| place.leaves(image));
            let owners = afterwards.touched.get(digest)?;
            (!leaves).then_some((repository, *digest, owners))
        })
    }

    /// Of how many images that are removed the registry may keep links where nobody can take them
    /// away: the repository is gone, or not known.
    pub(super) fn links_left(&self, afterwards: &Afterwards) -> usize {
        let repositories =
            afterwards.removed.iter().filter_map(|image| self.around.pushed_to.get(image));
        let is_there = |name: &RepositoryName| self.catalog.id(name).is_some();
        repositories.filter(|name| !name.as_ref().is_some_and(is_there)).count()
    }

    /// Whether what a repository keeps of an image that leaves it may be taken away.
    fn may_cut(&self, digest: &Digest, afterwards: &Afterwards) -> bool {
        let Some(everywhere) = self.everywhere().filter(|_| self.around.is_openshift()) else {
            return !self.around.is_openshift();
        };
        // Of what is imported or gone the registry keeps nothing.
        everywhere.image(digest).is_some_and(|image| {
            let content_known = image.content.is_some();
            image.managed && content_known && self.is_old_enough(image.created)
        }) && !afterwards.withheld(digest).contains(&Reason::Unread)
    }

    /// The blobs that can no longer be pulled from each repository.
    fn links(
        &self,
        places: &[&Place<'_>],
        afterwards: &Afterwards,
    ) -> BTreeMap<(RepositoryName, Digest), Owners> {
        let mut links: BTreeMap<_, Owners> = BTreeMap::new();
        if self.params.extent == Extent::Purge {
            for place in places.iter().filter(|place| !place.leaving.is_empty()) {
                if self.has_unknown_contents(place) {
                    continue;
                }
                let name = &place.repository.name;
                for (blob, owners) in self.blobs_leaving(place, afterwards) {
                    links.entry((name.clone(), blob)).or_default().add(&owners);
                }
            }
        }
        for (name, digest, owners) in self.left_behind(afterwards) {
            let Some(Content::Manifest { config, layers }) = self.content(&digest) else {
                continue;
            };
            for blob in config.iter().chain(&layers) {
                if !self.may_be_needed(name, &blob.digest, afterwards) {
                    links.entry((name.clone(), blob.digest)).or_default().add(owners);
                }
            }
        }
        for ((name, blob), owners) in &self.cut {
            if !self.may_be_needed(name, blob, afterwards) {
                links.entry((name.clone(), *blob)).or_default().add(owners);
            }
        }
        links
    }

    /// Whether an image that stays in a repository contains a blob, or may.
    fn may_be_needed(&self, name: &RepositoryName, blob: &Digest, afterwards: &Afterwards) -> bool {
        let needed = |place: &Place<'_>| {
            self.has_unknown_contents(place) || self.is_needed_in(place, blob, afterwards)
        };
        let Some(id) = self.catalog.id(name) else {
            // Another project's: only the references of the whole cluster tell of its images.
            let unused = |all: &References| !all.has_unread() && all.images_with(blob).is_empty();
            return !self.everywhere().is_some_and(unused);
        };
        match (self.places.get(&id), self.catalog.repository(id)) {
            (Some(place), _) => needed(place),
            (None, Some(other)) => needed(&Place::new(other, self.around.is_openshift())),
            (None, None) => false,
        }
    }

    fn blobs_leaving(
        &self,
        place: &Place<'_>,
        afterwards: &Afterwards,
    ) -> BTreeMap<Digest, Owners> {
        let mut blobs: BTreeMap<Digest, Owners> = BTreeMap::new();
        for image in &place.leaving {
            let digest = self.digest(*image);
            if !self.may_cut(&digest, afterwards) {
                continue;
            }
            let Some(Content::Manifest { config, layers }) = self.content(&digest) else {
                continue;
            };
            let owners = place.owners(*image);
            for blob in config.iter().chain(&layers) {
                blobs.entry(blob.digest).or_default().add(&owners);
            }
        }
        blobs.retain(|blob, _| !self.is_needed_in(place, blob, afterwards));
        blobs
    }

    /// Whether an image of the repository contains a blob and does not leave, or leaves too early to
    /// be cut off from its data.
    fn is_needed_in(&self, place: &Place<'_>, blob: &Digest, afterwards: &Afterwards) -> bool {
        let Some(blob) = self.catalog.digests.get(blob) else { return false };
        let mut images = self.catalog.by_blob(blob).filter(|image| place.has(*image));
        images.any(|image| !place.leaves(image) || !self.may_cut(&self.digest(image), afterwards))
    }

    /// Whether an image stays in the repository that may contain anything.
    fn has_unknown_contents(&self, place: &Place<'_>) -> bool {
        let is_unknown = |image: DigestId| {
            self.content(&self.digest(image)).is_none()
                && self.catalog.kind_in(Some(place.repository), image) != Kind::Missing
        };
        place.repository.images.is_none() || place.staying().any(is_unknown)
    }

    /// What goes from the storage, and then from the cluster.
    fn push_removals(&self, afterwards: &Afterwards, layers: &[LayerFate], steps: &mut Steps) {
        let mut owners_of: BTreeMap<Digest, Owners> = self.blobs.clone();
        for digest in &afterwards.removed {
            let Some(owners) = afterwards.touched.get(digest) else { continue };
            owners_of.entry(*digest).or_default().add(owners);
            if let Some(Content::Manifest { config, layers }) = self.content(digest) {
                for blob in config.iter().chain(&layers) {
                    owners_of.entry(blob.digest).or_default().add(owners);
                }
            }
        }
        for manifests in [false, true] {
            for layer in layers {
                if layer.fate == Fate::Removed && (layer.part == Part::Manifest) == manifests {
                    let owners = owners_of.get(&layer.digest).cloned().unwrap_or_default();
                    steps.push(Step::Blob(layer.digest), owners);
                }
            }
        }
        for digest in self.leading_last(&afterwards.removed) {
            let owners = afterwards.touched.get(&digest).cloned().unwrap_or_default();
            steps.push(Step::Image(digest), owners);
        }
    }

    /// Images so that each is gone before what leads to it, however far the work came: the index
    /// tells what was in it, but what contains a layer is found by the layer and leads to the index.
    fn leading_last(&self, images: &BTreeSet<Digest>) -> Vec<Digest> {
        let found: BTreeSet<_> = self
            .params
            .targets
            .iter()
            .filter_map(|target| match target {
                Target::Layer(layer) => Some(self.images_with_layer(layer)),
                _ => None,
            })
            .flatten()
            .collect();
        let inwards_first = self.inwards_first(images).into_iter();
        let (by_layer, mut sorted): (Vec<_>, Vec<_>) =
            inwards_first.partition(|image| found.contains(image));
        sorted.extend(by_layer.into_iter().rev());
        sorted
    }

    /// Images before the indexes that contain them.
    fn inwards_first(&self, images: &BTreeSet<Digest>) -> Vec<Digest> {
        let (mut sorted, mut seen) = (Vec::with_capacity(images.len()), BTreeSet::new());
        for image in images {
            // Each with whether all that it contains was passed already.
            let mut stack = vec![(*image, false)];
            while let Some((digest, passed)) = stack.pop() {
                if passed {
                    sorted.push(digest);
                } else if seen.insert(digest) {
                    stack.push((digest, true));
                    if let Some(Content::Index { children }) = self.content(&digest) {
                        let children = children.into_iter().filter(|child| images.contains(child));
                        stack.extend(children.map(|child| (child, false)));
                    }
                }
            }
        }
        sorted
    }
}
