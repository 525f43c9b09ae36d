// SPDX-License-Identifier: LGPL-2.1-or-later

//! `lens`, `reach`, `why`: who may do what in a project, what somebody may do anywhere, and why not.

use serde::{Deserialize, Serialize};

use crate::Method;
use crate::people::Which;
use crate::project::{About, Within};
use crate::subject::{Rights, Subject, Verb, Via};

/// The live view of everybody who may do something with a project's images.
pub struct Lens;

impl Method for Lens {
    const NAME: &'static str = "lens";
    type Params = Within;
    type Answer = View;
}

/// The live view of the projects in which somebody may do something.
pub struct Reach;

impl Method for Reach {
    const NAME: &'static str = "reach";
    type Params = Which;
    type Answer = Reached;
}

/// Whether somebody may do one thing, and what mends it.
pub struct Why;

impl Method for Why {
    const NAME: &'static str = "why";
    type Params = Question;
    type Answer = Answer;
}

/// Who may do something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// What all such views say.
    pub about: About,
    /// The window, by kind and name.
    pub rows: Vec<Row>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many fit the filter.
    pub total: u32,
    /// Whether the cluster's own answer is shown; otherwise it is what its bindings say.
    pub asked: bool,
}

/// What somebody may do in a project, and through what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub subject: Subject,
    /// What the user is called.
    #[serde(default)]
    pub full_name: Option<String>,
    /// What it may do.
    pub rights: Rights,
    /// Through which bindings; may be empty when they cannot be read.
    pub via: Vec<Via>,
}

/// The projects that somebody reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reached {
    /// What all such views say.
    pub about: About,
    /// The window, by name.
    pub rows: Vec<Place>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many fit the filter.
    pub total: u32,
    /// Whether the cluster's own answer is shown; otherwise it is what its bindings say.
    pub asked: bool,
}

/// What somebody may do in one project, and through what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The project.
    pub project: String,
    /// What somebody may do there.
    pub rights: Rights,
    /// Through which bindings.
    pub via: Vec<Via>,
}

/// May somebody do this?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Who; absent: the user.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Where.
    pub project: String,
    /// What.
    pub verb: Verb,
}

/// The cluster's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who was asked about.
    pub subject: Subject,
    /// Whether it is allowed; `None`: the cluster does not tell this user.
    pub allowed: Option<bool>,
    /// The verb of the API, such as `update`.
    pub verb: String,
    /// The resource, such as `imagestreams/layers.image.openshift.io`.
    pub resource: String,
    /// Where.
    pub project: String,
    /// The groups that were told to the cluster.
    pub groups: Vec<String>,
    /// Through which bindings it is allowed, as far as they can be read.
    pub via: Vec<Via>,
    /// The cluster's own words. Untrusted text, bounded.
    pub reason: Option<String>,
    /// In one sentence, what is missing or what gives it.
    pub message: String,
    /// The command line that an administrator of the project runs to mend it.
    pub command: Option<String>,
    /// The least role of ours that would give it.
    pub role: Option<crate::subject::Role>,
}
