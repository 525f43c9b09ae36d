// SPDX-License-Identifier: LGPL-2.1-or-later
//! Creating and changing ImageStreams.

use serde_json::{Value, json};

use super::object::reference;
use super::{find_stream, stream, whole};
use crate::api::refusal::Refusal;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS};
use crate::store::{Objects, Store, key};

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// Creates a stream.
///
/// # Errors
/// When the name is taken or wrong.
pub(super) fn create(store: &Store, namespace: &str, wanted: &Value) -> Result<Value, Refusal> {
    let name = wanted["metadata"]["name"].as_str().unwrap_or_default();
    if name.contains('/') || name.is_empty() {
        let why = format!("Invalid value: \"{name}\": may not contain '/'");
        return Err(Refusal::invalid(IMAGE_GROUP, IMAGE_STREAMS.kind, name, "metadata.name", &why));
    }
    store.write(|objects, clock| {
        if objects.get(&IMAGE_STREAMS, &key(Some(namespace), name)).is_some() {
            return Err(Refusal::already_exists(IMAGE_GROUP, IMAGE_STREAMS.plural, name));
        }
        let public = stream::public_registry(objects);
        let mut stream = stream::empty(namespace, name, public.as_deref());
        for field in ["labels", "annotations"] {
            if wanted["metadata"][field].is_object() {
                stream["metadata"][field] = wanted["metadata"][field].clone();
            }
        }
        take_spec(objects, &mut stream, &wanted["spec"], 1, &clock.now());
        Ok(whole(objects.put(&IMAGE_STREAMS, stream, clock).value()))
    })
}

/// Changes a stream's spec, labels and annotations; its status is left alone without a word.
///
/// # Errors
/// When it is not there, or changed meanwhile.
pub(super) fn spec(
    store: &Store,
    namespace: &str,
    name: &str,
    wanted: &Value,
) -> Result<Value, Refusal> {
    store.write(|objects, clock| {
        let mut stream = find_stream(objects, namespace, name)?;
        unchanged(&stream, wanted, name)?;
        let before = stream.clone();
        let generation = stream["metadata"]["generation"].as_u64().unwrap_or_default() + 1;
        for field in ["labels", "annotations"] {
            match &wanted["metadata"][field] {
                Value::Object(_) => stream["metadata"][field] = wanted["metadata"][field].clone(),
                _ => {
                    if let Some(meta) = stream["metadata"].as_object_mut() {
                        meta.remove(field);
                    }
                }
            }
        }
        take_spec(objects, &mut stream, &wanted["spec"], generation, &clock.now());
        if stream["spec"] != before["spec"] {
            stream["metadata"]["generation"] = json!(generation);
        }
        // A write that changes nothing is none.
        if stream == before {
            return Ok(whole(stream));
        }
        Ok(whole(objects.put(&IMAGE_STREAMS, stream, clock).value()))
    })
}

/// Replaces a stream's tags with those sent; so single items of a history are removed or put back.
///
/// # Errors
/// When it is not there, or changed meanwhile.
pub(super) fn status(
    store: &Store,
    namespace: &str,
    name: &str,
    wanted: &Value,
) -> Result<Value, Refusal> {
    store.write(|objects, clock| {
        let mut stream = find_stream(objects, namespace, name)?;
        unchanged(&stream, wanted, name)?;
        let before = stream.clone();
        match &wanted["status"]["tags"] {
            Value::Array(tags) if !tags.is_empty() => {
                stream["status"]["tags"] =
                    tags.iter().cloned().map(without_empty_history).collect();
            }
            _ => {
                if let Some(status) = stream["status"].as_object_mut() {
                    status.remove("tags");
                }
            }
        }
        if stream == before {
            return Ok(whole(stream));
        }
        Ok(whole(objects.put(&IMAGE_STREAMS, stream, clock).value()))
    })
}

/// An empty list comes back from etcd as none.
fn without_empty_history(mut tag: Value) -> Value {
    if tag["items"].as_array().is_some_and(Vec::is_empty) {
        tag["items"] = Value::Null;
    }
    tag
}

fn unchanged(stream: &Value, wanted: &Value, name: &str) -> Result<(), Refusal> {
    for field in ["uid", "resourceVersion"] {
        let said = wanted["metadata"][field].as_str().filter(|said| !said.is_empty());
        if said.is_some_and(|said| stream["metadata"][field] != said) {
            return Err(Refusal::conflict(IMAGE_GROUP, IMAGE_STREAMS.plural, name, MODIFIED));
        }
    }
    Ok(())
}

/// Takes over a spec. Tags that are new or changed get the generation, and the image that they
/// name.
fn take_spec(objects: &Objects, stream: &mut Value, spec: &Value, generation: u64, now: &str) {
    let mut spec = spec.clone();
    if spec["lookupPolicy"].is_null() {
        spec["lookupPolicy"] = json!({"local": false});
    }
    let old: Vec<_> = stream::spec_tags(stream).cloned().collect();
    let mut named = Vec::new();
    for tag in spec["tags"].as_array_mut().into_iter().flatten() {
        let same = old.iter().any(|old| old["name"] == tag["name"] && old["from"] == tag["from"]);
        if same {
            continue;
        }
        tag["generation"] = json!(generation);
        for (field, default) in [
            ("annotations", Value::Null),
            ("importPolicy", json!({"importMode": "Legacy"})),
            ("referencePolicy", json!({"type": "Source"})),
        ] {
            if tag[field].is_null() {
                tag[field] = default;
            }
        }
        if let (Some(name), Some(digest)) =
            (tag["name"].as_str(), resolve(objects, stream, &tag["from"]))
        {
            named.push((name.to_owned(), digest));
        }
    }
    if spec["tags"].as_array().is_some_and(Vec::is_empty)
        && let Some(spec) = spec.as_object_mut()
    {
        spec.remove("tags");
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|_, value| !value.is_null());
    }
    stream["spec"] = spec;
    let part = |field: &str| stream["metadata"][field].as_str().unwrap_or_default().to_owned();
    let (namespace, own) = (part("namespace"), part("name"));
    for (name, digest) in named {
        let reference = reference(&namespace, &own, &digest);
        let item = json!({
            "created": now, "dockerImageReference": reference, "image": digest,
            "generation": generation,
        });
        stream::put_item(stream, &name, item);
    }
}

/// The digest that a spec tag's `from` names inside the cluster; none for images outside.
fn resolve(objects: &Objects, stream: &Value, from: &Value) -> Option<String> {
    let name = from["name"].as_str()?;
    let namespace =
        from["namespace"].as_str().or_else(|| stream["metadata"]["namespace"].as_str())?;
    let other = |name: &str| {
        objects.get(&IMAGE_STREAMS, &key(Some(namespace), name)).map(|found| found.value())
    };
    match from["kind"].as_str()? {
        "ImageStreamImage" => name.split_once('@').map(|(_, digest)| digest.to_owned()),
        "ImageStreamTag" => {
            let head = match name.split_once(':') {
                Some((other_name, tag)) => stream::head(&other(other_name)?, tag).cloned(),
                None => stream::head(stream, name).cloned(),
            };
            head?["image"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}
