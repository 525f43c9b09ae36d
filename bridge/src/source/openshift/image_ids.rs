// SPDX-License-Identifier: LGPL-2.1-or-later

//! The configs of OCI images. The API names the config of Docker images only, so the manifests of
//! all others are asked for at the registry, each once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, stream};
use images_catalog::{BlobFacts, Catalog, Content, ImageFacts};
use images_proto::{Digest, Failure, RepositoryName};

use crate::registry::Registry;
use crate::registry::manifest::Manifest;
use crate::source::configs::TOLERATED;

/// Manifests read at once; see [`crate::source::configs`].
const CONCURRENCY: usize = 16;

/// What is known of the configs that the API does not name.
#[derive(Default)]
pub(super) struct ImageIds(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// By the image's digest; `None` where there is none, or it could not be read.
    known: HashMap<Digest, Option<BlobFacts>>,
    wanted: BTreeMap<RepositoryName, Vec<Digest>>,
}

impl ImageIds {
    /// Adds to the images of a repository the configs that are known, here or in the catalog, and
    /// remembers those that are not.
    pub(super) fn complete(
        &self,
        repository: &RepositoryName,
        images: &mut [ImageFacts],
        catalog: &Catalog,
    ) {
        let mut inner = self.inner();
        let mut wanted = Vec::new();
        for image in images {
            if let Content::Manifest { config: config @ None, .. } = &mut image.content {
                match (inner.known.get(&image.digest), catalog.content_of(&image.digest)) {
                    (Some(known), _) => *config = *known,
                    (None, Some(Content::Manifest { config: known @ Some(_), .. })) => {
                        *config = known;
                    }
                    (None, _) => wanted.push(image.digest),
                }
            }
        }
        if wanted.is_empty() {
            inner.wanted.remove(repository);
        } else {
            inner.wanted.insert(repository.clone(), wanted);
        }
    }

    /// Whether there is something to read.
    pub(super) fn is_wanting(&self) -> bool {
        !self.inner().wanted.is_empty()
    }

    /// Reads all that is wanted, and returns the repositories about which more is known now.
    ///
    /// # Errors
    /// When the registry cannot be spoken to (any more).
    pub(super) async fn read(&self, registry: &Registry) -> Result<Vec<RepositoryName>, Failure> {
        // They stay wanted until all are known.
        let (wanted, names) = {
            let inner = self.inner();
            let mut wanted = inner.wanted.clone();
            for digests in wanted.values_mut() {
                digests.retain(|digest| !inner.known.contains_key(digest));
            }
            (wanted, inner.wanted.keys().cloned().collect::<Vec<_>>())
        };
        let mut reading = stream::iter(wanted)
            .flat_map(|(name, digests)| {
                stream::iter(digests.into_iter().map(move |digest| (name.clone(), digest)))
            })
            .map(|(name, digest)| async move {
                (digest, registry.parsed_manifest(&name, &digest).await)
            })
            .buffer_unordered(CONCURRENCY);
        let mut failures = 0;
        while let Some((digest, result)) = reading.next().await {
            let config = match result {
                Ok((_, Manifest::Image(image))) => {
                    image.config.map(|blob| BlobFacts { digest: blob.digest, size: blob.size })
                }
                Ok((_, Manifest::Index(_))) => None,
                Err(error) if error.is_about_the_route() && failures == TOLERATED => {
                    return Err(error.failure("read the manifests of the images"));
                }
                Err(error) => {
                    failures += usize::from(error.is_about_the_route());
                    tracing::debug!(%digest, error = %crate::body::chain(&error), "manifest passed over");
                    None
                }
            };
            self.inner().known.insert(digest, config);
        }
        let mut inner = self.inner();
        for name in &names {
            inner.wanted.remove(name);
        }
        drop(inner);
        Ok(names)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_without_a_config_are_wanted_and_each_once() {
        let ids = ImageIds::default();
        let digest = |byte| Digest::from_bytes([byte; 32]);
        let blob = BlobFacts { digest: digest(9), size: Some(5) };
        let image = |byte, content| ImageFacts { digest: digest(byte), content };
        let bare = Content::Manifest { config: None, layers: vec![] };
        let mut images = vec![
            image(1, Content::Manifest { config: Some(blob), layers: vec![] }),
            image(2, Content::Index { children: vec![] }),
            image(3, bare.clone()),
            image(4, Content::Missing),
        ];
        let name: RepositoryName = "shop/api".parse().unwrap();
        let mut catalog = Catalog::default();
        ids.complete(&name, &mut images, &catalog);
        assert_eq!(ids.inner().wanted[&name], [digest(3)]);
        ids.inner().known.insert(digest(3), Some(blob));
        ids.complete(&name, &mut images, &catalog);
        assert!(!ids.is_wanting());
        let whole = Content::Manifest { config: Some(blob), layers: vec![] };
        assert_eq!(images[2].content, whole);
        assert_eq!(images[3].content, Content::Missing);

        catalog.put_repository(&name, None);
        catalog.put_images(&name, vec![image(3, whole.clone())]);
        let (ids, mut again) = (ImageIds::default(), vec![image(3, bare)]);
        ids.complete(&name, &mut again, &catalog);
        assert!(!ids.is_wanting() && again[0].content == whole, "the catalog knows it");
    }
}
