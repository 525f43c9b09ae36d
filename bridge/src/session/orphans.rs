// SPDX-License-Identifier: LGPL-2.1-or-later

//! The questions of the view of what nothing leads to.

use std::collections::HashMap;

use images_catalog::query::orphans::Listed;
use images_proto::{Digest, Failure, RepositoryName};

use super::Session;
use crate::action;

impl Session {
    /// All images of the cluster, oldest first.
    ///
    /// # Errors
    /// When they cannot be listed, or not all streams can be seen.
    pub async fn listed_images(&self) -> Result<Vec<Listed>, Failure> {
        action::listed_images(&*self.connection().await?).await
    }

    /// The pull specs by which these images came, as far as they can be read.
    pub async fn image_origins(&self, digests: Vec<Digest>) -> HashMap<Digest, Option<String>> {
        match self.connection().await {
            Ok(connection) => action::image_origins(&connection, digests).await,
            Err(_) => HashMap::new(),
        }
    }

    /// Whether repositories of a plain registry have these manifests, as far as that can be asked.
    ///
    /// # Errors
    /// When the registry cannot be reached.
    pub async fn are_present(
        &self,
        subjects: Vec<(RepositoryName, Digest)>,
    ) -> Result<HashMap<(RepositoryName, Digest), bool>, Failure> {
        let connection = self.connection().await?;
        let present = action::present(&connection, &self.state, subjects).await;
        connection.check_the_registry();
        present
    }
}
