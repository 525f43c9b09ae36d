// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the catalog knows about the images that are asked about, and about the tags that somebody
//! names.

use std::collections::{HashMap, HashSet};

use images_proto::usage::Params;
use images_proto::{Digest, TagRef};

use super::Understood;
use crate::Catalog;
use crate::digests::DigestId;

/// What the catalog knows: made in a short look, enough to match without another.
#[derive(Debug, Default)]
pub struct Known {
    /// The digests by which somebody uses one of the images that are asked about.
    digests: HashMap<Digest, Asked>,
    /// The tags that are asked about or named, as far as they are known.
    tags: HashMap<TagRef, Named>,
    /// What runs somewhere and is nothing that the catalog knows.
    strangers: HashSet<Digest>,
    /// Not every config of what is asked about was read.
    has_unread: bool,
}

/// The images that are asked about and stand behind a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The digest itself is asked about.
    itself: bool,
    /// What is asked about and contains it, or is contained in it, or has it as its config.
    all: Vec<Digest>,
}

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// What it names now; `None` when nobody knows.
    pub(super) now: Option<Digest>,
    /// The tag is asked about: all digests by which that image may run.
    pub(super) family: Option<HashSet<Digest>>,
    /// Not all of what that image is made of was read: it may run by a digest that nobody knows.
    pub(super) has_unread: bool,
}

impl Catalog {
    /// What must be known to say who uses the images and tags of `params`.
    pub fn known(&self, params: &Params, understood: &Understood<'_>) -> Known {
        let mut known = Known::default();
        for digest in &params.digests {
            known.has_unread |= self.has_unread_parts(digest);
            for member in self.family(digest) {
                let asked = known.digests.entry(member).or_default();
                asked.itself |= member == *digest;
                if !asked.all.contains(digest) {
                    asked.all.push(*digest);
                }
            }
        }
        for tag in &params.tags {
            let now = self.named_now(tag);
            let family = now.iter().flat_map(|now| self.family(now)).collect();
            let has_unread = now.is_none_or(|now| self.has_unread_parts(&now));
            known.has_unread |= has_unread;
            known.tags.insert(tag.clone(), Named { now, family: Some(family), has_unread });
        }
        for tag in understood.tags() {
            if !known.tags.contains_key(tag)
                && let Some(now) = self.named_now(tag)
            {
                let has_unread = self.has_unread_parts(&now);
                let named = Named { now: Some(now), family: None, has_unread };
                known.tags.insert(tag.clone(), named);
            }
        }
        let is_stranger = |digest: &&Digest| {
            let known = self.digests.get(digest);
            known.is_none_or(|digest| !self.leads_somewhere(digest))
        };
        known.strangers = understood.runs.iter().filter(is_stranger).copied().collect();
        known
    }

    /// Whether an image may run by a digest that we do not know: that of its config, or of one of
    /// its children.
    fn has_unread_parts(&self, digest: &Digest) -> bool {
        let Some(id) = self.digests.get(digest) else { return true };
        self.with_children(id).into_iter().any(|id| match self.content(id) {
            Some(content) => !content.is_index() && content.config().is_none(),
            None => true,
        })
    }

    fn named_now(&self, tag: &TagRef) -> Option<Digest> {
        let repository = self.repository(self.id(&tag.repository)?)?;
        let entry = repository.tag(self.tag_names.get(tag.tag.as_str())?)?;
        entry.revisions.first().map(|revision| self.digests.digest(revision.digest))
    }

    /// All digests by which this image may run: its own, those of the indexes that contain it, of
    /// what it contains if it is an index, and of their configs.
    fn family(&self, digest: &Digest) -> HashSet<Digest> {
        let mut family = HashSet::from([*digest]);
        let Some(id) = self.digests.get(digest) else { return family };
        let inside = self.with_children(id);
        let configs = inside.iter().filter_map(|id| self.content(*id)?.config());
        let indexes = self.with_indexes(id);
        let all = inside.iter().copied().chain(configs).chain(indexes);
        family.extend(all.map(|id: DigestId| self.digests.digest(id)));
        family
    }
}

impl Known {
    /// The images asked about that stand behind a digest.
    pub(super) fn asked(&self, digest: &Digest) -> Option<&Asked> {
        self.digests.get(digest)
    }

    /// Whether one image that is asked about may stand behind both digests.
    pub(super) fn are_one(&self, one: &Digest, other: &Digest) -> bool {
        let both = self.asked(one).zip(self.asked(other));
        one == other || both.is_some_and(|(one, other)| one.shares(other))
    }

    /// Whether this is nothing that the catalog knows.
    pub(super) fn is_stranger(&self, digest: &Digest) -> bool {
        self.strangers.contains(digest)
    }

    /// Whether what is asked about may run by a digest that nobody knows.
    pub(super) fn has_unread(&self) -> bool {
        self.has_unread
    }

    /// What is known of a tag.
    pub(super) fn tag(&self, tag: &TagRef) -> Option<&Named> {
        self.tags.get(tag)
    }
}

impl Asked {
    /// Whether one image may stand behind both digests.
    fn shares(&self, other: &Self) -> bool {
        self.all.iter().any(|digest| other.all.contains(digest))
    }

    /// Those that it most likely is: the digest itself, if it is asked about, else any of them.
    pub(super) fn likeliest<'a>(&'a self, digest: &'a Digest) -> &'a [Digest] {
        if self.itself { std::slice::from_ref(digest) } else { &self.all }
    }
}
