// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the cluster says, one object each, reduced to what is shown or decided by.

use images_proto::people::Identity;
use images_proto::subject::{Subject, Verb};

/// One object of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A project, or a namespace.
    Project(Project),
    /// A user.
    User(User),
    /// A group.
    Group(Group),
    /// A service account.
    Robot(Robot),
    /// A token of a robot.
    Token(Token),
    /// A role.
    Role(Role),
    /// A binding.
    Binding(Binding),
}

/// Which object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, if it has one.
    pub project: Option<String>,
    /// Its name.
    pub name: String,
}

/// The kinds of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// [`Fact::Project`].
    Project,
    /// [`Fact::User`].
    User,
    /// [`Fact::Group`].
    Group,
    /// [`Fact::Robot`].
    Robot,
    /// [`Fact::Token`].
    Token,
    /// [`Fact::Role`].
    Role,
    /// [`Fact::Binding`].
    Binding,
}

/// A project, or a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Annotation `openshift.io/display-name`.
    pub display_name: Option<String>,
    /// Annotation `openshift.io/description`.
    pub description: Option<String>,
    /// Annotation `openshift.io/requester`.
    pub requester: Option<String>,
    /// When it was made, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// It is being deleted.
    pub terminating: bool,
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// What the user is called.
    pub full_name: Option<String>,
    /// When it was made, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// The identities that lead to it.
    pub identities: Vec<Identity>,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// When it was made, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// Its members, whether the cluster knows them or not.
    pub users: Vec<String>,
    /// The server that fills it (label and annotation `openshift.io/ldap.host`, `openshift.io/ldap.url`).
    pub filled_by: Option<String>,
}

/// A service account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robot {
    /// Its project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// When it was made, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// Whether the cluster made it for its own work.
    pub system: bool,
}

/// A token of a robot that can be revoked: a secret that it is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Its project.
    pub project: String,
    /// The name of the secret.
    pub name: String,
    /// The robot.
    pub robot: String,
    /// What it is for.
    pub purpose: Option<String>,
    /// When it was made, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// When it ends, in seconds since the Unix epoch.
    pub expires: Option<i64>,
}

/// A role, reduced to what it gives of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its project; absent for a cluster role.
    pub project: Option<String>,
    /// Its name.
    pub name: String,
    /// What it gives for every image stream of where it is bound.
    pub verbs: Vec<Verb>,
    /// It gives some of these for single image streams, by name.
    pub partial: bool,
    /// It lets its holders give roles to others: `create`, `update` or `*` on role bindings.
    pub grants: bool,
}

/// A role that a binding names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleRef {
    /// Whether it is a cluster role.
    pub cluster: bool,
    /// Its name.
    pub name: String,
}

/// A binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its project; absent when it holds in the whole cluster.
    pub project: Option<String>,
    /// Its name.
    pub name: String,
    /// The role that it gives.
    pub role: RoleRef,
    /// To whom. `system:serviceaccount:PROJECT:NAME` as a user is the robot of this name.
    pub subjects: Vec<Subject>,
}

impl Fact {
    /// Which object it is.
    pub fn key(&self) -> Key {
        let (kind, project, name) = match self {
            Self::Project(project) => (Kind::Project, None, &project.name),
            Self::User(user) => (Kind::User, None, &user.name),
            Self::Group(group) => (Kind::Group, None, &group.name),
            Self::Robot(robot) => (Kind::Robot, Some(&robot.project), &robot.name),
            Self::Token(token) => (Kind::Token, Some(&token.project), &token.name),
            Self::Role(role) => (Kind::Role, role.project.as_ref(), &role.name),
            Self::Binding(binding) => (Kind::Binding, binding.project.as_ref(), &binding.name),
        };
        Key { kind, project: project.cloned(), name: name.clone() }
    }
}
