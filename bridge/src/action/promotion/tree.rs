// SPDX-License-Identifier: LGPL-2.1-or-later

//! An image, or an index with everything in it, on its way from one repository of a plain registry
//! to another: byte by byte the same, so that the digests stay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};
use images_proto::{Code, Digest, Failure, RepositoryName};

use super::super::delete::persistence::ask;
use crate::registry::manifest::{Blob, Manifest};
use crate::registry::{Document, Registry};

/// Manifests that are read at once, and blobs that are brought.
const CONCURRENCY: usize = 4;
/// The most manifests of one index, those of indexes inside included.
const MOST: usize = 200;

/// An image or index, and everything in it, what is inside before what contains it.
pub(super) struct Tree {
    nodes: Vec<(Digest, Document, Manifest)>,
}

impl Tree {
    /// Reads it.
    ///
    /// # Errors
    /// When a part of it is not there, or cannot be read: an index moves whole or not at all.
    pub(super) async fn read(
        registry: &Registry,
        repository: &RepositoryName,
        root: &Digest,
    ) -> Result<Self, Failure> {
        let mut read: BTreeMap<Digest, (Document, Manifest)> = BTreeMap::new();
        let mut wanted = BTreeSet::from([*root]);
        while !wanted.is_empty() {
            if read.len() + wanted.len() > MOST {
                let words = format!("{} contains more than {MOST} images.", root.short());
                return Err(Failure::new(Code::Unsupported, words));
            }
            let reading: Vec<_> = wanted
                .iter()
                .map(|digest| async move {
                    let parsed = ask(|| registry.parsed_manifest(repository, digest)).await;
                    let parsed = parsed.map_err(|error| {
                        error.failure(format_args!(
                            "read the manifest {} of {repository}",
                            digest.short()
                        ))
                    })?;
                    Ok::<_, Failure>((*digest, parsed))
                })
                .collect();
            let some: Vec<_> =
                stream::iter(reading).buffer_unordered(CONCURRENCY).try_collect().await?;
            read.extend(some);
            let inside = read.values().flat_map(|(_, manifest)| children(manifest));
            wanted = inside.filter(|digest| !read.contains_key(digest)).collect();
        }
        Ok(Self { nodes: inside_first(read) })
    }

    /// The digests of all of it.
    pub(super) fn digests(&self) -> BTreeSet<Digest> {
        self.nodes.iter().map(|(digest, ..)| *digest).collect()
    }

    /// Has another repository have all of it, by digest. What had to be sent is counted in `sent`.
    ///
    /// # Errors
    /// When a part of it cannot be brought there.
    pub(super) async fn bring(
        &self,
        registry: &Registry,
        from: &RepositoryName,
        to: &RepositoryName,
        sent: &AtomicU64,
    ) -> Result<(), Failure> {
        for (digest, document, manifest) in &self.nodes {
            let tried = |what: &str| format!("{what} {} to {to}", digest.short());
            let there = ask(|| registry.find_manifest(to, digest)).await;
            let there = there
                .map_err(|error| error.failure(format_args!("look for {to}@{}", digest.short())))?;
            if there.is_some() {
                continue;
            }
            let bringing: Vec<_> = blobs(manifest)
                .into_iter()
                .map(|blob| async move {
                    let bytes = ask(|| registry.bring_blob(from, to, &blob)).await;
                    let bytes = bytes.map_err(|error| {
                        error.failure(format_args!("bring {} to {to}", blob.short()))
                    })?;
                    sent.fetch_add(bytes, Ordering::Relaxed);
                    Ok::<_, Failure>(())
                })
                .collect();
            stream::iter(bringing).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
            let reference = digest.to_string();
            put(registry, to, &reference, document, manifest)
                .await
                .map_err(|error| error.failure(tried("put the manifest")))?;
        }
        Ok(())
    }

    /// Puts the manifest of the whole under a tag of a repository that has all of it.
    ///
    /// # Errors
    /// When the registry refuses.
    pub(super) async fn put_tag(
        &self,
        registry: &Registry,
        tag: &images_proto::TagRef,
    ) -> Result<(), Failure> {
        let Some((_, document, manifest)) = self.nodes.last() else { return Ok(()) };
        put(registry, &tag.repository, tag.tag.as_str(), document, manifest)
            .await
            .map_err(|error| error.failure(format_args!("promote to {tag}")))
    }
}

async fn put(
    registry: &Registry,
    repository: &RepositoryName,
    reference: &str,
    document: &Document,
    manifest: &Manifest,
) -> Result<(), crate::registry::Error> {
    let own = match manifest {
        Manifest::Image(image) => image.media_type.as_deref(),
        Manifest::Index(index) => index.media_type.as_deref(),
    };
    // The registry's word is what it will serve again; OCI's manifests need not say it themselves.
    let media_type = document.media_type.as_deref().or(own).unwrap_or(match manifest {
        Manifest::Image(_) => "application/vnd.oci.image.manifest.v1+json",
        Manifest::Index(_) => "application/vnd.oci.image.index.v1+json",
    });
    ask(|| registry.put_manifest(repository, reference, media_type, document.bytes.clone())).await
}

fn children(manifest: &Manifest) -> Vec<Digest> {
    match manifest {
        Manifest::Image(_) => Vec::new(),
        Manifest::Index(index) => index.children.iter().map(|child| child.digest).collect(),
    }
}

/// The blobs that a registry wants to have before it takes the manifest: not those that are
/// elsewhere for ever.
fn blobs(manifest: &Manifest) -> BTreeSet<Digest> {
    let Manifest::Image(image) = manifest else { return BTreeSet::new() };
    let is_here = |blob: &&Blob| {
        let media_type = blob.media_type.as_deref().unwrap_or_default();
        !media_type.contains("foreign") && !media_type.contains("nondistributable")
    };
    let blobs = image.config.iter().chain(&image.layers);
    blobs.filter(is_here).map(|blob| blob.digest).collect()
}

/// No digest can be in its own content, so everything gets its turn.
fn inside_first(
    mut read: BTreeMap<Digest, (Document, Manifest)>,
) -> Vec<(Digest, Document, Manifest)> {
    let mut nodes = Vec::with_capacity(read.len());
    while !read.is_empty() {
        let ready =
            |manifest: &Manifest| children(manifest).iter().all(|child| !read.contains_key(child));
        let now: Vec<_> =
            read.iter().filter(|(_, (_, manifest))| ready(manifest)).map(|(d, _)| *d).collect();
        if now.is_empty() {
            break;
        }
        for digest in now {
            if let Some((document, manifest)) = read.remove(&digest) {
                nodes.push((digest, document, manifest));
            }
        }
    }
    nodes
}
