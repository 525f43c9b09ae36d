// SPDX-License-Identifier: LGPL-2.1-or-later

//! A repository as the catalog keeps it.

use images_proto::RepositoryName;
use images_proto::repository::Origin;

use crate::digests::DigestId;
use crate::names::NameId;
use crate::postings::Id;

/// A repository. Its id is that of its name, so a repository that comes back has the id it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RepositoryId(pub(crate) NameId);

impl Id for RepositoryId {
    fn from_number(number: u32) -> Self {
        Self(NameId::from_number(number))
    }

    fn number(self) -> u32 {
        self.0.number()
    }
}

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

/// Seconds since the Unix epoch and one, or unknown: also what is not from 1970 to 2106, when no
/// image is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(u32);

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

    /// Bytes that stand elsewhere.
    pub(crate) fn bytes(&self) -> usize {
        let problems: usize = self.problems.iter().map(|(_, problem)| problem.len()).sum();
        size_of_val(&*self.records)
            + size_of_val(&*self.revisions)
            + size_of_val(&*self.origins)
            + size_of_val(&*self.problems)
            + problems
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
    pub(crate) fn new(seconds: Option<i64>) -> Self {
        let later = seconds.and_then(|seconds| seconds.checked_add(1));
        let later = later.and_then(|later| u32::try_from(later).ok());
        Self(later.unwrap_or_default())
    }

    pub(crate) fn get(self) -> Option<i64> {
        self.0.checked_sub(1).map(i64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_exact_or_unknown() {
        let latest = i64::from(u32::MAX) - 1;
        for seconds in [0, 1, 1_700_000_000, latest] {
            assert_eq!(Time::new(Some(seconds)).get(), Some(seconds));
        }
        // Go's zero time among them.
        for seconds in [-1, -62_135_596_800, latest + 1, i64::MIN, i64::MAX] {
            assert_eq!(Time::new(Some(seconds)).get(), None);
        }
        assert_eq!(Time::new(None).get(), None);
    }
}
