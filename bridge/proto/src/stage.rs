// SPDX-License-Identifier: LGPL-2.1-or-later

//! `stages`: development, test and production, and how images move from one to the next.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::MissingRight;
use crate::context::Done;
use crate::image::Platform;
use crate::project::Window;
use crate::{Digest, Failure, Method, RepositoryName, Tag, TagRef};

/// The live board: repositories and stages.
pub struct Stages;

impl Method for Stages {
    const NAME: &'static str = "stages";
    type Params = Params;
    type Answer = View;
}

/// Sets which stages there are.
pub struct SetStages;

impl Method for SetStages {
    const NAME: &'static str = "set-stages";
    type Params = Setting;
    type Answer = Done;
}

/// What a tag named before, the newest first: what it can be set back to.
pub struct Versions;

impl Method for Versions {
    const NAME: &'static str = "versions";
    type Params = WhichTag;
    type Answer = Known;
}

/// What a promotion would change.
pub struct PlanPromotion;

impl Method for PlanPromotion {
    const NAME: &'static str = "plan-promotion";
    type Params = Wanted;
    type Answer = Plan;
}

/// Promotes, and looks afterwards.
pub struct Promote;

impl Method for Promote {
    const NAME: &'static str = "promote";
    type Params = Agreed;
    type Answer = Receipt;
}

/// The stages, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Whether a stage is a project or a tag.
    pub by: By,
    /// Their names, the first one being where images are pushed to; at most [`Setting::MAX`].
    pub stages: Vec<String>,
}

impl Setting {
    /// The most stages.
    pub const MAX: usize = 8;

    /// Whether these can be stages; without any, none are wanted.
    ///
    /// # Errors
    /// When a name is none, stands there twice, or there are too many or only one.
    pub fn check(&self) -> Result<(), StagesError> {
        let is_name = |stage: &String| match self.by {
            By::Project => !stage.contains('/') && stage.parse::<RepositoryName>().is_ok(),
            By::Tag => stage.parse::<Tag>().is_ok(),
        };
        if self.stages.len() == 1 {
            return Err(StagesError::One);
        }
        if self.stages.len() > Self::MAX {
            return Err(StagesError::TooMany);
        }
        if let Some(stage) = self.stages.iter().find(|stage| !is_name(stage)) {
            return Err(StagesError::NoName(stage.clone()));
        }
        let twice = |idx: &usize| self.stages[..*idx].contains(&self.stages[*idx]);
        match (0..self.stages.len()).find(twice) {
            Some(idx) => Err(StagesError::Twice(self.stages[idx].clone())),
            None => Ok(()),
        }
    }
}

/// Why these cannot be stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagesError {
    /// There is only one, to which nothing can be promoted.
    One,
    /// There are more than [`Setting::MAX`].
    TooMany,
    /// This is no name of a project or tag.
    NoName(String),
    /// This one stands there twice.
    Twice(String),
}

impl fmt::Display for StagesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.write_str("there have to be two stages at least"),
            Self::TooMany => write!(f, "there can be at most {} stages", Setting::MAX),
            Self::NoName(name) => write!(f, "\"{name}\" can be no stage's name"),
            Self::Twice(name) => write!(f, "\"{name}\" stands there twice"),
        }
    }
}

impl std::error::Error for StagesError {}

/// What a stage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A project: the same repository and tag in several projects. On a plain registry, the first
    /// part of the repository's name.
    #[default]
    Project,
    /// A tag: several tags of one repository.
    Tag,
}

/// Which window of the board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// The window; the filter is part of a repository's name or tag.
    pub window: Window,
    /// Only rows whose stages are not all equal.
    pub differing: bool,
    /// The kind of names that [`View::choices`] proposes; absent: that of the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
}

/// The board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The stages; without any, none were chosen yet.
    pub setting: Setting,
    /// Names to choose from, the likely ones first: projects, or tags, at most 500.
    pub choices: Vec<String>,
    /// The window, by repository and tag.
    pub rows: Vec<Row>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many fit.
    pub total: u32,
    /// How many of all rows have stages that are not equal.
    pub differing: u32,
    /// Whether the catalog is still being filled.
    pub reading: bool,
}

/// One thing that moves through the stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The repository, without its project where stages are projects.
    pub repository: String,
    /// The tag, where stages are projects.
    #[serde(default)]
    pub tag: Option<Tag>,
    /// One for each stage.
    pub cells: Vec<Cell>,
}

/// What a stage has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The tag that it is.
    pub tag: TagRef,
    /// What it names.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// When it came there, in seconds since the Unix epoch, or else when the image was made.
    #[serde(default)]
    pub since: Option<i64>,
    /// The commit that its labels name (`org.opencontainers.image.revision` and its elders).
    #[serde(default)]
    pub commit: Option<String>,
    /// How it compares with the stage before it.
    pub state: State,
}

