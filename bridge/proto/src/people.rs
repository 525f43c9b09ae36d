// SPDX-License-Identifier: LGPL-2.1-or-later

//! `people`, `person`: users and groups; and what makes, changes and deletes them.

use serde::{Deserialize, Serialize};

use crate::Method;
use crate::account::MissingRight;
use crate::project::{About, Listing, Window};
use crate::subject::{Subject, SubjectKind};

/// The live list of users or of groups, by name.
pub struct People;

impl Method for People {
    const NAME: &'static str = "people";
    type Params = Params;
    type Answer = List;
}

/// The live view of one user or group.
pub struct Person;

impl Method for Person {
    const NAME: &'static str = "person";
    type Params = Which;
    type Answer = View;
}

/// Makes a user, with or without an identity.
pub struct CreateUser;

impl Method for CreateUser {
    const NAME: &'static str = "create-user";
    type Params = NewUser;
    type Answer = Changed;
}

/// Changes a user's name and identities.
pub struct ChangeUser;

impl Method for ChangeUser {
    const NAME: &'static str = "change-user";
    type Params = UserChange;
    type Answer = Changed;
}

/// Makes a group.
pub struct CreateGroup;

impl Method for CreateGroup {
    const NAME: &'static str = "create-group";
    type Params = GroupChange;
    type Answer = Changed;
}

/// Takes users into a group and out of it.
pub struct ChangeGroup;

impl Method for ChangeGroup {
    const NAME: &'static str = "change-group";
    type Params = GroupChange;
    type Answer = Changed;
}

/// Deletes a user or a group, or only tells what would go with it.
pub struct DeletePerson;

impl Method for DeletePerson {
    const NAME: &'static str = "delete-person";
    type Params = Deletion;
    type Answer = Goes;
}

/// Users or groups, and which window of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// [`SubjectKind::User`] or [`SubjectKind::Group`].
    pub kind: SubjectKind,
    /// The window.
    #[serde(default)]
    pub window: Window,
}

/// A window of users or groups.
pub type List = Listing<Row>;

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub subject: Subject,
    /// What the user is called.
    #[serde(default)]
    pub full_name: Option<String>,
    /// Whether the cluster knows it: members of groups and of projects may have never logged in.
    /// `None`: unknown.
    #[serde(default)]
    pub known: Option<bool>,
    /// When it was made, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: Option<i64>,
    /// Where the user comes from.
    #[serde(default)]
    pub identities: Vec<Identity>,
    /// Groups of the user, at most 3.
    #[serde(default)]
    pub groups: Vec<String>,
    /// How many groups the user is in, or how many members the group has.
    #[serde(default)]
    pub count: Option<u32>,
    /// The server that fills the group, such as that of an LDAP directory: what is changed here
    /// is undone by the next synchronization.
    #[serde(default)]
    pub filled_by: Option<String>,
    /// How many projects give it a role of ours by itself; `None` while they cannot be read.
    #[serde(default)]
    pub projects: Option<u32>,
}

/// By which provider of identities somebody logs in, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The provider's name in the cluster's configuration.
    pub provider: String,
    /// The name there.
    pub name: String,
}

/// Somebody, and a window of what is asked for: members, groups, projects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Who.
    pub subject: Subject,
    /// The window.
    #[serde(default)]
    pub window: Window,
}

/// A user with groups, or a group with members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// What all such views say.
    pub about: About,
    /// The user or group; `None`: there is none of this name.
    pub row: Option<Row>,
    /// The window: members of the group, or groups of the user.
    pub members: Vec<Row>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many fit the filter.
    pub total: u32,
    /// Whether the user may change it.
    pub may_change: Option<bool>,
}

/// A user that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// The name to log in with.
    pub name: String,
    /// What the user is called.
    #[serde(default)]
    pub full_name: Option<String>,
    /// The identity that leads to this user; absent: the provider's mapping method decides whether a
    /// login finds this user.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// Groups that take the user in.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// What changes of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserChange {
    /// The user.
    pub name: String,
    /// What the user is called; absent: as it is; empty: nothing.
    #[serde(default)]
    pub full_name: Option<String>,
    /// An identity that is to lead to this user.
    #[serde(default)]
    pub add: Option<Identity>,
    /// An identity that is to lead there no longer.
    #[serde(default)]
    pub remove: Option<Identity>,
}

/// What changes of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChange {
    /// The group.
    pub name: String,
    /// Users that it takes in; the cluster need not know them.
    #[serde(default)]
    pub add: Vec<String>,
    /// Users that leave it.
    #[serde(default)]
    pub remove: Vec<String>,
}

impl GroupChange {
    /// The most users of one change.
    pub const MAX_USERS: usize = 5_000;
}

/// What came of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// Whether it was done, and a later look found it so.
    pub done: bool,
    /// The rights that the user lacks for it.
    pub missing: Vec<MissingRight>,
    /// What one should know, in whole sentences, such as users that the cluster does not know yet.
    pub notes: Vec<String>,
}

/// Which user or group is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Who.
    pub subject: Subject,
    /// The user saw what goes and agreed.
    #[serde(default)]
    pub agreed: bool,
}

/// What goes with a user or a group, and stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goes {
    /// Whether it was deleted, and a later look found it gone.
    pub done: bool,
    /// Identities of the user, which go too: left alone they would lead nowhere, and nobody could log
    /// in by them.
    pub identities: Vec<Identity>,
    /// Groups that the user leaves.
    pub groups: Vec<String>,
    /// Projects in which its roles of ours are taken away.
    pub projects: Vec<String>,
    /// What stays, in whole sentences: roles of others, projects that cannot be read.
    pub stays: Vec<String>,
    /// The rights that the user lacks.
    pub missing: Vec<MissingRight>,
}
