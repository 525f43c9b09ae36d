// SPDX-License-Identifier: LGPL-2.1-or-later

//! A registry as a child would build it: every file and object in a set of its own, and steps that
//! take things out of them. The tests look at it after each step.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::delete::{Extent, Plan, Step, Target};
use images_proto::repository::Origin;
use images_proto::status::Source;
use images_proto::{Digest, RepositoryName, Tag, TagRef};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::Surroundings;
use crate::model::digest;
use crate::{
    BlobFacts, Catalog, ClusterImage, Content, ImageFacts, References, RevisionFacts, TagFacts,
};

/// The time of all tests.
pub(super) const NOW: i64 = 1_000_000;

/// A registry, and the cluster around it if it is OpenShift's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) source: Source,
    /// The tags of each repository with their revisions, newest first.
    pub(super) tags: BTreeMap<RepositoryName, BTreeMap<Tag, Vec<Digest>>>,
    /// Streams that the user may not see.
    pub(super) hidden: BTreeSet<RepositoryName>,
    /// What each digest is made of; this never changes.
    pub(super) contents: BTreeMap<Digest, Content>,
    /// The Image objects of the cluster, with the time of their creation.
    pub(super) images: BTreeMap<Digest, i64>,
    /// The manifests of each repository.
    pub(super) manifests: BTreeMap<RepositoryName, BTreeSet<Digest>>,
    /// The layers and configs that each repository hands out.
    pub(super) links: BTreeMap<RepositoryName, BTreeSet<Digest>>,
    /// What is in the storage.
    pub(super) blobs: BTreeSet<Digest>,
}

impl World {
    pub(super) fn is_openshift(&self) -> bool {
        self.source == Source::Openshift
    }

    /// Images and all that is in them.
    pub(super) fn closure(&self, images: impl IntoIterator<Item = Digest>) -> BTreeSet<Digest> {
        let (mut all, mut next) = (BTreeSet::new(), Vec::from_iter(images));
        while let Some(image) = next.pop() {
            if all.insert(image)
                && let Some(Content::Index { children }) = self.contents.get(&image)
            {
                next.extend(children);
            }
        }
        all
    }

