// SPDX-License-Identifier: LGPL-2.1-or-later

//! What somebody can do about projects and the roles in them.

use images_proto::Failure;
use images_proto::grant::{self, Granted};
use images_proto::project::{Deletion, Done, Goes, NewRepository, SharingChoice, Wording};

use super::Session;
use super::registry::is_openshift;
use crate::action;
use crate::source::Source;

impl Session {
    /// Makes a project.
    ///
    /// # Errors
    /// When the cluster does not make it, or does not show it afterwards.
    pub async fn create_project(&self, params: Wording) -> Result<Done, Failure> {
        let cluster = self.cluster().await?;
        action::create_project(&cluster, is_openshift(&cluster).await?, params).await
    }

    /// Changes what a project is called and said to be.
    ///
    /// # Errors
    /// When the cluster does not change it.
    pub async fn change_project(&self, params: Wording) -> Result<Done, Failure> {
        let cluster = self.cluster().await?;
        action::change_project(&cluster, is_openshift(&cluster).await?, params).await
    }

    /// Says what would go with a project or, once agreed, deletes it.
    ///
    /// # Errors
    /// When it cannot be looked at, or is not deleted.
    pub async fn delete_project(&self, params: Deletion) -> Result<Goes, Failure> {
        let cluster = self.cluster().await?;
        let openshift = is_openshift(&cluster).await?;
        let connection = self.connection().await;
        let place = action::Place {
            cluster: &cluster,
            openshift,
            state: &self.state,
            connection: connection.as_deref(),
        };
        action::delete_project(place, params).await
    }

    /// Makes an empty repository.
    ///
    /// # Errors
    /// When the cluster does not make it, and on plain registries.
    pub async fn create_repository(&self, params: NewRepository) -> Result<Done, Failure> {
        let connection = self.connection().await?;
        let cluster = match connection.source() {
            Source::Openshift(source) => Some(source.cluster()),
            Source::Distribution(_) => None,
        };
        let host = self.state.catalog().host().map(str::to_owned);
        action::create_repository(cluster, host.as_deref(), params).await
    }

    /// Gives, changes or takes a role in a project.
    ///
    /// # Errors
    /// When it is not done, or not wholly.
    pub async fn grant(&self, params: grant::Params) -> Result<Granted, Failure> {
        let cluster = self.cluster().await?;
        action::grant(&cluster, is_openshift(&cluster).await?, params).await
    }

    /// Sets with whom a project is shared.
    ///
    /// # Errors
    /// When it is not done, or not wholly.
    pub async fn share(&self, params: SharingChoice) -> Result<Granted, Failure> {
        let cluster = self.cluster().await?;
        action::share(&cluster, is_openshift(&cluster).await?, params).await
    }
}
