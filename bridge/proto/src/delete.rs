// SPDX-License-Identifier: LGPL-2.1-or-later

//! `plan` and `delete`: what a deletion would take with it, and doing it.

mod list;
mod plan;
mod receipt;

use serde::{Deserialize, Serialize};

pub use self::list::List;
pub use self::plan::{
    Fallback, Fate, ImageFate, LayerFate, Part, Plan, PlanItem, Reason, Space, Step, Window,
};
pub use self::receipt::{Outcome, Probed, Receipt, ReceiptItem, StepDone, Verdict};
use crate::{Digest, Method, RepositoryName, Tag, TagRef};

/// What would go. One question, one result.
pub struct PlanDelete;

impl Method for PlanDelete {
    const NAME: &'static str = "plan";
    type Params = Params;
    type Answer = Plan;
}

/// Deletes, asks again what is left, and reports with progress. What an earlier run of the same
/// deletion left undone is done.
pub struct Delete;

impl Method for Delete {
    const NAME: &'static str = "delete";
    type Params = Params;
    type Answer = Receipt;
}

/// What is to be deleted, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// At most [`Params::MAX_TARGETS`], with those that rows are excepted by.
    pub targets: Vec<Target>,
    /// How far it goes.
    #[serde(default)]
    pub extent: Extent,
    /// Data younger than [`Params::YOUNG`] is removed too. It may belong to a push that is going on.
    #[serde(default)]
    pub insist: bool,
    /// Why, for the journal and the history; at most [`Params::MAX_REASON`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For `delete`: the fingerprint of the plan that was confirmed. Nothing is done if another plan
    /// would be made by now. Absent: whatever the plan of this moment says is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<String>,
}

impl Params {
    /// The most targets of one request.
    pub const MAX_TARGETS: usize = 10_000;
    /// The longest reason, in bytes.
    pub const MAX_REASON: usize = 1_000;
    /// The age in seconds under which data is not removed, unless somebody insists.
    pub const YOUNG: i64 = 60 * 60;

    /// How many targets are named, as such or as exceptions.
    pub fn named(&self) -> usize {
        let named = self.targets.iter().map(|target| match target {
            Target::Rows { except, .. } => 1 + except.len(),
            _ => 1,
        });
        named.sum()
    }

    /// Deletes these as everybody expects: data stays until it is pruned, so it can be undone.
    pub fn of(targets: Vec<Target>) -> Self {
        Self { targets, ..Self::default() }
    }
}

/// How far a deletion goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// Nothing leads there any more. Data that nothing else uses waits for pruning or garbage
    /// collection; until then it can be undone.
    #[default]
    Unlink,
    /// Data that nothing else uses goes too, at once: on OpenShift from the storage, on a plain
    /// registry out of reach of everybody until garbage collection frees the space. No undo.
    Purge,
}

/// One thing to delete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A tag with its whole history. Other tags on the same image stay, on every registry.
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
    /// An image of one repository: every tag and revision there that names it.
    Manifest {
        /// The repository.
        repository: RepositoryName,
        /// The digest of its manifest or index.
        digest: Digest,
    },
    /// An image everywhere: in every repository every tag and revision that names it.
    Image(Digest),
    /// A whole repository.
    Repository(RepositoryName),
    /// Every image, everywhere, that contains this layer, named by its compressed digest.
    Layer(Digest),
    /// A layer or config itself. Refused while an image contains it.
    Blob(Digest),
    /// Everything that a search finds: the tags of a search for words, the images of a search for a
    /// digest.
    Found {
        /// The query, as typed.
        query: String,
        /// Only in this project.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        project: Option<String>,
    },
    /// All that nothing leads to.
    Orphans(Orphan),
    /// The rows that a list has by then, each as if it was named by itself, but for some.
    Rows {
        /// The list.
        list: List,
        /// The rows that stay, by what they would delete. They count as targets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Target>,
    },
}

/// The kinds of things that nothing leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orphan {
    /// Images in no image stream (OpenShift).
    Images,
    /// Images of a repository without a tag, as far as they are known.
    Untagged,
    /// Tags that hold signatures and the like of images that are gone.
    Signatures,
}
