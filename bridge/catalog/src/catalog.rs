// SPDX-License-Identifier: LGPL-2.1-or-later

//! The catalog and its updates. What can be asked of it stands in `look.rs`, what
//! images contain in `contents.rs`, and how it is kept from one login to the next in `blocks.rs`.

pub mod blocks;
mod contents;
mod look;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use look::age_of;

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashSet;
use images_proto::{Digest, RepositoryName, natural, status};

use crate::configs::{Config, Configs};
use crate::dense::Dense;
use crate::digests::{DigestId, Digests};
use crate::facts::{BlobFacts, ConfigFacts, Content, ImageFacts, TagFacts};
use crate::labels::Labels;
use crate::links::{ATTACHED, BY_CHILD, BY_CONFIG, BY_LAYER, HOLDERS, LAYERS, Links, ODD_CONFIGS};
use crate::names::{NameId, Names};
use crate::postings::{Id, Postings};
use crate::repository::{Held, Repository, RepositoryId, Revision, TagRecord, Tags, Time};
use crate::stored::{Blob, Image, Sizes, Stored};

/// What is known of one registry.
///
/// Updates come from one source, one repository at a time; each replaces what was known of that
/// repository alone. An image is known by its digest: repositories that hold the same digest hold
/// the same image.
#[derive(Default)]
pub struct Catalog {
    pub(crate) digests: Digests,
    pub(crate) repository_names: Names,
    pub(crate) tag_names: Names,
    pub(crate) labels: Labels,
    /// The repositories by id.
    repositories: Vec<Option<Repository>>,
    /// The repositories that are there, by name.
    by_name: Vec<RepositoryId>,
    /// How many repositories each project has.
    projects: BTreeMap<Box<str>, u32>,
    /// The images that at least one repository holds.
    images: Dense<Image>,
    sizes: Sizes,
    pub(crate) configs: Configs,
    failed_configs: HashSet<DigestId>,
    /// The configs of images that are neither read nor failed.
    wanted_configs: BTreeSet<DigestId>,
    links: Links,
    /// From the name of a tag to the repositories that have such a tag.
    pub(crate) named: Postings<NameId, RepositoryId>,
    tag_count: u64,
    tags_unread: u64,
    images_unread: u64,
    configs_unread: u64,
    listed: bool,
    source: Option<status::Source>,
    host: Option<String>,
    generation: u64,
    learned: u64,
}

impl Catalog {
    /// Creates a repository, or replaces what is known of its tags. `None` says that it is there,
    /// but its tags were not read: tags that are known already stay.
    ///
    /// Of several facts about one tag the first counts.
    pub fn put_repository(&mut self, name: &RepositoryName, tags: Option<Vec<TagFacts>>) {
        let id = self.ensure(name);
        let Some(facts) = tags else { return };
        let tags = self.intern_tags(facts);
        let Some(repository) = self.repositories[id.0.index()].as_mut() else { return };
        if repository.tags.as_ref() == Some(&tags) {
            return;
        }
        let (old_digests, old_names) = (repository.digests(), repository.tag_names());
        self.tags_unread -= u64::from(repository.tags.is_none());
        repository.newest = tags.newest();
        repository.tags = Some(tags);
        let (digests, names) = (repository.digests(), repository.tag_names());
        self.tag_count = self.tag_count - old_names.len() as u64 + names.len() as u64;
        self.follow_digests(id, &old_digests, &digests);
        let (gone, new) = differences(&old_names, &names);
        gone.for_each(|name| self.named.remove(name, id));
        new.for_each(|name| self.named.insert(name, id));
        self.learn();
    }

    /// Replaces the images that a repository holds: all of them, the children of its indexes
    /// included. A repository that is not in the catalog (any more) is left out of it: an answer
    /// that was under way while the repository was deleted must not bring it back.
    ///
    /// Of several facts about one digest the last counts; what a digest contains is the same in all
    /// repositories, and the newest reading of it counts.
    pub fn put_images(&mut self, name: &RepositoryName, images: Vec<ImageFacts>) {
        let Some(id) = self.id(name) else { return };
        let mut contents = BTreeMap::new();
        for facts in images {
            contents.insert(self.digests.intern(&facts.digest), facts.content);
        }
        let held: Box<[Held]> = contents
            .iter()
            .map(|(digest, content)| Held {
                digest: *digest,
                missing: matches!(content, Content::Missing),
            })
            .collect();
        let Some(repository) = self.repositories[id.0.index()].as_mut() else { return };
        let old_digests = repository.digests();
        let same_images = repository.images.as_ref() == Some(&held);
        self.images_unread -= u64::from(repository.images.is_none());
        let old = repository.images.replace(held).unwrap_or_default();
        let digests = repository.digests();
        self.follow_digests(id, &old_digests, &digests);

        // New holders come before old ones go, so that an image that stays is not forgotten.
        let mut changed = missing_in_one(&old, self.repositories[id.0.index()].as_ref());
        for (digest, content) in contents {
            let Some(content) = self.intern_content(content) else { continue };
            let new = !old
                .binary_search_by_key(&digest, |held| held.digest)
                .is_ok_and(|place| !old[place].missing);
            if self.hold(digest, content, new) {
                changed.push(digest);
            }
        }
        for held in old.iter().filter(|held| !held.missing) {
            let stays =
                self.repositories[id.0.index()].as_ref().is_some_and(|r| r.holds(held.digest));
            if !stays && self.let_go(held.digest) {
                changed.push(held.digest);
            }
        }
        if same_images && changed.is_empty() {
            return;
        }
        self.sum_up(id);
        self.sum_up_holders(&changed, id);
        self.learn();
    }

