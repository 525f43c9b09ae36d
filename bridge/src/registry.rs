// SPDX-License-Identifier: LGPL-2.1-or-later

//! The HTTP API of a registry (distribution-spec), over whatever carries the requests there.
//!
//! Knows neither the cluster nor the catalog. `request` builds requests, `answer` reads answers
//! with bounds, `manifest` and `config` parse documents; none of them does I/O but `answer`.

pub mod ability;
mod answer;
pub mod authorized;
pub mod carrier;
mod challenge;
pub mod config;
pub mod direct;
mod error;
pub mod login;
pub mod manifest;
mod outage;
mod paging;
mod presence;
mod removal;
mod request;
mod transfer;
pub mod tunnel;
mod upload;

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode};
use images_proto::{Digest, RepositoryName, Tag};
use tokio::sync::Semaphore;

pub use self::answer::sha256;
use self::answer::{Answer, Bound};
pub use self::carrier::{Carrier, Standing};
pub use self::error::{Error, Kind, Refusal};
use self::manifest::Manifest;
use self::outage::Outage;
pub use self::paging::Page;
pub use self::presence::Present;

/// Requests in flight at once. A registry of one process is saturated by then.
const CONCURRENCY: usize = 32;

/// Of these, requests in the background. What a user waits for takes the others at once, instead of
/// standing behind thousands.
const BACKGROUND: usize = 28;

/// The largest manifest or index, in bytes. Registries refuse larger ones (distribution: 4 MiB).
pub const MANIFEST_LIMIT: usize = 4 << 20;
/// The largest config, in bytes.
pub const CONFIG_LIMIT: usize = 8 << 20;
/// The largest page of repositories or tags, in bytes.
const LIST_LIMIT: usize = 16 << 20;

/// A registry. Clones share the bound on requests in flight.
#[derive(Clone)]
pub struct Registry {
    carrier: Arc<dyn Carrier>,
    slots: Arc<Semaphore>,
    background_slots: Arc<Semaphore>,
    in_background: bool,
    outage: Arc<Outage>,
}

/// What a tag or digest names, as a HEAD request tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The digest of the manifest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: Option<String>,
}

/// A manifest or config, byte for byte. Its digest was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The media type that the registry gave it.
    pub media_type: Option<String>,
    /// The bytes.
    pub bytes: Bytes,
}

impl Registry {
    /// The registry that `carrier` leads to.
    pub fn new(carrier: Arc<dyn Carrier>) -> Self {
        Self {
            carrier,
            slots: Arc::new(Semaphore::new(CONCURRENCY)),
            background_slots: Arc::new(Semaphore::new(BACKGROUND)),
            in_background: false,
            outage: Arc::default(),
        }
    }

