// SPDX-License-Identifier: LGPL-2.1-or-later
//! ImageStreamTags and ImageStreamImages: streams and images, looked at together.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::object::reference;
use super::{metadata, stream};
use crate::api::Call;
use crate::api::refusal::Refusal;
use crate::api::style::Form;
use crate::api::table;
use crate::http::body::Body;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS, IMAGES};
use crate::store::{Objects, key};

const TAGS: &str = "imagestreamtags";
const STREAM_IMAGES: &str = "imagestreamimages";

/// Finds a stream; what is missing is called by the name of the stream, but as a tag.
pub(super) fn stream_of(objects: &Objects, namespace: &str, name: &str) -> Result<Value, Refusal> {
    let found =
        objects.get(&IMAGE_STREAMS, &key(Some(namespace), name)).map(|stream| stream.value());
    found.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, TAGS, name))
}

/// Splits `STREAM:TAG`.
pub(super) fn split(name: &str) -> Result<(&str, &str), Refusal> {
    let parts = name.split_once(':').filter(|(stream, tag)| !stream.is_empty() && !tag.is_empty());
    parts.ok_or_else(|| Refusal::bad_request("ImageStreamTags must be retrieved with <name>:<tag>"))
}

/// One tag, with its whole image.
///
/// # Errors
/// When the stream, the tag or the image is not there.
pub(super) fn get(objects: &Objects, namespace: &str, name: &str) -> Result<Value, Refusal> {
    let (stream_name, tag_name) = split(name)?;
    of_stream(objects, &stream_of(objects, namespace, stream_name)?, tag_name)
}

/// One tag of a stream, with its whole image.
///
/// # Errors
/// When the tag or the image is not there.
pub(super) fn of_stream(objects: &Objects, stream: &Value, tag: &str) -> Result<Value, Refusal> {
    let missing = || {
        let name = stream["metadata"]["name"].as_str().unwrap_or_default();
        Refusal::not_found(IMAGE_GROUP, TAGS, &format!("{name}:{tag}"))
    };
    let head = stream::head(stream, tag).ok_or_else(missing)?;
    let digest = head["image"].as_str().unwrap_or_default();
    let image = objects.get(&IMAGES, digest).map(|image| image.value());
    let mut image = image.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, TAGS, digest))?;
    image["dockerImageReference"] = pull_spec(stream, tag, head);
    Ok(alone(tag_object(stream, tag, head, image)))
}

/// A tag that stands alone.
pub(super) fn alone(mut tag: Value) -> Value {
    tag["kind"] = json!("ImageStreamTag");
    tag["apiVersion"] = json!("image.openshift.io/v1");
    tag
}

/// All tags that have an image. `limit` counts streams and cuts silently.
pub(super) fn list(objects: &Objects, call: &Call<'_>) -> Response<Body> {
    let wanted = call.path.namespace.as_deref();
    let limit =
        call.query.get("limit").and_then(|text| text.parse().ok()).filter(|limit| *limit > 0);
    let streams = objects.items(&IMAGE_STREAMS, None).map(|item| item.stored());
    let streams =
        streams.filter(|stream| wanted.is_none_or(|wanted| stream.namespace() == Some(wanted)));
    let tags = streams.take(limit.unwrap_or(usize::MAX)).flat_map(|stored| {
        let stream = stored.value();
        let named = stream::tags(&stream).filter_map(|tag| {
            let name = tag["tag"].as_str()?;
            let head = stream::head(&stream, name)?;
            let mut image = json!({
                "metadata": {"name": head["image"]}, "dockerImageMetadata": metadata::nothing(),
                "dockerImageMetadataVersion": "1.0",
            });
            image["dockerImageReference"] = pull_spec(&stream, name, head);
            Some(tag_object(&stream, name, head, image))
        });
        named.collect::<Vec<_>>()
    });
    let list = match call.style.form {
        Form::Table => {
            let include = table::Include::of(call.query);
            let rows = tags.map(|tag| table::tag_row(&tag, include)).collect();
            table::table(table::tag_columns(), json!({}), rows)
        }
        Form::Metadata => {
            let items =
                tags.map(|tag| crate::api::object::metadata_only(tag.to_string().as_bytes()));
            json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": {}, "items": items.collect::<Vec<_>>(),
            })
        }
        Form::Whole | Form::Discovery => json!({
            "kind": "ImageStreamTagList", "apiVersion": "image.openshift.io/v1",
            "metadata": {}, "items": tags.collect::<Vec<_>>(),
        }),
    };
    call.style.json(StatusCode::OK, &list)
}

/// A tag with an image, as it stands in a list.
pub(super) fn tag_object(stream: &Value, name: &str, head: &Value, image: Value) -> Value {
    let meta = &stream["metadata"];
    let full_name = format!("{}:{name}", meta["name"].as_str().unwrap_or_default());
    let spec = stream::spec_tags(stream).find(|spec| spec["name"] == name);
    let mut tag = json!({
        "metadata": {
            "name": full_name, "namespace": meta["namespace"], "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"], "creationTimestamp": head["created"],
        },
        "tag": spec, "generation": head["generation"],
        "lookupPolicy": stream["spec"]["lookupPolicy"], "image": image,
    });
    if let Some(conditions) = stream::tag(stream, name).and_then(|tag| tag.get("conditions")) {
        tag["conditions"] = conditions.clone();
    }
    tag
}

/// From where the tag is pulled: with policy `Local` from this registry whatever its image's
/// origin.
fn pull_spec(stream: &Value, name: &str, head: &Value) -> Value {
    let spec = stream::spec_tags(stream).find(|spec| spec["name"] == name);
    if spec.is_some_and(|spec| spec["referencePolicy"]["type"] == "Local") {
        let part = |field: &str| stream["metadata"][field].as_str().unwrap_or_default();
        let digest = head["image"].as_str().unwrap_or_default();
        return json!(reference(part("namespace"), part("name"), digest));
    }
    head["dockerImageReference"].clone()
}

/// One image of a stream's history, by digest or the beginning of one.
///
/// # Errors
/// When it is not in the history, or its Image is gone.
pub(super) fn image(objects: &Objects, namespace: &str, name: &str) -> Result<Value, Refusal> {
    let malformed = || Refusal::bad_request("ImageStreamImages must be retrieved with <name>@<id>");
    let (stream_name, wanted) = name.split_once('@').ok_or_else(malformed)?;
    let found = objects.get(&IMAGE_STREAMS, &key(Some(namespace), stream_name));
    let stream =
        found.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, STREAM_IMAGES, stream_name))?.value();
    let digests = stream::items(&stream).filter_map(|item| item["image"].as_str());
    let starts = |digest: &&str| {
        digest.starts_with(wanted)
            || digest.strip_prefix("sha256:").is_some_and(|hex| hex.starts_with(wanted))
    };
    let digest = digests.filter(|_| !wanted.is_empty()).find(starts);
    let digest = digest.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, STREAM_IMAGES, name))?;
    let image = objects.get(&IMAGES, digest).map(|image| image.value());
    let image = image.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, STREAM_IMAGES, digest))?;
    Ok(json!({
        "kind": "ImageStreamImage", "apiVersion": "image.openshift.io/v1",
        "metadata": {
            "name": format!("{stream_name}@{digest}"), "namespace": namespace,
            "creationTimestamp": image["metadata"]["creationTimestamp"],
        },
        "image": image,
    }))
}
