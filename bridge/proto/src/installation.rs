// SPDX-License-Identifier: LGPL-2.1-or-later

//! `plan-registry`, `add-registry` and `remove-registry`: a registry for a cluster that has none.

use serde::{Deserialize, Serialize};

use crate::Method;
use crate::account::{MissingRight, Object};

/// Says what would be added.
pub struct PlanRegistry;

impl Method for PlanRegistry {
    const NAME: &'static str = "plan-registry";
    type Params = Params;
    type Answer = Plan;
}

/// Adds the registry, tells the progress, and answers once `/v2/` does.
pub struct AddRegistry;

impl Method for AddRegistry {
    const NAME: &'static str = "add-registry";
    type Params = Params;
    type Answer = Receipt;
}

/// Removes what [`AddRegistry`] added, with all images in it.
pub struct RemoveRegistry;

impl Method for RemoveRegistry {
    const NAME: &'static str = "remove-registry";
    type Params = RemoveParams;
    type Answer = Receipt;
}

/// What to add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Where the images are kept.
    pub storage: Storage,
}

/// Where the images are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// On a volume of its own.
    Claim {
        /// The storage class; absent for the cluster's default.
        class: Option<String>,
        /// Its size, in bytes.
        size: u64,
    },
    /// In the pod: all images are lost with it.
    Pod,
}

impl Default for Storage {
    fn default() -> Self {
        Self::Claim { class: None, size: 20 << 30 }
    }
}

/// What would be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The objects, in the order in which they are applied. On OpenShift the one that switches the
    /// operator's registry on.
    pub objects: Vec<Object>,
    /// The cluster's storage classes; absent when nobody may look.
    #[serde(default)]
    pub classes: Option<Vec<StorageClass>>,
    /// The rights that the user lacks.
    #[serde(default)]
    pub missing: Vec<MissingRight>,
    /// What to know before one agrees, each a sentence.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Whether an earlier one is there that [`RemoveRegistry`] would remove.
    #[serde(default)]
    pub added: bool,
}

/// A kind of volumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageClass {
    /// Its name.
    pub name: String,
    /// Whether it is the cluster's default.
    pub is_default: bool,
}

/// What to remove: nothing to choose, but to agree to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoveParams {
    /// The user agreed to lose all images in it. Otherwise the answer says what would go.
    pub agreed: bool,
}

/// What became of each object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The objects, in order.
    pub objects: Vec<Object>,
    /// Whether it is done: the registry answers, or all is gone.
    pub done: bool,
    /// What to know afterwards, each a sentence.
    #[serde(default)]
    pub notes: Vec<String>,
}
