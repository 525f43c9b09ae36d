// SPDX-License-Identifier: LGPL-2.1-or-later
//! `GET imagestreams/NAME/layers`: every image of a stream's history with its blobs.

use serde_json::{Map, Value, json};

use super::object::SCHEMA2;
use super::stream;
use crate::resource::IMAGES;
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
        let Some(image) = objects.get(&IMAGES, digest).map(|image| image.value()) else {
            let missing = json!({"imageMissing": true, "layers": null, "config": null});
            self.images.insert(digest.to_owned(), missing);
            return;
        };
        let media_type = &image["dockerImageManifestMediaType"];
        self.blobs.insert(digest.to_owned(), json!({"size": null, "mediaType": media_type}));
        let children = digests(&image["dockerImageManifests"], "digest");
        let own = digests(&image["dockerImageLayers"], "name");
        for layer in image["dockerImageLayers"].as_array().into_iter().flatten() {
            let name = layer["name"].as_str().unwrap_or_default().to_owned();
            self.blobs
                .insert(name, json!({"size": layer["size"], "mediaType": layer["mediaType"]}));
        }
        let config = Some(&image["dockerImageMetadata"]["Id"]).filter(|_| media_type == SCHEMA2);
        if let Some(config) = config.and_then(Value::as_str) {
            self.blobs.insert(config.to_owned(), json!({"size": null, "mediaType": CONFIG}));
        }
        let layers = if own.is_empty() { Value::Null } else { json!(own) };
        let mut entry = json!({"imageMissing": false, "layers": layers, "config": config});
        if !children.is_empty() {
            entry["manifests"] = json!(children);
        }
        self.images.insert(digest.to_owned(), entry);
        for child in children {
            self.add(objects, &child);
        }
    }
}

fn digests(list: &Value, field: &str) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(|entry| entry[field].as_str()).map(str::to_owned).collect()
}
