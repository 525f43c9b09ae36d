// SPDX-License-Identifier: LGPL-2.1-or-later

//! `search`: the list of repositories, narrowed by whatever was typed or pasted.

use serde::{Deserialize, Serialize};

use crate::{Digest, Method, RepositoryName, Tag};

/// The live view behind the search box.
pub struct Search;

impl Method for Search {
    const NAME: &'static str = "search";
    type Params = Params;
    type Answer = View;
}

/// What is searched for, and which window of it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// As typed: words, a digest or at least 6 hex digits of one, a pull spec, and filters
    /// `project:`, `tag:`, `label:`, `layer:`, `id:`, `digest:`. Empty lists everything.
    pub query: String,
    /// Only repositories of this project.
    pub project: Option<String>,
    /// What repositories are ordered by.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// The first row wanted, from 0.
    pub offset: u32,
    /// How many rows, at most [`Params::MAX_LIMIT`].
    pub limit: u32,
    /// Raised by the page to have held-back changes shown.
    pub refresh: u32,
}

impl Params {
    /// The largest window.
    pub const MAX_LIMIT: u32 = 500;
}

impl Default for Params {
    fn default() -> Self {
        Self {
            query: String::new(),
            project: None,
            sort: Sort::Name,
            descending: false,
            offset: 0,
            limit: 50,
            refresh: 0,
        }
    }
}

/// The order of repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By the number of tags.
    Tags,
    /// By size.
    Size,
    /// By the newest push.
    Newest,
}

/// One window of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The query this answers, so that the page can tell an answer to an older one.
    pub query: String,
    /// How the query was read, in words for people; `None` for an empty one.
    #[serde(default)]
    pub understood: Option<String>,
    /// What is wrong with the query; then there are no rows.
    #[serde(default)]
    pub mistake: Option<String>,
    /// The one repository (and tag) that the query names exactly: the page opens it.
    #[serde(default)]
    pub exact: Option<Exact>,
    /// The window.
    pub rows: Rows,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many rows there are in all.
    pub total: u32,
    /// The projects that have repositories, for the filter, sorted.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Rows that came, went or would move since this order was fixed.
    #[serde(default)]
    pub changes: u32,
    /// What this search cannot have seen yet.
    pub coverage: Coverage,
}

/// An exact hit on a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exact {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag in it, if the query named one that is there.
    pub tag: Option<Tag>,
}

/// The rows of a window: repositories for words, tags and images for digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// The query is words or filters.
    Repositories(Vec<RepositoryRow>),
    /// The query is a digest.
    Hits(Vec<Hit>),
}

/// What a search has not covered, because it has not been read yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Not all repositories are listed yet.
    pub listing: bool,
    /// Repositories whose images have not been read.
    pub repositories_unread: u64,
    /// Images whose config has not been read (diff IDs, labels).
    pub configs_unread: u64,
}

/// A repository in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryRow {
    /// Its name.
    pub name: RepositoryName,
    /// The first tags to show: those that match the query, else the newest. At most 3.
    pub tags: Vec<Tag>,
    /// How many tags it has in all; `None` until its tags were read.
    pub tag_count: Option<u32>,
    /// Bytes of its distinct blobs; `None` until its images were read.
    pub size: Option<u64>,
    /// When the newest of its tags was pushed; plain registries do not say.
    pub newest: Option<i64>,
    /// When the newest of its images was built, by the configs read so far.
    pub built: Option<i64>,
}

/// A tag or an image that a digest leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The repository that holds it.
    pub repository: RepositoryName,
    /// The tag, and which of its revisions; `None` for an image without a tag.
    pub tag: Option<Revision>,
    /// The digest that the tag names, or the untagged image's.
    pub digest: Digest,
    /// The image inside an index that matched, when it was not `digest` itself.
    pub child: Option<Digest>,
    /// What the searched digest is to it.
    pub matched: Matched,
    /// The whole digest that matched.
    pub matched_digest: Digest,
    /// When the tag got this digest.
    pub created: Option<i64>,
    /// Bytes of the image, or of all children of an index.
    pub size: Option<u64>,
}

/// A revision of a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revision {
    /// The tag.
    pub name: Tag,
    /// 0 is what the tag names now, 1 the one before, and so on.
    pub age: u32,
}

/// What a digest is to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matched {
    /// The image's manifest.
    Manifest,
    /// An image index.
    Index,
    /// A manifest inside an index.
    Child,
    /// The config, known as image ID.
    ImageId,
    /// A compressed layer.
    Layer,
    /// A layer's uncompressed content.
    DiffId,
    /// The signature or other artefact attached to the digest by its tag's name.
    Attachment,
}
