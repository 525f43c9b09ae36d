// SPDX-License-Identifier: LGPL-2.1-or-later
//! ImageStreams: tags, their histories and what follows what.

use serde_json::{Value, json};

use super::object::{INTERNAL, reference};
use crate::resource::ROUTES;
use crate::store::Objects;

/// A stream that was just made.
pub(crate) fn empty(namespace: &str, name: &str, public_registry: Option<&str>) -> Value {
    let mut stream = json!({
        "metadata": {"name": name, "namespace": namespace, "generation": 1},
        "spec": {"lookupPolicy": {"local": false}},
        "status": {},
    });
    set_repositories(&mut stream, public_registry);
    stream
}

/// Where pull specs from outside point, if there is a route to the registry.
pub(crate) fn public_registry(objects: &Objects) -> Option<String> {
    let mut routes = objects.all(&ROUTES);
    let own = ["openshift-image-registry/default-route", "default/docker-registry"];
    let route = routes.find(|route| own.contains(&route.key.as_str()))?;
    route.value()["spec"]["host"].as_str().map(str::to_owned)
}

/// Fills in the names under which the stream can be pulled.
pub(crate) fn set_repositories(stream: &mut Value, public_registry: Option<&str>) {
    let meta = &stream["metadata"];
    let path = format!(
        "{}/{}",
        meta["namespace"].as_str().unwrap_or_default(),
        meta["name"].as_str().unwrap_or_default()
    );
    stream["status"]["dockerImageRepository"] = json!(format!("{INTERNAL}/{path}"));
    match public_registry {
        Some(public) => {
            stream["status"]["publicDockerImageRepository"] = json!(format!("{public}/{path}"));
        }
        None => {
            if let Some(status) = stream["status"].as_object_mut() {
                status.remove("publicDockerImageRepository");
            }
        }
    }
}

/// The tags of the status.
pub(crate) fn tags(stream: &Value) -> impl Iterator<Item = &Value> {
    stream["status"]["tags"].as_array().into_iter().flatten()
}

/// The tags of the spec.
pub(crate) fn spec_tags(stream: &Value) -> impl Iterator<Item = &Value> {
    stream["spec"]["tags"].as_array().into_iter().flatten()
}

/// A tag of the status with its history.
pub(crate) fn tag<'a>(stream: &'a Value, name: &str) -> Option<&'a Value> {
    tags(stream).find(|tag| tag["tag"] == name)
}

/// The newest item of a tag.
pub(crate) fn head<'a>(stream: &'a Value, name: &str) -> Option<&'a Value> {
    tag(stream, name)?["items"].as_array()?.first()
}

/// All items of all tags.
pub(crate) fn items(stream: &Value) -> impl Iterator<Item = &Value> {
    tags(stream).flat_map(|tag| tag["items"].as_array().into_iter().flatten())
}

/// Puts an image on a tag, and on the tags of this stream that follow it. The old ones
/// stay below as history; the same image once more is no event.
pub(crate) fn push(stream: &mut Value, tag: &str, digest: &str, now: &str) {
    let meta = &stream["metadata"];
    let (namespace, name) = (meta["namespace"].as_str().unwrap_or_default(), meta["name"].as_str());
    let reference = reference(namespace, name.unwrap_or_default(), digest);
    push_as(stream, tag, digest, &reference, now);
}

/// The same of an image that is pulled by another reference than the stream's own.
pub(crate) fn push_as(stream: &mut Value, tag: &str, digest: &str, reference: &str, now: &str) {
    let spec = spec_tags(stream).find(|spec| spec["name"] == tag);
    let generation = spec.map_or(json!(1), |spec| spec["generation"].clone());
    let item = json!({
        "created": now, "dockerImageReference": reference, "image": digest,
        "generation": generation,
    });
    put_item(stream, tag, item.clone());
    let followers: Vec<_> = followers(stream, tag).collect();
    for (follower, generation) in followers {
        let mut item = item.clone();
        item["generation"] = generation;
        put_item(stream, &follower, item);
    }
}

