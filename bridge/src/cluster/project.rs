// SPDX-License-Identifier: LGPL-2.1-or-later

//! The projects that the user may see, and plain Kubernetes' namespaces.

use serde::Deserialize;

use super::described::Described;
use super::metadata::Metadata;
use super::{Cluster, Error};

/// The list of OpenShift's projects. It is answered to everybody with what he may see, has no
/// version to watch from, and is not paged. A watch from version 0 tells the projects that there
/// are before it goes on with what changes (openshift-apiserver, `pkg/project`).
pub const PROJECTS: &str = "/apis/project.openshift.io/v1/projects";
/// The list of namespaces.
pub const NAMESPACES: &str = "/api/v1/namespaces";

/// A project or a namespace.
#[derive(Clone, Debug, Deserialize)]
pub struct Project {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described<Notes>,
    #[serde(default)]
    status: Status,
}

/// What annotations of a project say (OpenShift's `api/annotations`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// What it is called.
    #[serde(rename = "openshift.io/display-name")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(rename = "openshift.io/description")]
    pub description: Option<String>,
    /// Who asked for it.
    #[serde(rename = "openshift.io/requester")]
    pub requester: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Option<String>,
}

impl Project {
    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
            || self.status.phase.as_deref() == Some("Terminating")
    }
}

#[derive(Deserialize)]
struct Named {
    metadata: Metadata,
}

impl Cluster {
    /// The names of the projects that the user may see. OpenShift answers this to everybody.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn projects(&self) -> Result<Vec<String>, Error> {
        let projects: Vec<Named> = self.list_all(PROJECTS).await?;
        Ok(projects.into_iter().map(|project| project.metadata.name).collect())
    }
}
