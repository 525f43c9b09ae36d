// SPDX-License-Identifier: LGPL-2.1-or-later

//! A repository as the catalog keeps it.

use images_proto::RepositoryName;
use images_proto::repository::Origin;

use crate::digests::DigestId;
use crate::names::NameId;

/// A repository. Its id is that of its name, so a repository that comes back has the id it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RepositoryId(pub(crate) NameId);

/// What is known of a repository.
pub(crate) struct Repository {
    pub(crate) name: RepositoryName,
    /// `None` until they were read.
    pub(crate) tags: Option<Tags>,
    /// The images it says it holds, by id; `None` until they were read.
    pub(crate) images: Option<Box<[Held]>>,
    /// When the newest of its tags was pushed. This and the next two are kept because lists are
    /// sorted by them.
    pub(crate) newest: Option<i64>,
    /// Bytes of its distinct blobs.
    pub(crate) size: Option<u64>,
    /// When the newest of its images was built.
    pub(crate) built: Option<i64>,
}

/// An image of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) digest: DigestId,
    /// The repository refers to it, but it is gone.
    pub(crate) missing: bool,
}

/// The tags of a repository in natural order of their names, with their history: few allocations,
/// because there may be a million.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) records: Box<[TagRecord]>,
    pub(crate) revisions: Box<[Revision]>,
    /// The distinct origins.
    pub(crate) origins: Box<[Origin]>,
    /// The tags with a problem, by their place, and the problem.
    pub(crate) problems: Box<[(u32, Box<str>)]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TagRecord {
    pub(crate) name: NameId,
    /// Where its revisions end; they start where those of the tag before end.
    pub(crate) end: u32,
    pub(crate) origin: u32,
}

/// A digest that a tag names or named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) digest: DigestId,
    pub(crate) created: Time,
}

/// Seconds since the Unix epoch, or unknown, in 8 bytes that need no alignment of 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time([u32; 2]);

/// One tag of a repository.
#[derive(Clone, Copy)]
pub(crate) struct TagEntry<'a> {
    pub(crate) name: NameId,
    /// Newest first.
    pub(crate) revisions: &'a [Revision],
    pub(crate) origin: &'a Origin,
    pub(crate) problem: Option<&'a str>,
}

impl Repository {
    pub(crate) fn new(name: RepositoryName) -> Self {
        Self { name, tags: None, images: None, newest: None, size: None, built: None }
    }

    /// Its tags in natural order; none before they were read.
    pub(crate) fn tags(&self) -> impl Iterator<Item = TagEntry<'_>> {
        self.tags.iter().flat_map(Tags::iter)
    }

    /// The tag of this name.
    pub(crate) fn tag(&self, name: NameId) -> Option<TagEntry<'_>> {
        self.tags().find(|tag| tag.name == name)
    }

    /// How many tags it has; `None` before they were read.
    pub(crate) fn tag_count(&self) -> Option<u32> {
        self.tags.as_ref().map(|tags| tags.records.len() as u32)
    }

    /// Bytes of its distinct blobs. Unknown while tags lead to no image at all, as when every
    /// import failed.
    pub(crate) fn size(&self) -> Option<u64> {
        let leads_nowhere = self.images().is_empty() && self.tag_count() > Some(0);
        self.size.filter(|_| !leads_nowhere)
    }

    /// The images it says it holds.
    pub(crate) fn images(&self) -> &[Held] {
        self.images.as_deref().unwrap_or_default()
    }

    /// What it says of this image, if anything.
    pub(crate) fn held(&self, digest: DigestId) -> Option<Held> {
        let images = self.images();
        images.binary_search_by_key(&digest, |held| held.digest).ok().map(|idx| images[idx])
    }

    /// Whether it holds this image.
    pub(crate) fn holds(&self, digest: DigestId) -> bool {
        self.held(digest).is_some_and(|held| !held.missing)
    }

    /// Every digest that it holds or that a tag of it names or named: sorted, each once.
    pub(crate) fn digests(&self) -> Vec<DigestId> {
        let named = self.tags.iter().flat_map(|tags| tags.revisions.iter().map(|r| r.digest));
        let mut digests: Vec<_> =
            named.chain(self.images().iter().map(|held| held.digest)).collect();
        digests.sort_unstable();
        digests.dedup();
        digests
    }

    /// The names of its tags: sorted by id.
    pub(crate) fn tag_names(&self) -> Vec<NameId> {
        let mut names: Vec<_> = self.tags().map(|tag| tag.name).collect();
        names.sort_unstable();
        names
    }
}

impl Tags {
    /// When the newest of them was pushed.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.iter().filter_map(|tag| tag.revisions.first()?.created.get()).max()
    }

    fn iter(&self) -> impl Iterator<Item = TagEntry<'_>> {
        let mut start = 0;
        self.records.iter().enumerate().map(move |(idx, record)| {
            let end = record.end as usize;
            let revisions = &self.revisions[start..end];
            start = end;
            let problem = self.problems.binary_search_by_key(&(idx as u32), |(idx, _)| *idx).ok();
            TagEntry {
                name: record.name,
                revisions,
                origin: &self.origins[record.origin as usize],
                problem: problem.map(|found| &*self.problems[found].1),
            }
        })
    }
}

impl Time {
    /// The time that stands for "unknown"; no registry and no builder says it.
    const UNKNOWN: i64 = i64::MIN;

    pub(crate) fn new(seconds: Option<i64>) -> Self {
        let bits = seconds.unwrap_or(Self::UNKNOWN) as u64;
        Self([bits as u32, (bits >> 32) as u32])
    }

    pub(crate) fn get(self) -> Option<i64> {
        let [low, high] = self.0;
        let seconds = (u64::from(high) << 32 | u64::from(low)) as i64;
        (seconds != Self::UNKNOWN).then_some(seconds)
    }
}
