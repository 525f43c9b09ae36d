// SPDX-License-Identifier: LGPL-2.1-or-later

//! What can be asked of the catalog directly.

use images_proto::repository::Kind;
use images_proto::search::{Coverage, Revision as ProtoRevision};
use images_proto::status::{Counts, Source};
use images_proto::{Digest, RepositoryName, Tag, TagRef};

use super::Catalog;
use crate::digests::DigestId;
use crate::facts::{BlobFacts, Content, RevisionFacts, TagState};
use crate::names::NameId;
use crate::postings::Id;
use crate::repository::{Held, Repository, RepositoryId, Revision};
use crate::stored::{Blob, Contents};

impl Catalog {
    /// Grows with each change that a reader could see.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Grows with each change of repositories, tags, images or configs, but not with what is known of
    /// the registry or of how far the reading is.
    pub fn learned(&self) -> u64 {
        self.learned
    }

    /// What the catalog holds.
    pub fn counts(&self) -> Counts {
        Counts {
            repositories: self.by_name.len() as u64,
            tags: self.tag_count,
            images: self.images.all().len() as u64,
            repositories_unread: self.images_unread,
            configs_unread: self.configs_unread,
        }
    }

    /// Whether every repository there is has been listed.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// Who keeps the list of repositories.
    pub fn source(&self) -> Option<Source> {
        self.source
    }

    /// The host for pull commands.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// All repositories, by name.
    pub fn repository_names(&self) -> impl Iterator<Item = &RepositoryName> {
        self.repositories_by_name().map(|(_, repository)| &repository.name)
    }

    /// The repositories whose images were never told, by name.
    pub fn unread_repositories(&self) -> impl Iterator<Item = &RepositoryName> {
        self.repositories_by_name()
            .filter(|(_, repository)| repository.images.is_none())
            .map(|(_, repository)| &repository.name)
    }

    /// The repositories of which all is known that their tags lead to, and nothing else, each with the
    /// digests that its tags name or named: sorted, each once.
    pub fn known_repositories(&self) -> impl Iterator<Item = (&RepositoryName, Vec<Digest>)> {
        self.repositories_by_name().filter_map(|(_, repository)| {
            let named = self.named_by_known(repository)?;
            let mut named: Vec<_> = named.iter().map(|id| self.digests.digest(*id)).collect();
            named.sort_unstable();
            Some((&repository.name, named))
        })
    }

    /// Some of the configs that were neither read nor failed, each with a repository that holds an
    /// image of it. The same ones come again until they are read or failed.
    pub fn unread_configs(&self, limit: usize) -> Vec<(RepositoryName, Digest)> {
        let wanted = self.wanted_configs.iter().filter_map(|config| {
            let mut images = self.by_config(*config);
            let (_, repository) = images.find_map(|image| self.repositories_with(image).next())?;
            Some((repository.name.clone(), self.digests.digest(*config)))
        });
        wanted.take(limit).collect()
    }

    /// Whether this repository is in the catalog.
    pub fn has_repository(&self, name: &RepositoryName) -> bool {
        self.id(name).is_some()
    }

    /// The tags, of one repository or of all, that name this digest or did. Each is told once, with
    /// the age of the newest revision that names it: 0 is what the tag names now. By name of
    /// repository and tag.
    pub fn tags_of_digest(
        &self,
        repository: Option<&RepositoryName>,
        digest: &Digest,
    ) -> Vec<(TagRef, u32)> {
        let Some(digest) = self.digests.get(digest) else { return Vec::new() };
        let mut places = Vec::new();
        for (_, holder) in self.holders_by_name(digest) {
            if repository.is_some_and(|wanted| *wanted != holder.name) {
                continue;
            }
            for tag in holder.tags() {
                if let Some(age) = age_of(tag.revisions, digest) {
                    let tag = self.tag_name(tag.name);
                    places.push((TagRef { repository: holder.name.clone(), tag }, age));
                }
            }
        }
        places
    }