    /// The same registry, for work that nobody waits for.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { in_background: true, ..self.clone() }
    }

    /// Proves that a registry answers there, and lets us in. Gives the product's name and version, if
    /// the answer tells them.
    ///
    /// # Errors
    /// When anything else answers, or nothing.
    pub async fn ping(&self) -> Result<Option<String>, Error> {
        let request = request::ping();
        let answer = self.send(&request, Bound::Small).await?;
        // Registries say `{}` or nothing; all of them name their API.
        let named = answer.headers.contains_key("docker-distribution-api-version");
        if named || matches!(answer.body.trim_ascii(), b"" | b"{}" | b"true") {
            Ok(ability::product(&answer.headers))
        } else {
            Err(Error::new(&request, Kind::NoRegistry))
        }
    }

    /// A page of the names of repositories, after the name `last`.
    ///
    /// # Errors
    /// When the registry does not list its repositories.
    pub async fn repositories(&self, last: Option<&str>) -> Result<Page, Error> {
        let request = request::catalog(last);
        let answer = self.send(&request, Bound::Bytes(LIST_LIMIT)).await?;
        paging::repositories(&answer, last).map_err(|kind| Error::new(&request, kind))
    }

    /// All tags of a repository; none when the registry has no such repository (any more).
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn tags(&self, repository: &RepositoryName) -> Result<Vec<Tag>, Error> {
        let mut tags = Vec::new();
        let mut last: Option<String> = None;
        // The bound ends the walk through a registry that always has one more page.
        while tags.len() < paging::MAX_NAMES {
            let request = request::tags(repository, last.as_deref());
            let answer = match self.send(&request, Bound::Bytes(LIST_LIMIT)).await {
                Ok(answer) => answer,
                // On a later page, part of the tags would be missing.
                Err(error) if error.is_not_found() && last.is_none() => break,
                Err(error) => return Err(error),
            };
            let page = paging::tags(&answer, last.as_deref())
                .map_err(|kind| Error::new(&request, kind))?;
            tags.extend(page.names.iter().filter_map(|name| name.parse().ok()));
            match page.next {
                Some(next) => last = Some(next),
                None => break,
            }
        }
        Ok(tags)
    }

    /// What `reference`, a tag or digest, names now; `None` when there is no such thing.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn resolve(
        &self,
        repository: &RepositoryName,
        reference: &str,
    ) -> Result<Option<Resolved>, Error> {
        let request = request::head_manifest(repository, reference);
        let answer = match self.send(&request, Bound::Small).await {
            Ok(answer) => answer,
            // An answer to HEAD has no words that tell who says 404.
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => {
                let request = request::manifest(repository, reference);
                match self.send(&request, Bound::Bytes(MANIFEST_LIMIT)).await {
                    Ok(answer) => answer,
                    Err(error) if error.is_not_found() => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        match answer.digest() {
            Some(digest) => Ok(Some(Resolved { digest, media_type: answer.media_type() })),
            // Optional by the spec: the manifest itself says it.
            None => {
                let request = request::manifest(repository, reference);
                let answer = self.send(&request, Bound::Bytes(MANIFEST_LIMIT)).await?;
                let digest = answer::sha256(&answer.body);
                Ok(Some(Resolved { digest, media_type: answer.media_type() }))
            }
        }
    }

    /// What a tag names now, with one request for both that and the document; `None` when there is no
    /// such tag. A document that is not what its digest says is left out.
    ///
    /// # Errors
    /// When it could not be read.
    pub async fn named_manifest(
        &self,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<(Resolved, Option<Document>)>, Error> {
        let request = request::manifest(repository, tag.as_str());
        let answer = match self.send(&request, Bound::Bytes(MANIFEST_LIMIT)).await {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let actual = answer::sha256(&answer.body);
        let digest = answer.digest().unwrap_or(actual);
        let media_type = answer.media_type();
        let is_whole = digest == actual || is_signed(&answer);
        let document = is_whole.then(|| answer.into_document());
        Ok(Some((Resolved { digest, media_type }, document)))
    }

    /// A manifest or index, verified.
    ///
    /// # Errors
    /// When there is none, or it is not what its digest says.
    pub async fn manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Document, Error> {
        let request = request::manifest(repository, &digest.to_string());
        let answer = self.send(&request, Bound::Bytes(MANIFEST_LIMIT)).await?;
        if is_signed(&answer) {
            return Ok(answer.into_document());
        }
        verified(&request, answer, digest)
    }

    /// A manifest or index, verified and parsed, with the document it came from.
    ///
    /// # Errors
    /// As for [`Registry::manifest`], and when it is of no kind that we know.
    pub async fn parsed_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<(Document, Manifest), Error> {
        let document = self.manifest(repository, digest).await?;
        let manifest = Manifest::parse(&document.bytes).map_err(|kind| {
            Error::new(&request::manifest(repository, &digest.to_string()), kind)
        })?;
        Ok((document, manifest))
    }

    /// A config, verified.
    ///
    /// # Errors
    /// When there is none, or it is not what its digest says.
    pub async fn config(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Document, Error> {
        let request = request::blob(repository, digest);
        let answer = self.send(&request, Bound::Bytes(CONFIG_LIMIT)).await?;
        verified(&request, answer, digest)
    }

    async fn send(&self, request: &Request<Bytes>, bound: Bound) -> Result<Answer, Error> {
        // The semaphores are never closed.
        let _background = match self.in_background {
            true => Some(self.background_slots.acquire().await),
            false => None,
        };
        let _slot = self.slots.acquire().await;
        // What may be asked with other methods is a question of rights, not of the route.
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer::ask(&*self.carrier, request, bound).await;
        }
        let begun = self.outage.begin();
        let answer = answer::ask(&*self.carrier, request, bound).await;
        match answer.as_ref().is_err_and(Error::is_about_the_route) {
            true => self.outage.failed(),
            false => self.outage.answered(begun),
        }
        answer
    }

    /// Whether a request failed as any other would now, and none that came after it was answered:
    /// another route may lead there.
    pub fn is_broken(&self) -> bool {
        self.outage.lasts()
    }
}

/// Whether it is a signed schema 1 manifest. Its digest leaves its signatures out, so it is not that
/// of the bytes (distribution, docs/spec/manifest-v2-1.md).
fn is_signed(answer: &Answer) -> bool {
    answer.media_type().as_deref() == Some(manifest::SIGNED_SCHEMA_1)
}

fn verified(request: &Request<Bytes>, answer: Answer, digest: &Digest) -> Result<Document, Error> {
    let actual = answer::sha256(&answer.body);
    if actual == *digest {
        Ok(answer.into_document())
    } else {
        Err(Error::new(request, Kind::Digest { expected: *digest, actual }))
    }
}

impl Answer {
    fn into_document(self) -> Document {
        Document { media_type: self.media_type(), bytes: self.body }
    }

    fn media_type(&self) -> Option<String> {
        header(&self.headers, CONTENT_TYPE.as_str())
            .map(|value| value.split(';').next().unwrap_or(value).trim().to_owned())
    }

    fn digest(&self) -> Option<Digest> {
        header(&self.headers, "docker-content-digest")?.parse().ok()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Error {
    /// Whether the registry says, in a registry's words (distribution-spec, "Error Codes"), that
    /// there is no such thing. A 404 of anything else in between says nothing.
    pub fn is_not_found(&self) -> bool {
        matches!(&self.kind, Kind::Refused(refusal)
            if refusal.status == StatusCode::NOT_FOUND
                && !refusal.by_api_server
                && refusal.code.as_deref().is_some_and(|code| !code.is_empty()))
    }

    fn is_status(&self, status: StatusCode) -> bool {
        matches!(&self.kind, Kind::Refused(refusal) if refusal.status == status)
    }
}

#[cfg(test)]
pub(crate) mod tests;
