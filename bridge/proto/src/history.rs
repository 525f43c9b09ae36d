// SPDX-License-Identifier: LGPL-2.1-or-later

//! `history`, `record`, `resume` and `undo`: what was changed, going on with it, taking it back.

use serde::{Deserialize, Serialize};

use crate::delete::{self, Outcome, Plan, Receipt, Window};
use crate::{Digest, Failure, Method, TagRef, stage};

/// The changes of this user on this machine, newest first. A live view.
pub struct History;

impl Method for History {
    const NAME: &'static str = "history";
    type Params = Params;
    type Answer = View;
}

/// One change with all that is known of it. One question, one result.
pub struct ShowRecord;

impl Method for ShowRecord {
    const NAME: &'static str = "record";
    type Params = Which;
    type Answer = Record;
}

/// Goes on with a deletion that ended before its end.
pub struct Resume;

impl Method for Resume {
    const NAME: &'static str = "resume";
    type Params = Which;
    type Answer = Receipt;
}

/// Takes a deletion back, while its data is there.
pub struct Undo;

impl Method for Undo {
    const NAME: &'static str = "undo";
    type Params = Which;
    type Answer = Undone;
}

/// The window of the history that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// The first row wanted, from 0.
    pub offset: u32,
    /// How many rows, at most [`crate::search::Params::MAX_LIMIT`].
    pub limit: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { offset: 0, limit: 50 }
    }
}

/// Which change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Its [`Change::id`].
    pub id: String,
}

/// The history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The window.
    pub changes: Vec<Change>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many there are.
    pub total: u32,
    /// The folder that they are kept in.
    pub folder: String,
    /// They are still being read.
    pub reading: bool,
}

/// Something that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name: letters, digits and `-`.
    pub id: String,
    /// What was done.
    pub act: Act,
    /// When it began, in seconds since the Unix epoch.
    pub started: i64,
    /// When it ended; absent while it runs, or when it was broken off.
    pub ended: Option<i64>,
    /// The user of the cluster or registry, if known.
    pub user: Option<String>,
    /// The registry's host, or the address it was reached by.
    pub registry: String,
    /// Why, as the user said.
    pub reason: Option<String>,
    /// The first targets, as people write them; at most 3.
    pub targets: Vec<String>,
    /// How many there were.
    pub target_count: u32,
    /// What came of it.
    pub state: State,
    /// Whether and how long it can be undone.
    pub undo: Window,
    /// The change that took it back, if one did.
    pub undone_by: Option<String>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// A deletion.
    Delete,
    /// A deletion was taken back.
    Undo,
    /// The registry's garbage was collected.
    Collect,
    /// Images were promoted to another stage, or a stage was set back.
    Promote,
    /// Something of a newer bridge.
    #[serde(other)]
    Unknown,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is being done now, here or by another session.
    Running,
    /// It was broken off after so many of its steps.
    Interrupted {
        /// Steps that were done.
        done: u32,
        /// Steps in all.
        total: u32,
    },
    /// It ended.
    Ended {
        /// Targets that are gone, or back again.
        good: u32,
        /// Targets that were refused or are still there.
        kept: u32,
        /// Targets of which nobody knows.
        unproved: u32,
    },
}

/// A change with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The change.
    pub change: Change,
    /// What was asked for, if it was a deletion.
    pub params: Option<delete::Params>,
    /// The plan that was followed.
    pub plan: Option<Plan>,
    /// The receipt, once it ended.
    pub receipt: Option<Receipt>,
    /// What came back, if it was an undo.
    pub undone: Option<Undone>,
    /// What became of each move so far, if it was a promotion.
    #[serde(default)]
    pub promotion: Option<stage::Receipt>,
    /// The receipt as text for people, to be saved.
    pub text: String,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Undone {
    /// The name of its own record in the history.
    pub id: Option<String>,
    /// What became of each tag, by name.
    pub items: Vec<UndoneItem>,
    /// What is there again and has no tag: images by their digest, image streams that were empty.
    pub untagged: u32,
    /// Why others of these are not.
    pub failures: Vec<Failure>,
}

/// What became of a tag that was to come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneItem {
    /// The tag.
    pub tag: TagRef,
    /// What it names again.
    pub digest: Option<Digest>,
    /// How many revisions it has again.
    pub revisions: u32,
    /// [`Outcome::Deleted`] is never said here. `None`: it is back, and a later look found it.
    pub left: Option<Outcome>,
    /// What is not as it was, such as the times of its revisions.
    pub differs: Option<String>,
}