    /// Tells what a config says. It never changes, so a second reading changes nothing.
    pub fn put_config(&mut self, config: &Digest, facts: ConfigFacts) {
        let config = self.digests.intern(config);
        if self.configs.has(config) {
            return;
        }
        let ConfigFacts { diff_ids, labels, created } = facts;
        let diff_ids = diff_ids.iter().map(|id| self.digests.intern(id));
        self.configs.insert(config, diff_ids, created, &labels, &mut self.labels);
        let created = self.configs.get(config).and_then(Config::created);
        for image in self.cover(config) {
            for id in self.links.get(image, HOLDERS) {
                if let Some(repository) = &mut self.repositories[id.0.index()]
                    && repository.holds(image)
                {
                    repository.built = repository.built.max(created);
                }
            }
        }
        self.learn();
    }

    /// Tells that a config could not be read. It stays uncovered and is not wanted any more.
    pub fn fail_config(&mut self, config: &Digest) {
        let config = self.digests.intern(config);
        if !self.configs.has(config) {
            self.wanted_configs.remove(&config);
            self.failed_configs.insert(config);
        }
    }

    /// Makes the configs that could not be read wanted again, for a source that came back.
    pub fn retry_configs(&mut self) {
        for config in std::mem::take(&mut self.failed_configs) {
            if !self.by_config(config).is_empty() {
                self.wanted_configs.insert(config);
            }
        }
    }

    /// Forgets a repository, and the images that only it held.
    pub fn remove_repository(&mut self, name: &RepositoryName) {
        let Some(id) = self.id(name) else { return };
        let Some(gone) = self.repositories[id.0.index()].take() else { return };
        if let Ok(place) = self
            .by_name
            .binary_search_by(|other| self.repository_names.name(other.0).cmp(name.as_str()))
        {
            self.by_name.remove(place);
        }
        if let Some(project) = name.project()
            && let Some(count) = self.projects.get_mut(project)
        {
            *count -= 1;
            if *count == 0 {
                self.projects.remove(project);
            }
        }
        let names = gone.tag_names();
        self.tag_count -= names.len() as u64;
        self.tags_unread -= u64::from(gone.tags.is_none());
        self.images_unread -= u64::from(gone.images.is_none());
        names.iter().for_each(|name| self.named.remove(*name, id));
        self.follow_digests(id, &gone.digests(), &[]);
        let mut changed = missing_in_one(gone.images(), None);
        for held in gone.images().iter().filter(|held| !held.missing) {
            if self.let_go(held.digest) {
                changed.push(held.digest);
            }
        }
        self.sum_up_holders(&changed, id);
        self.learn();
    }

    /// Forgets the repositories that a new list does not name any more.
    pub fn retain_repositories(&mut self, mut keep: impl FnMut(&RepositoryName) -> bool) {
        let gone: Vec<_> = self.repository_names().filter(|name| !keep(name)).cloned().collect();
        for name in gone {
            self.remove_repository(&name);
        }
    }

    /// Says whether every repository there is has been listed.
    pub fn set_listed(&mut self, complete: bool) {
        self.generation += u64::from(self.listed != complete);
        self.listed = complete;
    }

    /// Says who keeps the list of repositories.
    pub fn set_source(&mut self, source: Option<status::Source>) {
        self.generation += u64::from(self.source != source);
        self.source = source;
    }

    /// Says which host stands in pull commands, if one is known that clients can reach.
    pub fn set_host(&mut self, host: Option<String>) {
        self.generation += u64::from(self.host != host);
        self.host = host;
    }

    /// Forgets everything, for another registry or another user.
    pub fn clear(&mut self) {
        let (generation, learned) = (self.generation + 1, self.learned + 1);
        *self = Self { generation, learned, ..Self::default() };
    }

