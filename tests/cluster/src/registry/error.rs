// SPDX-License-Identifier: LGPL-2.1-or-later
//! Errors in the form of the registry: `{"errors":[…]}`.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::http::body::{self, Body};

/// An answer with one error.
pub(crate) fn error(
    status: StatusCode,
    code: &str,
    message: &str,
    detail: Option<Value>,
) -> Response<Body> {
    let mut error = json!({"code": code, "message": message});
    if let Some(detail) = detail {
        error["detail"] = detail;
    }
    body::answer(status, "application/json", json!({"errors": [error]}).to_string() + "\n")
}

/// No credential, a wrong one, or a missing right: this registry knows no 403.
pub(crate) fn unauthorized(challenge: &str, detail: Value) -> Response<Body> {
    let mut response =
        error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required", Some(detail));
    if let Ok(challenge) = HeaderValue::from_str(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A manifest that is not there.
pub(crate) fn manifest_unknown(detail: Option<Value>) -> Response<Body> {
    error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown", detail)
}

/// A stream that is not there.
pub(crate) fn name_unknown(detail: Option<Value>) -> Response<Body> {
    error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry", detail)
}

/// What the registry says when its own calls fail.
pub(crate) fn unknown(detail: Option<Value>) -> Response<Body> {
    error(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "unknown error", detail)
}

/// A status without a body.
pub(crate) fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = status;
    response
}
