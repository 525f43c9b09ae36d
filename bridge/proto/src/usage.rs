// SPDX-License-Identifier: LGPL-2.1-or-later

//! `usage`: who uses an image, by what was asked for and by what really runs.

use serde::{Deserialize, Serialize};

use crate::{Digest, Failure, Method, TagRef};

/// Who uses these images. One question, one result.
pub struct Usage;

impl Method for Usage {
    const NAME: &'static str = "usage";
    type Params = Params;
    type Answer = Used;
}

/// Whose users are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Digests of manifests or indexes; at most [`Params::MAX_DIGESTS`]. Those of children, configs
    /// and indexes that stand for the same image are found by them too.
    pub digests: Vec<Digest>,
    /// Tags: whoever asks for one of them by name uses it, whatever it names.
    pub tags: Vec<TagRef>,
}

impl Params {
    /// The most digests, and the most tags, of one question.
    pub const MAX_DIGESTS: usize = 10_000;
}

/// Who uses them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Used {
    /// The users, running ones first, then by project, kind and name; at most [`Used::MAX_USERS`].
    pub users: Vec<User>,
    /// How many there are in all that the user of the page may see.
    pub total: u32,
    /// How many there are in projects that the user may not see; `None`: nobody could count them.
    pub hidden: Option<u32>,
    /// What could not be looked at, in words: unknown, not unused.
    pub unread: Vec<Failure>,
}

impl Used {
    /// The most users that are named one by one.
    pub const MAX_USERS: usize = 500;
}

/// Somebody who uses an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What stands at the top of the chain of owners: `Deployment`, `CronJob`, `BuildConfig`, `Pod`…
    pub kind: String,
    /// Its project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// What it owns down to what uses the image, such as a ReplicaSet and a Pod; topmost first.
    pub through: Vec<Owned>,
    /// The container, or `volume NAME`, if it is one.
    pub container: Option<String>,
    /// What was asked for, as written there.
    pub asks: Option<String>,
    /// The digest of those asked about that it uses.
    pub digest: Digest,
    /// Whether it runs.
    pub how: How,
    /// It asked for a tag that names another image by now.
    pub moved: bool,
    /// How many such users stand behind this one, itself included: the pods of one ReplicaSet.
    pub count: u32,
}

/// A link in the chain of owners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// How an image is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// A container of it runs, or is about to.
    Running,
    /// Somebody names it, so it would be pulled again.
    Referenced,
}