    /// Takes over what was known at an earlier login, instead of all that is known now. Whether it is
    /// still so has to be told: until then the list of repositories counts as incomplete.
    pub fn recall(&mut self, recalled: Self) {
        let (generation, learned) = (self.generation + 1, self.learned + 1);
        let (source, host) = (self.source, self.host.take());
        *self = Self { generation, learned, source, host, listed: false, ..recalled };
    }

    /// Something was told that is not only about the telling.
    fn learn(&mut self) {
        self.generation += 1;
        self.learned += 1;
    }

    fn ensure(&mut self, name: &RepositoryName) -> RepositoryId {
        let id = RepositoryId(self.repository_names.intern(name.as_str()));
        if self.repositories.len() <= id.0.index() {
            self.repositories.resize_with(id.0.index() + 1, || None);
        }
        if self.repositories[id.0.index()].is_none() {
            self.repositories[id.0.index()] = Some(Repository::new(name.clone()));
            let names = &self.repository_names;
            let place = self.by_name.partition_point(|other| names.name(other.0) < name.as_str());
            self.by_name.insert(place, id);
            if let Some(project) = name.project() {
                *self.projects.entry(project.into()).or_default() += 1;
            }
            self.tags_unread += 1;
            self.images_unread += 1;
            self.learn();
        }
        id
    }

    fn intern_tags(&mut self, facts: Vec<TagFacts>) -> Tags {
        let mut facts: Vec<_> =
            facts.into_iter().map(|facts| (self.intern_tag(&facts.tag), facts)).collect();
        facts.sort_by(|(_, a), (_, b)| natural::compare(a.tag.as_str(), b.tag.as_str()));
        facts.dedup_by_key(|(name, _)| *name);
        let (mut records, mut revisions) = (Vec::with_capacity(facts.len()), Vec::new());
        let (mut origins, mut problems) = (Vec::new(), Vec::new());
        for (place, (name, facts)) in facts.into_iter().enumerate() {
            revisions.extend(facts.revisions.iter().map(|revision| Revision {
                digest: self.digests.intern(&revision.digest),
                created: Time::new(revision.created),
            }));
            let origin = origins.iter().position(|known| *known == facts.origin);
            let origin = origin.unwrap_or_else(|| {
                origins.push(facts.origin);
                origins.len() - 1
            });
            if let Some(problem) = facts.problem {
                problems.push((place as u32, problem.into()));
            }
            let end = revisions.len() as u32;
            records.push(TagRecord { name, end, origin: origin as u32 });
        }
        Tags {
            records: records.into(),
            revisions: revisions.into(),
            origins: origins.into(),
            problems: problems.into(),
        }
    }

    fn intern_tag(&mut self, tag: &images_proto::Tag) -> NameId {
        let name = self.tag_names.intern(tag.as_str());
        if let Some(subject) = tag.attached_to() {
            let subject = self.digests.intern(&subject);
            self.links.insert(subject, ATTACHED, name);
        }
        name
    }

    /// `None` for what is missing.
    fn intern_content(&mut self, content: Content) -> Option<Stored> {
        let mut blob = |facts: &BlobFacts| Blob {
            digest: self.digests.intern(&facts.digest),
            size: facts.size,
        };
        match content {
            Content::Manifest { config, layers } => {
                let config = config.as_ref().map(&mut blob);
                let layers = layers.iter().map(blob).collect();
                Some(Stored::manifest(&mut self.sizes, config, layers))
            }
            Content::Index { children } => Some(Stored::Index {
                children: children.iter().map(|child| self.digests.intern(child)).collect(),
            }),
            Content::Missing => None,
        }
    }

    /// One more repository holds this image, or one of those that do (`new` is false) tells its
    /// content again. Returns whether its content is new.
    fn hold(&mut self, digest: DigestId, stored: Stored, new: bool) -> bool {
        let Some(image) = self.images.get_mut(digest) else {
            self.link(digest, &stored);
            self.images.insert(Image { digest, holders: 1, stored });
            self.link_diff_ids(digest);
            return true;
        };
        image.holders += u32::from(new);
        if image.stored == stored {
            return false;
        }
        let old = std::mem::replace(&mut image.stored, stored.clone());
        self.unlink(digest, &old);
        self.link(digest, &stored);
        self.link_diff_ids(digest);
        true
    }

    /// One repository less holds this image. Returns whether it was the last.
    fn let_go(&mut self, digest: DigestId) -> bool {
        let Some(image) = self.images.get_mut(digest) else { return false };
        image.holders -= 1;
        if image.holders > 0 {
            return false;
        }
        if let Some(gone) = self.images.remove(digest) {
            self.unlink(digest, &gone.stored);
        }
        true
    }

