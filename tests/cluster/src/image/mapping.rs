// SPDX-License-Identifier: LGPL-2.1-or-later
//! Pushes as they arrive at the API: an image, and the tag that gets it.

use serde_json::{Value, json};

use super::stream;
use crate::api::refusal::{Refusal, success};
use crate::clock::Clock;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS, IMAGES};
use crate::store::{Objects, Store, key};

/// Answers `POST imagestreammappings`.
///
/// # Errors
/// When there is no such stream, or something is missing in the mapping.
pub(super) fn create(store: &Store, namespace: &str, mapping: &Value) -> Result<Value, Refusal> {
    let name = mapping["metadata"]["name"].as_str().unwrap_or_default();
    let tag = mapping["tag"].as_str().filter(|tag| !tag.is_empty()).unwrap_or("latest");
    if mapping["image"]["metadata"]["name"].as_str().is_none_or(str::is_empty) {
        let why = "Required value";
        return Err(Refusal::invalid(
            IMAGE_GROUP,
            "ImageStreamMapping",
            name,
            "image.metadata.name",
            why,
        ));
    }
    let mut image = mapping["image"].clone();
    if image["dockerImageMetadata"].is_null() {
        image["dockerImageMetadata"] = super::metadata::nothing();
        image["dockerImageMetadataVersion"] = json!("1.0");
    }
    store.write(|objects, clock| {
        let found =
            objects.get(&IMAGE_STREAMS, &key(Some(namespace), name)).map(|stream| stream.value());
        let stream =
            found.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, IMAGE_STREAMS.plural, name))?;
        map(objects, clock, stream, tag, image);
        Ok(success(None))
    })
}

/// Records the push of a tag; the stream is made if it is missing.
pub(crate) fn record(store: &Store, (namespace, name): (&str, &str), tag: &str, image: Value) {
    store.write(|objects, clock| {
        let found =
            objects.get(&IMAGE_STREAMS, &key(Some(namespace), name)).map(|stream| stream.value());
        let stream = found.unwrap_or_else(|| {
            // The real registry makes the stream first: watches see it empty.
            let public = stream::public_registry(objects);
            let stream = stream::empty(namespace, name, public.as_deref());
            objects.put(&IMAGE_STREAMS, stream, clock).value()
        });
        map(objects, clock, stream, tag, image);
    });
}

/// Records the push of a manifest without a tag.
pub(crate) fn record_untagged(store: &Store, image: Value) {
    store.write(|objects, clock| put_image(objects, clock, image));
}

fn map(objects: &mut Objects, clock: &Clock, mut stream: Value, tag: &str, image: Value) {
    let digest = image["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let reference = image["dockerImageReference"].as_str().map(str::to_owned);
    put_image(objects, clock, image);
    let before = stream.clone();
    match reference.filter(|reference| reference.contains('@')) {
        Some(own) => stream::push_as(&mut stream, tag, &digest, &own, &clock.now()),
        None => stream::push(&mut stream, tag, &digest, &clock.now()),
    }
    if stream != before {
        objects.put(&IMAGE_STREAMS, stream, clock);
    }
}

/// The first push makes the Image; later ones of the same digest leave it as it is.
fn put_image(objects: &mut Objects, clock: &Clock, image: Value) {
    let digest = image["metadata"]["name"].as_str().unwrap_or_default();
    if objects.get(&IMAGES, digest).is_none() {
        objects.put(&IMAGES, image, clock);
    }
}
