// SPDX-License-Identifier: LGPL-2.1-or-later

//! The history of an image stream's tags, put back into the stream as it is now. Pure: objects of
//! the API go in and come out.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::delete::Step;
use images_proto::{RepositoryName, Tag};
use serde_json::{Value, json};

/// A tag that is to come back, or some of its revisions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// The tag.
    pub(super) tag: Tag,
    /// All revisions as they were, newest first.
    pub(super) items: Vec<Value>,
    /// What went.
    pub(super) gone: Gone,
    /// What the stream was told about the tag, if somebody set it.
    pub(super) spec: Option<Value>,
}

/// What went of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// All of it.
    Tag,
    /// The revisions that name these images.
    Revisions(BTreeSet<String>),
}

/// What has to be done for a tag.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing: it is as it was.
    None,
    /// It is to have this history.
    To(Vec<Value>),
    /// Somebody put something else there.
    Conflict,
}

/// The tags of a repository that these steps took away.
pub(super) fn wanted<'a>(
    before: &Value,
    repository: &RepositoryName,
    steps: impl Iterator<Item = &'a Step>,
) -> Vec<Wanted> {
    let mut gone: BTreeMap<Tag, Gone> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Repository(name) if name == repository => {
                gone.extend(names(before).map(|tag| (tag, Gone::Tag)));
            }
            Step::Tag { tag, .. } if tag.repository == *repository => {
                gone.insert(tag.tag.clone(), Gone::Tag);
            }
            Step::Revision { tag, digest } if tag.repository == *repository => {
                let none = || Gone::Revisions(BTreeSet::new());
                if let Gone::Revisions(images) = gone.entry(tag.tag.clone()).or_insert_with(none) {
                    images.insert(digest.to_string());
                }
            }
            _ => {}
        }
    }
    let wanted = gone.into_iter().map(|(tag, gone)| {
        let items = items(before, &tag).to_vec();
        let spec = spec(before, &tag).filter(|_| gone == Gone::Tag).cloned();
        Wanted { tag, items, gone, spec }
    });
    wanted.filter(|wanted| !wanted.items.is_empty() || wanted.spec.is_some()).collect()
}

impl Wanted {
    /// The images that went, newest first, each once.
    pub(super) fn images(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let went = self.items.iter().filter_map(image).filter(|image| self.went(image));
        went.filter(|image| seen.insert(*image)).collect()
    }

    /// Whether the revisions of this image went.
    pub(super) fn went(&self, image: &str) -> bool {
        match &self.gone {
            Gone::Tag => true,
            Gone::Revisions(images) => images.contains(image),
        }
    }

    /// Leaves out revisions of images that are not there any more.
    pub(super) fn leave_out(&mut self, missing: &BTreeSet<String>) {
        self.items.retain(|item| image(item).is_none_or(|image| !missing.contains(image)));
    }

    /// What has to be done, the tag having this history now. `is_resumed`: an earlier attempt may
    /// have come half way, oldest revisions first.
    pub(super) fn change(&self, now: &[Value], is_resumed: bool) -> Change {
        let (before, present) = (images(&self.items), images(now));
        let left: Vec<_> = before.iter().copied().filter(|image| !self.went(image)).collect();
        let half_way = is_resumed && self.gone == Gone::Tag && before.ends_with(&present);
        if present == before {
            Change::None
        } else if present == left || half_way {
            Change::To(self.items.clone())
        } else if let Gone::Revisions(_) = self.gone
            && !left.is_empty()
            && present.ends_with(&left)
        {
            // What was pushed since stays on top.
            if present.ends_with(&before) {
                return Change::None;
            }
            let new = now[..present.len() - left.len()].iter();
            Change::To(new.chain(&self.items).cloned().collect())
        } else if present.ends_with(&before) && !before.is_empty() {
            Change::None
        } else {
            Change::Conflict
        }
    }
}

/// The tags of the stream that follow this one: what is pushed to it goes to them, too.
pub(super) fn followers<'a>(stream: &'a Value, tag: &Tag) -> impl Iterator<Item = &'a str> {
    let metadata = &stream["metadata"];
    let whole = format!("{}:{tag}", metadata["name"].as_str().unwrap_or_default());
    let tags = stream.pointer("/spec/tags").and_then(Value::as_array);
    tags.into_iter().flatten().filter_map(move |told| {
        let from = &told["from"];
        let here = from["namespace"].is_null() || from["namespace"] == metadata["namespace"];
        let named = from["name"] == tag.as_str() || from["name"] == *whole;
        let name = told["name"].as_str().filter(|name| *name != tag.as_str())?;
        (here && named && from["kind"] == "ImageStreamTag").then_some(name)
    })
}

/// The history of a tag, newest first.
pub(super) fn items<'a>(stream: &'a Value, tag: &Tag) -> &'a [Value] {
    let tags = stream.pointer("/status/tags").and_then(Value::as_array);
    let tag = tags.into_iter().flatten().find(|known| known["tag"] == tag.as_str());
    tag.and_then(|tag| tag["items"].as_array()).map_or(&[], Vec::as_slice)
}

