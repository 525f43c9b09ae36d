// SPDX-License-Identifier: LGPL-2.1-or-later
//! Answers that go wrong to order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;

use super::record::Target;
use crate::api::refusal;
use crate::http::body::{self, Body, BodyError};

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No answer, until the fault is taken back or the client gives up.
    Hang,
    /// A page for people, with status 200.
    Html,
    /// `Content-Length` promises 1000 bytes more than come.
    LieLength,
    /// The connection ends in the middle of the body.
    Truncate,
    /// Another status and body.
    Status,
    /// The answer of a deletion that was done, but nothing is done.
    Pretend,
    /// Nothing happens until the request is let go: see [`super::hold`].
    Hold,
    /// It is done, but the answer waits until the request is let go.
    HoldAnswer,
}

/// A fault to order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which server.
    pub on: Target,
    /// Which paths: a prefix; with a `*` in it, the whole path with `*` for anything. With a `?` in
    /// it, the same of path and query together, as sent: `/apis/*/imagestreams?*watch=*`.
    pub path: String,
    /// Which method; all of them if absent.
    #[serde(default)]
    pub method: Option<String>,
    /// What happens.
    pub kind: Kind,
    /// The status of kind `status`; 200 if absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// The body of kind `status`; one of 400 and more has else the words of the server that is
    /// played. `lie-length` and `truncate` spoil the true answer.
    #[serde(default)]
    pub body: Option<String>,
    /// Headers of kind `status`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Kind `status`: a body of that many bytes of blanks instead.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// How many such requests go well before; none if absent. Faults of one name count together.
    #[serde(default)]
    pub after: Option<u64>,
    /// How often; for ever if absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// By what name the requests that a `hold` holds are let go.
    #[serde(default)]
    pub name: Option<String>,
}

impl Fault {
    fn concerns(&self, target: Target, method: &str, uri: &Uri) -> bool {
        let whole = uri.path_and_query().filter(|_| self.path.contains('?'));
        let asked = whole.map_or(uri.path(), PathAndQuery::as_str);
        let path = if self.path.contains('*') {
            glob(&self.path, asked)
        } else {
            asked.starts_with(&self.path)
        };
        path && self.on == target && self.method.as_deref().is_none_or(|wanted| wanted == method)
    }
}

/// Whether a request goes well in spite of the fault at this place; counts it, for all faults of that
/// name.
fn goes_well(ordered: &mut [Fault], at: usize) -> bool {
    if ordered[at].after.is_none_or(|left| left == 0) {
        return false;
    }
    let name = ordered[at].name.clone();
    for (place, fault) in ordered.iter_mut().enumerate() {
        if place == at || name.is_some() && fault.name == name {
            fault.after = fault.after.map(|left| left.saturating_sub(1));
        }
    }
    true
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| glob(tail, &rest[at..]))
        }),
    }
}

/// The faults on order.
#[derive(Debug)]
pub(crate) struct Faults {
    ordered: Mutex<Vec<Fault>>,
    /// Counts how often all were taken back, for those who hang.
    taken_back: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { ordered: Mutex::default(), taken_back: watch::Sender::new(0) }
    }
}

impl Faults {
    /// Adds faults; the oldest that fits a request is the one that happens.
    pub(crate) fn order(&self, faults: Vec<Fault>) {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Takes all of them back and frees who hangs.
    pub(crate) fn take_back(&self) {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.taken_back.send_modify(|times| *times += 1);
    }

    /// Takes those of a name back.
    pub(crate) fn take_back_named(&self, name: &str) {
        let mut ordered = self.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        ordered.retain(|fault| fault.name.as_deref() != Some(name));
    }

    /// The fault that a request runs into; it counts.
    pub(crate) fn strike(&self, target: Target, method: &str, uri: &Uri) -> Option<Fault> {
        let mut ordered = self.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (0..ordered.len()).find(|at| {
            ordered[*at].concerns(target, method, uri) && !goes_well(&mut ordered, *at)
        })?;
        let fault = ordered[at].clone();
        if let Some(times) = &mut ordered[at].times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                ordered.remove(at);
            }
        }
        Some(fault)
    }

    /// Waits until the faults are taken back.
    pub(crate) async fn hang(&self) {
        let _ = self.taken_back.subscribe().changed().await;
    }
}

/// The answer of a fault of kind `html` or `status`.
pub(crate) fn instead(fault: &Fault) -> Response<Body> {
    if fault.kind == Kind::Html {
        let page = "<!DOCTYPE html><html><head><title>Log in</title></head>\n\
            <body>Please log in.</body></html>\n";
        return body::answer(StatusCode::OK, "text/html; charset=utf-8", page);
    }
    let status =
        fault.status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    let text = fault.body.clone().unwrap_or_else(|| words(fault.on, status));
    let mut response = body::answer(status, "application/json", text);
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(bytes) = fault.bytes {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
        *response.body_mut() = blanks(bytes);
    }
    response
}

/// What the server says with such a status.
fn words(on: Target, status: StatusCode) -> String {
    let code = status.as_u16();
    if code < 400 {
        return String::new();
    }
    if on == Target::Registry {
        let (code, message) = match code {
            401 => ("UNAUTHORIZED", "authentication required"),
            404 => ("NOT_FOUND", "page not found"),
            405 => ("UNSUPPORTED", "The operation is unsupported."),
            429 => ("TOOMANYREQUESTS", "too many requests"),
            _ => ("UNKNOWN", "unknown error"),
        };
        return json!({"errors": [{"code": code, "message": message}]}).to_string();
    }
    let (reason, message) = match code {
        401 => ("Unauthorized", "Unauthorized"),
        403 => ("Forbidden", "forbidden"),
        404 => ("NotFound", "the server could not find the requested resource"),
        409 => (
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your \
             changes to the latest version and try again",
        ),
        410 => ("Expired", "The provided continue parameter is too old"),
        429 => ("TooManyRequests", "Too many requests, please try again later."),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "request did not complete within the allowed duration"),
        _ => ("InternalError", "Internal error occurred"),
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
    .to_string()
}

