// SPDX-License-Identifier: LGPL-2.1-or-later
//! `_catalog` and `tags/list`, answered from the streams.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::error::{error, name_unknown};
use super::route::Repository;
use crate::http::body::{self, Body};
use crate::http::query::Query;
use crate::image::stream;
use crate::resource::IMAGE_STREAMS;
use crate::store::Store;
use crate::store::items::Keys;

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// A page of all streams, empty ones too.
pub(crate) fn catalog(store: &Store, query: Option<&str>) -> Response<Body> {
    let query = Query::parse(query);
    let asked = query.get("n").map_or(Ok(DEFAULT_PAGE), str::parse);
    let Some(size) = asked.ok().filter(|size| *size <= LARGEST_PAGE) else {
        let detail = Some(json!({"n": query.get("n")}));
        let message = "invalid number of results requested";
        return error(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", message, detail);
    };
    let last = query.get("last").unwrap_or_default();
    let objects = store.read();
    let keys = Keys { from: last, to: None };
    let names = objects.items(&IMAGE_STREAMS, Some(keys)).map(|item| item.key());
    let mut names = names.filter(|name| name.as_str() > last);
    let page: Vec<_> = names.by_ref().take(size).collect();
    let more = names.next().is_some();
    let mut response = body::answer(
        StatusCode::OK,
        "application/json",
        json!({"repositories": page}).to_string() + "\n",
    );
    if let Some(end) = page.last().filter(|_| more) {
        let end = utf8_percent_encode(end, NON_ALPHANUMERIC).to_string().replace("%2D", "-");
        let link = format!("</v2/_catalog?last={end}&n={size}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    response
}

/// The tags of a stream, in no order: the real one reads them out of a Go map.
pub(crate) fn tags(store: &Store, repository: Repository<'_>) -> Response<Body> {
    static SHIFT: AtomicUsize = AtomicUsize::new(1);
    let name = repository.name();
    let found = store.read().get(&IMAGE_STREAMS, &name).map(|stream| stream.value());
    let Some(stream) = found else { return name_unknown(Some(json!({"name": name}))) };
    let mut tags: Vec<_> = stream::tags(&stream).filter_map(|tag| tag["tag"].as_str()).collect();
    if !tags.is_empty() {
        let shift = SHIFT.fetch_add(1, Ordering::Relaxed) % tags.len();
        tags.rotate_left(shift);
    }
    body::answer(
        StatusCode::OK,
        "application/json",
        json!({"name": name, "tags": tags}).to_string() + "\n",
    )
}
