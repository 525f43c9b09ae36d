// SPDX-License-Identifier: LGPL-2.1-or-later

//! What manifests contain, each read once: a digest has one content for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use images_catalog::{BlobFacts, Content};
use images_proto::{Digest, RepositoryName};
use tokio::sync::OnceCell;

use crate::registry::manifest::{Blob, Manifest};
use crate::registry::{Document, Error, Registry};

/// The manifests read so far. Two who want the same one at the same time wait for one request.
#[derive(Default)]
pub struct Manifests {
    known: Mutex<HashMap<Digest, Arc<OnceCell<Known>>>>,
    /// The bytes of those that were read at an earlier login: what they contain is in the catalog.
    recalled: Mutex<HashMap<Digest, u64>>,
}

/// A manifest that was read.
struct Known {
    content: Arc<Content>,
    /// Its own bytes.
    size: u64,
}

impl Known {
    fn new(document: &Document, manifest: Manifest) -> Self {
        Self { content: Arc::new(content(manifest)), size: document.bytes.len() as u64 }
    }
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
            let mut known = lock(&self.known);
            known.entry(*digest).or_default().clone()
        };
        let known = cell
            .get_or_try_init(|| async {
                let (document, manifest) = registry.parsed_manifest(repository, digest).await?;
                Ok(Known::new(&document, manifest))
            })
            .await?;
        Ok(known.content.clone())
    }

    /// Takes a manifest that came with the answer to another question, and was verified. One that is of
    /// no kind that we know is asked for again by whoever wants to know why.
    pub(super) fn put(&self, digest: &Digest, document: &Document) {
        let Ok(manifest) = Manifest::parse(&document.bytes) else { return };
        let cell = lock(&self.known).entry(*digest).or_default().clone();
        // Somebody may be reading the same one right now, and finds the same.
        let _ = cell.set(Known::new(document, manifest));
    }

    /// The bytes of a manifest that was read.
    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        let read = lock(&self.known).get(digest).and_then(|known| Some(known.get()?.size));
        read.or_else(|| lock(&self.recalled).get(digest).copied())
    }

    /// Whether it was read at an earlier login.
    pub(super) fn is_recalled(&self, digest: &Digest) -> bool {
        lock(&self.recalled).contains_key(digest)
    }

    /// Takes over the bytes of manifests that were read at an earlier login.
    pub fn recall(&self, sizes: HashMap<Digest, u64>) {
        *lock(&self.recalled) = sizes;
    }

    /// The bytes of all that were read, now or at an earlier login.
    pub fn sizes(&self) -> HashMap<Digest, u64> {
        let mut sizes = lock(&self.recalled).clone();
        let known = lock(&self.known);
        sizes.extend(known.iter().filter_map(|(digest, known)| Some((*digest, known.get()?.size))));
        sizes
    }

    /// Forgets them, for another registry.
    pub fn clear(&self) {
        lock(&self.known).clear();
        lock(&self.recalled).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
