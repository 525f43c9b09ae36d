// SPDX-License-Identifier: LGPL-2.1-or-later

//! `projects`, `project`: the projects (else namespaces), their members and with whom they are
//! shared; and what makes, changes and deletes them.

use serde::{Deserialize, Serialize};

use crate::account::MissingRight;
use crate::subject::{Rights, Role, Subject};
use crate::{Failure, Method, RepositoryName};

/// The live list of projects, by name.
pub struct Projects;

impl Method for Projects {
    const NAME: &'static str = "projects";
    type Params = Window;
    type Answer = List;
}

/// The live view of one project and its members.
pub struct Project;

impl Method for Project {
    const NAME: &'static str = "project";
    type Params = Params;
    type Answer = View;
}

/// Makes a project.
pub struct CreateProject;

impl Method for CreateProject {
    const NAME: &'static str = "create-project";
    type Params = Wording;
    type Answer = Done;
}

/// Changes what a project is called and said to be.
pub struct ChangeProject;

impl Method for ChangeProject {
    const NAME: &'static str = "change-project";
    type Params = Wording;
    type Answer = Done;
}

/// Deletes a project, or only tells what would go with it.
pub struct DeleteProject;

impl Method for DeleteProject {
    const NAME: &'static str = "delete-project";
    type Params = Deletion;
    type Answer = Goes;
}

/// Sets with whom a project is shared.
pub struct Share;

impl Method for Share {
    const NAME: &'static str = "share";
    type Params = SharingChoice;
    type Answer = crate::grant::Granted;
}

/// Makes an empty repository in a project.
pub struct CreateRepository;

impl Method for CreateRepository {
    const NAME: &'static str = "create-repository";
    type Params = NewRepository;
    type Answer = Done;
}

/// A filter, and a window of what fits it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Only what contains this text, in its name or in what it is called.
    pub filter: String,
    /// The first row wanted, from 0.
    pub offset: u32,
    /// How many rows, at most [`crate::search::Params::MAX_LIMIT`].
    pub limit: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { filter: String::new(), offset: 0, limit: 50 }
    }
}

/// A project, and a window of what there is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// The project.
    pub project: String,
    /// The window.
    #[serde(default)]
    pub window: Window,
}

/// What is true of all views about projects and people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Whether the registry asks this cluster who may pull and push, as OpenShift's does. Others
    /// keep users of their own, and roles of the cluster mean nothing to them. `None`: unknown.
    pub decides: Option<bool>,
    /// Whether the cluster has OpenShift's projects, users and groups.
    pub openshift: bool,
    /// Who the user is, as the cluster says.
    pub me: Option<String>,
    /// More is being read: what is absent may still come.
    pub reading: bool,
    /// What could not be read, and why: what is shown may be less than there is.
    pub unread: Vec<Failure>,
}

/// A window of the projects.
pub type List = Listing<Row>;

/// A window of what there is of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "R: Deserialize<'de>"))]
pub struct Listing<R> {
    /// What all such views say.
    pub about: About,
    /// The window.
    pub rows: Vec<R>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many fit the filter.
    pub total: u32,
    /// Whether the user may make more of them.
    pub may_create: Option<bool>,
}

impl<R> Default for Listing<R> {
    fn default() -> Self {
        Self { about: About::default(), rows: vec![], offset: 0, total: 0, may_create: None }
    }
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What it is called (annotation `openshift.io/display-name`).
    #[serde(default)]
    pub display_name: Option<String>,
    /// What it is for (annotation `openshift.io/description`).
    #[serde(default)]
    pub description: Option<String>,
    /// Who asked for it (annotation `openshift.io/requester`).
    #[serde(default)]
    pub requester: Option<String>,
    /// When it was made, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: Option<i64>,
    /// With whom it is shared; `None` while its bindings cannot be read.
    #[serde(default)]
    pub sharing: Option<Sharing>,
    /// How many have a role of ours in it, whoever it is shared with not counted; `None` as above.
    #[serde(default)]
    pub member_count: Option<u32>,
    /// The first of them, at most 3.
    #[serde(default)]
    pub members: Vec<Subject>,
    /// How many repositories it has, as the catalog says.
    #[serde(default)]
    pub repositories: Option<u32>,
}