    /// The layers and config of an image.
    pub(super) fn parts(&self, image: &Digest) -> Vec<Digest> {
        match self.contents.get(image) {
            Some(Content::Manifest { config, layers }) => {
                config.iter().chain(layers).map(|blob| blob.digest).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The manifests, configs and layers of images and all that is in them.
    pub(super) fn blobs_of(&self, images: impl IntoIterator<Item = Digest>) -> BTreeSet<Digest> {
        let all = self.closure(images);
        all.iter().flat_map(|image| self.parts(image)).chain(all.iter().copied()).collect()
    }

    fn named(&self, repository: &RepositoryName) -> BTreeSet<Digest> {
        self.tags
            .get(repository)
            .into_iter()
            .flat_map(BTreeMap::values)
            .flatten()
            .copied()
            .collect()
    }

    /// The images that something leads to: tags, and on a plain registry also repositories.
    pub(super) fn led_to(&self) -> BTreeSet<Digest> {
        let named = self.tags.keys().flat_map(|repository| self.named(repository));
        if self.is_openshift() {
            self.closure(named)
        } else {
            self.closure(self.manifests.values().flatten().copied())
        }
    }

    /// Does a step, as the other side would.
    pub(super) fn apply(&mut self, step: &Step) {
        match step {
            Step::Tag { tag, digest } => {
                let tags = self.tags.get_mut(&tag.repository).unwrap();
                let revisions = tags.remove(&tag.tag);
                assert_eq!(revisions.and_then(|all| all.first().copied()), *digest, "{tag}");
            }
            Step::Revision { tag, digest } => {
                assert!(self.is_openshift());
                let tags = self.tags.get_mut(&tag.repository).unwrap();
                let revisions = tags.get_mut(&tag.tag).unwrap();
                assert!(revisions.contains(digest));
                revisions.retain(|revision| revision != digest);
                if revisions.is_empty() {
                    tags.remove(&tag.tag);
                }
            }
            Step::Manifest { repository, digest, tags } => {
                let known = self.tags.get_mut(repository).unwrap();
                let on_it: BTreeSet<_> = known
                    .iter()
                    .filter(|(_, revisions)| revisions.contains(digest))
                    .map(|(tag, _)| tag.clone())
                    .collect();
                assert_eq!(on_it, tags.iter().cloned().collect(), "tags on {digest}");
                known.retain(|tag, _| !on_it.contains(tag));
                assert!(self.manifests.get_mut(repository).unwrap().remove(digest));
            }
            Step::Link { repository, digest } => {
                let links = self.links.get_mut(repository).unwrap();
                assert!(links.remove(digest), "{repository} does not link {digest}");
            }
            Step::Repository(repository) => {
                assert!(self.is_openshift());
                self.tags.remove(repository);
            }
            Step::Blob(digest) => {
                assert!(self.is_openshift());
                // The registry says yes whatever is there.
                self.blobs.remove(digest);
            }
            Step::Image(digest) => {
                assert!(self.is_openshift());
                assert!(self.images.remove(digest).is_some());
            }
        }
    }

    /// What is broken for those who pull: tags that name something that is not whole, and indexes
    /// of which a child is gone.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for repository in self.tags.keys() {
            // A plain registry serves also what has no tag.
            let untagged = self.manifests[repository].iter().filter(|_| !self.is_openshift());
            let served = self.named(repository).into_iter().chain(untagged.copied());
            for image in self.closure(served) {
                let mut lacks = |what: &str, there: bool| {
                    if !there {
                        broken.push(format!("{repository} {image}: {what}"));
                    }
                };
                let parts = self.parts(&image);
                lacks("object", !self.is_openshift() || self.images.contains_key(&image));
                lacks("manifest", self.manifests[repository].contains(&image));
                lacks("links", parts.iter().all(|part| self.links[repository].contains(part)));
                lacks("blob", self.blobs.contains(&image));
                lacks("blobs", parts.iter().all(|part| self.blobs.contains(part)));
            }
        }
        for (repository, manifests) in self.manifests.iter().filter(|_| !self.is_openshift()) {
            for index in manifests {
                let inside = self.closure([*index]);
                if !inside.is_subset(manifests) {
                    broken.push(format!("{repository} {index}: child"));
                }
            }
        }
        broken
    }

    /// What a plan is made of. `knows_untagged`: also what no tag leads to is known of a plain
    /// registry.
    pub(super) fn catalog(&self, knows_untagged: bool) -> Catalog {
        let mut catalog = Catalog::default();
        catalog.set_source(Some(self.source));
        catalog.set_listed(true);
        for (repository, tags) in &self.tags {
            if self.hidden.contains(repository) {
                continue;
            }
            catalog.put_repository(repository, Some(tag_facts(tags)));
            let mut held = self.closure(self.named(repository));
            if knows_untagged && !self.is_openshift() {
                held.extend(&self.manifests[repository]);
            }
            let held = held.into_iter().map(|digest| {
                let gone = self.is_openshift() && !self.images.contains_key(&digest);
                let content = self.contents.get(&digest).filter(|_| !gone);
                let content = content.cloned().unwrap_or(Content::Missing);
                ImageFacts { digest, content }
            });
            catalog.put_images(repository, held.collect());
        }
        catalog
    }

    /// What the cluster and the registry tell besides.
    pub(super) fn around(&self, blobs: &[Digest], everywhere: bool) -> Surroundings {
        let mut around = Surroundings::new(self.source, NOW);
        around.sizes = self.contents.keys().chain(blobs).map(|all| (*all, size(all))).collect();
        if everywhere && self.is_openshift() {
            let mut references = References::default();
            for (repository, tags) in &self.tags {
                let hidden = self.hidden.contains(repository);
                references.add_stream(repository, &tag_facts(tags), hidden);
            }
            for (digest, created) in &self.images {
                let content = self.contents.get(digest).cloned();
                let created = Some(*created);
                references.add_image(*digest, ClusterImage { created, managed: true, content });
            }
            around.everywhere = Some(references);
        }
        for blob in blobs {
            let holders = self.links.iter().filter(|(_, links)| links.contains(blob));
            let holders = holders.map(|(repository, _)| repository.clone()).collect();
            around.holds_blob.insert(*blob, holders);
        }
        around
    }

    /// The tags after this deletion, as the words of the targets say; without signatures, which
    /// follow what they are attached to.
    pub(super) fn tags_without(&self, targets: &[Target]) -> BTreeMap<TagRef, Vec<Digest>> {
        let mut tags = self.tags_now();
        for target in targets {
            match target {
                Target::Tag(tag) => drop(tags.remove(tag)),
                Target::Revision { repository, tag, digest } if self.is_openshift() => {
                    let tag = TagRef { repository: repository.clone(), tag: tag.clone() };
                    without(&mut tags, |name, revision| *name == tag && revision == digest);
                }
                Target::Revision { .. } | Target::Blob(_) | Target::Orphans(_) => {}
                Target::Manifest { repository, digest } => {
                    without(&mut tags, |name, d| name.repository == *repository && d == digest);
                }
                Target::Image(digest) => without(&mut tags, |_, revision| revision == digest),
                Target::Layer(layer) => without(&mut tags, |_, revision| {
                    self.closure([*revision]).iter().any(|image| self.layers(image).contains(layer))
                }),
                Target::Repository(repository) => {
                    tags.retain(|tag, _| tag.repository != *repository);
                }
                Target::Found { .. } | Target::Rows { .. } => {
                    unimplemented!("searches and lists have tests of their own")
                }
            }
        }
        tags
    }

    fn layers(&self, image: &Digest) -> Vec<Digest> {
        match self.contents.get(image) {
            Some(Content::Manifest { layers, .. }) => layers.iter().map(|b| b.digest).collect(),
            _ => Vec::new(),
        }
    }

    /// The tags that the user sees, without signatures.
    pub(super) fn tags_now(&self) -> BTreeMap<TagRef, Vec<Digest>> {
        let seen = self.tags.iter().filter(|(repository, _)| !self.hidden.contains(*repository));
        let tags = seen.flat_map(|(repository, tags)| {
            tags.iter().map(|(tag, revisions)| {
                (TagRef { repository: repository.clone(), tag: tag.clone() }, revisions.clone())
            })
        });
        tags.filter(|(tag, _)| tag.tag.attached_to().is_none()).collect()
    }

    pub(super) fn plan(&self, targets: &[Target], extent: Extent, insist: bool) -> Plan {
        let blobs: Vec<_> = targets
            .iter()
            .filter_map(|target| match target {
                Target::Layer(digest) | Target::Blob(digest) => Some(*digest),
                _ => None,
            })
            .collect();
        let everywhere = extent == Extent::Purge || !self.hidden.is_empty();
        let params = images_proto::delete::Params {
            targets: targets.to_vec(),
            extent,
            insist,
            ..Default::default()
        };
        self.catalog(true).plan_deletion(&params, &self.around(&blobs, everywhere))
    }
}

fn without(tags: &mut BTreeMap<TagRef, Vec<Digest>>, goes: impl Fn(&TagRef, &Digest) -> bool) {
    for (tag, revisions) in tags.iter_mut() {
        revisions.retain(|revision| !goes(tag, revision));
    }
    tags.retain(|_, revisions| !revisions.is_empty());
}

fn tag_facts(tags: &BTreeMap<Tag, Vec<Digest>>) -> Vec<TagFacts> {
    let revision = |digest: &Digest| RevisionFacts { digest: *digest, created: Some(1) };
    let facts = |(tag, revisions): (&Tag, &Vec<Digest>)| TagFacts {
        tag: tag.clone(),
        revisions: revisions.iter().map(revision).collect(),
        origin: Origin::Pushed,
        problem: None,
    };
    tags.iter().map(facts).collect()
}

/// The bytes of a blob: different enough that no two sums are the same by chance.
pub(super) fn size(blob: &Digest) -> u64 {
    let bytes = blob.as_bytes();
    1 << (u64::from(bytes[0]) * 8 + u64::from(bytes[1]))
}

/// Images 0 to 4 are manifests, 5 to 7 indexes.
pub(super) fn image(n: u8) -> Digest {
    digest(&[0, n])
}

pub(super) fn layer(n: u8) -> Digest {
    digest(&[1, n])
}

pub(super) fn config(n: u8) -> Digest {
    digest(&[2, n])
}

pub(super) fn names() -> Vec<RepositoryName> {
    ["dev/api", "dev/web", "prod/api", "zoo/bar"].map(|name| name.parse().unwrap()).to_vec()
}

fn tag_names() -> Vec<Tag> {
    let signature = |n| format!("sha256-{}.sig", image(n).hex());
    let referrers = format!("sha256-{}", image(1).hex());
    ["a", "b", "c", &signature(0), &signature(5), &referrers]
        .map(|name| name.parse().unwrap())
        .to_vec()
}

fn some_contents() -> impl Strategy<Value = BTreeMap<Digest, Content>> {
    let blob = |digest| BlobFacts { digest, size: Some(size(&digest)) };
    let manifest = (prop::option::weighted(0.9, 0_u8..3), prop::collection::vec(0_u8..5, 0..4))
        .prop_map(move |(own, layers)| Content::Manifest {
            config: own.map(|n| blob(config(n))),
            layers: layers.into_iter().map(|n| blob(layer(n))).collect(),
        });
    // An index contains only what came before it: no digest can be part of itself.
    let index = |n: u8| {
        let before: Vec<_> = (0..n).map(image).collect();
        subsequence(before, 0..=3).prop_map(|children| Content::Index { children })
    };
    (prop::collection::vec(manifest, 5), index(5), index(6), index(7)).prop_map(
        |(mut all, five, six, seven)| {
            all.extend([five, six, seven]);
            all.into_iter().enumerate().map(|(n, content)| (image(n as u8), content)).collect()
        },
    )
}

/// Any small registry, in which nothing is broken.
pub(super) fn some_world(source: Source) -> impl Strategy<Value = World> {
    let history = if source == Source::Openshift { 1..4_usize } else { 1..2 };
    let tags = prop::collection::btree_map(
        select(tag_names()),
        prop::collection::vec((0_u8..8).prop_map(image), history),
        0..5,
    );
    let others = prop::collection::vec((select(names()), (0_u8..8).prop_map(image)), 0..4);
    let hidden = subsequence(names()[2..].to_vec(), 0..=2);
    (
        some_contents(),
        prop::collection::vec(tags, 4),
        others,
        hidden,
        prop::collection::vec(prop::bool::weighted(0.2), 8),
    )
        .prop_map(move |(contents, tags, others, hidden, young)| {
            let is_openshift = source == Source::Openshift;
            let mut world = World {
                source,
                tags: names().into_iter().zip(tags).collect(),
                hidden: hidden.into_iter().filter(|_| is_openshift).collect(),
                contents,
                images: BTreeMap::new(),
                manifests: BTreeMap::new(),
                links: BTreeMap::new(),
                blobs: BTreeSet::new(),
            };
            let mut all = BTreeSet::new();
            for repository in names() {
                let mut held = world.closure(world.named(&repository));
                let others = others.iter().filter(|(name, _)| *name == repository);
                // On OpenShift these are in no stream.
                let others = world.closure(others.map(|(_, image)| *image));
                all.extend(held.iter().chain(&others).copied());
                if !is_openshift {
                    held.extend(others);
                }
                let links = held.iter().flat_map(|image| world.parts(image)).collect();
                world.links.insert(repository.clone(), links);
                world.manifests.insert(repository, held);
            }
            world.blobs = world.blobs_of(all.iter().copied());
            if is_openshift {
                let created = |n: u8| if young[n as usize] { NOW - 60 } else { NOW - 7200 };
                world.images = all.iter().map(|d| (*d, created(d.as_bytes()[1]))).collect();
            }
            world
        })
}

/// Any target in such a registry, some of which are not there.
pub(super) fn some_target() -> impl Strategy<Value = Target> {
    let repository = || select(names());
    let tag = || select(tag_names());
    let some_image = || (0_u8..8).prop_map(image);
    prop_oneof![
        4 => (repository(), tag())
            .prop_map(|(repository, tag)| Target::Tag(TagRef { repository, tag })),
        2 => (repository(), tag(), some_image())
            .prop_map(|(repository, tag, digest)| Target::Revision { repository, tag, digest }),
        3 => (repository(), some_image())
            .prop_map(|(repository, digest)| Target::Manifest { repository, digest }),
        3 => some_image().prop_map(Target::Image),
        1 => repository().prop_map(Target::Repository),
        2 => (0_u8..5).prop_map(|n| Target::Layer(layer(n))),
        1 => (0_u8..5).prop_map(|n| Target::Blob(layer(n))),
        1 => Just(Target::Orphans(images_proto::delete::Orphan::Images)),
        1 => Just(Target::Orphans(images_proto::delete::Orphan::Untagged)),
    ]
}
