// SPDX-License-Identifier: LGPL-2.1-or-later

//! The catalog as a child would write it: facts in maps, every question answered by looking at all
//! of them. The tests compare the two.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::repository::{Kind, Origin};
use images_proto::search::{Hit, Matched, Params, RepositoryRow, Revision, Sort};
use images_proto::status::Counts;
use images_proto::{Digest, RepositoryName, Tag, TagRef, natural};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::catalog::blocks;
use crate::{BlobFacts, Catalog, ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts};

/// One update of the catalog.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    Repository(RepositoryName, Option<Vec<TagFacts>>),
    Images(RepositoryName, Vec<ImageFacts>),
    Config(Digest, ConfigFacts),
    FailConfig(Digest),
    RetryConfigs,
    Remove(RepositoryName),
    Retain(BTreeSet<RepositoryName>),
    Listed(bool),
    /// The next login.
    Recall,
}

/// Everything that was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) repositories: BTreeMap<RepositoryName, ModelRepository>,
    contents: BTreeMap<Digest, Content>,
    configs: BTreeMap<Digest, ConfigFacts>,
    failed: BTreeSet<Digest>,
    pub(crate) listed: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ModelRepository {
    /// In natural order.
    pub(crate) tags: Option<Vec<TagFacts>>,
    /// Whether each is missing.
    images: Option<BTreeMap<Digest, bool>>,
}

impl Update {
    pub(crate) fn tell(&self, catalog: &mut Catalog) {
        match self.clone() {
            Self::Repository(name, tags) => catalog.put_repository(&name, tags),
            Self::Images(name, images) => catalog.put_images(&name, images),
            Self::Config(digest, facts) => catalog.put_config(&digest, facts),
            Self::FailConfig(digest) => catalog.fail_config(&digest),
            Self::RetryConfigs => catalog.retry_configs(),
            Self::Remove(name) => catalog.remove_repository(&name),
            Self::Retain(names) => catalog.retain_repositories(|name| names.contains(name)),
            Self::Listed(complete) => catalog.set_listed(complete),
            Self::Recall => catalog.recall(blocks::tests::read(&blocks::tests::written(catalog))),
        }
    }
}

impl Model {
    pub(crate) fn tell(&mut self, update: &Update) {
        match update.clone() {
            Update::Repository(name, tags) => {
                let repository = self.repositories.entry(name).or_default();
                if let Some(mut tags) = tags {
                    let mut seen = BTreeSet::new();
                    tags.retain(|facts| seen.insert(facts.tag.clone()));
                    tags.sort_by(|a, b| natural::compare(a.tag.as_str(), b.tag.as_str()));
                    repository.tags = Some(tags);
                }
            }
            Update::Images(name, images) => {
                let Some(repository) = self.repositories.get_mut(&name) else { return };
                let images: BTreeMap<_, _> =
                    images.into_iter().map(|facts| (facts.digest, facts.content)).collect();
                let missing = |content: &Content| *content == Content::Missing;
                repository.images =
                    Some(images.iter().map(|(digest, c)| (*digest, missing(c))).collect());
                self.contents.extend(images.into_iter().filter(|(_, content)| !missing(content)));
            }
            Update::Config(digest, facts) => {
                self.configs.entry(digest).or_insert(facts);
                self.failed.remove(&digest);
            }
            Update::FailConfig(digest) => {
                self.failed.insert(digest);
            }
            Update::RetryConfigs => self.failed.clear(),
            Update::Remove(name) => drop(self.repositories.remove(&name)),
            Update::Retain(names) => self.repositories.retain(|name, _| names.contains(name)),
            Update::Listed(complete) => self.listed = complete,
            Update::Recall => {
                // What no image has is not kept, nor what failed.
                let used: BTreeSet<_> = self.contents.values().filter_map(config_of).collect();
                self.configs.retain(|config, _| used.contains(config));
                self.failed.clear();
                self.listed = false;
            }
        }
        let held: BTreeSet<_> = self.repositories.values().flat_map(|r| r.held()).collect();
        self.contents.retain(|digest, _| held.contains(digest));
    }