/// Gives a tag this history.
pub(super) fn set_items(stream: &mut Value, tag: &Tag, items: Vec<Value>) {
    let Some(tags) = list(stream, "status") else { return };
    match tags.iter_mut().find(|known| known["tag"] == tag.as_str()) {
        Some(known) => {
            known["items"] = Value::Array(items);
            if let Some(known) = known.as_object_mut() {
                // That an import failed is no longer true: something is there.
                known.remove("conditions");
            }
        }
        None => {
            // The API keeps them sorted.
            let name = |known: &Value| known["tag"].as_str().unwrap_or_default().to_owned();
            let at = tags.partition_point(|known| name(known).as_str() < tag.as_str());
            tags.insert(at, json!({ "tag": tag.as_str(), "items": items }));
        }
    }
}

/// Puts back what a stream was told about a tag. Whether that changed anything.
pub(super) fn set_spec(stream: &mut Value, spec: &Value) -> bool {
    let Some(tags) = list(stream, "spec") else { return false };
    // What somebody told it since counts.
    if tags.iter().any(|known| known["name"] == spec["name"]) {
        return false;
    }
    tags.push(spec.clone());
    true
}

/// Whether a stream is told about a tag.
pub(super) fn has_spec(stream: &Value, tag: &Tag) -> bool {
    spec(stream, tag).is_some()
}

/// A stream that is like the one there was, with no tags yet.
pub(super) fn empty(before: &Value) -> Value {
    let metadata = &before["metadata"];
    let mut spec = before["spec"].clone();
    if let Some(spec) = spec.as_object_mut() {
        // Told later: an import must not come before the history.
        spec.remove("tags");
    }
    let mut stream = json!({
        "kind": "ImageStream",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": metadata["name"], "namespace": metadata["namespace"] },
        "spec": if spec.is_object() { spec } else { json!({}) },
    });
    for field in ["labels", "annotations"] {
        if metadata[field].is_object() {
            stream["metadata"][field] = metadata[field].clone();
        }
    }
    stream
}

/// The digest of a revision.
pub(super) fn image(item: &Value) -> Option<&str> {
    item["image"].as_str()
}

/// The digests of these revisions.
pub(super) fn images(items: &[Value]) -> Vec<&str> {
    items.iter().filter_map(image).collect()
}

/// When these revisions came.
pub(super) fn times(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["created"].as_str().unwrap_or_default()).collect()
}

/// The names of all tags, of status and spec.
fn names(stream: &Value) -> impl Iterator<Item = Tag> {
    let of = |part: &str, field: &'static str| {
        let tags = stream.pointer(&format!("/{part}/tags")).and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(move |tag| tag[field].as_str()?.parse().ok())
    };
    of("status", "tag").chain(of("spec", "name"))
}

fn spec<'a>(stream: &'a Value, tag: &Tag) -> Option<&'a Value> {
    let tags = stream.pointer("/spec/tags").and_then(Value::as_array);
    tags?.iter().find(|known| known["name"] == tag.as_str())
}

/// The list of tags of a part of the stream, made if it is not there.
fn list<'a>(stream: &'a mut Value, part: &str) -> Option<&'a mut Vec<Value>> {
    let part = stream.as_object_mut()?.entry(part).or_insert_with(|| json!({}));
    let tags = part.as_object_mut()?.entry("tags").or_insert_with(|| json!([]));
    if tags.is_null() {
        *tags = json!([]);
    }
    tags.as_array_mut()
}

#[cfg(test)]
mod tests {
    use images_proto::{Digest, TagRef};

    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    fn history(bytes: &[u8]) -> Vec<Value> {
        let item = |byte: &u8| json!({ "image": digest(*byte), "created": format!("t{byte}") });
        bytes.iter().map(item).collect()
    }

    fn stream(bytes: &[u8]) -> Value {
        json!({
            "metadata": { "name": "api", "namespace": "shop", "labels": { "a": "b" }, "uid": "x" },
            "spec": { "lookupPolicy": { "local": true }, "tags": [
                { "name": "v1", "from": { "kind": "DockerImage", "name": "quay.io/a/b" } },
                { "name": "only-told" },
            ] },
            "status": { "tags": [{ "tag": "v1", "items": history(bytes) }] },
        })
    }

    fn name() -> RepositoryName {
        "shop/api".parse().unwrap()
    }

    fn tag(tag: &str) -> TagRef {
        TagRef { repository: name(), tag: tag.parse().unwrap() }
    }

    fn of(bytes: &[u8], steps: &[Step]) -> Wanted {
        let mut wanted = wanted(&stream(bytes), &name(), steps.iter());
        assert_eq!(wanted.len(), 1);
        wanted.remove(0)
    }

