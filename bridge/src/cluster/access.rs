// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the user may do, asked before it is tried.

use serde::Serialize;

use super::{Cluster, Error};

/// Something that one may do or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Deleting the tags of a project.
    DeleteTags {
        /// The project.
        project: String,
    },
    /// Changing the history of the tags of a project.
    ChangeHistory {
        /// The project.
        project: String,
    },
}

/// A right in RBAC's own terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Permission<'a> {
    /// What is done, such as `create`.
    pub verb: &'a str,
    /// The API group; empty for the oldest one.
    pub group: &'a str,
    /// What it is done to, such as `services`.
    pub resource: &'a str,
    /// A part of it, such as `proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<&'a str>,
    /// The namespace; absent for the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'a str>,
    /// A single object; absent for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

impl Cluster {
    /// Whether the user has this right.
    ///
    /// # Errors
    /// When the cluster does not say.
    pub async fn has_right(&self, right: &Right) -> Result<bool, Error> {
        let (namespace, verb, resource, subresource) = match right {
            Right::DeleteTags { project } => (project, "delete", "imagestreamtags", None),
            Right::ChangeHistory { project } => (project, "update", "imagestreams", Some("status")),
        };
        let group = "image.openshift.io";
        let namespace = Some(namespace.as_str());
        self.may(Permission { verb, group, resource, subresource, namespace, name: None }).await
    }

    /// Whether the user has this right.
    ///
    /// # Errors
    /// When the cluster does not say.
    pub async fn may(&self, permission: Permission<'_>) -> Result<bool, Error> {
        Ok(self.may_i(permission).await?.allowed)
    }
}