    /// What a source would tell of all that there is.
    pub(crate) fn updates(&self) -> Vec<Update> {
        let mut updates = vec![Update::Retain(self.repositories.keys().cloned().collect())];
        for (name, repository) in &self.repositories {
            // What was read once is not told to be unread again, unless it came back.
            if repository.tags.is_none() || repository.images.is_none() {
                updates.push(Update::Remove(name.clone()));
            }
            updates.push(Update::Repository(name.clone(), repository.tags.clone()));
            let facts = |(digest, missing): (&Digest, &bool)| {
                let content = self.contents.get(digest).filter(|_| !missing).cloned();
                ImageFacts { digest: *digest, content: content.unwrap_or(Content::Missing) }
            };
            let images = repository.images.as_ref();
            let images = images.map(|images| images.iter().map(facts).collect());
            updates.extend(images.map(|images| Update::Images(name.clone(), images)));
        }
        let configs = self.configs.iter().map(|(config, facts)| (*config, facts.clone()));
        updates.extend(configs.map(|(config, facts)| Update::Config(config, facts)));
        updates
    }

    pub(crate) fn counts(&self) -> Counts {
        let repositories = self.repositories.values();
        Counts {
            repositories: repositories.len() as u64,
            tags: repositories.clone().map(|r| r.tags().len() as u64).sum(),
            images: self.contents.len() as u64,
            repositories_unread: repositories.filter(|r| r.images.is_none()).count() as u64,
            configs_unread: self
                .contents
                .values()
                .filter_map(config_of)
                .filter(|config| !self.configs.contains_key(config))
                .count() as u64,
        }
    }

    pub(crate) fn wanted_configs(&self) -> BTreeSet<Digest> {
        let configs = self.contents.values().filter_map(config_of);
        configs.filter(|c| !self.configs.contains_key(c) && !self.failed.contains(c)).collect()
    }

    pub(crate) fn content(&self, digest: &Digest) -> Option<&Content> {
        self.contents.get(digest)
    }

    pub(crate) fn config_digest(&self, image: &Digest) -> Option<Digest> {
        config_of(self.content(image)?)
    }

    fn config(&self, image: &Digest) -> Option<&ConfigFacts> {
        self.configs.get(&config_of(self.content(image)?)?)
    }

    /// A digest and all that it contains.
    fn inside(&self, digest: &Digest) -> Vec<Digest> {
        let mut found = vec![*digest];
        let mut next = 0;
        while next < found.len() {
            if let Some(Content::Index { children }) = self.content(&found[next]) {
                for child in children {
                    if !found.contains(child) {
                        found.push(*child);
                    }
                }
            }
            next += 1;
        }
        found
    }

    fn is_missing(&self, digest: &Digest) -> bool {
        self.content(digest).is_none() && self.repositories.values().any(|r| r.missing(digest))
    }

    pub(crate) fn kind(&self, repository: &RepositoryName, digest: &Digest) -> Kind {
        let here = self.repositories.get(repository).is_some_and(|r| r.missing(digest));
        match self.content(digest) {
            _ if here || self.is_missing(digest) => Kind::Missing,
            Some(Content::Index { .. }) => Kind::Index,
            Some(_) => Kind::Image,
            None => Kind::Unknown,
        }
    }

    fn size_of(&self, digests: impl Iterator<Item = Digest>) -> Option<u64> {
        let mut blobs = BTreeMap::new();
        for part in digests.flat_map(|digest| self.inside(&digest)).collect::<BTreeSet<_>>() {
            match self.content(&part) {
                Some(Content::Manifest { config, layers }) => {
                    for blob in config.iter().chain(layers) {
                        let size = blobs.entry(blob.digest).or_insert(blob.size);
                        *size = (*size).max(blob.size);
                    }
                }
                Some(_) => {}
                None if self.is_missing(&part) => {}
                None => return None,
            }
        }
        blobs.into_values().sum()
    }

    pub(crate) fn size(&self, digest: &Digest) -> Option<u64> {
        self.content(digest)?;
        self.size_of([*digest].into_iter())
    }

    pub(crate) fn top_layer(&self, digest: &Digest) -> Option<Digest> {
        match self.content(digest)? {
            Content::Manifest { layers, .. } => layers.last().map(|layer| layer.digest),
            _ => None,
        }
    }

    pub(crate) fn repository_size(&self, name: &RepositoryName) -> Option<u64> {
        let repository = self.repositories.get(name)?;
        if repository.images.as_ref()?.is_empty() && !repository.tags().is_empty() {
            return None;
        }
        self.size_of(repository.held().into_iter())
    }

    pub(crate) fn built(&self, digest: &Digest) -> Option<i64> {
        let inside = self.inside(digest).into_iter();
        inside.filter_map(|image| self.config(&image)?.created).max()
    }

    fn repository_built(&self, repository: &ModelRepository) -> Option<i64> {
        repository.held().iter().filter_map(|image| self.config(image)?.created).max()
    }