    #[test]
    fn a_whole_tag_comes_back_where_nothing_else_is() {
        let step = Step::Tag { tag: tag("v1"), digest: None };
        let wanted = of(&[3, 2, 1], &[step]);
        assert_eq!(wanted.images().len(), 3);
        assert_eq!(wanted.spec.as_ref().unwrap()["from"]["name"], "quay.io/a/b");
        let change = |bytes: &[u8], resumed| wanted.change(&history(bytes), resumed);
        assert_eq!(change(&[], false), Change::To(history(&[3, 2, 1])));
        assert_eq!(change(&[3, 2, 1], false), Change::None);
        assert_eq!(change(&[4, 3, 2, 1], false), Change::None);
        for other in [&[4][..], &[1], &[3]] {
            assert_eq!(change(other, false), Change::Conflict, "{other:?}");
        }
        assert_eq!(change(&[2, 1], true), Change::To(history(&[3, 2, 1])));
        assert_eq!(change(&[4, 1], true), Change::Conflict);
    }

    #[test]
    fn revisions_come_back_to_their_place_under_what_was_pushed_since() {
        let step = |byte| Step::Revision { tag: tag("v1"), digest: digest(byte) };
        let wanted = of(&[3, 2, 1], &[step(3), step(2)]);
        assert_eq!(wanted.spec, None, "what the stream was told is still there");
        let change = |bytes: &[u8]| wanted.change(&history(bytes), false);
        assert_eq!(change(&[1]), Change::To(history(&[3, 2, 1])));
        assert_eq!(change(&[9, 1]), Change::To(history(&[9, 3, 2, 1])));
        assert_eq!(change(&[9, 3, 2, 1]), Change::None);
        assert_eq!(change(&[9]), Change::Conflict);
        assert_eq!(change(&[]), Change::Conflict, "somebody deleted the tag since");
    }

    #[test]
    fn all_revisions_of_a_tag_are_the_tag() {
        let steps = [1, 2].map(|byte| Step::Revision { tag: tag("v1"), digest: digest(byte) });
        let wanted = of(&[2, 1], &steps);
        assert_eq!(wanted.change(&[], false), Change::To(history(&[2, 1])));
        assert_eq!(wanted.change(&history(&[9]), false), Change::Conflict);
    }

    #[test]
    fn a_repository_comes_back_with_what_it_was_told() {
        let before = stream(&[1]);
        let step = Step::Repository(name());
        let wanted = wanted(&before, &name(), [&step].into_iter());
        let tags: Vec<_> = wanted.iter().map(|wanted| wanted.tag.as_str()).collect();
        assert_eq!(tags, ["only-told", "v1"]);
        let mut stream = empty(&before);
        assert_eq!(stream["metadata"]["labels"]["a"], "b");
        assert_eq!(stream["metadata"].get("uid"), None);
        assert_eq!(stream["spec"], json!({ "lookupPolicy": { "local": true } }));
        for wanted in &wanted {
            set_items(&mut stream, &wanted.tag, wanted.items.clone());
            assert!(set_spec(&mut stream, wanted.spec.as_ref().unwrap()));
            assert!(!set_spec(&mut stream, wanted.spec.as_ref().unwrap()));
        }
        assert_eq!(items(&stream, &tag("v1").tag), history(&[1]));
    }

    #[test]
    fn followers_are_tags_that_name_it() {
        let from = |kind: &str, name: &str| json!({ "kind": kind, "name": name });
        let stream = json!({
            "metadata": { "name": "api", "namespace": "shop" },
            "spec": { "tags": [
                { "name": "a", "from": from("ImageStreamTag", "v1") },
                { "name": "b", "from": from("ImageStreamTag", "api:v1") },
                { "name": "c", "from": from("DockerImage", "v1") },
                { "name": "d", "from": from("ImageStreamTag", "other:v1") },
                { "name": "v1", "from": from("ImageStreamTag", "v1") },
                { "name": "e", "from": {
                    "kind": "ImageStreamTag", "name": "api:v1", "namespace": "else" } },
            ] },
        });
        let found: Vec<_> = followers(&stream, &"v1".parse().unwrap()).collect();
        assert_eq!(found, ["a", "b"]);
    }

    #[test]
    fn what_is_not_there_any_more_is_left_out() {
        let mut wanted = of(&[2, 1], &[Step::Tag { tag: tag("v1"), digest: None }]);
        wanted.leave_out(&[digest(1).to_string()].into());
        assert_eq!(wanted.change(&[], false), Change::To(history(&[2])));
    }

    #[test]
    fn nonsense_is_no_fault() {
        let step = Step::Tag { tag: tag("v1"), digest: None };
        for mut stream in [json!(7), json!({}), json!({ "status": { "tags": null } })] {
            assert!(wanted(&stream, &name(), [&step].into_iter()).is_empty());
            set_items(&mut stream, &tag("v1").tag, history(&[1]));
            assert!(!set_spec(&mut json!({ "spec": 7 }), &json!({ "name": "v1" })));
        }
    }
}
