// SPDX-License-Identifier: LGPL-2.1-or-later
//! Signatures of images, as they stand in the Image objects.

use http::{Response, StatusCode};
use serde_json::json;

use super::error::error;
use super::route::Repository;
use crate::http::body::{self, Body};
use crate::image::stream;
use crate::resource::{IMAGE_STREAMS, IMAGES};
use crate::store::Store;

/// The signatures of an image of a stream: every pull by skopeo asks for them.
pub(crate) fn list(store: &Store, repository: Repository<'_>, digest: &str) -> Response<Body> {
    let objects = store.read();
    let stream = objects.get(&IMAGE_STREAMS, &repository.name()).map(|stream| stream.value());
    let here =
        stream.is_some_and(|stream| stream::items(&stream).any(|item| item["image"] == digest));
    let Some(image) = objects.get(&IMAGES, digest).filter(|_| here).map(|image| image.value())
    else {
        return error(StatusCode::NOT_FOUND, "UNKNOWN", "unknown error", Some(json!({})));
    };
    let signatures = image["signatures"].as_array().into_iter().flatten().map(|signature| {
        json!({
            "schemaVersion": 2, "name": signature["metadata"]["name"],
            "type": signature["type"], "content": signature["content"],
        })
    });
    let list = json!({"signatures": signatures.collect::<Vec<_>>()});
    body::answer(StatusCode::OK, "application/json; charset=utf-8", list.to_string())
}