    /// The tags that name or named a digest, each with its youngest revision.
    pub(crate) fn tags_of(&self, digest: &Digest) -> Vec<(TagRef, u32)> {
        let mut found = Vec::new();
        for (name, repository) in &self.repositories {
            for tag in repository.tags() {
                if let Some(age) = tag.revisions.iter().position(|r| r.digest == *digest) {
                    let tag = TagRef { repository: name.clone(), tag: tag.tag.clone() };
                    found.push((tag, age as u32));
                }
            }
        }
        found
    }

    pub(crate) fn indexes_of(&self, digest: &Digest) -> Vec<Digest> {
        let contains = |content: &Content| match content {
            Content::Index { children } => children.contains(digest),
            _ => false,
        };
        self.contents.iter().filter(|(_, content)| contains(content)).map(|(d, _)| *d).collect()
    }

    pub(crate) fn images_with_layer(&self, digest: &Digest) -> Vec<Digest> {
        let contains = |content: &Content| match content {
            Content::Manifest { layers, .. } => layers.iter().any(|l| l.digest == *digest),
            _ => false,
        };
        self.contents.iter().filter(|(_, content)| contains(content)).map(|(d, _)| *d).collect()
    }

    /// What a digest is to a tag's digest or an untagged image, and which image inside matched.
    fn matched(
        &self,
        target: &Digest,
        digest: &Digest,
        roles: &str,
    ) -> Option<(Matched, Option<Digest>)> {
        let mut ways = Vec::new();
        for image in self.inside(target) {
            let child = (image != *target).then_some(image);
            let content = self.content(&image);
            if image == *digest && roles.contains('m') {
                ways.push(match (child, content) {
                    (Some(_), _) => (Matched::Child, child),
                    (None, Some(Content::Index { .. })) => (Matched::Index, None),
                    (None, _) => (Matched::Manifest, None),
                });
            }
            let Some(Content::Manifest { config, layers }) = content else { continue };
            if config.is_some_and(|config| config.digest == *digest) && roles.contains('c') {
                ways.push((Matched::ImageId, child));
            }
            if layers.iter().any(|layer| layer.digest == *digest) && roles.contains('l') {
                ways.push((Matched::Layer, child));
            }
            let diff_ids = self.config(&image).map(|config| &config.diff_ids);
            if diff_ids.is_some_and(|ids| ids.contains(digest)) && roles.contains('d') {
                ways.push((Matched::DiffId, child));
            }
        }
        ways.into_iter().min()
    }

    /// The hits of some digests in any of these roles: `m`anifest, `c`onfig, `l`ayer, `d`iff ID,
    /// `a`ttachment.
    pub(crate) fn hits(&self, digests: &[Digest], roles: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (name, repository) in &self.repositories {
            let mut add = |tag: Option<Revision>, digest: Digest, created| {
                for wanted in digests {
                    let attached = roles.contains('a')
                        && tag.as_ref().is_some_and(|tag| {
                            tag.name.attached_to() == Some(*wanted) && tag.age == 0
                        });
                    let attached = attached.then_some((Matched::Attachment, None));
                    let matched = self.matched(&digest, wanted, roles).or(attached);
                    let Some((matched, child)) = matched else { continue };
                    hits.push(Hit {
                        repository: name.clone(),
                        tag: tag.clone(),
                        digest,
                        child,
                        matched,
                        matched_digest: *wanted,
                        created,
                        size: self.size(&digest),
                    });
                }
            };
            for tag in repository.tags() {
                for (age, revision) in tag.revisions.iter().enumerate() {
                    if tag.revisions.iter().position(|r| r.digest == revision.digest) == Some(age) {
                        let tag = Revision { name: tag.tag.clone(), age: age as u32 };
                        add(Some(tag), revision.digest, revision.created);
                    }
                }
            }
            for image in self.untagged(repository) {
                add(None, image, None);
            }
        }
        hits
    }

    pub(crate) fn untagged(&self, repository: &ModelRepository) -> Vec<Digest> {
        let held = repository.held();
        let mut untagged = held.clone();
        for tag in repository.tags() {
            untagged.retain(|image| tag.revisions.iter().all(|r| r.digest != *image));
        }
        untagged.retain(|image| self.indexes_of(image).iter().all(|index| !held.contains(index)));
        untagged.into_iter().collect()
    }

    /// Whether a digest is one of something that is there.
    pub(crate) fn leads_somewhere(&self, digest: &Digest) -> bool {
        let listed = |r: &ModelRepository| {
            r.images.as_ref().is_some_and(|images| images.contains_key(digest))
                || r.tags().iter().any(|tag| {
                    tag.tag.attached_to() == Some(*digest)
                        || tag.revisions.iter().any(|revision| revision.digest == *digest)
                })
        };
        self.repositories.values().any(listed)
            || self.contents.iter().any(|(image, content)| match content {
                Content::Index { children } => children.contains(digest),
                _ => self.matched(image, digest, "cld").is_some(),
            })
    }

