// SPDX-License-Identifier: LGPL-2.1-or-later

//! One image of a stream as the API describes it: everything but its history and the system that it
//! runs on (`image.openshift.io/v1`).

use images_proto::image::{Child, Config, Platform};
use images_proto::{Digest, RepositoryName};
use serde::Deserialize;

use super::{Cluster, Error};
use crate::execution::{Execution, not_empty};
use crate::uri::escaped;

/// An image in a stream's history.
#[derive(Debug, PartialEq, Eq)]
pub struct ImageStreamImage {
    /// The image.
    pub image: Image,
}

/// An image.
#[derive(Debug, PartialEq, Eq)]
pub struct Image {
    /// The media type of the manifest.
    pub media_type: Option<String>,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// The images of an index.
    pub manifests: Vec<Child>,
    /// Its config, without history.
    pub config: Option<Config>,
}

/// A layer.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// Its digest.
    #[serde(rename = "name")]
    pub digest: Digest,
    /// Its compressed bytes.
    pub size: Option<u64>,
    /// Its media type.
    pub media_type: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    image: Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Object {
    docker_image_manifest_media_type: Option<String>,
    docker_image_layers: Option<Vec<Layer>>,
    docker_image_manifests: Option<Vec<Manifest>>,
    docker_image_metadata: Option<DockerImage>,
}

#[derive(Deserialize)]
struct Manifest {
    digest: Digest,
    architecture: Option<String>,
    os: Option<String>,
    variant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    id: Option<String>,
    created: Option<String>,
    author: Option<String>,
    architecture: Option<String>,
    config: Option<Execution>,
}

impl Cluster {
    /// An image of a stream.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn image_stream_image(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<ImageStreamImage, Error> {
        let project = repository.project().unwrap_or_default();
        let name = escaped(repository.name_in_project());
        let path = format!(
            "/apis/image.openshift.io/v1/namespaces/{project}/imagestreamimages/{name}@{digest}"
        );
        self.get::<Answer>(&path)
            .await
            .map(|answer| ImageStreamImage { image: answer.image.into() })
    }
}

impl Object {
    /// Whether it says what the image is made of: layers, be it none, or the images of an index.
    pub(super) fn is_described(&self) -> bool {
        self.docker_image_layers.is_some()
            || self.docker_image_manifests.as_ref().is_some_and(|images| !images.is_empty())
    }
}

impl From<Object> for Image {
    fn from(object: Object) -> Self {
        Self {
            media_type: object.docker_image_manifest_media_type,
            layers: object.docker_image_layers.unwrap_or_default(),
            manifests: object
                .docker_image_manifests
                .unwrap_or_default()
                .into_iter()
                .map(Manifest::into_child)
                .collect(),
            config: object.docker_image_metadata.map(DockerImage::into_config),
        }
    }
}

impl Manifest {
    fn into_child(self) -> Child {
        let known =
            |value: Option<String>| value.filter(|value| !matches!(&**value, "" | "unknown"));
        let platform = known(self.architecture).map(|architecture| Platform {
            os: known(self.os),
            architecture,
            variant: known(self.variant),
        });
        Child { digest: self.digest, platform, size: None, attestation: false }
    }
}

impl DockerImage {
    fn into_config(self) -> Config {
        Config {
            image_id: self.id.and_then(|id| id.parse().ok()),
            platform: not_empty(self.architecture).map(|architecture| Platform {
                os: None,
                architecture,
                variant: None,
            }),
            created: self.created.as_deref().and_then(crate::timestamp::seconds),
            author: not_empty(self.author),
            ..self.config.unwrap_or_default().into_config()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_recorded_image() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cluster/golden/imagestreamimage.json");
        let answer: Answer = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let image = Image::from(answer.image);
        let config = image.config.unwrap();
        assert_eq!(config.image_id.unwrap().short(), "fe03db4d7f3d");
        assert_eq!(config.created, Some(1_773_742_272));
        assert_eq!(config.command, ["npm", "start"]);
        assert_eq!(config.labels["release"], "1214");
        assert_eq!(config.history, None);
        assert!(!image.layers.is_empty() && image.manifests.is_empty());
    }
}
