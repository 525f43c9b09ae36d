// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is written down before anything is done.

use images_proto::delete::{Extent, Params, Plan, Step};
use images_proto::garbage;
use images_proto::history::Act;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::before::Before;
use super::place::Place;
use super::promotion::Planned;
use super::words;

/// The targets that are named in a list of changes.
const NAMED: usize = 3;
/// The longest of these names and of the reason, in bytes. They are read for each row of a list.
const LONGEST: usize = 1_000;

/// What is written down before anything is done.
#[derive(Clone, Debug)]
pub struct Header {
    pub(super) first: First,
    pub(super) body: Body,
}

/// The first line of a record: all that a list of changes shows. It is small, so that a list of
/// thousands is read quickly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct First {
    /// Of the form of records.
    pub(super) version: u32,
    pub(super) id: String,
    pub(super) act: Act,
    pub(super) started: i64,
    pub(super) user: Option<String>,
    pub(super) registry: String,
    /// [`Place::key`].
    pub(super) key: String,
    pub(super) reason: Option<String>,
    pub(super) targets: Vec<String>,
    pub(super) target_count: u32,
    pub(super) steps: u32,
    /// Whether it is of a kind that can be taken back.
    pub(super) undoable: bool,
    /// Whether the repositories are image streams.
    pub(super) openshift: bool,
    /// The change that this one takes back.
    pub(super) of: Option<String>,
}

/// The second line: what is needed to go on with it, and to take it back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) params: Option<Params>,
    pub(super) plan: Option<Plan>,
    pub(super) before: Before,
    /// The moves of a promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) promotion: Option<Vec<Planned>>,
    pub(super) note: Option<Value>,
}

impl Header {
    /// A deletion.
    pub fn deletion(place: Place, params: Params, plan: Plan, before: Before) -> Self {
        let mut first = First::new(Act::Delete, place);
        first.reason = params.reason.as_deref().map(short);
        let names = params.targets.iter().take(NAMED);
        first.targets = names.map(|target| short(&words::target(target))).collect();
        first.target_count = params.targets.len() as u32;
        first.steps = plan.steps.len() as u32;
        first.undoable = params.extent == Extent::Unlink && plan.steps.iter().any(comes_back);
        first.openshift = matches!(before, Before::Openshift { .. });
        let body = Body { params: Some(params), plan: Some(plan), before, ..Body::default() };
        Self { first, body }
    }

    /// Taking back a deletion of this name, which was about these targets.
    pub(crate) fn undo(place: Place, of: &images_proto::history::Change) -> Self {
        let mut first = First::new(Act::Undo, place);
        first.targets.clone_from(&of.targets);
        first.target_count = of.target_count;
        first.of = Some(of.id.clone());
        Self { first, body: Body::default() }
    }

    /// The collection of garbage.
    pub fn collection(place: Place, params: &garbage::Params) -> Self {
        let mut first = First::new(Act::Collect, place);
        let what = match params.untagged {
            true => "garbage, with manifests that have no tag",
            false => "garbage",
        };
        first.targets = vec![what.to_owned()];
        first.target_count = 1;
        Self { first, body: Body::default() }
    }

    /// A promotion of these.
    pub fn promotion(place: Place, planned: Vec<Planned>, reason: Option<&str>) -> Self {
        let mut first = First::new(Act::Promote, place);
        first.reason = reason.map(short);
        let tags = planned.iter().map(|planned| &planned.wanted.to);
        first.targets = tags.take(NAMED).map(|tag| short(&tag.to_string())).collect();
        first.target_count = planned.len() as u32;
        first.steps = first.target_count;
        Self { first, body: Body { promotion: Some(planned), ..Body::default() } }
    }

    /// The same, with something else to remember.
    #[must_use]
    pub fn with_note(mut self, note: Value) -> Self {
        self.body.note = Some(note);
        self
    }
}

impl First {
    fn new(act: Act, place: Place) -> Self {
        Self {
            version: super::VERSION,
            id: String::new(),
            act,
            started: 0,
            user: place.user.as_deref().map(short),
            registry: short(&place.registry),
            key: place.key,
            reason: None,
            targets: Vec::new(),
            target_count: 0,
            steps: 0,
            undoable: false,
            openshift: false,
            of: None,
        }
    }
}

/// Whether what this step does can be put back while nothing was pruned.
pub(crate) fn comes_back(step: &Step) -> bool {
    matches!(
        step,
        Step::Tag { .. } | Step::Revision { .. } | Step::Manifest { .. } | Step::Repository(_)
    )
}

/// Whether two requests ask for the same deletion; why it is wanted does not matter.
pub(super) fn is_same(one: &Params, other: &Params) -> bool {
    (one.extent, one.insist) == (other.extent, other.insist) && one.targets == other.targets
}

/// As much of a text as a list shows, without what JSON would make six bytes of.
pub(super) fn short(text: &str) -> String {
    let text = text[..text.floor_char_boundary(LONGEST)].chars();
    text.map(|char| if char.is_control() { ' ' } else { char }).collect()
}
