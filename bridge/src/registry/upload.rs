// SPDX-License-Identifier: LGPL-2.1-or-later

//! Putting manifests into a registry: those that come back, and those that stand in a tag's way.

use bytes::Bytes;
use images_proto::RepositoryName;

use super::answer::Bound;
use super::{Error, Registry, request};

impl Registry {
    /// Puts a manifest or index under `reference`, a tag or its digest. What it refers to has to be
    /// in the repository.
    ///
    /// # Errors
    /// When the registry refuses it.
    pub async fn put_manifest(
        &self,
        repository: &RepositoryName,
        reference: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<(), Error> {
        let request = request::put_manifest(repository, reference, media_type, bytes);
        self.send(&request, Bound::Small).await.map(drop)
    }
}
