// SPDX-License-Identifier: LGPL-2.1-or-later

//! The secrets that our robots' tokens live as long as. They hold nothing; only their metadata is
//! read.

use serde::Deserialize;

use super::Collection;
use super::apply::{MANAGED_BY, OURS};
use super::described::Described;
use crate::uri::escaped;

/// The annotation with the name of the service account.
pub const ROBOT: &str = "images.cockpit-project.org/robot";
/// The annotation with what somebody said that the token is for.
pub const PURPOSE: &str = "images.cockpit-project.org/purpose";
/// The annotation with the time, in RFC 3339, at which the token ends by itself.
pub const EXPIRES: &str = "images.cockpit-project.org/expires";

/// Such a secret.
#[derive(Clone, Debug, Deserialize)]
pub struct RobotToken {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described<Notes>,
}

/// What its annotations say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// [`ROBOT`].
    #[serde(rename = "images.cockpit-project.org/robot")]
    pub robot: Option<String>,
    /// [`PURPOSE`].
    #[serde(rename = "images.cockpit-project.org/purpose")]
    pub purpose: Option<String>,
    /// [`EXPIRES`].
    #[serde(rename = "images.cockpit-project.org/expires")]
    pub expires: Option<String>,
}

/// The list of a project's secrets, of which only ours are wanted: see [`collection`].
pub fn list_path(project: &str) -> String {
    format!("/api/v1/namespaces/{}/secrets", escaped(project))
}

/// The metadata of those of a project's secrets that are ours.
pub fn collection(project: &str) -> Collection {
    Collection::metadata(list_path(project)).selecting(&format!("{MANAGED_BY}={OURS}"))
}