/// With whom a project is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// With its members alone.
    Private,
    /// Whoever logs in may pull.
    Shared,
    /// Everybody may pull, without a login too.
    Anonymous,
}

/// Which project, and which window of its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Its name.
    pub name: String,
    /// Which of its members.
    #[serde(default)]
    pub window: Window,
}

/// A project and a window of its members, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// What all such views say.
    pub about: About,
    /// The project; `None`: there is none of this name that the user may see.
    pub project: Option<Row>,
    /// The window.
    pub members: Vec<Member>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many members fit the filter.
    pub total: u32,
    /// Whether the user may give and take roles here.
    pub may_grant: Option<bool>,
    /// Whether the user may change or delete the project.
    pub may_change: Option<bool>,
    /// What the user may do with its images.
    pub mine: Rights,
    /// Another binding, of the cluster or not of ours, by which everybody may pull whatever is
    /// chosen here.
    pub shared_anyway: Option<crate::subject::Via>,
}

/// Somebody with a role in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub subject: Subject,
    /// What the user is called.
    #[serde(default)]
    pub full_name: Option<String>,
    /// Whether the cluster knows it: somebody may be given a role before the first login, and a
    /// group or robot may be gone. `None`: unknown.
    #[serde(default)]
    pub known: Option<bool>,
    /// The highest role of ours; absent when it has only others.
    #[serde(default)]
    pub role: Option<Role>,
    /// Names of other roles in the project, which are left alone.
    #[serde(default)]
    pub others: Vec<String>,
    /// How many users are in the group.
    #[serde(default)]
    pub size: Option<u32>,
}

/// How a project is named and said to be. An absent text stays as it is, an empty one is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wording {
    /// Its name, which cannot be changed.
    pub name: String,
    /// What it is called.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// It is done, and a later look found it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Which project is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Its name.
    pub name: String,
    /// The [`Goes::fingerprint`] that the user saw and agreed to; absent: only tell.
    #[serde(default)]
    pub agreed: Option<String>,
}

/// What goes with a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goes {
    /// Whether it was deleted: the cluster answers that it is not there any more.
    pub done: bool,
    /// Whether it is still being emptied by the cluster.
    pub terminating: bool,
    /// Whether the cluster accepted the deletion and shows this user no such project any more: his
    /// roles went with it, so that he cannot see whether all of it is gone.
    pub unseen: bool,
    /// Says what was shown; changes when something of it changes.
    pub fingerprint: String,
    /// Its repositories.
    pub repositories: u32,
    /// Their tags.
    pub tags: u32,
    /// Bytes of data that no other repository has, if known.
    pub size: Option<u64>,
    /// What else is in it, by kind, such as `Deployment`, the biggest number first.
    pub objects: Vec<Kind>,
    /// Images of it that something outside of it uses, or that runs now.
    pub used: Vec<String>,
    /// What could not be counted.
    pub unread: Vec<Failure>,
    /// The rights that the user lacks.
    pub missing: Vec<MissingRight>,
}

impl Goes {
    /// Whether it is deleted, as far as that can be done or seen.
    pub fn is_over(&self) -> bool {
        self.done || self.terminating || self.unseen
    }
}

/// Objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// The kind, such as `Deployment`.
    pub kind: String,
    /// How many.
    pub count: u32,
}

/// With whom a project is to be shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingChoice {
    /// The project.
    pub project: String,
    /// With whom.
    pub sharing: Sharing,
    /// The user saw the roles that would be created and agreed.
    #[serde(default)]
    pub agreed: bool,
}

/// An empty repository that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRepository {
    /// Its name with its project.
    pub name: RepositoryName,
}
