// SPDX-License-Identifier: LGPL-2.1-or-later

//! What every object of the API has, as far as it is read.

use serde::Deserialize;

/// An object's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Its namespace, if it is in one.
    pub namespace: Option<String>,
    /// The version of the object, to go on watching from.
    pub resource_version: Option<String>,
}

/// A list's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListMetadata {
    /// The version of the list, to watch from.
    pub resource_version: Option<String>,
    /// The token for the next page.
    pub r#continue: Option<String>,
    /// How many objects follow after this page.
    pub remaining_item_count: Option<u64>,
}
