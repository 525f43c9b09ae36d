// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes a tag alone at a registry, while others name the same manifest.
//!
//! Registries of before distribution 3 do not delete tags, only manifests with all tags on them. There
//! the tag is made to name something else first, a *placeholder*, and that is deleted with its only
//! tag. Each tag has a placeholder of its own, which is always the same: so one that was left there is
//! recognized, and deleting it takes no other tag along.

use std::sync::OnceLock;

use bytes::Bytes;
use http::StatusCode;
use images_proto::{Code, Digest, Failure, RepositoryName, Tag, TagRef};
use serde_json::json;
use tokio::sync::Mutex;

use super::persistence::{self, Done};
use crate::registry::{self, Document, Error, Registry};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// How a registry deletes a tag, found out with the first one.
#[derive(Default)]
pub(super) struct Repointing {
    deletes_tags: OnceLock<bool>,
    /// Held by whoever finds that out.
    first: Mutex<()>,
}

/// An image, and the other tags of its repository that name it.
struct Siblings {
    manifest: Document,
    tags: Vec<Tag>,
}

impl Siblings {
    async fn of(registry: &Registry, tag: &TagRef, digest: &Digest) -> Result<Self, Error> {
        let TagRef { repository, tag: name } = tag;
        let manifest = registry.manifest(repository, digest).await?;
        let mut tags = Vec::new();
        for other in registry.tags(repository).await?.into_iter().filter(|other| other != name) {
            let named = registry.resolve(repository, other.as_str()).await?;
            if named.is_some_and(|named| named.digest == *digest) {
                tags.push(other);
            }
        }
        Ok(Self { manifest, tags })
    }

    /// Puts back what is gone. Whether nothing was.
    async fn put_back(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, Failure> {
        let tried = || format!("see what else the registry deleted in {repository}");
        let there = persistence::ask(|| registry.has_manifest(repository, digest)).await;
        if there.map_err(|error| error.failure(tried()))? {
            return Ok(true);
        }
        let lost = |error: Error| {
            let mut failure = Failure::new(
                Code::Conflict,
                format!(
                    "The registry deleted the image {} with all its tags in {repository}, although \
                     only one tag was to go, and it could not be put back.",
                    digest.short()
                ),
            );
            failure.details = Some(crate::body::chain(&error));
            failure
        };
        let names = match self.tags.is_empty() {
            true => vec![digest.to_string()],
            false => self.tags.iter().map(ToString::to_string).collect(),
        };
        for name in names {
            restore(registry, repository, &name, &self.manifest).await.map_err(lost)?;
        }
        Ok(false)
    }
}

/// What stands in a tag's way.
struct Placeholder {
    media_type: String,
    bytes: Bytes,
    digest: Digest,
}

/// What stands in the way of a tag that names `planned` while it is deleted.
pub(in crate::action) fn placeholder(tag: &TagRef, planned: &Digest) -> Digest {
    Placeholder::new(tag, planned).digest
}

impl Repointing {
    /// Whether this digest is that of what an earlier run put in the tag's place.
    pub(super) fn is_placeholder(&self, tag: &TagRef, planned: &Digest, now: &Digest) -> bool {
        placeholder(tag, planned) == *now
    }

    /// Deletes a tag that was to name `planned`, and names `now`.
    pub(super) async fn delete(
        &self,
        registry: &Registry,
        tag: &TagRef,
        planned: &Digest,
        now: &Digest,
    ) -> Result<Done, Failure> {
        // The first one finds out how it is done, the others wait for that.
        let first = match self.deletes_tags.get() {
            None => Some(self.first.lock().await),
            Some(_) => None,
        };
        let way = match self.deletes_tags.get() {
            Some(true) => self.by_name(registry, tag, now, false).await?,
            Some(false) => None,
            None => self.by_name(registry, tag, now, true).await?,
        };
        drop(first);
        match way {
            Some(done) => Ok(done),
            None => self.repoint(registry, tag, planned, now).await,
        }
    }

