// SPDX-License-Identifier: LGPL-2.1-or-later

//! Bindings, which give roles (`rbac.authorization.k8s.io/v1`).

use serde::Deserialize;

use super::described::Described;
use crate::uri::escaped;

/// The list of the cluster's bindings.
pub const CLUSTER_ROLE_BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
/// The list of the bindings of all projects.
pub const ROLE_BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/rolebindings";

/// A binding of a project or of the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described,
    /// The role that it gives.
    pub role_ref: RoleRef,
    /// To whom. Go writes an empty list as null.
    #[serde(default)]
    pub subjects: Option<Vec<Subject>>,
}

/// A role that a binding names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RoleRef {
    /// `ClusterRole` or `Role`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Somebody whom a binding names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The project of a service account.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// The list of a project's bindings.
pub fn list_path(project: &str) -> String {
    format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings", escaped(project))
}