    /// What is known of a tag.
    pub fn tag(&self, tag: &TagRef) -> Option<TagState> {
        let repository = self.repository(self.id(&tag.repository)?)?;
        let entry = repository.tag(self.tag_names.get(tag.tag.as_str())?)?;
        let revisions = entry.revisions.iter().map(|revision| RevisionFacts {
            digest: self.digests.digest(revision.digest),
            created: revision.created.get(),
        });
        Some(TagState {
            revisions: revisions.collect(),
            origin: entry.origin.clone(),
            problem: entry.problem.map(str::to_owned),
        })
    }

    /// What an image or index is made of, once a repository that holds it was read.
    pub fn content_of(&self, digest: &Digest) -> Option<Content> {
        let content = self.content(self.digests.get(digest)?)?;
        if content.is_index() {
            let children = content.children().iter();
            return Some(Content::Index {
                children: children.map(|child| self.digests.digest(*child)).collect(),
            });
        }
        let facts =
            |blob: Blob| BlobFacts { digest: self.digests.digest(blob.digest), size: blob.size };
        Some(Content::Manifest {
            config: content.config_blob().map(facts),
            layers: content.layers().map(facts).collect(),
        })
    }

    /// Whether some repository holds this image or index.
    pub fn has_image(&self, digest: &Digest) -> bool {
        self.digests.get(digest).is_some_and(|digest| self.images.get(digest).is_some())
    }

    /// Whether a tag of the repository is there of which nobody knows what it names.
    pub fn has_unread_tags(&self, repository: &RepositoryName) -> bool {
        let repository = self.id(repository).and_then(|id| self.repository(id));
        repository.is_some_and(|known| known.tags().any(|tag| tag.revisions.is_empty()))
    }

    /// The indexes held by this repository that contain the manifest, sorted.
    pub fn indexes_containing(&self, repository: &RepositoryName, digest: &Digest) -> Vec<Digest> {
        let Some(repository) = self.id(repository).and_then(|id| self.repository(id)) else {
            return Vec::new();
        };
        let Some(digest) = self.digests.get(digest) else { return Vec::new() };
        let indexes = self.by_child(digest).filter(|index| repository.holds(*index));
        let mut indexes: Vec<_> = indexes.map(|index| self.digests.digest(index)).collect();
        indexes.sort_unstable();
        indexes
    }

    /// Whether the repository may hold something of which nobody knows what it is made of.
    pub fn has_unknown_images(&self, repository: &RepositoryName) -> bool {
        let Some(repository) = self.id(repository).and_then(|id| self.repository(id)) else {
            return false;
        };
        let is_unknown = |digest: &DigestId| {
            self.content(*digest).is_none()
                && self.kind_in(Some(repository), *digest) != Kind::Missing
        };
        repository.images.is_none() || repository.digests().iter().any(is_unknown)
    }

    /// The indexes held by any repository that contain the manifest, sorted.
    pub fn indexes_with(&self, digest: &Digest) -> Vec<Digest> {
        let Some(digest) = self.digests.get(digest) else { return Vec::new() };
        let indexes = self.by_child(digest);
        let held = indexes.filter(|index| self.repositories_with(*index).next().is_some());
        let mut indexes: Vec<_> = held.map(|index| self.digests.digest(index)).collect();
        indexes.sort_unstable();
        indexes
    }

    /// The images that contain the blob as a layer or config: those held by this repository, if one
    /// is named, else by any. Sorted.
    pub fn images_with_blob(
        &self,
        repository: Option<&RepositoryName>,
        blob: &Digest,
    ) -> Vec<Digest> {
        let repository = match repository {
            None => None,
            Some(name) => match self.id(name).and_then(|id| self.repository(id)) {
                None => return Vec::new(),
                found => found,
            },
        };
        let Some(blob) = self.digests.get(blob) else { return Vec::new() };
        let held = self.by_blob(blob).filter(|image| match repository {
            Some(repository) => repository.holds(*image),
            None => self.repositories_with(*image).next().is_some(),
        });
        let mut images: Vec<_> = held.map(|image| self.digests.digest(image)).collect();
        images.sort_unstable();
        images.dedup();
        images
    }