    /// Deletes the tag by its name; `None`: the registry does not do that. With the `first`, it is
    /// looked whether the registry takes the whole image along (which distribution-spec forbids,
    /// "Deleting Tags"): then that is put back.
    async fn by_name(
        &self,
        registry: &Registry,
        tag: &TagRef,
        now: &Digest,
        first: bool,
    ) -> Result<Option<Done>, Failure> {
        let TagRef { repository, tag: name } = tag;
        let tried = || format!("delete the tag {tag}");
        let before = match first {
            true => match Siblings::of(registry, tag, now).await {
                Ok(before) => Some(before),
                // What could not be put back is not risked.
                Err(_) => return Ok(None),
            },
            false => None,
        };
        match persistence::delete(|| registry.delete_tag(repository, name)).await {
            Ok(Done::Yes) => {
                let kept = match &before {
                    Some(before) => before.put_back(registry, repository, now).await?,
                    None => true,
                };
                let _ = self.deletes_tags.set(kept);
                Ok(Some(Done::Yes))
            }
            // Some say that they have no manifest of such a digest.
            Ok(Done::Absent) => {
                let found = registry.resolve(repository, name.as_str()).await;
                match found.map_err(|error| error.failure(tried()))? {
                    None => Ok(Some(Done::Absent)),
                    Some(_) => {
                        let _ = self.deletes_tags.set(false);
                        Ok(None)
                    }
                }
            }
            Err(error) if knows_no_tags(&error) => {
                let _ = self.deletes_tags.set(false);
                Ok(None)
            }
            Err(error) => Err(super::distribution::refused(&error, &format!("the tag {tag}"))),
        }
    }

    async fn repoint(
        &self,
        registry: &Registry,
        tag: &TagRef,
        planned: &Digest,
        now: &Digest,
    ) -> Result<Done, Failure> {
        let TagRef { repository, tag: name } = tag;
        let placeholder = Placeholder::new(tag, planned);
        let tried = || format!("make way for the deletion of the tag {tag}");
        // A registry that deletes nothing must not get a placeholder that stays.
        delete_nothing(registry, repository)
            .await
            .map_err(|error| super::distribution::refused(&error, &format!("the tag {tag}")))?;
        let before = match placeholder.digest == *now {
            true => None,
            false => {
                let before = registry.manifest(repository, now).await;
                let before = before.map_err(|error| error.failure(tried()))?;
                let putting = persistence::ask(|| placeholder.put(registry, tag));
                putting.await.map_err(|error| cannot_repoint(&error, tag))?;
                Some(before)
            }
        };
        let deleting = persistence::delete(|| async {
            registry.delete_manifest(repository, &placeholder.digest).await
        });
        match (deleting.await, before) {
            (Ok(_), _) => Ok(Done::Yes),
            (Err(error), before) => {
                let mut failure = error.failure(format_args!("delete the tag {tag}"));
                let restored = match &before {
                    Some(before) => restore(registry, repository, name.as_str(), before).await,
                    None => Ok(()),
                };
                if let Err(again) = restored {
                    failure.message.push_str(
                        " The tag names a placeholder now, because it could not be put back.",
                    );
                    failure.details = Some(crate::body::chain(&again));
                    failure.fix = Some(format!("Delete it again, or tag {planned} anew."));
                }
                Err(failure)
            }
        }
    }
}

impl Placeholder {
    fn new(tag: &TagRef, planned: &Digest) -> Self {
        // An index of nothing needs no blob. What makes it this tag's own stands in an annotation.
        let text = json!({
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [],
            "annotations": {
                "org.opencontainers.image.title": "A tag that is being deleted by cockpit-images",
                "org.opencontainers.image.ref.name": tag.to_string(),
                "org.opencontainers.image.base.digest": planned.to_string(),
            },
        });
        let bytes = Bytes::from(text.to_string());
        Self { media_type: INDEX.to_owned(), digest: registry::sha256(&bytes), bytes }
    }

    async fn put(&self, registry: &Registry, tag: &TagRef) -> Result<(), Error> {
        let (name, bytes) = (tag.tag.as_str(), self.bytes.clone());
        registry.put_manifest(&tag.repository, name, &self.media_type, bytes).await
    }
}

/// Has the tag name again what it named.
async fn restore(
    registry: &Registry,
    repository: &RepositoryName,
    tag: &str,
    before: &Document,
) -> Result<(), Error> {
    let media_type = before.media_type.as_deref().unwrap_or(DOCKER);
    persistence::ask(|| async {
        registry.put_manifest(repository, tag, media_type, before.bytes.clone()).await
    })
    .await
}

/// Asks to delete what is not there: whether the registry deletes at all.
async fn delete_nothing(registry: &Registry, repository: &RepositoryName) -> Result<(), Error> {
    let nothing = Digest::from_bytes([0; 32]);
    match persistence::delete(|| registry.delete_manifest(repository, &nothing)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the registry takes the name of a tag for a bad digest, or knows no such deletion.
fn knows_no_tags(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| {
        matches!(
            refusal.status,
            StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
        )
    })
}

fn cannot_repoint(error: &Error, tag: &TagRef) -> Failure {
    let mut failure = Failure::new(
        Code::Unsupported,
        format!("This registry cannot delete the tag {tag} alone: other tags name the same image."),
    )
    .with_fix("Delete the image with all its tags, or give the other tags a copy of it first.");
    failure.details = Some(crate::body::chain(error));
    failure
}