/// The answer of whoever deletes, without a deletion.
pub(crate) fn pretend(target: Target, method: &Method, path: &str) -> Response<Body> {
    if target == Target::Api {
        let text = refusal::success(None).to_string();
        return body::answer(StatusCode::OK, "application/json", text);
    }
    let status = match *method {
        Method::DELETE if path.starts_with("/admin/") => StatusCode::NO_CONTENT,
        Method::PUT => StatusCode::CREATED,
        _ => StatusCode::ACCEPTED,
    };
    let mut response = Response::new(body::empty());
    *response.status_mut() = status;
    response
}

fn blanks(bytes: u64) -> Body {
    const CHUNK: u64 = 64 << 10;
    let chunk = Bytes::from(vec![b' '; CHUNK as usize]);
    let chunks = stream::unfold(bytes, move |left| {
        let now = left.min(CHUNK);
        let chunk = chunk.slice(..now as usize);
        async move { (now > 0).then_some((Ok(chunk), left - now)) }
    });
    body::stream(chunks)
}

/// Spoils a true answer with a fault of kind `lie-length` or `truncate`.
pub(crate) async fn spoil(fault: &Fault, response: Response<Body>) -> Response<Body> {
    let (mut parts, true_body) = response.into_parts();
    let Ok(bytes) = body::collect(true_body).await else {
        return Response::from_parts(parts, body::empty());
    };
    let promised = bytes.len() + if fault.kind == Kind::LieLength { 1000 } else { 0 };
    let come = if fault.kind == Kind::LieLength { bytes } else { bytes.slice(..bytes.len() / 2) };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(promised));
    let end = async {
        // Until what comes before is sent.
        tokio::task::yield_now().await;
        Err(BodyError("the connection was ordered to break".to_owned()))
    };
    Response::from_parts(parts, body::stream(stream::iter([Ok(come)]).chain(stream::once(end))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(glob("/v2/*/manifests/*", "/v2/a/b/manifests/latest"));
        assert!(glob("*", ""));
        assert!(!glob("/v2/*/tags", "/v2/a/tags/list"));
    }

    #[test]
    fn a_fault_happens_as_often_as_ordered() {
        let faults = Faults::default();
        let fault = r#"[{"on":"api","path":"/apis","kind":"html","times":2}]"#;
        faults.order(serde_json::from_str(fault).unwrap());
        let uri = Uri::from_static("/apis/x?limit=1");
        assert!(faults.strike(Target::Registry, "GET", &uri).is_none());
        assert!(faults.strike(Target::Api, "GET", &uri).is_some());
        assert!(faults.strike(Target::Api, "GET", &uri).is_some());
        assert!(faults.strike(Target::Api, "GET", &uri).is_none());
    }

    #[test]
    fn some_requests_go_well_before() {
        let faults = Faults::default();
        let fault = r#"[{"on":"registry","path":"/v2/","kind":"status","status":500,"after":2,"times":1,"name":"third"}]"#;
        faults.order(serde_json::from_str(fault).unwrap());
        let uri = Uri::from_static("/v2/a/manifests/b");
        let struck = || faults.strike(Target::Registry, "DELETE", &uri).is_some();
        assert_eq!([struck(), struck(), struck(), struck()], [false, false, true, false]);
        faults.order(serde_json::from_str(fault).unwrap());
        faults.take_back_named("third");
        assert_eq!([struck(), struck(), struck()], [false; 3]);
    }

    #[test]
    fn faults_of_one_name_count_together() {
        let faults = Faults::default();
        let fault = |method: &str| json!({"on": "api", "path": "/", "method": method, "kind": "hang", "after": 2, "name": "n"});
        let both = json!([fault("PUT"), fault("DELETE")]);
        faults.order(serde_json::from_value(both).unwrap());
        let uri = Uri::from_static("/x");
        let strikes = |method| faults.strike(Target::Api, method, &uri).is_some();
        let all = ["PUT", "GET", "DELETE", "DELETE", "PUT"].map(strikes);
        assert_eq!(all, [false, false, false, true, true]);
    }

    #[test]
    fn a_question_mark_brings_in_the_query() {
        let concerns = |path: &str, uri: &str| {
            let fault = format!(r#"{{"on":"api","path":"{path}","kind":"hang"}}"#);
            let fault: Fault = serde_json::from_str(&fault).unwrap();
            fault.concerns(Target::Api, "GET", &uri.parse().unwrap())
        };
        let watches = "/apis/x?*watch=*";
        assert!(concerns(watches, "/apis/x?limit=1&watch=true"));
        assert!(!concerns(watches, "/apis/x?limit=1"));
        assert!(!concerns(watches, "/apis/x"));
        assert!(!concerns(watches, "/apis/x/y?watch=true"));
        assert!(concerns("/apis/x?watch=", "/apis/x?watch=1&limit=1"), "a prefix");
        assert!(!concerns("/apis/x?watch=", "/apis/x?limit=1&watch=1"));
        assert!(concerns("/apis/*", "/apis/x?watch=1"), "without one the query is nothing");
        assert!(!concerns("/apis/*1", "/apis/x?watch=1"));
    }
}
