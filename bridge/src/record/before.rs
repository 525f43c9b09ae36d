// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is remembered of how things were, so that they can be put back.

use std::collections::BTreeMap;

use images_proto::{Digest, RepositoryName, Tag};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How things were before a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Before {
    /// Nothing was kept: there is nothing that could be taken back.
    #[default]
    Nothing,
    /// On OpenShift: the image streams as the API gave them.
    Openshift {
        /// By repository.
        streams: BTreeMap<RepositoryName, Value>,
    },
    /// In a plain registry.
    Distribution(Kept),
}

/// What was kept of a plain registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The repositories of which something goes.
    pub repositories: BTreeMap<RepositoryName, KeptRepository>,
    /// Manifests and indexes, each once.
    pub manifests: BTreeMap<Digest, KeptManifest>,
}

/// What was kept of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRepository {
    /// The tags that go, and what they named.
    pub tags: BTreeMap<Tag, Digest>,
    /// The manifests and indexes that go or lose their tag, and the children of these indexes.
    pub manifests: Vec<Digest>,
}

/// A manifest or index, as it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptManifest {
    /// Its media type.
    pub media_type: String,
    /// Its bytes, which are text.
    pub text: String,
}
