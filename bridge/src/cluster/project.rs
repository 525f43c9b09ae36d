// SPDX-License-Identifier: LGPL-2.1-or-later

//! The projects that the user may see.

use serde::Deserialize;

use super::metadata::Metadata;
use super::{Cluster, Error};

#[derive(Deserialize)]
struct Project {
    metadata: Metadata,
}

impl Cluster {
    /// The names of the projects that the user may see. OpenShift answers this to everybody.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn projects(&self) -> Result<Vec<String>, Error> {
        let projects: Vec<Project> =
            self.list_all("/apis/project.openshift.io/v1/projects").await?;
        Ok(projects.into_iter().map(|project| project.metadata.name).collect())
    }
}
