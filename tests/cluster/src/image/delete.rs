// SPDX-License-Identifier: LGPL-2.1-or-later
//! Deletes through the API: streams, tags with their histories, images.

use serde_json::Value;

use super::{stream as streams, view};
use crate::api::Call;
use crate::api::delete::{is_dry_run, precondition};
use crate::api::refusal::{Refusal, details, success};
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS, IMAGES, Resource};
use crate::store::{Store, key};

/// Deletes a stream. Images and blobs stay.
///
/// # Errors
/// When it is not there, or not what the caller expects.
pub(super) fn stream(
    store: &Store,
    call: &Call<'_>,
    namespace: &str,
    name: &str,
) -> Result<Value, Refusal> {
    stored(store, &IMAGE_STREAMS, call, &key(Some(namespace), name), name)
}

/// Deletes an Image, even one that tags refer to. Blobs stay.
///
/// # Errors
/// When it is not there, or not what the caller expects.
pub(super) fn image(store: &Store, call: &Call<'_>, digest: &str) -> Result<Value, Refusal> {
    stored(store, &IMAGES, call, digest, digest)
}

fn stored(
    store: &Store,
    resource: &'static Resource,
    call: &Call<'_>,
    key: &str,
    name: &str,
) -> Result<Value, Refusal> {
    store.write(|objects, _| {
        let missing = || Refusal::not_found(resource.group, resource.plural, name);
        let object = objects.get(resource, key).ok_or_else(missing)?.value();
        let about = (resource.group, resource.kind, name);
        precondition(call, about, &object, &["uid", "resourceVersion"])?;
        if !is_dry_run(call) {
            objects.delete(resource, key);
        }
        let mut about = details(resource.group, resource.plural, Some(name));
        about["uid"] = object["metadata"]["uid"].clone();
        Ok(success(Some(about)))
    })
}

/// Deletes a tag of spec and status with its whole history. Images stay.
///
/// # Errors
/// When it is not there, or its stream is not what the caller expects.
pub(super) fn tag(
    store: &Store,
    call: &Call<'_>,
    namespace: &str,
    name: &str,
) -> Result<Value, Refusal> {
    let (stream_name, tag_name) = view::split(name)?;
    store.write(|objects, clock| {
        let mut stream = view::stream_of(objects, namespace, stream_name)?;
        precondition(call, (IMAGE_GROUP, "ImageStreamTag", name), &stream, &["uid"])?;
        if !streams::remove_tag(&mut stream, tag_name) {
            return Err(Refusal::not_found(IMAGE_GROUP, &call.path.resource, name));
        }
        if !is_dry_run(call) {
            objects.put(&IMAGE_STREAMS, stream, clock);
        }
        Ok(success(None))
    })
}
