// SPDX-License-Identifier: LGPL-2.1-or-later
//! Image objects: what a pushed manifest becomes.

use serde_json::{Value, json};

use super::metadata;

pub(crate) const SCHEMA2: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub(crate) const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The name under which pods of the cluster reach the registry.
pub(crate) const INTERNAL: &str = "image-registry.openshift-image-registry.svc:5000";

/// Whether a manifest of that type lists others.
pub(crate) fn is_index(media_type: &str) -> bool {
    matches!(media_type, LIST | INDEX)
}

/// The pull spec of an image inside the cluster.
pub(crate) fn reference(namespace: &str, stream: &str, digest: &str) -> String {
    format!("{INTERNAL}/{namespace}/{stream}@{digest}")
}

/// The Image of a pushed manifest; `config` is null for an index.
pub(crate) fn image(
    digest: &str,
    media_type: &str,
    manifest: &Value,
    config: &Value,
    reference: &str,
    now: &str,
) -> Value {
    let order = if is_index(media_type) { "" } else { "ascending" };
    let mut image = json!({
        "metadata": {"name": digest, "annotations": {
            "image.openshift.io/dockerLayersOrder": order,
            "image.openshift.io/manifestBlobStored": "true",
            "openshift.io/image.managed": "true",
        }},
        "dockerImageReference": reference,
        "dockerImageMetadataVersion": "1.0",
        "dockerImageManifestMediaType": media_type,
    });
    if is_index(media_type) {
        let children = manifest["manifests"].as_array().into_iter().flatten().map(child);
        image["dockerImageManifests"] = children.collect();
        image["dockerImageMetadata"] = metadata::of_index(digest, now);
        return image;
    }
    let layers = manifest["layers"].as_array().into_iter().flatten();
    let layers = layers.map(|layer| {
        json!({"name": layer["digest"], "size": layer["size"], "mediaType": layer["mediaType"]})
    });
    let layers: Vec<_> = layers.collect();
    let sizes = layers.iter().chain([&manifest["config"]]).filter_map(|blob| blob["size"].as_u64());
    let config_digest = manifest["config"]["digest"].as_str().unwrap_or_default();
    image["dockerImageMetadata"] = metadata::of_image(config_digest, config, sizes.sum());
    image["dockerImageLayers"] = layers.into();
    image
}

fn child(descriptor: &Value) -> Value {
    let platform = &descriptor["platform"];
    let mut child = json!({
        "digest": descriptor["digest"], "mediaType": descriptor["mediaType"],
        "manifestSize": descriptor["size"], "architecture": platform["architecture"],
        "os": platform["os"],
    });
    if let Some(variant) = platform["variant"].as_str().filter(|text| !text.is_empty()) {
        child["variant"] = json!(variant);
    }
    child
}
