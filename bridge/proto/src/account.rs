// SPDX-License-Identifier: LGPL-2.1-or-later

//! `account`: the service account by which somebody who has only a client certificate speaks to
//! OpenShift's registry.

use serde::{Deserialize, Serialize};

use crate::Method;

/// Says what would be created and, once agreed, creates it and has the bridge use it.
pub struct UseAccount;

impl Method for UseAccount {
    const NAME: &'static str = "account";
    type Params = Params;
    type Answer = Account;
}

/// Whether to look or to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// The user saw what would be created and agreed.
    pub agreed: bool,
}

/// The account, as it is or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The namespace of the service account.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The cluster role that it has or gets.
    pub role: String,
    /// What is missing and would be created; empty when the account is complete.
    #[serde(default)]
    pub creates: Vec<Object>,
    /// The rights that the user lacks for that, and for getting a token.
    #[serde(default)]
    pub missing: Vec<MissingRight>,
    /// Whether the bridge uses the account now.
    #[serde(default)]
    pub in_use: bool,
}

/// An object of the cluster, before it is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its kind, such as `ServiceAccount`.
    pub kind: String,
    /// Its namespace, if it has one.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The whole object, for people to read.
    pub yaml: String,
}

/// A right that the user lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRight {
    /// The verb, such as `create`.
    pub verb: String,
    /// The resource with its group, such as `clusterrolebindings.rbac.authorization.k8s.io`.
    pub resource: String,
    /// The namespace; absent for the whole cluster.
    #[serde(default)]
    pub namespace: Option<String>,
    /// A command line by which an administrator grants it.
    #[serde(default)]
    pub command: Option<String>,
}
