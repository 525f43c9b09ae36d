// SPDX-License-Identifier: LGPL-2.1-or-later
//! ImageStreamTags that are written: the spec of the stream gets the tag, and the status what it
//! names.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{metadata, stream, update, view};
use crate::access::User;
use crate::api::delete::is_dry_run;
use crate::api::refusal::Refusal;
use crate::api::{Api, Call};
use crate::http::body::Body;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS};
use crate::store::{Objects, key};

const KIND: &str = "ImageStreamTag";
const PLURAL: &str = "imagestreamtags";
/// As some refusals call it.
const SINGULAR: &str = "imagestreamtag";

/// Creates or changes a tag; a stream that is missing is made.
///
/// # Errors
/// When the tag is there already, or changed meanwhile, or what it is to name is not there or not
/// the caller's to read.
pub(super) fn answer(
    api: &Api,
    user: &User,
    call: &Call<'_>,
    namespace: &str,
) -> Result<Response<Body>, Refusal> {
    let body = &call.body;
    let said = body["metadata"]["name"].as_str().unwrap_or_default();
    let name = call.path.name.as_deref().unwrap_or(said);
    let (stream_name, tag) = view::split(name)?;
    let key = key(Some(namespace), stream_name);
    let before = api.store.read().get(&IMAGE_STREAMS, &key).map(|stream| stream.value());
    if before.is_none() {
        update::check_name(namespace, stream_name)?;
    }
    let spec = wanted(call, before.as_ref(), name, tag)?;
    update::may_name(api, user, namespace, stream_name, before.as_ref(), &spec)?;
    api.store.write(|objects, clock| {
        let there = objects.get(&IMAGE_STREAMS, &key).map(|stream| stream.value());
        let version = |stream: &Value| stream["metadata"]["resourceVersion"].clone();
        if there.as_ref().map(version) != before.as_ref().map(version) {
            let now = there.map(|stream| version(&stream)).unwrap_or_default();
            return Err(overtaken(name, now.as_str().unwrap_or_default()));
        }
        let is_new = !stream::spec_tags(before.as_ref().unwrap_or(&Value::Null))
            .any(|spec| spec["name"] == tag);
        let public = stream::public_registry(objects);
        let mut stream = match &before {
            Some(before) => before.clone(),
            None => stream::empty(namespace, stream_name, public.as_deref()),
        };
        let generation = match &before {
            Some(before) => before["metadata"]["generation"].as_u64().unwrap_or_default() + 1,
            None => 1,
        };
        update::take_spec(objects, &mut stream, &spec, generation, &clock.now())?;
        if before.as_ref().is_none_or(|before| before["spec"] != stream["spec"]) {
            stream["metadata"]["generation"] = json!(generation);
        }
        if !is_dry_run(call) && before.as_ref() != Some(&stream) {
            stream = objects.put(&IMAGE_STREAMS, stream, clock).value();
        }
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(call.style.json(status, &shown(objects, &stream, tag)))
    })
}

/// The spec that the stream gets.
fn wanted(
    call: &Call<'_>,
    before: Option<&Value>,
    name: &str,
    tag: &str,
) -> Result<Value, Refusal> {
    let body = &call.body;
    let nothing = Value::Null;
    let stream = before.unwrap_or(&nothing);
    let old = stream::spec_tags(stream).find(|spec| spec["name"] == tag);
    let mut new = body["tag"].clone();
    if call.verb == "create" {
        if old.is_some() {
            return Err(Refusal::already_exists(IMAGE_GROUP, SINGULAR, name));
        }
        if new.is_null() {
            return Err(Refusal::invalid(IMAGE_GROUP, KIND, name, "tag", "Required value"));
        }
    } else {
        let said = body["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        match (said, before) {
            ("", _) => {}
            (_, None) => return Err(Refusal::not_found(IMAGE_GROUP, PLURAL, tag)),
            (said, Some(before)) => {
                let now = before["metadata"]["resourceVersion"].as_str().unwrap_or_default();
                if said != now {
                    return Err(overtaken(name, now));
                }
            }
        }
        if new.is_null() {
            let missing = || {
                Refusal::bad_request(format!(
                    "imagestreamtag {name} is not a spec tag, cannot be updated"
                ))
            };
            new = old.cloned().ok_or_else(missing)?;
        }
        new["annotations"] = body["metadata"]["annotations"].clone();
    }
    new["name"] = json!(tag);
    let mut spec = stream["spec"].clone();
    if spec.is_null() {
        spec = json!({});
    }
    if !body["lookupPolicy"].is_null() {
        spec["lookupPolicy"] = body["lookupPolicy"].clone();
    }
    let mut tags: Vec<_> =
        stream::spec_tags(stream).filter(|spec| spec["name"] != tag).cloned().collect();
    tags.push(new);
    tags.sort_by_key(|spec| spec["name"].as_str().unwrap_or_default().to_owned());
    spec["tags"] = json!(tags);
    Ok(spec)
}

fn overtaken(name: &str, now: &str) -> Refusal {
    let why = format!("another caller has updated the resource version to {now}");
    Refusal::conflict(IMAGE_GROUP, PLURAL, name, &why)
}

/// The tag as it is now; without an image while there is none.
fn shown(objects: &Objects, stream: &Value, tag: &str) -> Value {
    if let Ok(whole) = view::of_stream(objects, stream, tag) {
        return whole;
    }
    let image = json!({
        "metadata": {"creationTimestamp": null}, "dockerImageMetadata": metadata::nothing(),
        "dockerImageMetadataVersion": "", "dockerImageLayers": null,
    });
    let head = json!({"created": null, "generation": stream["metadata"]["generation"]});
    view::alone(view::tag_object(stream, tag, &head, image))
}
