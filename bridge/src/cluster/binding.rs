// SPDX-License-Identifier: LGPL-2.1-or-later

//! Bindings, which give roles (`rbac.authorization.k8s.io/v1`).

use images_proto::subject;
use images_roster::{facts, subject_of_user};
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

impl RoleRef {
    /// Which role it is.
    pub fn read(&self) -> facts::RoleRef {
        facts::RoleRef { cluster: self.kind == "ClusterRole", name: self.name.clone() }
    }
}

impl Subject {
    /// Whom it names; `None` for kinds that nobody is of. A service account that is named as a user
    /// is the robot that it is.
    pub fn read(&self) -> Option<subject::Subject> {
        subject_of(&self.kind, &self.name, self.namespace.as_deref())
    }
}

/// Whom a binding names; see [`Subject::read`].
pub fn subject_of(kind: &str, name: &str, project: Option<&str>) -> Option<subject::Subject> {
    match kind {
        "User" => Some(subject_of_user(name)),
        "Group" => Some(subject::Subject::group(name)),
        "ServiceAccount" => Some(subject::Subject::robot(project?, name)),
        _ => None,
    }
}

/// The list of a project's bindings.
pub fn list_path(project: &str) -> String {
    format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings", escaped(project))
}
