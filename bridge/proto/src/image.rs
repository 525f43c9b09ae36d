// SPDX-License-Identifier: LGPL-2.1-or-later

//! `image`: one image or index, by its manifest's digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::repository::Kind;
use crate::search::Revision;
use crate::{Digest, Failure, Method, RepositoryName};

/// The live view of one image.
pub struct Image;

impl Method for Image {
    const NAME: &'static str = "image";
    type Params = Params;
    type Answer = View;
}

/// Which image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// A repository to read it from; absent: any that holds it.
    #[serde(default)]
    pub repository: Option<RepositoryName>,
}

/// An image and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// Whether it is one image or an index.
    pub kind: Kind,
    /// The repository that it was read from.
    pub repository: Option<RepositoryName>,
    /// The host for pull commands, when one is known that clients can reach.
    pub host: Option<String>,
    /// The media type of its manifest.
    pub media_type: Option<String>,
    /// Bytes of its layers and config, or of all children of an index.
    pub size: Option<u64>,
    /// The tags, now or earlier, that lead to it, at most 100.
    pub tags: Vec<Place>,
    /// How many there are in all.
    pub tag_count: u32,
    /// The indexes that contain it.
    pub indexes: Vec<Digest>,
    /// The images of an index.
    pub children: Vec<Child>,
    /// The layers, lowest first.
    pub layers: Vec<LayerRow>,
    /// What only manifest and config say.
    pub details: Details,
}

/// A tag's revision that leads to an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag and which of its revisions.
    pub tag: Revision,
}

/// An image of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The digest of its manifest.
    pub digest: Digest,
    /// What it runs on, when known.
    pub platform: Option<Platform>,
    /// Bytes of its layers and config.
    pub size: Option<u64>,
    /// It is no image to run but an attestation of another child (BuildKit's
    /// `vnd.docker.reference.type`).
    #[serde(default)]
    pub attestation: bool,
}

/// What an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Such as `linux`; OpenShift's image API does not say.
    pub os: Option<String>,
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `v8`.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Platform {
    /// `linux/arm64/v8`, as far as it is known.
    pub fn name(&self) -> String {
        let parts = [self.os.as_deref(), Some(self.architecture.as_str()), self.variant.as_deref()];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRow {
    /// The digest of the compressed layer.
    pub digest: Digest,
    /// Its compressed bytes.
    pub size: Option<u64>,
    /// Its media type.
    pub media_type: Option<String>,
    /// The digest of its content, once the config was read.
    pub diff_id: Option<Digest>,
    /// The command that made it, once the config was read.
    pub command: Option<String>,
    /// Other images that contain it, at most 10.
    pub shared: Vec<SharedBy>,
    /// How many there are in all.
    pub shared_count: u32,
}

/// Another image that contains the same layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBy {
    /// Its manifest's digest.
    pub digest: Digest,
    /// A repository that holds it.
    pub repository: RepositoryName,
    /// A tag that leads to it, if any.
    pub tag: Option<Revision>,
}

/// What only manifest and config say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Details {
    /// It is being read.
    Reading,
    /// It was read.
    Read(Box<Config>),
    /// It could not be read; the rest of the view stands.
    Failed(Failure),
    /// There is none, as for an index.
    None,
}

/// The config of an image (OCI image-spec, config.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The digest of the config: the image ID.
    pub image_id: Option<Digest>,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// When it was built, as the builder says.
    pub created: Option<i64>,
    /// Who built it.
    pub author: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The manifest's annotations.
    pub annotations: BTreeMap<String, String>,
    /// The environment, as `NAME=VALUE`.
    pub env: Vec<String>,
    /// The entry point.
    pub entrypoint: Vec<String>,
    /// The command.
    pub command: Vec<String>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// The ports, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// The volumes.
    pub volumes: Vec<String>,
    /// The user.
    pub user: Option<String>,
    /// How it was built, first step first; `None` when the source does not say.
    pub history: Option<Vec<HistoryRow>>,
}

/// One step of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryRow {
    /// When.
    pub created: Option<i64>,
    /// The command.
    pub created_by: Option<String>,
    /// A remark of the builder.
    pub comment: Option<String>,
    /// It made no layer.
    pub empty_layer: bool,
}
