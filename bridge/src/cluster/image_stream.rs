// SPDX-License-Identifier: LGPL-2.1-or-later

//! Image streams and what their images are made of (`image.openshift.io/v1`), as far as they are
//! read. Everything may be absent: Go writes empty lists as null or not at all.

use images_proto::RepositoryName;
use serde::Deserialize;

use super::by_digest::{ByDigest, Named};
use super::metadata::Metadata;
use super::{Cluster, Error};
use crate::uri::escaped;

const API: &str = "/apis/image.openshift.io/v1";

/// An image stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ImageStream {
    /// Its name and project.
    pub metadata: Metadata,
    /// What it was told.
    #[serde(default)]
    pub spec: Spec,
    /// What came of it.
    #[serde(default)]
    pub status: Status,
}

/// What an image stream was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Tags that were set by `oc tag` or imported; pushed ones are only in the status.
    pub tags: Option<Vec<SpecTag>>,
    /// Who means this stream by its bare name.
    pub lookup_policy: LookupPolicy,
}

/// Who means an image stream by its bare name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LookupPolicy {
    /// What runs in its own project.
    pub local: bool,
}

/// A tag that somebody set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpecTag {
    /// The tag.
    pub name: String,
    /// Where it comes from.
    pub from: Option<Reference>,
    /// How it is imported.
    pub import_policy: Option<ImportPolicy>,
}

/// Something that a tag comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// `DockerImage`, `ImageStreamTag` or `ImageStreamImage`.
    pub kind: String,
    /// The project, when it is another one.
    pub namespace: Option<String>,
    /// The pull spec, `NAME:TAG` or `NAME@DIGEST`.
    pub name: String,
}

/// How a tag is imported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImportPolicy {
    /// From time to time.
    pub scheduled: bool,
}

/// What came of an image stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// The pull spec for clients outside of the cluster, when the registry has a route.
    pub public_docker_image_repository: Option<String>,
    /// The tags with their history.
    pub tags: Option<Vec<StatusTag>>,
}

/// A tag with its history.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StatusTag {
    /// The tag.
    pub tag: String,
    /// What it named, newest first; null when the import failed.
    pub items: Option<Vec<Item>>,
    /// What went wrong.
    pub conditions: Option<Vec<Condition>>,
}

/// A revision of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Item {
    /// When, in seconds since the Unix epoch.
    #[serde(default, deserialize_with = "crate::timestamp::deserialize")]
    pub created: Option<i64>,
    /// The digest.
    pub image: Named,
}

/// Something that is so or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Condition {
    /// Such as `ImportSuccess`.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// In one word.
    pub reason: Option<String>,
    /// In many.
    pub message: Option<String>,
}

/// What all images of a stream are made of, those of its history and the children of indexes
/// included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImageStreamLayers {
    /// Layers, configs and manifests, by digest.
    pub blobs: Option<ByDigest<BlobReference>>,
    /// The images, by digest.
    pub images: Option<ByDigest<ImageBlobs>>,
}

/// A blob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BlobReference {
    /// Its bytes; null for configs and manifests.
    pub size: Option<i64>,
}

/// What one image is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ImageBlobs {
    /// The stream names it, but it is gone.
    pub image_missing: bool,
    /// The digests of the layers, lowest first; null for an index.
    pub layers: Option<Vec<Named>>,
    /// The digest of the config.
    pub config: Option<Named>,
    /// The digests of an index's manifests.
    pub manifests: Option<Vec<Named>>,
}

impl ImageStream {
    /// The repository that the stream is, unless its name is none that a registry can have.
    pub fn repository(&self) -> Option<RepositoryName> {
        let Metadata { namespace, name, .. } = &self.metadata;
        format!("{}/{name}", namespace.as_deref()?).parse().ok()
    }
}

/// The path of the list of image streams: of one project, or of all.
pub fn list_path(project: Option<&str>) -> String {
    match project {
        Some(project) => format!("{API}/namespaces/{project}/imagestreams"),
        None => format!("{API}/imagestreams"),
    }
}

/// The path of a stream. A repository with more than two parts is no stream; the server says so.
pub(super) fn path(repository: &RepositoryName, subresource: &str) -> String {
    let project = repository.project().unwrap_or_default();
    let name = escaped(repository.name_in_project());
    format!("{API}/namespaces/{project}/imagestreams/{name}{subresource}")
}

impl Cluster {
    /// An image stream.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn image_stream(&self, repository: &RepositoryName) -> Result<ImageStream, Error> {
        self.get(&path(repository, "")).await
    }

    /// What the images of a stream are made of.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn layers(&self, repository: &RepositoryName) -> Result<ImageStreamLayers, Error> {
        self.get(&path(repository, "/layers?pretty=false")).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_need_be_there() {
        let stream: ImageStream =
            serde_json::from_str(r#"{"metadata":{"name":"a","namespace":"b"},"spec":{"tags":null},"status":{"dockerImageRepository":""}}"#)
                .unwrap();
        assert_eq!(stream.repository().unwrap().as_str(), "b/a");
        assert_eq!(stream.status.tags, None);
        let nowhere: ImageStream = serde_json::from_str(r#"{"metadata":{"name":"a"}}"#).unwrap();
        assert_eq!(nowhere.repository(), None);
    }

    #[test]
    fn paths_name_the_stream() {
        let name: RepositoryName = "shop/api".parse().unwrap();
        assert_eq!(
            path(&name, "/layers"),
            "/apis/image.openshift.io/v1/namespaces/shop/imagestreams/api/layers"
        );
        let deep: RepositoryName = "shop/api/v2".parse().unwrap();
        assert!(path(&deep, "").ends_with("/namespaces/shop/imagestreams/api%2Fv2"));
    }
}
