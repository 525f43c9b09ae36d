// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whether a registry has something, and how large it is.

use http::StatusCode;
use http::header::CONTENT_LENGTH;
use images_proto::{Digest, RepositoryName};

use super::answer::{Answer, Bound};
use super::{Error, Kind, MANIFEST_LIMIT, Registry, header, request};

/// Something that a registry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its bytes, if the registry tells them.
    pub size: Option<u64>,
}

impl Registry {
    /// Whether a repository has this manifest or index, asked with one request: for what is probably
    /// gone, for only an answer with words proves that (an answer to HEAD has none).
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn has_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Error> {
        let request = request::manifest(repository, &digest.to_string());
        match self.send(&request, Bound::Bytes(MANIFEST_LIMIT)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A manifest or index of a repository, without reading it.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn find_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<Present>, Error> {
        let request = request::head_manifest(repository, &digest.to_string());
        match self.send(&request, Bound::Small).await {
            Ok(answer) => Ok(Some(Present { size: answer.length() })),
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => {
                let there = self.has_manifest(repository, digest).await?;
                Ok(there.then_some(Present { size: None }))
            }
            Err(error) => Err(error),
        }
    }

    /// A layer or config of a repository, without reading it.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn find_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<Present>, Error> {
        let request = request::head_blob(repository, digest);
        match self.send(&request, Bound::Small).await {
            Ok(answer) => Ok(Some(Present { size: answer.length() })),
            // It sends whoever asks for the bytes to where they are.
            Err(Error { kind: Kind::Redirected, .. }) => Ok(Some(Present { size: None })),
            // An answer to HEAD has no words that tell who says 404.
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => {
                let request = request::blob(repository, digest);
                match self.send(&request, Bound::Small).await {
                    Ok(_) => Ok(Some(Present { size: None })),
                    Err(error) if error.is_not_found() => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a repository has this layer or config.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn has_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Error> {
        Ok(self.find_blob(repository, digest).await?.is_some())
    }
}

impl Answer {
    fn length(&self) -> Option<u64> {
        header(&self.headers, CONTENT_LENGTH.as_str())?.parse().ok()
    }
}