fn followers(stream: &Value, tag: &str) -> impl Iterator<Item = (String, Value)> {
    let name = stream["metadata"]["name"].as_str().unwrap_or_default();
    let names = [tag.to_owned(), format!("{name}:{tag}")];
    spec_tags(stream).filter_map(move |spec| {
        let from = &spec["from"];
        let here =
            from["namespace"].is_null() || from["namespace"] == stream["metadata"]["namespace"];
        let follows = from["kind"] == "ImageStreamTag"
            && names.iter().any(|own| from["name"] == own.as_str());
        let name = spec["name"].as_str().filter(|own| here && follows && *own != tag)?;
        Some((name.to_owned(), spec["generation"].clone()))
    })
}

/// Puts an item on top of a tag's history; tags stay sorted.
pub(crate) fn put_item(stream: &mut Value, name: &str, item: Value) {
    let tags = &mut stream["status"]["tags"];
    if !tags.is_array() {
        *tags = json!([]);
    }
    let Some(tags) = tags.as_array_mut() else { return };
    match tags.binary_search_by(|tag| tag["tag"].as_str().unwrap_or_default().cmp(name)) {
        Err(at) => tags.insert(at, json!({"tag": name, "items": [item]})),
        Ok(at) => {
            let Some(tag) = tags[at].as_object_mut() else { return };
            // Something arrived: the import did not fail for good.
            tag.remove("conditions");
            match tag.get_mut("items").and_then(Value::as_array_mut) {
                None => {
                    tag.insert("items".to_owned(), json!([item]));
                }
                Some(items) => match items.first_mut() {
                    Some(first)
                        if first["image"] == item["image"]
                            && first["dockerImageReference"] == item["dockerImageReference"] =>
                    {
                        first["generation"] = item["generation"].clone();
                    }
                    _ => items.insert(0, item),
                },
            }
        }
    }
}

/// Removes a tag from spec and status with its whole history; says whether there was one.
pub(crate) fn remove_tag(stream: &mut Value, name: &str) -> bool {
    let status = remove(&mut stream["status"], "tag", name);
    let spec = remove(&mut stream["spec"], "name", name);
    status || spec
}

fn remove(part: &mut Value, field: &str, name: &str) -> bool {
    let Some(tags) = part.get_mut("tags").and_then(Value::as_array_mut) else { return false };
    let before = tags.len();
    tags.retain(|tag| tag[field] != name);
    let removed = tags.len() < before;
    // An empty list is left out, as Go's `omitempty` does.
    if tags.is_empty()
        && let Some(part) = part.as_object_mut()
    {
        part.remove("tags");
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(stream: &Value, tag_name: &str) -> Vec<String> {
        let items = tag(stream, tag_name).unwrap()["items"].as_array().unwrap().iter();
        items.map(|item| item["image"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_tag_keeps_what_it_was() {
        let mut stream = empty("n", "s", Some("127.0.0.1:1"));
        for digest in ["sha256:a", "sha256:b", "sha256:b", "sha256:a"] {
            push(&mut stream, "latest", digest, "2026-01-01T00:00:00Z");
        }
        assert_eq!(history(&stream, "latest"), ["sha256:a", "sha256:b", "sha256:a"]);
        assert!(remove_tag(&mut stream, "latest"));
        assert!(!remove_tag(&mut stream, "latest"));
        assert!(stream["status"].get("tags").is_none());
    }

    #[test]
    fn a_tag_that_follows_another_gets_its_images() {
        let mut stream = empty("n", "s", Some("127.0.0.1:1"));
        let from = json!({"kind": "ImageStreamTag", "name": "latest"});
        stream["spec"]["tags"] = json!([{"name": "prod", "generation": 2, "from": from}]);
        push(&mut stream, "latest", "sha256:a", "2026-01-01T00:00:00Z");
        assert_eq!(history(&stream, "prod"), ["sha256:a"]);
        assert_eq!(head(&stream, "prod").unwrap()["generation"], 2);
        assert_eq!(head(&stream, "latest").unwrap()["generation"], 1);
    }
}
