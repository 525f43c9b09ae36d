// SPDX-License-Identifier: LGPL-2.1-or-later

//! The service accounts of projects, of which only the metadata is read.

use serde::Deserialize;

use super::described::Described;
use crate::uri::escaped;

/// A service account.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceAccount {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described,
}

/// The accounts that controllers make in every project: Kubernetes' own, and those of OpenShift.
const MADE_BY_THE_CLUSTER: [&str; 3] = ["default", "builder", "deployer"];

impl ServiceAccount {
    /// Whether the cluster, or something that runs in it, made it for its own work.
    pub fn is_system(&self) -> bool {
        self.metadata.is_owned || is_made_by_the_cluster(&self.metadata.name)
    }
}

/// Whether the cluster makes an account of this name in every project.
pub fn is_made_by_the_cluster(name: &str) -> bool {
    MADE_BY_THE_CLUSTER.contains(&name)
}

/// The list of a project's service accounts.
pub fn list_path(project: &str) -> String {
    format!("/api/v1/namespaces/{}/serviceaccounts", escaped(project))
}
