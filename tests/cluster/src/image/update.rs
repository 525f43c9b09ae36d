// SPDX-License-Identifier: LGPL-2.1-or-later
//! Creating and changing ImageStreams.

use serde_json::{Value, json};

use super::object::reference;
use super::{find_stream, stream, whole};
use crate::access::User;
use crate::access::rule::Attributes;
use crate::api::Api;
use crate::api::refusal::Refusal;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS};
use crate::store::{Objects, Store, key};

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// Creates a stream.
///
/// # Errors
/// When the name is taken or wrong.
pub(super) fn create(
    api: &Api,
    user: &User,
    namespace: &str,
    wanted: &Value,
) -> Result<Value, Refusal> {
    let name = wanted["metadata"]["name"].as_str().unwrap_or_default();
    check_name(namespace, name)?;
    may_name(api, user, namespace, name, None, &wanted["spec"])?;
    api.store.write(|objects, clock| {
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
        take_spec(objects, &mut stream, &wanted["spec"], 1, &clock.now())?;
        Ok(whole(objects.put(&IMAGE_STREAMS, stream, clock).value()))
    })
}

/// Checks the name of a stream that is to be made: it is a part of a repository's name.
///
/// # Errors
/// When it is none.
pub(super) fn check_name(namespace: &str, name: &str) -> Result<(), Refusal> {
    let why = if name.is_empty() {
        "Required value: name or generateName is required".to_owned()
    } else {
        let Some(why) = bad_name(namespace, name) else { return Ok(()) };
        format!("Invalid value: \"{name}\": {why}")
    };
    Err(Refusal::invalid(IMAGE_GROUP, IMAGE_STREAMS.kind, name, "metadata.name", &why))
}

fn bad_name(namespace: &str, name: &str) -> Option<String> {
    if let Some(bad) = ["/", "%"].into_iter().find(|bad| name.contains(bad)) {
        return Some(format!("may not contain '{bad}'"));
    }
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let mut parts = name.split(['.', '_', '-']);
    if !parts.all(|part| !part.is_empty() && part.chars().all(inner)) {
        return Some("must match \"[a-z0-9]+(?:[._-][a-z0-9]+)*\"".to_owned());
    }
    let too_long = namespace.len() + 1 + name.len() > 255;
    too_long.then(|| "'namespace/name' cannot be longer than 255 characters".to_owned())
}