    /// Makes an image known to what it contains.
    fn link(&mut self, digest: DigestId, stored: &Stored) {
        if let Some(config) = stored.config() {
            self.links.insert(config, BY_CONFIG, digest);
            if !self.configs.has(config) {
                self.configs_unread += 1;
                if !self.failed_configs.contains(&config) {
                    self.wanted_configs.insert(config);
                }
            }
        }
        for layer in stored.layers() {
            self.links.insert(layer, BY_LAYER, digest);
        }
        for child in stored.children() {
            self.links.insert(*child, BY_CHILD, digest);
        }
    }

    fn unlink(&mut self, digest: DigestId, stored: &Stored) {
        if let Some(config) = stored.config() {
            self.links.remove(config, BY_CONFIG, digest);
            if !self.configs.has(config) {
                self.configs_unread -= 1;
                if self.by_config(config).is_empty() {
                    self.wanted_configs.remove(&config);
                }
            }
        }
        for layer in stored.layers() {
            self.links.remove(layer, BY_LAYER, digest);
        }
        for child in stored.children() {
            self.links.remove(*child, BY_CHILD, digest);
        }
    }

    /// Lets the images of a config that was just read follow, and returns them.
    fn cover(&mut self, config: DigestId) -> Vec<DigestId> {
        self.failed_configs.remove(&config);
        self.wanted_configs.remove(&config);
        let images: Vec<_> = self.by_config(config).collect();
        self.configs_unread -= images.len() as u64;
        images.iter().for_each(|image| self.link_diff_ids(*image));
        images
    }

    /// Makes the layers of an image known to their diff IDs, once its config was read. Nearly every
    /// diff ID belongs to one layer, but to many configs; so images are found through layers. The
    /// link stays when the image goes: whoever follows it looks whether there is such an image.
    fn link_diff_ids(&mut self, image: DigestId) {
        let Some(stored) = self.images.get(image).map(|image| &image.stored) else { return };
        let Some(digest) = stored.config() else { return };
        let Some(config) = self.configs.get(digest) else { return };
        if config.diff_ids().len() == stored.layer_count() {
            for (diff_id, layer) in config.diff_ids().iter().zip(stored.layers()) {
                self.links.insert(*diff_id, LAYERS, layer);
            }
        } else {
            for diff_id in config.diff_ids() {
                self.links.insert(*diff_id, ODD_CONFIGS, digest);
            }
        }
    }

    /// Lets the way to holders follow a repository from one sorted set of digests to another.
    fn follow_digests(&mut self, id: RepositoryId, old: &[DigestId], new: &[DigestId]) {
        let (gone, new) = differences(old, new);
        gone.for_each(|digest| self.links.remove(digest, HOLDERS, id));
        new.for_each(|digest| self.links.insert(digest, HOLDERS, id));
    }

    /// Brings size and build time of a repository up to date.
    fn sum_up(&mut self, id: RepositoryId) {
        let Some(repository) = self.repository(id) else { return };
        let (size, built) = (self.repository_size(repository), self.repository_built(repository));
        if let Some(repository) = &mut self.repositories[id.0.index()] {
            (repository.size, repository.built) = (size, built);
        }
    }

    /// Brings the other repositories up to date that hold one of these images, or an index of them.
    fn sum_up_holders(&mut self, changed: &[DigestId], except: RepositoryId) {
        let mut affected = BTreeSet::new();
        for digest in changed {
            for holding in self.with_indexes(*digest) {
                let holders = self.holders(holding);
                affected.extend(holders.filter(|id| {
                    *id != except && self.repository(*id).is_some_and(|r| r.holds(holding))
                }));
            }
        }
        for id in affected {
            self.sum_up(id);
        }
    }
}

/// The images that are missing before or after an update, but not both: the sizes of indexes that
/// contain them change.
fn missing_in_one(old: &[Held], new: Option<&Repository>) -> Vec<DigestId> {
    let new = new.map_or(&[][..], Repository::images);
    let only = |a: &[Held], b: &[Held]| -> Vec<DigestId> {
        let missing = a.iter().filter(|held| held.missing);
        let other = |held: &&Held| {
            let place = b.binary_search_by_key(&held.digest, |held| held.digest);
            !place.is_ok_and(|place| b[place].missing)
        };
        missing.filter(other).map(|held| held.digest).collect()
    };
    [only(old, new), only(new, old)].concat()
}

/// What is only in the first of two sorted sets, and what is only in the second.
fn differences<'a, K: Copy + Ord>(
    old: &'a [K],
    new: &'a [K],
) -> (impl Iterator<Item = K> + 'a, impl Iterator<Item = K> + 'a) {
    let only =
        |a: &'a [K], b: &'a [K]| a.iter().copied().filter(move |key| b.binary_search(key).is_err());
    (only(old, new), only(new, old))
}
