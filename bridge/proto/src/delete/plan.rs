// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion would do.

use serde::{Deserialize, Serialize};

use super::Target;
use crate::usage::Used;
use crate::{Digest, Failure, RepositoryName, Tag, TagRef};

/// What a deletion would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Names exactly this plan: two plans with the same steps have the same one.
    pub fingerprint: String,
    /// One for each target, in their order.
    pub items: Vec<PlanItem>,
    /// All that is done, in this order. A thing that several targets want is there once.
    pub steps: Vec<Step>,
    /// What becomes of each image and index that is touched, by digest.
    pub images: Vec<ImageFate>,
    /// What becomes of each blob of these images, by digest.
    pub layers: Vec<LayerFate>,
    /// The space, counting each blob once.
    pub space: Space,
    /// Who uses what goes.
    pub used: Used,
    /// What is left out because the user lacks a right, or what could not be known.
    pub missing: Vec<Failure>,
    /// Whether and how long it could be undone.
    pub undo: Window,
}

/// What the deletion of one target would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// The target.
    pub target: Target,
    /// The digest it names now, if it is one and known.
    pub digest: Option<Digest>,
    /// Tags that disappear, the target's own among them.
    pub goes: Vec<TagRef>,
    /// Images and indexes that it takes away from where they are now.
    #[serde(default)]
    pub images: u32,
    /// Earlier revisions that are lost with the tags that disappear.
    pub history: u32,
    /// Tags that stay and then name an earlier revision.
    #[serde(default)]
    pub falls_back: Vec<Fallback>,
    /// Tags on the same digests that stay, in every repository; at most 20.
    pub stays: Vec<TagRef>,
    /// How many such tags there are in all.
    pub stay_count: u32,
    /// Indexes that contain an image that goes and would be broken, so that it stays; at most 20.
    pub breaks: Vec<Digest>,
    /// What would bring it back, such as a scheduled import.
    pub returns: Option<String>,
    /// Why this target cannot be deleted at all. Then it adds no step.
    pub refused: Option<Failure>,
    /// The places in [`Plan::steps`] of all that it needs, also of what other targets need too.
    #[serde(default)]
    pub steps: Vec<u32>,
}

impl PlanItem {
    /// An item that says nothing yet.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            digest: None,
            goes: Vec::new(),
            images: 0,
            history: 0,
            falls_back: Vec::new(),
            stays: Vec::new(),
            stay_count: 0,
            breaks: Vec::new(),
            returns: None,
            refused: None,
            steps: Vec::new(),
        }
    }
}

/// A tag that names an earlier revision once its newest ones are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The tag.
    pub tag: TagRef,
    /// What it names then.
    pub digest: Digest,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A tag goes: on OpenShift from the stream, with its history; on a plain registry it alone.
    Tag {
        /// The tag.
        tag: TagRef,
        /// What it names, if that is known. A tag that names another image by then is left alone.
        digest: Option<Digest>,
    },
    /// All revisions of a tag that name this digest go from its history (OpenShift).
    Revision {
        /// The tag.
        tag: TagRef,
        /// The digest.
        digest: Digest,
    },
    /// A manifest goes from a repository, with the tags on it. On OpenShift this is the link in the
    /// registry, once no tag of the stream leads there.
    Manifest {
        /// The repository.
        repository: RepositoryName,
        /// Its digest.
        digest: Digest,
        /// The tags that go with it. If it has others by then it is left alone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
    },
    /// A layer or config can no longer be pulled from a repository.
    Link {
        /// The repository.
        repository: RepositoryName,
        /// The digest of the blob.
        digest: Digest,
    },
    /// An empty repository goes (OpenShift: the image stream).
    Repository(RepositoryName),
    /// A blob goes from the registry's storage, if nothing refers to it (OpenShift).
    Blob(Digest),
    /// The cluster forgets an image (OpenShift).
    Image(Digest),
}

/// What becomes of an image or index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFate {
    /// Its digest.
    pub digest: Digest,
    /// What becomes of it.
    pub fate: Fate,
    /// Why it stays; at most 5.
    pub because: Vec<Reason>,
    /// How many reasons there are in all.
    pub reasons: u32,
}

/// What becomes of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFate {
    /// Its digest.
    pub digest: Digest,
    /// What it is.
    pub part: Part,
    /// Its bytes, if known.
    pub size: Option<u64>,
    /// What becomes of it.
    pub fate: Fate,
    /// Why it stays; at most 5.
    pub because: Vec<Reason>,
    /// How many reasons there are in all.
    pub reasons: u32,
}

/// What a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A manifest or index.
    Manifest,
    /// A config.
    Config,
    /// A layer.
    Layer,
}

/// What becomes of something that a plan touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Its data is removed.
    Removed,
    /// Nothing leads to it any more; its data waits for pruning or garbage collection.
    Waits,
    /// It stays, for the reasons named.
    Stays,
}

/// Why something stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// A tag names it, or did: `age` 0 is what it names now.
    Tag {
        /// The tag.
        tag: TagRef,
        /// Which of its revisions.
        age: u32,
    },
    /// An image or index that stays contains it.
    Image(Digest),
    /// Something that the user may not see refers to it.
    Hidden,
    /// It is younger than an hour: a push may be going on. Seconds since the Unix epoch.
    Young(i64),
    /// The user may not remove it.
    Forbidden,
    /// What contains it is not known.
    Unread,
    /// Its data is in another registry: it was imported.
    Elsewhere,
}

/// Space in bytes. Each blob is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Freed by doing it.
    pub freed: u64,
    /// Freed by the next pruning or garbage collection.
    pub later: u64,
    /// Not freed: other images use them.
    pub shared: u64,
    /// Blobs that go, of which nobody knows the size.
    pub unknown: u32,
}

/// How long something can be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Whether it can be undone now.
    pub open: bool,
    /// When it closes, in seconds since the Unix epoch, if that is known.
    pub until: Option<i64>,
    /// What closes it, or why it is closed: a sentence.
    pub words: String,
}
