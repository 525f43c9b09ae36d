// SPDX-License-Identifier: LGPL-2.1-or-later

//! Manifests and indexes: Docker schema 2 and its list, OCI manifest and index, and of Docker
//! schema 1 what still can be read.

use std::collections::BTreeMap;

use images_proto::Digest;
use images_proto::image::Platform;
use serde::Deserialize;

use super::error::Kind;

/// The media types that are asked for.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// A signed Docker schema 1 manifest.
pub(super) const SIGNED_SCHEMA_1: &str =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// What a digest in a repository names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// One image.
    Image(Image),
    /// Several, by platform.
    Index(Index),
}

/// The manifest of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The media type that it says it has.
    pub media_type: Option<String>,
    /// The config; schema 1 has none.
    pub config: Option<Blob>,
    /// The layers, lowest first.
    pub layers: Vec<Blob>,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The media type that it says it has.
    pub media_type: Option<String>,
    /// Its manifests.
    pub children: Vec<Child>,
}

/// A blob that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes; schema 1 does not say.
    pub size: Option<u64>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// A manifest in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its digest.
    pub digest: Digest,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// It attests another child (BuildKit's `vnd.docker.reference.type`).
    pub attestation: bool,
}

impl Manifest {
    /// Parses a manifest or index.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(bytes: &[u8]) -> Result<Self, Kind> {
        let document: Document = serde_json::from_slice(bytes).map_err(Kind::Json)?;
        let Document { media_type, config, layers, manifests, fs_layers, annotations } = document;
        match (layers, manifests, fs_layers) {
            (Some(layers), None, None) => {
                let annotations = annotations.unwrap_or_default();
                Ok(Self::Image(Image { media_type, config, layers, annotations }))
            }
            (None, Some(manifests), None) => {
                let children = manifests.into_iter().map(Descriptor::into_child).collect();
                Ok(Self::Index(Index { media_type, children }))
            }
            (None, None, Some(layers)) => Ok(Self::Image(Image {
                media_type,
                config: None,
                // Schema 1 lists the highest layer first.
                layers: layers.into_iter().rev().map(FsLayer::into_blob).collect(),
                annotations: BTreeMap::new(),
            })),
            // Two readers could take it for two things (CVE-2021-41190).
            _ => Err(Kind::Document("the manifest is of no kind that we know")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: Option<String>,
    config: Option<Blob>,
    layers: Option<Vec<Blob>>,
    manifests: Option<Vec<Descriptor>>,
    fs_layers: Option<Vec<FsLayer>>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: Digest,
    platform: Option<DescriptorPlatform>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct DescriptorPlatform {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FsLayer {
    blob_sum: Digest,
}

impl Descriptor {
    fn into_child(self) -> Child {
        let attestation = self
            .annotations
            .is_some_and(|annotations| annotations.contains_key("vnd.docker.reference.type"));
        Child {
            digest: self.digest,
            platform: self.platform.and_then(DescriptorPlatform::into_platform),
            attestation,
        }
    }
}

impl DescriptorPlatform {
    fn into_platform(self) -> Option<Platform> {
        platform(self.os, self.architecture, self.variant)
    }
}

/// A platform as people write it: empty and "unknown" values say nothing.
pub(super) fn platform(
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
) -> Option<Platform> {
    let known = |value: Option<String>| value.filter(|value| !matches!(&**value, "" | "unknown"));
    known(architecture).map(|architecture| Platform {
        os: known(os),
        architecture,
        variant: known(variant),
    })
}

impl FsLayer {
    fn into_blob(self) -> Blob {
        Blob { digest: self.blob_sum, size: None, media_type: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    #[test]
    fn reads_an_image() {
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{{"mediaType":"c","digest":"{}","size":7}},
            "layers":[{{"mediaType":"l","digest":"{}","size":30}}],"annotations":{{"a":"b"}}}}"#,
            digest(1),
            digest(2)
        );
        let Manifest::Image(image) = Manifest::parse(text.as_bytes()).unwrap() else {
            panic!("no image")
        };
        assert_eq!(image.config.unwrap().digest, digest(1));
        assert_eq!(image.layers[0].size, Some(30));
        assert_eq!(image.annotations["a"], "b");
    }

    #[test]
    fn reads_an_index_with_its_attestations() {
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[
            {{"digest":"{}","size":1,"platform":{{"os":"linux","architecture":"arm64","variant":"v8"}}}},
            {{"digest":"{}","platform":{{"os":"unknown","architecture":"unknown"}},
              "annotations":{{"vnd.docker.reference.type":"attestation-manifest"}}}}]}}"#,
            digest(1),
            digest(2)
        );
        let Manifest::Index(index) = Manifest::parse(text.as_bytes()).unwrap() else {
            panic!("no index")
        };
        assert_eq!(index.children[0].platform.as_ref().unwrap().variant.as_deref(), Some("v8"));
        assert_eq!(index.children[1].platform, None);
        assert!(index.children[1].attestation && !index.children[0].attestation);
    }

    #[test]
    fn schema_1_lists_the_highest_layer_first() {
        let text = format!(
            r#"{{"schemaVersion":1,"name":"x","fsLayers":[{{"blobSum":"{}"}},{{"blobSum":"{}"}}]}}"#,
            digest(2),
            digest(1)
        );
        let Manifest::Image(image) = Manifest::parse(text.as_bytes()).unwrap() else {
            panic!("no image")
        };
        assert_eq!(
            image.layers.iter().map(|layer| layer.digest).collect::<Vec<_>>(),
            [digest(1), digest(2)]
        );
    }

    #[test]
    fn refuses_what_is_neither_or_both() {
        for text in [r#"{"layers":[],"manifests":[]}"#, "{}"] {
            assert!(matches!(Manifest::parse(text.as_bytes()), Err(Kind::Document(_))), "{text}");
        }
        for text in ["", "[", "7", r#"{"layers":[{"digest":"sha256:12"}]}"#, r#"{"layers":{}}"#] {
            assert!(matches!(Manifest::parse(text.as_bytes()), Err(Kind::Json(_))), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Manifest::parse(deep.as_bytes()).is_err());
    }
}