    /// Whether a name contains a word.
    pub(crate) fn is_text(&self, word: &str) -> bool {
        self.repositories.iter().any(|(name, repository)| {
            name.as_str().contains(word)
                || repository.tags().iter().any(|tag| {
                    tag.tag.attached_to().is_none()
                        && tag.tag.as_str().to_lowercase().contains(word)
                })
        })
    }

    pub(crate) fn has_label(&self, image: &Digest, text: &str) -> bool {
        let labels = self.inside(image).into_iter().filter_map(|image| self.config(&image));
        labels
            .flat_map(|c| &c.labels)
            .any(|(k, v)| format!("{k}={v}").to_lowercase().contains(text))
    }

    /// The repositories that fit, with the tags that made them fit (all that are no attachments if
    /// none did). `fits` is asked for the name and each tag, and for the name without a tag.
    pub(crate) fn repositories(
        &self,
        params: &Params,
        fits: impl Fn(&RepositoryName, Option<&str>) -> bool,
        label: Option<&str>,
    ) -> Vec<RepositoryRow> {
        let mut rows = Vec::new();
        for (name, repository) in &self.repositories {
            if params.project.is_some() && params.project.as_deref() != name.project() {
                continue;
            }
            if label.is_some_and(|label| {
                !repository.held().iter().any(|image| {
                    matches!(self.content(image), Some(Content::Manifest { .. }))
                        && self.has_label(image, label)
                })
            }) {
                continue;
            }
            let alone = fits(name, None);
            let tag_fits = |tag: &&TagFacts| fits(name, Some(&tag.tag.as_str().to_lowercase()));
            let mut tags: Vec<_> = repository
                .tags()
                .iter()
                .filter(|tag| if alone { tag.tag.attached_to().is_none() } else { tag_fits(tag) })
                .collect();
            if !alone && tags.is_empty() {
                continue;
            }
            if let Some(label) = label {
                let with = |tag: &&TagFacts| {
                    tag.revisions.first().is_some_and(|now| self.has_label(&now.digest, label))
                };
                if tags.iter().any(with) {
                    tags.retain(with);
                }
            }
            let time = |tag: &TagFacts| {
                let now = tag.revisions.first()?;
                now.created.or_else(|| self.built(&now.digest))
            };
            // Natural order, newest last; turned round below.
            tags.sort_by_key(|tag| time(tag));
            tags.reverse();
            rows.push(RepositoryRow {
                name: name.clone(),
                tags: tags.iter().map(|tag| tag.tag.clone()).collect(),
                tag_count: repository.tags.as_ref().map(|tags| tags.len() as u32),
                size: self.repository_size(name),
                newest: repository.tags().iter().filter_map(|t| t.revisions.first()?.created).max(),
                built: self.repository_built(repository),
            });
        }
        let key = |row: &RepositoryRow| match params.sort {
            Sort::Name => Some(0),
            Sort::Tags => row.tag_count.map(i128::from),
            Sort::Size => row.size.map(i128::from),
            Sort::Newest => row.newest.or(row.built).map(i128::from),
        };
        let (mut known, unknown): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| key(row).is_some());
        if params.descending && params.sort == Sort::Name {
            known.reverse();
        } else if params.descending {
            known.sort_by_key(|row| std::cmp::Reverse(key(row)));
        } else {
            known.sort_by_key(key);
        }
        known.extend(unknown);
        known
    }
}

impl ModelRepository {
    pub(crate) fn tags(&self) -> &[TagFacts] {
        self.tags.as_deref().unwrap_or_default()
    }

    /// The images that it holds and that are not missing.
    fn held(&self) -> BTreeSet<Digest> {
        let images = self.images.iter().flatten();
        images.filter(|(_, missing)| !**missing).map(|(digest, _)| *digest).collect()
    }

    fn missing(&self, digest: &Digest) -> bool {
        self.images.as_ref().is_some_and(|images| images.get(digest) == Some(&true))
    }
}

fn config_of(content: &Content) -> Option<Digest> {
    match content {
        Content::Manifest { config, .. } => config.map(|blob| blob.digest),
        _ => None,
    }
}

// A small world, so that everything meets everything.

pub(crate) fn names() -> Vec<RepositoryName> {
    ["dev/api", "dev/beef01", "dev-test/web", "prod/api", "prod/group/tool", "solo"]
        .map(|name| name.parse().unwrap())
        .to_vec()
}

