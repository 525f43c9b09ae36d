// SPDX-License-Identifier: LGPL-2.1-or-later

//! The registry whose garbage is collected. Its pod is another one after each restart, and the way
//! to it may be, too.

use images_proto::{Failure, RepositoryName};

use super::place::{Outside, Place};
use crate::session::state::State;
use crate::source::Connection;

/// A registry that may move.
pub(super) trait Site: Sync {
    /// Its pod as it is now.
    fn place(&self) -> impl Future<Output = Result<Place, Box<Outside>>> + Send;

    /// Whether the registry itself says now that it takes no pushes.
    fn is_read_only(&self) -> impl Future<Output = Result<bool, Failure>> + Send;
}

/// The registry in use.
pub(super) struct InUse<'a> {
    pub(super) connection: &'a Connection,
    pub(super) state: &'a State,
}

impl Site for InUse<'_> {
    async fn place(&self) -> Result<Place, Box<Outside>> {
        Place::find(self.connection).await
    }

    async fn is_read_only(&self) -> Result<bool, Failure> {
        let registry = self.connection.registry(self.state).await?;
        let tried = "ask the registry whether it takes pushes";
        // Tells a route that broke with the old pod, so that another is looked for.
        registry.ping().await.map_err(|error| error.failure(tried))?;
        let known = self.state.catalog().repository_names().next().cloned();
        let some: Option<RepositoryName> = known.or_else(|| "cockpit-images/nothing".parse().ok());
        let Some(repository) = some else { return Ok(false) };
        registry.is_read_only(&repository).await.map_err(|error| error.failure(tried))
    }
}
