// SPDX-License-Identifier: LGPL-2.1-or-later

//! The configuration of OpenShift's registry: `configs.imageregistry.operator.openshift.io`, of
//! which there is one, named `cluster`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::body::excerpt;
use crate::cluster::{Cluster, Error};

/// Where the configuration is.
pub const OPERATOR: &str = "/apis/imageregistry.operator.openshift.io/v1/configs/cluster";

/// The operator of OpenShift's registry, as far as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// `Managed`, `Removed` or `Unmanaged`.
    pub management_state: String,
    /// What it says about its work.
    pub conditions: Vec<Condition>,
    /// Remarks on the configuration.
    pub annotations: BTreeMap<String, String>,
    /// Whether storage is set.
    pub has_storage: bool,
    /// Whether a route leads to the registry.
    pub default_route: bool,
}

/// What a controller says about its work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// What it is about, such as `Available`.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A word for programs.
    pub reason: Option<String>,
    /// A sentence for people.
    pub message: Option<String>,
}

impl Condition {
    /// The sentence, or else the word; bounded.
    pub fn words(&self) -> Option<String> {
        let texts = [self.message.as_deref(), self.reason.as_deref()];
        texts.into_iter().flatten().find(|text| !text.is_empty()).map(|t| excerpt(t.as_bytes()))
    }
}

impl Operator {
    /// The condition of this type, if it is true.
    pub fn is_true(&self, r#type: &str) -> Option<&Condition> {
        self.conditions.iter().find(|known| known.r#type == r#type && known.status == "True")
    }

    /// Whether the registry is switched off.
    pub fn is_removed(&self) -> bool {
        self.management_state == "Removed"
    }
}

#[derive(Deserialize)]
struct Config {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    management_state: String,
    default_route: bool,
    storage: Option<BTreeMap<String, serde::de::IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Option<Vec<Condition>>,
}

impl Cluster {
    /// How OpenShift's registry is configured; `None` on a cluster without its operator.
    ///
    /// # Errors
    /// When that may not or cannot be read.
    pub async fn image_registry_operator(&self) -> Result<Option<Operator>, Error> {
        match self.get::<Config>(OPERATOR).await {
            Ok(config) => Ok(Some(config.read())),
            Err(error) if error.is_no_path() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Config {
    fn read(self) -> Operator {
        /// `managementState` is no storage.
        fn is_storage(key: &str) -> bool {
            key != "managementState"
        }
        let storage = self.spec.storage.unwrap_or_default();
        Operator {
            management_state: self.spec.management_state,
            conditions: self.status.conditions.unwrap_or_default(),
            annotations: self.metadata.annotations.unwrap_or_default(),
            has_storage: storage.keys().any(|key| is_storage(key)),
            default_route: self.spec.default_route,
        }
    }
}
