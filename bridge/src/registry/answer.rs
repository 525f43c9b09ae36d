// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sends a request and reads the answer, with bounds on bytes and time.

use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Request, StatusCode};
use images_proto::Digest;
use tokio::time::timeout;

use super::Carrier;
use super::error::{Error, Kind, Refusal};
use crate::body::{self, Body, Excess};

/// The time a whole request may take.
const WHOLE: Duration = Duration::from_secs(30);

/// The bytes that are read of an error.
const ERROR_LIMIT: usize = 64 << 10;

/// How much an answer may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// Nothing of use is in the body.
    Small,
    /// That many bytes.
    Bytes(usize),
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Asks. Anything but 2xx is an error.
pub(super) async fn ask(
    carrier: &dyn Carrier,
    request: &Request<Bytes>,
    bound: Bound,
) -> Result<Answer, Error> {
    let asking = timeout(WHOLE, ask_without_end(carrier, request, bound));
    asking
        .await
        .unwrap_or(Err(Kind::Timeout { seconds: WHOLE.as_secs() }))
        .map_err(|kind| Error::new(request, kind))
}

async fn ask_without_end(
    carrier: &dyn Carrier,
    request: &Request<Bytes>,
    bound: Bound,
) -> Result<Answer, Kind> {
    let (head, body) = begin(carrier, request).await?;
    let (limit, excess) = match bound {
        Bound::Small => (ERROR_LIMIT, Excess::Cut),
        Bound::Bytes(limit) => (limit, Excess::Refuse),
    };
    // HEAD announces the length of what it does not send.
    let body = if request.method() == http::Method::HEAD {
        Bytes::new()
    } else {
        body::read(&head.headers, body, limit, excess).await.map_err(Kind::Body)?
    };
    if body::is_html(&head.headers, &body) {
        return Err(Kind::Html(body::excerpt(&body)));
    }
    Ok(Answer { status: head.status, headers: head.headers, body })
}

/// Asks, and returns the head of a good answer with the body still to come.
pub(super) async fn begin(
    carrier: &dyn Carrier,
    request: &Request<Bytes>,
) -> Result<(Parts, Body), Kind> {
    let response = carrier.carry(request.clone()).await.map_err(Kind::Unreachable)?;
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        return Ok((head, body));
    }
    // What is left of an error's text when it breaks off is still worth telling.
    let text = body::read(&head.headers, body, ERROR_LIMIT, Excess::Cut).await.unwrap_or_default();
    Err(refused(carrier, head.status, &head.headers, &text))
}

fn refused(carrier: &dyn Carrier, status: StatusCode, headers: &HeaderMap, text: &[u8]) -> Kind {
    if status.is_redirection() {
        return Kind::Redirected;
    }
    let mut refusal = Refusal::parse(status, text, body::is_html(headers, text));
    refusal.standing = carrier.standing();
    refusal.retry_after = body::retry_after(headers);
    Kind::Refused(refusal)
}

/// The digest of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    Digest::from_bytes(digest)
}
