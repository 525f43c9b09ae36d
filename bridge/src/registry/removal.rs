// SPDX-License-Identifier: LGPL-2.1-or-later

//! Asking a registry to delete. A yes proves nothing: look again (`presence`).

use images_proto::{Digest, RepositoryName, Tag};

use super::answer::Bound;
use super::{Error, Registry, request};

impl Registry {
    /// Asks to delete a manifest, and with it all tags of the repository on it.
    ///
    /// # Errors
    /// When the registry refuses, or has no such manifest.
    pub async fn delete_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Error> {
        let request = request::delete_manifest(repository, digest);
        self.send(&request, Bound::Small).await.map(drop)
    }

    /// Asks to delete a tag alone (distribution-spec, "Deleting Tags"). OpenShift's registry says
    /// yes and does nothing; older ones of distribution answer 400 or 405.
    ///
    /// # Errors
    /// When the registry refuses, or has no such tag.
    pub async fn delete_tag(&self, repository: &RepositoryName, tag: &Tag) -> Result<(), Error> {
        let request = request::delete_tag(repository, tag);
        self.send(&request, Bound::Small).await.map(drop)
    }

    /// Asks to break the link of a repository to a layer or config. Other repositories keep theirs,
    /// and the data stays.
    ///
    /// # Errors
    /// When the registry refuses, or the repository has no such link.
    pub async fn delete_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Error> {
        let request = request::delete_blob(repository, digest);
        self.send(&request, Bound::Small).await.map(drop)
    }

    /// Asks OpenShift's registry to remove the data of a blob. It does not look whether anything
    /// refers to it, and says yes as well where there was nothing.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn delete_blob_everywhere(&self, digest: &Digest) -> Result<(), Error> {
        let request = request::delete_blob_everywhere(digest);
        self.send(&request, Bound::Small).await.map(drop)
    }
}
