// SPDX-License-Identifier: LGPL-2.1-or-later

//! One repository, and what leaves it.

use std::collections::{BTreeSet, VecDeque};

use hashbrown::{HashMap, HashSet};

use super::owners::Owners;
use crate::Catalog;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::repository::{Repository, TagEntry};
use crate::stored::Contents;

/// A repository as the plan sees it.
pub(super) struct Place<'a> {
    pub(super) repository: &'a Repository,
    tags: HashMap<NameId, TagEntry<'a>>,
    /// From an image to the tags that name or named it, each once.
    named: HashMap<DigestId, Vec<NameId>>,
    /// What goes of each tag, and for whom.
    going: HashMap<NameId, (Going, Owners)>,
    /// Images that are to go, whether a tag leads to them or not, and for whom.
    wanted: HashMap<DigestId, Owners>,
    /// The images that leave, indexes before what they contain.
    pub(super) leaving: Vec<DigestId>,
    /// The same as a set, and for whom.
    left: HashMap<DigestId, Owners>,
    /// The whole repository goes, for these.
    pub(super) whole: Option<Owners>,
    /// Whether manifests may be deleted, which takes their tags along. They may not as long as a
    /// tag may be on them that was not read.
    pub(super) takes_manifests: bool,
}

/// What goes of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// All of it, with its history.
    Whole,
    /// The revisions that name these.
    Revisions(BTreeSet<DigestId>),
}

impl<'a> Place<'a> {
    pub(super) fn new(repository: &'a Repository, is_openshift: bool) -> Self {
        let mut named: HashMap<DigestId, Vec<NameId>> = HashMap::new();
        let mut tags = HashMap::new();
        let mut unread = repository.tags.is_none() || repository.images.is_none();
        for tag in repository.tags() {
            tags.insert(tag.name, tag);
            unread |= tag.revisions.is_empty();
            for revision in tag.revisions {
                let names = named.entry(revision.digest).or_default();
                if names.last() != Some(&tag.name) {
                    names.push(tag.name);
                }
            }
        }
        Self {
            repository,
            tags,
            named,
            going: HashMap::new(),
            wanted: HashMap::new(),
            leaving: Vec::new(),
            left: HashMap::new(),
            whole: None,
            takes_manifests: is_openshift || !unread,
        }
    }

