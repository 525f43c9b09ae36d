// SPDX-License-Identifier: LGPL-2.1-or-later
//! `GET imagestreams/NAME/layers`: every image of a stream's history with its blobs.

use serde_json::{Map, Value, json};

use super::object::SCHEMA2;
use super::stream;
use crate::store::Objects;

/// Docker's configuration; the only one that is named, an OCI image has a null here.
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// The whole document.
pub(crate) fn document(objects: &Objects, stream: &Value) -> Value {
    let Layers { blobs, images } = Layers::of(objects, stream);
    json!({
        "kind": "ImageStreamLayers", "apiVersion": "image.openshift.io/v1",
        "metadata": stream["metadata"], "blobs": blobs, "images": images,
    })
}

/// What a stream consists of, by digest.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    pub(crate) blobs: Map<String, Value>,
    pub(crate) images: Map<String, Value>,
}

impl Layers {
    /// Looks at the whole history.
    pub(crate) fn of(objects: &Objects, stream: &Value) -> Self {
        let mut layers = Self::default();
        for digest in stream::items(stream).filter_map(|item| item["image"].as_str()) {
            layers.add(objects, digest);
        }
        layers
    }

    /// Whether the history has an image that is not missing.
    pub(crate) fn has_image(&self, digest: &str) -> bool {
        self.images.get(digest).is_some_and(|image| image["imageMissing"] == false)
    }

    fn add(&mut self, objects: &Objects, digest: &str) {
        if self.images.contains_key(digest) {
            return;
        }
        let Some(image) = objects.contents(digest) else {
            let missing = json!({"imageMissing": true, "layers": null, "config": null});
            self.images.insert(digest.to_owned(), missing);
            return;
        };
        let media_type = &image.media_type;
        self.blobs.insert(digest.to_owned(), json!({"size": null, "mediaType": media_type}));
        for layer in &image.layers {
            let blob = json!({"size": layer.size, "mediaType": layer.media_type});
            self.blobs.insert(layer.digest.clone(), blob);
        }
        let config = Some(&image.config).filter(|_| media_type == SCHEMA2);
        if let Some(config) = config {
            self.blobs.insert(config.clone(), json!({"size": null, "mediaType": CONFIG}));
        }
        let own: Vec<_> = image.layers.iter().map(|layer| layer.digest.as_str()).collect();
        let layers = if own.is_empty() { Value::Null } else { json!(own) };
        let mut entry = json!({"imageMissing": false, "layers": layers, "config": config});
        if !image.children.is_empty() {
            entry["manifests"] = json!(image.children);
        }
        self.images.insert(digest.to_owned(), entry);
        for child in image.children {
            self.add(objects, &child);
        }
    }
}

/// What an Image consists of.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) media_type: String,
    pub(crate) layers: Vec<Layer>,
    /// The digests of an index's images.
    pub(crate) children: Vec<String>,
    /// The digest of the configuration; an index has its own there.
    pub(crate) config: String,
}

/// A layer of an Image.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) digest: String,
    /// In bytes, as it travels.
    pub(crate) size: u64,
    pub(crate) media_type: String,
}

impl Contents {
    /// Those of an Image.
    pub(crate) fn of(image: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |field: &str| image[field].as_array().into_iter().flatten();
        let layers = list("dockerImageLayers").map(|layer| Layer {
            digest: text(&layer["name"]),
            size: layer["size"].as_u64().unwrap_or_default(),
            media_type: text(&layer["mediaType"]),
        });
        Self {
            media_type: text(&image["dockerImageManifestMediaType"]),
            layers: layers.collect(),
            children: list("dockerImageManifests").map(|child| text(&child["digest"])).collect(),
            config: text(&image["dockerImageMetadata"]["Id"]),
        }
    }
}
