// SPDX-License-Identifier: LGPL-2.1-or-later

//! What manifest and config of an image say, or an index: from the registry, or else, on OpenShift,
//! as far as the API knows it.

use images_catalog::BlobFacts;
use images_catalog::overlay::{Read, ReadImage, ReadIndex, ReadLayer, lay_over};
use images_proto::image::{self, Child};
use images_proto::{Code, Digest, Failure, RepositoryName};

use super::{Connection, Source};
use crate::cluster::Cluster;
use crate::cluster::image::ImageStreamImage;
use crate::registry::config::Config;
use crate::registry::manifest::{Blob, Image, Index, Manifest};
use crate::registry::{Document, Registry};

/// What manifest and config of an image, or an index, say.
#[derive(Debug, PartialEq, Eq)]
pub struct Details {
    pub(crate) read: Read,
    /// Whether the registry may have no more to say.
    pub(crate) is_whole: bool,
    /// The bytes it was made from.
    pub(crate) weight: usize,
}

impl Details {
    /// Lays what was read over the view of the image.
    pub fn show_in(&self, view: &mut image::View) {
        lay_over(view, &self.read);
    }
}

/// Reads them.
///
/// # Errors
/// When neither registry nor API has them; what is told is the registry's trouble.
pub async fn read(
    connection: &Connection,
    registry: Result<Registry, Failure>,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<Details, Failure> {
    let failure = match registry {
        Ok(registry) => match from_registry(&registry, repository, digest).await {
            Ok(details) => return Ok(details),
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    // OpenShift's API knows most of it too, though not the history.
    let Source::Openshift(source) = connection.source() else { return Err(failure) };
    from_api(source.cluster(), repository, digest).await.ok_or(failure)
}

async fn from_registry(
    registry: &Registry,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<Details, Failure> {
    let tried = || format!("read the manifest {} of {repository}", digest.short());
    let manifest = registry.parsed_manifest(repository, digest).await;
    let (document, manifest) = manifest.map_err(|error| error.failure(tried()))?;
    let image = match manifest {
        Manifest::Index(index) => return Ok(index_details(&document, index)),
        Manifest::Image(image) => image,
    };
    let (config, config_bytes) = match &image.config {
        None => (None, 0),
        Some(blob) => {
            let tried = || format!("read the config {} of {repository}", blob.digest.short());
            let document = registry.config(repository, &blob.digest).await;
            let document = document.map_err(|error| error.failure(tried()))?;
            (parsed_config(blob, &document)?, document.bytes.len())
        }
    };
    let weight = document.bytes.len() + config_bytes;
    Ok(image_details(document.media_type, image, config, weight))
}

/// `None` for an artefact, whose config may be anything.
fn parsed_config(blob: &Blob, document: &Document) -> Result<Option<Config>, Failure> {
    let media_type = blob.media_type.as_deref().unwrap_or_default();
    let is_image = media_type.contains("container.image") || media_type.contains("image.config");
    match Config::parse(&document.bytes) {
        Ok(config) => Ok(Some(config)),
        Err(_) if !is_image => Ok(None),
        Err(error) => Err(Failure::new(
            Code::BadAnswer,
            format!("The config {} of this image makes no sense.", blob.digest.short()),
        )
        .with_fix("Look at the raw config, or build the image again.")
        .with_details(crate::body::chain(&error))),
    }
}

fn image_details(
    media_type: Option<String>,
    image: Image,
    config: Option<Config>,
    weight: usize,
) -> Details {
    let (mut shown, diff_ids) =
        config.map_or_else(Default::default, |config| (config.shown, config.diff_ids));
    shown.annotations = image.annotations;
    shown.image_id = image.config.as_ref().map(|blob| blob.digest);
    let read = ReadImage {
        media_type: image.media_type.or(media_type),
        config_blob: image.config.as_ref().map(blob_facts),
        layers: image.layers.into_iter().map(layer).collect(),
        diff_ids,
        config: shown,
    };
    Details { read: Read::Image(Box::new(read)), is_whole: true, weight }
}

fn index_details(document: &Document, index: Index) -> Details {
    let children = index.children.into_iter().map(|child| Child {
        digest: child.digest,
        platform: child.platform,
        // What the index says is the size of the manifest alone.
        size: None,
        attestation: child.attestation,
    });
    let media_type = index.media_type.or_else(|| document.media_type.clone());
    let read = ReadIndex { media_type, children: children.collect() };
    Details { read: Read::Index(read), is_whole: true, weight: document.bytes.len() }
}

fn layer(blob: Blob) -> ReadLayer {
    ReadLayer { blob: blob_facts(&blob), media_type: blob.media_type }
}

fn blob_facts(blob: &Blob) -> BlobFacts {
    BlobFacts { digest: blob.digest, size: blob.size }
}

/// What the API says of an image; `None` if that is no more than the catalog knows.
async fn from_api(
    cluster: &Cluster,
    repository: &RepositoryName,
    digest: &Digest,
) -> Option<Details> {
    let ImageStreamImage { image } = cluster.image_stream_image(repository, digest).await.ok()?;
    if !image.manifests.is_empty() {
        let read = ReadIndex { media_type: image.media_type, children: image.manifests };
        return Some(Details { read: Read::Index(read), is_whole: true, weight: 0 });
    }
    let layers = image.layers.into_iter().map(|layer| ReadLayer {
        blob: BlobFacts { digest: layer.digest, size: layer.size },
        media_type: layer.media_type,
    });
    let read = ReadImage {
        media_type: image.media_type,
        config_blob: None,
        layers: layers.collect(),
        diff_ids: Vec::new(),
        config: image.config?,
    };
    Some(Details { read: Read::Image(Box::new(read)), is_whole: false, weight: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_config_of_an_image_must_make_sense() {
        let document = Document { media_type: None, bytes: "not json".into() };
        let mut blob = Blob {
            digest: Digest::from_bytes([1; 32]),
            size: None,
            media_type: Some("application/vnd.cncf.helm.config.v1+json".to_owned()),
        };
        assert_eq!(parsed_config(&blob, &document), Ok(None));
        blob.media_type = Some("application/vnd.oci.image.config.v1+json".to_owned());
        assert_eq!(parsed_config(&blob, &document).unwrap_err().code, Code::BadAnswer);
    }
}
