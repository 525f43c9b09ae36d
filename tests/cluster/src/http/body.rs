// SPDX-License-Identifier: LGPL-2.1-or-later
//! Bodies of answers.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};

/// Whatever can go wrong while a body is produced or read; it ends the connection.
///
/// A type of its own because the compiler cannot show that a boxed error's futures are `Send`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BodyError(pub(crate) String);

/// The one type of body that our servers answer with.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Manifests and API objects are small; whoever sends more than this is refused.
const MAX_REQUEST_BYTES: usize = 8 << 20;

/// A body that is already there.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// No body.
pub(crate) fn empty() -> Body {
    full(Bytes::new())
}

/// A body whose length nobody knows beforehand.
pub(crate) fn stream<S>(chunks: S) -> Body
where
    S: Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
{
    StreamBody::new(chunks.map_ok(Frame::data)).boxed_unsync()
}

/// An answer with a body that is already there.
pub(crate) fn answer(
    status: StatusCode,
    content_type: &str,
    bytes: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(full(bytes));
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// A body that is still coming in.
pub(crate) fn incoming(body: Incoming) -> Body {
    body.map_err(|error| BodyError(error.to_string())).boxed_unsync()
}

/// Reads a request's body as a whole.
///
/// # Errors
/// When the sender goes away, or sends more than 8 MiB.
pub(crate) async fn collect(body: Body) -> Result<Bytes, BodyError> {
    let collected = Limited::new(body, MAX_REQUEST_BYTES).collect().await;
    Ok(collected.map_err(|error| BodyError(error.to_string()))?.to_bytes())
}