/// How a stage compares with the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There is no stage before it.
    First,
    /// The same digest.
    Equal,
    /// It names what the stage before it named earlier.
    Behind,
    /// It names what the stage before it never named, as far as its history goes.
    Drifted,
    /// It names something else, and the history is not known.
    Differs,
    /// There is no such tag.
    Missing,
    /// It was not read yet.
    Unknown,
}

/// Which tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhichTag {
    /// The tag.
    pub tag: TagRef,
}

/// What a tag named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// The newest first.
    pub versions: Vec<Version>,
}

/// What a tag named for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The image or index.
    pub digest: Digest,
    /// Since when, in seconds since the Unix epoch.
    #[serde(default)]
    pub since: Option<i64>,
    /// Who promoted it there, as far as the history of changes says.
    #[serde(default)]
    pub by: Option<String>,
    /// Where it came from.
    #[serde(default)]
    pub from: Option<TagRef>,
    /// Whether the registry still has it; `None`: unknown.
    #[serde(default)]
    pub there: Option<bool>,
}

/// One image that moves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// Where it is.
    pub from: RepositoryName,
    /// The image or index.
    pub digest: Digest,
    /// The tag that names it afterwards. A rollback moves an earlier image of the same repository.
    pub to: TagRef,
}

/// What is to be promoted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// At most [`Wanted::MAX`].
    pub moves: Vec<Move>,
}

impl Wanted {
    /// The most moves of one promotion.
    pub const MAX: usize = 500;
}

/// What a promotion would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Says what was shown; changes when something of it changes.
    pub fingerprint: String,
    /// One for each move.
    pub changes: Vec<Change>,
    /// The rights that the user lacks: none of it is done while there are any.
    pub missing: Vec<MissingRight>,
}

/// What changes by one move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The move.
    #[serde(rename = "move")]
    pub wanted: Move,
    /// What the tag names now.
    #[serde(default)]
    pub was: Option<Digest>,
    /// Why it cannot be done.
    #[serde(default)]
    pub refused: Option<Failure>,
    /// The same image is there already: nothing is done.
    #[serde(default)]
    pub same: bool,
    /// Settings of the environment that differ; `None` while a config cannot be read.
    #[serde(default)]
    pub env: Option<Vec<Setted>>,
    /// Labels that differ.
    #[serde(default)]
    pub labels: Option<Vec<Setted>>,
    /// How many layers are new there.
    #[serde(default)]
    pub layers_new: Option<u32>,
    /// How many stay as they are.
    #[serde(default)]
    pub layers_kept: Option<u32>,
    /// Bytes of the image, and of what was there.
    #[serde(default)]
    pub size: Option<u64>,
    /// As above, before.
    #[serde(default)]
    pub size_was: Option<u64>,
    /// The platforms of an index, all of which move with it.
    #[serde(default)]
    pub platforms: Vec<Platform>,
    /// Tags with signatures and the like that go along.
    #[serde(default)]
    pub attachments: Vec<Tag>,
}

/// A name with its text before and after; absent: not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setted {
    /// The name.
    pub name: String,
    /// Before.
    #[serde(default)]
    pub was: Option<String>,
    /// After.
    #[serde(default)]
    pub is: Option<String>,
}

/// What the user agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// The same as was planned.
    pub wanted: Wanted,
    /// Its [`Plan::fingerprint`].
    pub fingerprint: String,
    /// Why, for the history.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What became of a promotion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Receipt {
    /// The name of its record in the history.
    pub id: Option<String>,
    /// One for each move.
    pub items: Vec<Item>,
}

/// What became of one move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The move.
    #[serde(rename = "move")]
    pub wanted: Move,
    /// What the tag named before.
    #[serde(default)]
    pub was: Option<Digest>,
    /// Whether the registry, asked afterwards, names this digest there.
    pub done: bool,
    /// Why not, or what did not go along.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Attachments that went along.
    #[serde(default)]
    pub attachments: Vec<Tag>,
    /// Bytes that had to be sent because they could not be mounted.
    #[serde(default)]
    pub sent: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_two_names_at_least_and_none_twice() {
        let check = |by, stages: &[&str]| {
            let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
            Setting { by, stages }.check()
        };
        assert_eq!(check(By::Project, &[]), Ok(()));
        assert_eq!(check(By::Project, &["dev", "prod"]), Ok(()));
        assert_eq!(check(By::Tag, &["DEV", "1.0"]), Ok(()));
        assert_eq!(check(By::Project, &["dev"]), Err(StagesError::One));
        let bad = |name: &str| Err(StagesError::NoName(name.to_owned()));
        assert_eq!(check(By::Project, &["a", "DEV"]), bad("DEV"));
        assert_eq!(check(By::Project, &["a", "b/c"]), bad("b/c"));
        assert_eq!(check(By::Tag, &["a", "-"]), bad("-"));
        let twice = check(By::Tag, &["a", "b", "a"]);
        assert_eq!(twice, Err(StagesError::Twice("a".to_owned())));
        assert_eq!(
            check(By::Tag, &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
            Err(StagesError::TooMany)
        );
    }
}
