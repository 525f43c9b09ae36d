// SPDX-License-Identifier: LGPL-2.1-or-later

//! What manifests contain, each read once: a digest has one content for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use images_catalog::{BlobFacts, Content};
use images_proto::{Digest, RepositoryName};
use tokio::sync::OnceCell;

use crate::registry::manifest::{Blob, Manifest};
use crate::registry::{Error, Registry};

/// The manifests read so far. Two who want the same one at the same time wait for one request.
#[derive(Default)]
pub struct Manifests {
    known: Mutex<HashMap<Digest, Arc<OnceCell<Known>>>>,
}

/// A manifest that was read.
struct Known {
    content: Arc<Content>,
    /// Its own bytes.
    size: u64,
}

impl Manifests {
    /// What the manifest contains.
    ///
    /// # Errors
    /// When it cannot be read; it is asked for again the next time.
    pub(super) async fn read(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Arc<Content>, Error> {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(*digest).or_default().clone()
        };
        let known = cell
            .get_or_try_init(|| async {
                let (document, manifest) = registry.parsed_manifest(repository, digest).await?;
                let size = document.bytes.len() as u64;
                Ok(Known { content: Arc::new(content(manifest)), size })
            })
            .await?;
        Ok(known.content.clone())
    }

    /// The bytes of a manifest that was read.
    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Some(known.get(digest)?.get()?.size)
    }

    /// Forgets them, for another registry.
    pub fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn content(manifest: Manifest) -> Content {
    match manifest {
        Manifest::Image(image) => Content::Manifest {
            config: image.config.as_ref().map(blob),
            layers: image.layers.iter().map(blob).collect(),
        },
        Manifest::Index(index) => {
            Content::Index { children: index.children.iter().map(|child| child.digest).collect() }
        }
    }
}

fn blob(blob: &Blob) -> BlobFacts {
    BlobFacts { digest: blob.digest, size: blob.size }
}
