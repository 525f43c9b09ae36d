// SPDX-License-Identifier: LGPL-2.1-or-later

//! `repository`: one repository and its tags.

use serde::{Deserialize, Serialize};

use crate::{Digest, Method, RepositoryName, Tag, TagRef};

/// The live view of one repository.
pub struct Repository;

impl Method for Repository {
    const NAME: &'static str = "repository";
    type Params = Params;
    type Answer = View;
}

/// Which repository, and which window of its tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The repository.
    pub repository: RepositoryName,
    /// Only tags that contain this text.
    #[serde(default)]
    pub filter: String,
    /// Show tags such as `sha256-….sig` too.
    #[serde(default)]
    pub attachments: bool,
    /// The first row wanted, from 0.
    #[serde(default)]
    pub offset: u32,
    /// How many rows, at most [`crate::search::Params::MAX_LIMIT`]; absent: 50.
    #[serde(default = "default_limit")]
    pub limit: u32,
    /// Raised by the page to have held-back changes shown.
    #[serde(default)]
    pub refresh: u32,
}

fn default_limit() -> u32 {
    50
}

/// A repository and a window of its tags, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: RepositoryName,
    /// The image stream behind it, on OpenShift.
    pub stream: Option<Stream>,
    /// The host for pull commands, when one is known that clients can reach.
    pub host: Option<String>,
    /// Bytes of its distinct blobs; `None` until its images were read.
    pub size: Option<u64>,
    /// The window.
    pub tags: Vec<TagRow>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many tags fit the filter.
    pub total: u32,
    /// How many tags it has; `None` until they were read.
    pub tag_count: Option<u32>,
    /// How many of them hold signatures and the like, and are hidden unless asked for.
    pub attachment_count: u32,
    /// Images of the repository that no tag leads to, not counting children of indexes; at most 100.
    pub untagged: Vec<Digest>,
    /// How many there are in all.
    #[serde(default)]
    pub untagged_count: u32,
    /// Tags that came or went since this order was fixed.
    #[serde(default)]
    pub changes: u32,
}

/// An image stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its project.
    pub project: String,
    /// Its name.
    pub name: String,
}

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRow {
    /// The tag.
    pub tag: Tag,
    /// What it names now; `None` when nothing was imported, or it was not read yet.
    pub digest: Option<Digest>,
    /// Whether that is one image or an index.
    pub kind: Kind,
    /// The digest of the last layer.
    pub top_layer: Option<Digest>,
    /// Bytes of the image, or of all children of an index.
    pub size: Option<u64>,
    /// When the tag got this digest; plain registries do not say.
    pub created: Option<i64>,
    /// When the image was built, as its config says, once that was read.
    pub built: Option<i64>,
    /// Where the tag comes from.
    pub origin: Origin,
    /// Other tags on the same digest, in any repository, at most 20.
    pub siblings: Vec<TagRef>,
    /// How many there are in all.
    pub sibling_count: u32,
    /// What it named before, newest first.
    pub older: Vec<RevisionRow>,
    /// Why an import failed, in the cluster's words.
    pub problem: Option<String>,
}

/// Whether a digest names one image or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One image.
    Image,
    /// An index of images for several platforms.
    Index,
    /// It was not read yet.
    #[default]
    Unknown,
    /// The cluster says that the image is gone, though the tag names it.
    Missing,
}

/// Where a tag comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Somebody pushed it.
    Pushed,
    /// It was imported from this pull spec.
    Imported {
        /// The pull spec outside.
        from: String,
        /// It is imported again from time to time.
        scheduled: bool,
    },
    /// It follows another tag or image of the cluster.
    Follows {
        /// `NAME:TAG` or `NAME@DIGEST`, with the project in front if it is another one.
        from: String,
    },
    /// The registry does not say.
    #[default]
    Unknown,
}

/// An earlier digest of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionRow {
    /// Its digest.
    pub digest: Digest,
    /// When the tag got it.
    pub created: Option<i64>,
}