    /// A repository to read this manifest or index from: one that holds it, else one with a tag that
    /// names it.
    pub fn repository_holding(&self, digest: &Digest) -> Option<RepositoryName> {
        let digest = self.digests.get(digest)?;
        self.holding(digest).map(|(_, repository)| repository.name.clone())
    }

    /// Whether a digest is one image or several, and whether it is there at all: in this repository,
    /// if one is named, else anywhere.
    pub fn kind(&self, repository: Option<&RepositoryName>, digest: &Digest) -> Kind {
        let repository = repository.and_then(|name| self.repository(self.id(name)?));
        self.digests.get(digest).map_or(Kind::Unknown, |digest| self.kind_in(repository, digest))
    }

    pub(crate) fn id(&self, name: &RepositoryName) -> Option<RepositoryId> {
        let id = RepositoryId(self.repository_names.get(name.as_str())?);
        self.repository(id).map(|_| id)
    }

    pub(crate) fn repository(&self, id: RepositoryId) -> Option<&Repository> {
        self.repositories.get(id.0.index())?.as_ref()
    }

    /// How many ids of repositories were given.
    pub(crate) fn repository_ids(&self) -> usize {
        self.repositories.len()
    }

    /// All repositories, by name.
    pub(crate) fn repositories_by_name(&self) -> impl Iterator<Item = (RepositoryId, &Repository)> {
        self.by_name.iter().filter_map(|id| Some((*id, self.repository(*id)?)))
    }

