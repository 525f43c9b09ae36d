// SPDX-License-Identifier: LGPL-2.1-or-later

//! `plan` and `delete`: what a deletion would take with it, and doing it.

use serde::{Deserialize, Serialize};

use crate::{Digest, Failure, Method, RepositoryName, Tag, TagRef};

/// What would go. One question, one result.
pub struct PlanDelete;

impl Method for PlanDelete {
    const NAME: &'static str = "plan";
    type Params = Params;
    type Answer = Plan;
}

/// Deletes, asks again what is left, and reports with progress.
pub struct Delete;

impl Method for Delete {
    const NAME: &'static str = "delete";
    type Params = Params;
    type Answer = Receipt;
}

/// What is to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// At most [`Params::MAX_TARGETS`].
    pub targets: Vec<Target>,
    /// For `delete`: the siblings that were agreed to go too. A manifest whose tags are not all
    /// named here or in the targets is refused, because somebody tagged it meanwhile.
    #[serde(default)]
    pub agreed: Vec<TagRef>,
    /// For `delete`: the digest that the plan showed for each target, in their order. A tag that
    /// names another one by now is left alone. Absent: whatever the tags name goes.
    #[serde(default)]
    pub planned: Vec<Option<Digest>>,
}

impl Params {
    /// The most targets of one request.
    pub const MAX_TARGETS: usize = 10_000;
}

/// One thing to delete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A tag: on OpenShift with its whole history; on a plain registry the manifest that it names,
    /// and with it every other tag of the repository on that manifest.
    Tag(TagRef),
    /// One revision of a tag's history (OpenShift).
    Revision {
        /// The repository.
        repository: RepositoryName,
        /// The tag.
        tag: Tag,
        /// The digest of the revision.
        digest: Digest,
    },
    /// A manifest of a repository, with every tag on it (plain registry).
    Manifest {
        /// The repository.
        repository: RepositoryName,
        /// Its digest.
        digest: Digest,
    },
}

/// What a deletion would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// One for each target, in their order.
    pub items: Vec<PlanItem>,
}

/// What the deletion of one target would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// The target.
    pub target: Target,
    /// The digest it names now, if known.
    pub digest: Option<Digest>,
    /// Tags that disappear, the target's own among them.
    pub goes: Vec<TagRef>,
    /// Earlier revisions that are lost with the tag.
    pub history: u32,
    /// Tags on the same digest that stay, at most 20.
    pub stays: Vec<TagRef>,
    /// How many such tags there are in all.
    pub stay_count: u32,
    /// Indexes of the repository that contain the manifest and would be broken.
    pub breaks: Vec<Digest>,
    /// What would bring the tag back, such as a scheduled import.
    pub returns: Option<String>,
    /// Why this target cannot be deleted at all.
    pub refused: Option<Failure>,
}

/// What a deletion did, as asked of API and registry afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One for each target, in their order.
    pub items: Vec<ReceiptItem>,
}

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptItem {
    /// The target.
    pub target: Target,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was deleted, and a later look did not find it.
    Deleted,
    /// It was not there any more.
    Absent,
    /// It was refused, or it is still there although the other side said yes.
    Kept(Failure),
    /// The other side said yes, but whether it is gone could not be asked.
    Unproved(Failure),
    /// The work was cancelled before it.
    Untried,
}