/// Changes a stream's spec, labels and annotations; its status is left alone without a word.
///
/// # Errors
/// When it is not there, or changed meanwhile.
pub(super) fn spec(
    api: &Api,
    user: &User,
    namespace: &str,
    name: &str,
    wanted: &Value,
) -> Result<Value, Refusal> {
    let before = find_stream(&api.store.read(), namespace, name)?;
    may_name(api, user, namespace, name, Some(&before), &wanted["spec"])?;
    api.store.write(|objects, clock| {
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
        take_spec(objects, &mut stream, &wanted["spec"], generation, &clock.now())?;
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

/// Whether the caller may pull from the streams of other projects that new or changed tags name.
///
/// # Errors
/// When not: the tag's source is what is wrong with the stream.
pub(super) fn may_name(
    api: &Api,
    user: &User,
    namespace: &str,
    name: &str,
    before: Option<&Value>,
    spec: &Value,
) -> Result<(), Refusal> {
    let nothing = Value::Null;
    let before = before.unwrap_or(&nothing);
    for tag in spec["tags"].as_array().into_iter().flatten() {
        let from = &tag["from"];
        let Some(other) = from["namespace"].as_str().filter(|other| *other != namespace) else {
            continue;
        };
        if !inside(from) || is_same(before, tag) {
            continue;
        }
        let source = from["name"].as_str().unwrap_or_default();
        let source = source.split([':', '@']).next().unwrap_or_default();
        let what = Attributes {
            verb: "get",
            group: IMAGE_GROUP,
            resource: IMAGE_STREAMS.plural,
            subresource: "layers",
            namespace: Some(other),
            name: Some(source),
            path: None,
        };
        if !api.access.allows(user, &what) {
            let why = format!("Forbidden: {other}/{source}");
            return Err(wrong(name, tag, "from", &why));
        }
    }
    Ok(())
}

/// Whether a source is in this cluster.
fn inside(from: &Value) -> bool {
    from["kind"] == "ImageStreamTag" || from["kind"] == "ImageStreamImage"
}

/// Whether the stream has that tag already, from the same source. Generation 0 asks to look at the
/// source anew all the same (openshift-apiserver, imagestream/strategy.go, tagRefGenerationChanged).
fn is_same(stream: &Value, tag: &Value) -> bool {
    let asks_anew = |old: &Value| {
        tag["generation"] == 0 && old["generation"].as_u64().is_some_and(|known| known != 0)
    };
    stream::spec_tags(stream)
        .any(|old| old["name"] == tag["name"] && old["from"] == tag["from"] && !asks_anew(old))
}

fn wrong(stream: &str, tag: &Value, part: &str, why: &str) -> Refusal {
    let field = format!("spec.tags[{}].{part}", tag["name"].as_str().unwrap_or_default());
    Refusal::invalid(IMAGE_GROUP, IMAGE_STREAMS.kind, stream, &field, why)
}

/// Takes over a spec. Tags that are new or changed get the generation, and the image that they
/// name.
///
/// # Errors
/// When a tag names a stream that is not there, or an image that it does not have.
pub(super) fn take_spec(
    objects: &Objects,
    stream: &mut Value,
    spec: &Value,
    generation: u64,
    now: &str,
) -> Result<(), Refusal> {
    let mut spec = spec.clone();
    if spec["lookupPolicy"].is_null() {
        spec["lookupPolicy"] = json!({"local": false});
    }
    let mut named = Vec::new();
    for tag in spec["tags"].as_array_mut().into_iter().flatten() {
        if is_same(stream, tag) {
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
        if let (Some(name), Some(item)) = (tag["name"].as_str(), source(objects, stream, tag)?) {
            named.push((name.to_owned(), item));
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
    for (name, mut item) in named {
        item["created"] = json!(now);
        item["generation"] = json!(generation);
        stream::put_item(stream, &name, item);
    }
    Ok(())
}

/// What a tag names inside the cluster, as an item of a history; none for images outside, and for
/// tags that have no image.
fn source(objects: &Objects, stream: &Value, tag: &Value) -> Result<Option<Value>, Refusal> {
    let from = &tag["from"];
    if !inside(from) {
        return Ok(None);
    }
    let part = |field: &str| stream["metadata"][field].as_str().unwrap_or_default();
    let (own_namespace, own_name) = (part("namespace"), part("name"));
    let name = from["name"].as_str().unwrap_or_default();
    let namespace = from["namespace"].as_str().unwrap_or(own_namespace);
    let is_tag = from["kind"] == "ImageStreamTag";
    let (other_name, reference_name) = match name.split_once(if is_tag { ':' } else { '@' }) {
        Some(parts) => parts,
        None => (own_name, name),
    };
    let other = if (namespace, other_name) == (own_namespace, own_name) {
        stream.clone()
    } else {
        let found = objects.get(&IMAGE_STREAMS, &key(Some(namespace), other_name));
        let missing = || wrong(own_name, tag, "from.name", &format!("Not found: \"{name}\""));
        found.ok_or_else(missing)?.value()
    };
    let mut item = if is_tag {
        let Some(head) = stream::head(&other, reference_name) else { return Ok(None) };
        head.clone()
    } else {
        let mut items = stream::items(&other);
        let unknown = || {
            let why = format!(
                "Invalid value: \"{name}\": error generating tag event: \
                 imagestreamimage.{IMAGE_GROUP} \"{reference_name}\" not found"
            );
            wrong(own_name, tag, "from.name", &why)
        };
        items.find(|item| item["image"] == reference_name).ok_or_else(unknown)?.clone()
    };
    // What is pulled from the other stream is pulled from this one in the future.
    let digest = item["image"].as_str().unwrap_or_default();
    if item["dockerImageReference"] == reference(namespace, other_name, digest).as_str() {
        item["dockerImageReference"] = json!(reference(own_namespace, own_name, digest));
    }
    Ok(Some(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_as_a_repository() {
        for good in ["frontend", "aa_bb-cc.dd", "0", &"x".repeat(253)] {
            assert_eq!(bad_name("n", good), None, "{good}");
        }
        for bad in ["__", "-a", "a-", ".a", "a_", "Aa", "a..b", "a/b", "50%", &"x".repeat(254)] {
            assert!(bad_name("n", bad).is_some(), "{bad}");
        }
    }
}
