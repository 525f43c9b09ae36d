// SPDX-License-Identifier: LGPL-2.1-or-later

//! Lists whose rows can be deleted.

use serde::{Deserialize, Serialize};

use crate::{Digest, RepositoryName};

/// A list as a view shows it, all windows of it together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// What `search` lists: repositories, each as a whole, or the tags and images that a digest
    /// leads to.
    Search {
        /// The query, as typed. Empty lists everything.
        query: String,
        /// Only in this project.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        project: Option<String>,
    },
    /// The tags that `repository` lists.
    Tags {
        /// The repository.
        repository: RepositoryName,
        /// Only tags that contain this text.
        #[serde(default)]
        filter: String,
        /// Tags such as `sha256-….sig` too.
        #[serde(default)]
        attachments: bool,
    },
    /// The tags and images with a layer, as `layer` lists them.
    Layer(Digest),
}