pub(crate) fn tags() -> Vec<Tag> {
    let signature = format!("sha256-{}.sig", images()[1].hex());
    let names = ["latest", "v1", "v2", "V10", "1.0-beef02", "api", &signature];
    names.map(|name| name.parse().unwrap()).to_vec()
}

/// The digest with these first bytes.
pub(crate) fn digest(start: &[u8]) -> Digest {
    let mut bytes = [0x77; 32];
    bytes[..start.len()].copy_from_slice(start);
    Digest::from_bytes(bytes)
}

fn digests(kind: u8, count: u8) -> Vec<Digest> {
    // Digests of all kinds start with the same digits, some with those of names.
    (0..count).map(|n| digest(&[0xbe, 0xef, n % 3, kind, n])).collect()
}

pub(crate) fn images() -> Vec<Digest> {
    digests(1, 7)
}

pub(crate) fn layers() -> Vec<Digest> {
    // A layer that is stored uncompressed has its own digest for diff ID.
    digests(2, 5)
}

pub(crate) fn configs() -> Vec<Digest> {
    digests(3, 4)
}

pub(crate) fn diff_ids() -> Vec<Digest> {
    let mut all = digests(4, 4);
    all.push(layers()[0]);
    all
}

fn some_time() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(prop_oneof![0_i64..5, Just(4_000_000_000)])
}

fn some_tag() -> impl Strategy<Value = TagFacts> {
    let revision = (select(images()), some_time())
        .prop_map(|(digest, created)| RevisionFacts { digest, created });
    let origin = select(vec![
        Origin::Pushed,
        Origin::Unknown,
        Origin::Follows { from: "base:1".to_owned() },
        Origin::Imported { from: "quay.io/base:1".to_owned(), scheduled: true },
    ]);
    let problem = prop::option::weighted(0.1, Just("no such image".to_owned()));
    (select(tags()), prop::collection::vec(revision, 0..4), origin, problem)
        .prop_map(|(tag, revisions, origin, problem)| TagFacts { tag, revisions, origin, problem })
}

fn some_blob(digests: Vec<Digest>) -> impl Strategy<Value = BlobFacts> {
    let size = prop_oneof![9 => (1_u64..4).prop_map(Some), 1 => Just(None)];
    (select(digests), size).prop_map(|(digest, size)| BlobFacts { digest, size })
}

fn some_image() -> impl Strategy<Value = ImageFacts> {
    let layers = prop::collection::vec(some_blob(layers()), 0..4);
    let content = prop_oneof![
        5 => (prop::option::weighted(0.9, some_blob(configs())), layers)
            .prop_map(|(config, layers)| Content::Manifest { config, layers }),
        2 => subsequence(images(), 0..4).prop_map(|children| Content::Index { children }),
        1 => Just(Content::Missing),
    ];
    (select(images()), content).prop_map(|(digest, content)| ImageFacts { digest, content })
}

fn some_config() -> impl Strategy<Value = ConfigFacts> {
    let label = select(vec![("team", "a"), ("team", "b"), ("Vendor", "A=B")]);
    let label = label.prop_map(|(key, value)| (key.to_owned(), value.to_owned()));
    let diff_ids = prop::collection::vec(select(diff_ids()), 0..4);
    (diff_ids, prop::collection::vec(label, 0..3), some_time())
        .prop_map(|(diff_ids, labels, created)| ConfigFacts { diff_ids, labels, created })
}

/// Any update of the small world.
pub(crate) fn some_update() -> impl Strategy<Value = Update> {
    let name = || select(names());
    prop_oneof![
        6 => (name(), prop::collection::vec(some_tag(), 0..6))
            .prop_map(|(name, tags)| Update::Repository(name, Some(tags))),
        1 => name().prop_map(|name| Update::Repository(name, None)),
        6 => (name(), prop::collection::vec(some_image(), 0..6))
            .prop_map(|(name, images)| Update::Images(name, images)),
        3 => (select(configs()), some_config()).prop_map(|(d, facts)| Update::Config(d, facts)),
        1 => select(configs()).prop_map(Update::FailConfig),
        1 => Just(Update::RetryConfigs),
        1 => name().prop_map(Update::Remove),
        1 => subsequence(names(), 0..=6).prop_map(|names| Update::Retain(names.into_iter().collect())),
        1 => any::<bool>().prop_map(Update::Listed),
        1 => Just(Update::Recall),
    ]
}

/// Both forms after these updates.
pub(crate) fn told(updates: &[Update]) -> (Catalog, Model) {
    let (mut catalog, mut model) = (Catalog::default(), Model::default());
    for update in updates {
        update.tell(&mut catalog);
        model.tell(update);
    }
    (catalog, model)
}
