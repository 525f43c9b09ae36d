// SPDX-License-Identifier: LGPL-2.1-or-later

//! `robots`: the robot accounts of a project, which are service accounts, and their tokens.

use serde::{Deserialize, Serialize};

use crate::account::{MissingRight, Object};
use crate::project::{Listing, Within};
use crate::subject::Role;
use crate::{Method, Secret};

/// The live list of a project's robots, by name.
pub struct Robots;

impl Method for Robots {
    const NAME: &'static str = "robots";
    type Params = Within;
    type Answer = List;
}

/// Makes a robot and gives it a role.
pub struct CreateRobot;

impl Method for CreateRobot {
    const NAME: &'static str = "create-robot";
    type Params = NewRobot;
    type Answer = Changed;
}

/// Makes a token, which is shown once; rotates when it replaces another.
pub struct IssueToken;

impl Method for IssueToken {
    const NAME: &'static str = "issue-token";
    type Params = NewToken;
    type Answer = Issued;
}

/// Ends a token before its time.
pub struct RevokeToken;

impl Method for RevokeToken {
    const NAME: &'static str = "revoke-token";
    type Params = WhichToken;
    type Answer = Changed;
}

/// Deletes a robot with its tokens and its roles of ours.
pub struct DeleteRobot;

impl Method for DeleteRobot {
    const NAME: &'static str = "delete-robot";
    type Params = WhichRobot;
    type Answer = Changed;
}

/// A window of a project's robots.
pub type List = Listing<Row>;

/// A robot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Whether the cluster made it for its own work, as `default`, `builder` and `deployer`.
    #[serde(default)]
    pub system: bool,
    /// The highest role of ours.
    #[serde(default)]
    pub role: Option<Role>,
    /// Names of other roles in the project.
    #[serde(default)]
    pub others: Vec<String>,
    /// When it was made, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: Option<i64>,
    /// Its tokens that were made here and not revoked; `None` while they cannot be read.
    #[serde(default)]
    pub tokens: Option<Vec<Token>>,
}

/// A token, without its text, which nobody keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The name of the secret that it lives as long as.
    pub name: String,
    /// What somebody said that it is for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// When it was made, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: Option<i64>,
    /// When it ends by itself, in seconds since the Unix epoch.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// A robot that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRobot {
    /// The project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// Its role.
    #[serde(default)]
    pub role: Option<Role>,
    /// The user saw [`Changed::creates`] and agreed.
    #[serde(default)]
    pub agreed: bool,
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// The project.
    pub project: String,
    /// The robot.
    pub robot: String,
    /// What it is for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// How long it is to be good, in seconds; at least [`NewToken::MIN_SECONDS`].
    pub seconds: u32,
    /// The token that ends once the new one was made.
    #[serde(default)]
    pub replaces: Option<String>,
}

impl NewToken {
    /// The shortest life of a token, which is the API server's: 10 minutes.
    pub const MIN_SECONDS: u32 = 600;
}

/// A token, this once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Issued {
    /// Whether it was made.
    pub done: bool,
    /// The name by which it is revoked.
    pub name: String,
    /// The user to log in as.
    pub user: String,
    /// The token.
    pub token: Option<Secret>,
    /// When it ends, in seconds since the Unix epoch: the cluster may have shortened it.
    pub expires: Option<i64>,
    /// The host to log in at, if one is known that clients can reach.
    pub host: Option<String>,
    /// The rights that the user lacks for it.
    pub missing: Vec<MissingRight>,
    /// What one should know, such as that the old token could not be ended.
    pub notes: Vec<String>,
}

/// A token that is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhichToken {
    /// The project.
    pub project: String,
    /// The robot.
    pub robot: String,
    /// Its [`Token::name`].
    pub token: String,
}

/// A robot that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhichRobot {
    /// The project.
    pub project: String,
    /// Its name.
    pub name: String,
    /// The user knows that its tokens end, and agreed.
    #[serde(default)]
    pub agreed: bool,
}

/// What came of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// Whether it was done, and a later look found it so.
    pub done: bool,
    /// Roles that this cluster lacks, which would be created; nothing was done yet.
    pub creates: Vec<Object>,
    /// The rights that the user lacks for it.
    pub missing: Vec<MissingRight>,
    /// What one should know, in whole sentences.
    pub notes: Vec<String>,
}
