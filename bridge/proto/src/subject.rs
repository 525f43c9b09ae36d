// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who may do what: the words that all views and actions about rights share.

use serde::{Deserialize, Serialize};

/// Somebody who can have rights.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Its name, for a robot without its project.
    pub name: String,
    /// The project of a robot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
}

impl Subject {
    /// A user.
    pub fn user(name: impl Into<String>) -> Self {
        Self { kind: SubjectKind::User, name: name.into(), project: None }
    }

    /// A group.
    pub fn group(name: impl Into<String>) -> Self {
        Self { kind: SubjectKind::Group, name: name.into(), project: None }
    }

    /// A service account.
    pub fn robot(project: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: SubjectKind::Robot, name: name.into(), project: Some(project.into()) }
    }
}

/// The kinds of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// Somebody who logs in.
    User,
    /// A group of users.
    Group,
    /// A service account: a robot account.
    Robot,
}

/// The roles that are given in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See and pull: `registry-viewer`.
    Pull,
    /// Push and delete too: `registry-editor`.
    Push,
    /// Give these roles to others too: `registry-admin`.
    Admin,
}

/// What one may do with the images of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `get imagestreams`.
    See,
    /// `get imagestreams/layers`.
    Pull,
    /// `update imagestreams/layers`.
    Push,
    /// `delete imagestreams`.
    Delete,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::See, Self::Pull, Self::Push, Self::Delete];

    /// The verb of the API and the resource of the group `image.openshift.io`, with its part.
    pub fn rule(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::See => ("get", "imagestreams", None),
            Self::Pull => ("get", "imagestreams", Some("layers")),
            Self::Push => ("update", "imagestreams", Some("layers")),
            Self::Delete => ("delete", "imagestreams", None),
        }
    }
}

/// What somebody may do; `None` is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Rights {
    /// [`Verb::See`].
    pub see: Option<bool>,
    /// [`Verb::Pull`].
    pub pull: Option<bool>,
    /// [`Verb::Push`].
    pub push: Option<bool>,
    /// [`Verb::Delete`].
    pub delete: Option<bool>,
}

impl Rights {
    /// One of them.
    pub fn get(&self, verb: Verb) -> Option<bool> {
        match verb {
            Verb::See => self.see,
            Verb::Pull => self.pull,
            Verb::Push => self.push,
            Verb::Delete => self.delete,
        }
    }

    /// The place of one of them.
    pub fn get_mut(&mut self, verb: Verb) -> &mut Option<bool> {
        match verb {
            Verb::See => &mut self.see,
            Verb::Pull => &mut self.pull,
            Verb::Push => &mut self.push,
            Verb::Delete => &mut self.delete,
        }
    }
}

/// A binding that gives somebody a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Via {
    /// The name of the binding.
    pub binding: String,
    /// Its project; absent when it holds in the whole cluster.
    #[serde(default)]
    pub project: Option<String>,
    /// The name of the role.
    pub role: String,
    /// The group through which it reaches the subject.
    #[serde(default)]
    pub group: Option<String>,
    /// What the role gives of ours.
    pub verbs: Vec<Verb>,
}
