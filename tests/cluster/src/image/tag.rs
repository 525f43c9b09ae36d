// SPDX-License-Identifier: LGPL-2.1-or-later
//! ImageTags: spec and status of one tag side by side.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{stream, view};
use crate::api::refusal::Refusal;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS, IMAGES};
use crate::store::Objects;

/// One tag; whole image included.
///
/// # Errors
/// When the stream has no such tag.
pub(super) fn get(objects: &Objects, namespace: &str, name: &str) -> Result<Value, Refusal> {
    let (stream_name, tag_name) = view::split(name)?;
    let stream = view::stream_of(objects, namespace, stream_name)?;
    let mut tag = object(&stream, tag_name);
    if tag["spec"].is_null() && tag["status"].is_null() {
        return Err(Refusal::not_found(IMAGE_GROUP, "imagetags", name));
    }
    let digest = stream::head(&stream, tag_name).and_then(|head| head["image"].as_str());
    let image = digest.and_then(|digest| objects.get(&IMAGES, digest));
    tag["image"] = image.map(|image| image.value()).unwrap_or_default();
    tag["kind"] = json!("ImageTag");
    tag["apiVersion"] = json!("image.openshift.io/v1");
    Ok(tag)
}

/// All tags of spec or status, without images.
pub(super) fn list(objects: &Objects, namespace: Option<&str>) -> Value {
    let streams = objects.items(&IMAGE_STREAMS, None).map(|item| item.stored());
    let streams =
        streams.filter(|stream| namespace.is_none_or(|wanted| stream.namespace() == Some(wanted)));
    let items = streams.flat_map(|stored| {
        let stream = stored.value();
        let spec = stream::spec_tags(&stream).filter_map(|tag| tag["name"].as_str());
        let status = stream::tags(&stream).filter_map(|tag| tag["tag"].as_str());
        let names: BTreeSet<_> = spec.chain(status).collect();
        names.into_iter().map(|name| object(&stream, name)).collect::<Vec<_>>()
    });
    json!({
        "kind": "ImageTagList", "apiVersion": "image.openshift.io/v1",
        "metadata": {}, "items": items.collect::<Vec<_>>(),
    })
}

fn object(stream: &Value, name: &str) -> Value {
    let mut metadata = stream["metadata"].clone();
    metadata["name"] = json!(format!("{}:{name}", metadata["name"].as_str().unwrap_or_default()));
    let spec = stream::spec_tags(stream).find(|spec| spec["name"] == name);
    json!({"metadata": metadata, "spec": spec, "status": stream::tag(stream, name), "image": null})
}
