// SPDX-License-Identifier: LGPL-2.1-or-later
//! Watches: a stream of what is written, as lines of JSON.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use super::Call;
use super::object::{Selector, metadata_only, version};
use super::refusal::Refusal;
use super::style::Form;
use crate::http::body::{self, Body, BodyError};
use crate::resource::Resource;
use crate::store::items::Item;
use crate::store::{Event, Store, Stored};

/// How often a quiet watch is told how far it got.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// How long before its end a watch gets a last bookmark.
const BEFORE_END: Duration = Duration::from_secs(2);

/// The longest that a watch lasts when it does not say.
const LONGEST: Duration = Duration::from_secs(1800);

/// A watch under way.
struct Watch {
    store: Arc<Store>,
    resource: &'static Resource,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    bookmarks: bool,
    /// Everything up to here was sent.
    seen: u64,
    /// What is there already and still to be told.
    first: std::vec::IntoIter<Item>,
    lines: VecDeque<Bytes>,
    changes: Receiver<u64>,
    next_bookmark: Instant,
    end: Instant,
    over: bool,
}

/// Begins a watch.
///
/// `old` is a cluster of old.
///
/// # Errors
/// When the version is no number or lies in the future.
pub(crate) fn start(
    store: &Arc<Store>,
    resource: &'static Resource,
    call: &Call<'_>,
    old: bool,
) -> Result<Response<Body>, Refusal> {
    let (path, query, style) = (call.path, call.query, call.style);
    let lasting =
        query.get("timeoutSeconds").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let lasting = lasting.filter(|time| !time.is_zero() && *time < LONGEST).unwrap_or(LONGEST);
    let now = Instant::now();
    let mut selector = Selector::of(query)?;
    // A watch on one namespace of many may select it either way.
    let namespace = path.namespace.clone().or_else(|| selector.namespace.take());
    // Bookmarks came with 1.15, watches that begin with a list with 1.27.
    let bookmarks = !old && query.flag("allowWatchBookmarks");
    let first = if lasting > BEFORE_END { lasting - BEFORE_END } else { lasting };
    let mut watch = Watch {
        store: Arc::clone(store),
        resource,
        namespace,
        selector,
        form: style.form,
        bookmarks,
        seen: 0,
        first: Vec::new().into_iter(),
        lines: VecDeque::new(),
        changes: store.changes(),
        next_bookmark: now + first.min(BOOKMARK_EVERY),
        end: now + lasting,
        over: false,
    };
    watch.begin(version(query)?, !old && query.flag("sendInitialEvents"))?;
    let lines = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, BodyError>(line), watch))
    });
    let mut response = Response::new(body::stream(lines));
    *response.status_mut() = StatusCode::OK;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

impl Watch {
    fn begin(&mut self, asked: Option<u64>, everything: bool) -> Result<(), Refusal> {
        let store = Arc::clone(&self.store);
        let objects = store.read();
        let now = objects.version();
        match asked {
            Some(asked) if asked > now => return Err(Refusal::too_large(asked, now)),
            Some(asked) if asked > 0 && !everything => self.seen = asked,
            _ => {
                self.seen = now;
                self.first = objects.items(self.resource, None).collect::<Vec<_>>().into_iter();
                if everything && self.bookmarks {
                    self.lines
                        .push_back(self.bookmark(json!({"k8s.io/initial-events-end": "true"})));
                }
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<Bytes> {
        while let Some(item) = self.first.next() {
            let object = item.stored();
            if self.concerns(&object) {
                return Some(self.line("ADDED", &object, None));
            }
        }
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            // Marked before it is read, so that no write falls between.
            self.changes.borrow_and_update();
            self.read();
            if !self.lines.is_empty() || self.over {
                continue;
            }
            tokio::select! {
                changed = self.changes.changed() => self.over = changed.is_err(),
                () = sleep_until(self.end) => self.over = true,
                () = sleep_until(self.next_bookmark), if self.bookmarks => {
                    self.lines.push_back(self.bookmark(Value::Null));
                    let rest = self.end.saturating_duration_since(Instant::now());
                    let next = rest.saturating_sub(BEFORE_END).min(BOOKMARK_EVERY);
                    // After the last one comes only the end.
                    let next = if next.is_zero() { LONGEST } else { next };
                    self.next_bookmark = Instant::now() + next;
                }
            }
        }
    }

    fn read(&mut self) {
        let store = Arc::clone(&self.store);
        let objects = store.read();
        let now = objects.version();
        let Some(events) = objects.since(self.seen) else {
            let status = Refusal::expired(self.seen, objects.oldest()).status();
            self.lines.push_back(text(&json!({"type": "ERROR", "object": status})));
            self.over = true;
            return;
        };
        for Event { version, before, after, .. } in
            events.filter(|event| event.resource == self.resource)
        {
            // What is selected no more is gone for this watch.
            let concerned = |object: &&Arc<Stored>| self.concerns(object);
            let (action, object) =
                match (before.as_ref().filter(concerned), after.as_ref().filter(concerned)) {
                    (None, Some(after)) => ("ADDED", after),
                    (Some(_), Some(after)) => ("MODIFIED", after),
                    (Some(before), None) => ("DELETED", before),
                    (None, None) => continue,
                };
            // A deleted object carries the version of its deletion.
            let line = self.line(action, object, Some(*version));
            self.lines.push_back(line);
        }
        self.seen = now;
    }

    fn concerns(&self, object: &Stored) -> bool {
        self.selector.fits(object)
            && self
                .namespace
                .as_deref()
                .is_none_or(|namespace| object.namespace() == Some(namespace))
    }

    fn line(&self, action: &str, object: &Stored, version: Option<u64>) -> Bytes {
        if self.form == Form::Metadata || action == "DELETED" {
            let mut value = match self.form {
                Form::Metadata => metadata_only(object.item()),
                _ => serde_json::from_slice(&object.alone(self.resource)).unwrap_or_default(),
            };
            if let Some(version) = version {
                value["metadata"]["resourceVersion"] = json!(version.to_string());
            }
            return text(&json!({"type": action, "object": value}));
        }
        let mut line = format!(r#"{{"type":"{action}","object":"#).into_bytes();
        line.extend(object.alone(self.resource));
        line.extend(b"}\n");
        line.into()
    }

    fn bookmark(&self, annotations: Value) -> Bytes {
        let mut metadata =
            json!({"resourceVersion": self.seen.to_string(), "creationTimestamp": null});
        if !annotations.is_null() {
            metadata["annotations"] = annotations;
        }
        let (kind, version) = match self.form {
            Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            _ => (self.resource.kind, self.resource.api_version()),
        };
        let mut object = json!({"kind": kind, "apiVersion": version, "metadata": metadata});
        // An Image's bookmark pretends to have contents.
        if self.resource.kind == "Image" && self.form != Form::Metadata {
            object["dockerImageMetadata"] = crate::image::metadata::nothing();
            object["dockerImageMetadataVersion"] = json!("1.0");
            object["dockerImageLayers"] = Value::Null;
        }
        text(&json!({"type": "BOOKMARK", "object": object}))
    }
}

fn text(value: &Value) -> Bytes {
    format!("{value}\n").into()
}