    /// The repositories whose names come after this one, by name; all if there is none.
    pub(crate) fn repositories_after<'a>(
        &'a self,
        name: Option<&RepositoryName>,
    ) -> impl Iterator<Item = &'a Repository> + use<'a> {
        let start = name.map_or(0, |name| {
            let names = &self.repository_names;
            self.by_name.partition_point(|id| names.name(id.0) <= name.as_str())
        });
        self.by_name[start..].iter().filter_map(|id| self.repository(*id))
    }

    /// The ids of all repositories, by name.
    pub(crate) fn ids_by_name(&self) -> impl Iterator<Item = RepositoryId> {
        self.by_name.iter().copied()
    }

    /// What the tags of a repository name or named, sorted; `None` if what it holds is not just that
    /// with the children of indexes, or not known whole.
    fn named_by_known(&self, repository: &Repository) -> Option<Vec<DigestId>> {
        let held = repository.images.as_ref()?;
        let revisions = repository.tags.as_ref()?.revisions.iter();
        let mut named: Vec<_> = revisions.map(|revision| revision.digest).collect();
        named.sort_unstable();
        named.dedup();
        let leads_here = |image| {
            let mut indexes = self.by_child(image);
            named.binary_search(&image).is_ok() || indexes.any(|index| repository.holds(index))
        };
        let is_known = |held: &Held| {
            let content = self.content(held.digest);
            let is_whole = |content: Contents<'_>| content.is_index() || content.config().is_some();
            !held.missing && content.is_some_and(is_whole) && leads_here(held.digest)
        };
        let is_held = |digest: &DigestId| repository.holds(*digest);
        (held.iter().all(is_known) && named.iter().all(is_held)).then_some(named)
    }

    /// The repositories of a project by name, each with what stands behind the project.
    pub(crate) fn in_project<'a>(
        &'a self,
        project: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Repository)> {
        let behind = move |repository: &'a Repository| {
            repository.name.as_str().strip_prefix(project)?.strip_prefix('/')
        };
        let start = self.by_name.partition_point(|id| {
            let first = project.bytes().chain([b'/']);
            self.repository_names.name(id.0).bytes().lt(first)
        });
        let repositories = self.by_name[start..].iter().filter_map(|id| self.repository(*id));
        repositories.map_while(move |repository| Some((behind(repository)?, repository)))
    }

    /// The repositories that hold an image or have a tag that names it or did, by name.
    pub(crate) fn holders_by_name(&self, digest: DigestId) -> Vec<(RepositoryId, &Repository)> {
        let holders = self.holders(digest);
        let mut holders: Vec<_> =
            holders.filter_map(|id| Some((id, self.repository(id)?))).collect();
        holders.sort_unstable_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        holders
    }

    /// The repositories that hold an image.
    pub(crate) fn repositories_with(
        &self,
        digest: DigestId,
    ) -> impl Iterator<Item = (RepositoryId, &Repository)> {
        self.holders(digest)
            .filter_map(|id| Some((id, self.repository(id)?)))
            .filter(move |(_, repository)| repository.holds(digest))
    }

    /// A repository that holds an image, else one with a tag that names it.
    pub(crate) fn holding(&self, digest: DigestId) -> Option<(RepositoryId, &Repository)> {
        self.repositories_with(digest).next().or_else(|| {
            let id = self.holders(digest).next()?;
            Some((id, self.repository(id)?))
        })
    }

    /// The projects that have repositories, sorted.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &str> {
        self.projects.keys().map(|project| &**project)
    }

    /// Whether the tags of every repository were read.
    pub(crate) fn tags_are_read(&self) -> bool {
        self.tags_unread == 0
    }

    /// Whether the images of every repository were read.
    pub(crate) fn images_are_read(&self) -> bool {
        self.images_unread == 0
    }

    pub(crate) fn coverage(&self) -> Coverage {
        Coverage {
            listing: !self.listed,
            repositories_unread: self.images_unread,
            configs_unread: self.configs_unread,
        }
    }

    #[expect(clippy::expect_used, reason = "only the names of tags are interned there")]
    pub(crate) fn tag_name(&self, name: NameId) -> Tag {
        self.tag_names.name(name).parse().expect("the name of a tag")
    }

    pub(crate) fn revision(&self, name: NameId, age: u32) -> ProtoRevision {
        ProtoRevision { name: self.tag_name(name), age }
    }

    /// The names of tags, each with how many repositories have such a tag; at least one.
    pub(crate) fn named_tags(&self) -> impl Iterator<Item = (NameId, usize)> {
        let named = self.tag_names.ids().map(|name| (name, self.named.get(name).len()));
        named.filter(|(_, count)| *count > 0)
    }

    /// Whether tags of this name hold signatures and the like.
    pub(crate) fn is_attachment(&self, name: NameId) -> bool {
        let text = self.tag_names.name(name);
        text.starts_with("sha256-") && self.tag_name(name).attached_to().is_some()
    }

    /// Whether a digest is one of something that is there: an image, config, layer or diff ID, or
    /// what a tag is attached to.
    pub(crate) fn leads_somewhere(&self, digest: DigestId) -> bool {
        let is_there = |name| !self.named.get(name).is_empty();
        !self.holders(digest).is_empty()
            || !self.by_child(digest).is_empty()
            || self.by_blob(digest).next().is_some()
            || self.by_diff_id(digest).next().is_some()
            || self.attached(digest).any(is_there)
    }

    /// Whether the name of a repository or tag contains this word, which is in lower case. What tags
    /// such as `sha256-….sig` contain is no text.
    pub(crate) fn is_text(&self, word: &str) -> bool {
        let repositories = self.repository_names.containing(word).into_iter().map(RepositoryId);
        let tags = self.tag_names.containing(word).into_iter();
        repositories.into_iter().any(|id| self.repository(id).is_some())
            || tags
                .filter(|name| !self.named.get(*name).is_empty())
                .any(|name| !self.is_attachment(name))
    }
}

/// The age of the newest revision of this digest.
pub(crate) fn age_of(revisions: &[Revision], digest: DigestId) -> Option<u32> {
    revisions.iter().position(|revision| revision.digest == digest).map(|age| age as u32)
}
