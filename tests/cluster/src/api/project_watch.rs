// SPDX-License-Identifier: LGPL-2.1-or-later
//! Watching projects: what the caller begins and ceases to see, and what changes of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use super::object::{Selector, metadata_only};
use super::project::visible;
use super::refusal::Refusal;
use super::style::Form;
use super::{Api, Call};
use crate::access::{Access, User};
use crate::http::body::{self, Body, BodyError};
use crate::resource::{GROUPS, NAMESPACES, PROJECTS, RBAC};
use crate::store::{Store, Stored};

/// The longest that a watch lasts when it does not say.
const LONGEST: Duration = Duration::from_secs(1800);

/// A watch under way. It has no versions: it compares what the caller saw with what they see.
struct Watch {
    store: Arc<Store>,
    access: Arc<Access>,
    user: User,
    selector: Selector,
    form: Form,
    known: BTreeMap<String, Arc<Stored>>,
    /// Everything up to here was looked at.
    seen: u64,
    lines: VecDeque<Bytes>,
    changes: Receiver<u64>,
    end: Instant,
}

/// Begins a watch. From version 0 it tells first what there is, from any other one only what
/// happens from now on.
///
/// # Errors
/// When the selector is not served.
pub(super) fn start(api: &Api, user: &User, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
    let lasting = call.query.get("timeoutSeconds").and_then(|text| text.parse().ok());
    let lasting = lasting.map(Duration::from_secs).filter(|time| !time.is_zero());
    let mut watch = Watch {
        store: Arc::clone(&api.store),
        access: Arc::clone(&api.access),
        user: user.clone(),
        selector: Selector::of(call.query)?,
        form: call.style.form,
        known: BTreeMap::new(),
        seen: 0,
        lines: VecDeque::new(),
        changes: api.store.changes(),
        end: Instant::now() + lasting.unwrap_or(LONGEST).min(LONGEST),
    };
    watch.look();
    if call.query.get("resourceVersion") != Some("0") {
        watch.lines.clear();
    }
    let lines = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, BodyError>(line), watch))
    });
    let mut response = Response::new(body::stream(lines));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            // Marked before it is read, so that no write falls between.
            self.changes.borrow_and_update();
            if self.concerned() {
                self.look();
                continue;
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                () = sleep_until(self.end) => return None,
            }
        }
    }

    /// Whether anything was written that decides which projects there are, and who sees them.
    fn concerned(&mut self) -> bool {
        let objects = self.store.read();
        let since = std::mem::replace(&mut self.seen, objects.version());
        match objects.since(since) {
            Some(mut events) => events.any(|event| {
                [&NAMESPACES, &GROUPS].contains(&event.resource) || event.resource.group == RBAC
            }),
            None => true,
        }
    }

    fn look(&mut self) {
        self.access.refresh(&mut self.user);
        let now = visible(&self.store, &self.access, &self.user, &self.selector);
        let now: BTreeMap<_, _> =
            now.into_iter().map(|namespace| (namespace.key.clone(), namespace)).collect();
        let before = std::mem::take(&mut self.known);
        for (name, namespace) in &now {
            match before.get(name) {
                None => self.lines.push_back(self.line("ADDED", namespace)),
                Some(old) if !Arc::ptr_eq(old, namespace) => {
                    self.lines.push_back(self.line("MODIFIED", namespace));
                }
                Some(_) => {}
            }
        }
        for (_, gone) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
            self.lines.push_back(self.line("DELETED", gone));
        }
        self.known = now;
    }

    fn line(&self, action: &str, namespace: &Stored) -> Bytes {
        let object: Value = match self.form {
            Form::Metadata => metadata_only(namespace.item()),
            _ => PROJECTS.alone(namespace.value()),
        };
        format!("{}\n", json!({"type": action, "object": object})).into()
    }
}
