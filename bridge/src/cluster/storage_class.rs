// SPDX-License-Identifier: LGPL-2.1-or-later

//! The kinds of volumes that a cluster offers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Cluster, Error};

/// What marks the default; older clusters have the second.
const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// A kind of volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageClass {
    /// Its name.
    pub name: String,
    /// Whether a claim that names none gets it.
    pub is_default: bool,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    annotations: Option<BTreeMap<String, String>>,
}

impl Cluster {
    /// All kinds of volumes.
    ///
    /// # Errors
    /// When they may not or cannot be listed.
    pub async fn storage_classes(&self) -> Result<Vec<StorageClass>, Error> {
        let classes: Vec<Object> = self.list_all("/apis/storage.k8s.io/v1/storageclasses").await?;
        let read = |Object { metadata: Metadata { name, annotations } }| {
            let annotations = annotations.unwrap_or_default();
            let is_default =
                DEFAULT.iter().any(|key| annotations.get(*key).is_some_and(|v| v == "true"));
            StorageClass { name, is_default }
        };
        Ok(classes.into_iter().map(read).collect())
    }
}