    pub(super) fn tag(&self, name: NameId) -> Option<TagEntry<'a>> {
        self.tags.get(&name).copied()
    }

    /// The tags that name or named an image.
    pub(super) fn named(&self, image: DigestId) -> &[NameId] {
        self.named.get(&image).map_or(&[], Vec::as_slice)
    }

    /// Whether the repository has an image: it holds it, or a tag names it or did.
    pub(super) fn has(&self, image: DigestId) -> bool {
        self.named.contains_key(&image) || self.repository.holds(image)
    }

    /// Whether an image leaves.
    pub(super) fn leaves(&self, image: DigestId) -> bool {
        self.left.contains_key(&image)
    }

    /// For whom an image leaves, or was to.
    pub(super) fn owners(&self, image: DigestId) -> Owners {
        let mut owners = self.left.get(&image).cloned().unwrap_or_default();
        if let Some(more) = self.wanted.get(&image) {
            owners.add(more);
        }
        for name in self.named(image) {
            if let Some((_, more)) = self.going.get(name).filter(|_| self.loses(*name, image)) {
                owners.add(more);
            }
        }
        owners
    }

    pub(super) fn tag_owners(&self, name: NameId) -> Owners {
        self.going.get(&name).map(|(_, owners)| owners.clone()).unwrap_or_default()
    }

    pub(super) fn going(&self, name: NameId) -> Option<&Going> {
        self.going.get(&name).map(|(going, _)| going)
    }

    /// The tags of which anything goes, in natural order.
    pub(super) fn going_tags(&self) -> impl Iterator<Item = (TagEntry<'a>, &Going)> {
        let tags = (!self.going.is_empty()).then(|| self.repository.tags());
        tags.into_iter().flatten().filter_map(|tag| Some((tag, self.going(tag.name)?)))
    }

    /// Whether a tag goes: nothing is left of it.
    pub(super) fn is_gone(&self, name: NameId) -> bool {
        match (self.going(name), self.tags.get(&name)) {
            (Some(Going::Whole), _) => true,
            (Some(Going::Revisions(gone)), Some(tag)) => {
                tag.revisions.iter().all(|revision| gone.contains(&revision.digest))
            }
            _ => false,
        }
    }

    /// Whether a tag will not name an image any more that it names or named.
    pub(super) fn loses(&self, name: NameId, image: DigestId) -> bool {
        match self.going(name) {
            Some(Going::Whole) => true,
            Some(Going::Revisions(gone)) => gone.contains(&image),
            None => false,
        }
    }

    /// The tags that go on naming an image, with the age of their newest revision that does so by
    /// then.
    pub(super) fn stays_named(&self, image: DigestId) -> impl Iterator<Item = (NameId, u32)> {
        self.named(image).iter().filter(move |name| !self.loses(**name, image)).filter_map(
            move |name| {
                let left = self.tags.get(name)?.revisions.iter();
                let mut left = left.filter(|revision| !self.loses(*name, revision.digest));
                Some((*name, left.position(|revision| revision.digest == image)? as u32))
            },
        )
    }

    /// The indexes of the repository that contain an image and do not leave.
    pub(super) fn staying_indexes(
        &self,
        catalog: &'a Catalog,
        image: DigestId,
    ) -> impl Iterator<Item = DigestId> {
        let indexes = catalog.by_child(image);
        indexes.filter(|index| self.has(*index) && !self.leaves(*index))
    }

    /// A tag goes with its history.
    pub(super) fn take_tag(&mut self, name: NameId, owners: &Owners) {
        let (going, known) =
            self.going.entry(name).or_insert_with(|| (Going::Whole, Owners::default()));
        *going = Going::Whole;
        known.add(owners);
    }

    /// The revisions of a tag go that name an image.
    pub(super) fn take_revision(&mut self, name: NameId, image: DigestId, owners: &Owners) {
        let (going, known) = self
            .going
            .entry(name)
            .or_insert_with(|| (Going::Revisions(BTreeSet::new()), Owners::default()));
        if let Going::Revisions(gone) = going {
            gone.insert(image);
        }
        known.add(owners);
    }

    /// An image is to go, whether a tag leads to it or not.
    pub(super) fn want(&mut self, image: DigestId, owners: &Owners) {
        self.wanted.entry(image).or_default().add(owners);
    }

    /// Tags of which no revision would be left go as a whole.
    pub(super) fn round_up(&mut self) {
        let gone: Vec<_> = self
            .going
            .iter()
            .filter(|(name, (going, _))| *going != Going::Whole && self.is_gone(**name))
            .map(|(name, _)| *name)
            .collect();
        for name in gone {
            self.take_tag(name, &Owners::default());
        }
    }

    /// Follows what leaves. `may_follow`: whether tags of signatures may be taken along.
    pub(super) fn settle(&mut self, catalog: &'a Catalog, may_follow: bool) {
        if !self.takes_manifests {
            return;
        }
        let mut seeds: BTreeSet<_> = self.wanted.keys().copied().collect();
        // Signatures come last, so that an image is never seen without them.
        let mut attached = BTreeSet::new();
        for (tag, going) in self.going_tags() {
            let gone = tag.revisions.iter().map(|revision| revision.digest);
            let gone = gone.filter(|digest| match going {
                Going::Whole => true,
                Going::Revisions(gone) => gone.contains(digest),
            });
            if catalog.is_attachment(tag.name) { attached.extend(gone) } else { seeds.extend(gone) }
        }
        if self.whole.is_some() {
            seeds.extend(self.repository.images().iter().map(|held| held.digest));
            seeds.retain(|digest| !attached.contains(digest));
        }
        loop {
            let mut queue: Vec<_> = std::mem::take(&mut seeds).into_iter().collect();
            // Ids depend on the order of arrival, which is not the same in two sessions.
            queue.sort_unstable_by_key(|id| catalog.digests.digest(*id));
            let mut queue = VecDeque::from(queue);
            while let Some(image) = queue.pop_front() {
                if !self.can_leave(catalog, image) {
                    continue;
                }
                let owners = self.owners(image);
                self.left.insert(image, owners.clone());
                self.leaving.push(image);
                for child in catalog.content(image).map_or(&[][..], Contents::children) {
                    if self.has(*child) && !self.leaves(*child) {
                        self.want(*child, &owners);
                        queue.push_back(*child);
                    }
                }
                for name in catalog.attached(image).filter(|_| may_follow) {
                    if let Some(tag) = self.tag(name) {
                        self.take_tag(name, &owners);
                        attached.extend(tag.revisions.iter().map(|revision| revision.digest));
                    }
                }
            }
            if attached.is_empty() {
                return;
            }
            seeds = std::mem::take(&mut attached);
            seeds.retain(|image| !self.leaves(*image));
        }
    }

    fn can_leave(&self, catalog: &'a Catalog, image: DigestId) -> bool {
        self.has(image)
            && !self.leaves(image)
            && self.stays_named(image).next().is_none()
            && self.staying_indexes(catalog, image).next().is_none()
    }

    /// The images that the repository has and that do not leave, in any order, each once or more.
    pub(super) fn staying(&self) -> impl Iterator<Item = DigestId> {
        let held = self.repository.images().iter().filter(|held| !held.missing);
        let all = held.map(|held| held.digest).chain(self.named.keys().copied());
        all.filter(|image| !self.leaves(*image))
    }

    /// The images to which targets lead, whether they leave or not.
    pub(super) fn touched(&self) -> HashSet<DigestId> {
        let mut touched: HashSet<_> = self.left.keys().chain(self.wanted.keys()).copied().collect();
        for (tag, _) in self.going_tags() {
            let gone = tag.revisions.iter().map(|revision| revision.digest);
            touched.extend(gone.filter(|digest| self.loses(tag.name, *digest)));
        }
        touched
    }
}
