// SPDX-License-Identifier: LGPL-2.1-or-later
//! WebSockets to pods: how they begin, and what a message of a channel looks like.

use bytes::{BufMut as _, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::refusal::Refusal;
use crate::http::body::{self, Body};

/// A connection to whoever asked for one.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request that will be a WebSocket once it is answered.
pub(super) struct Opening {
    /// The answer that opens it.
    pub(super) answer: Response<Body>,
    upgrade: OnUpgrade,
}

/// Accepts a WebSocket that speaks one of these protocols: the first that the client names.
///
/// # Errors
/// The answer that refuses it: it is no WebSocket, or speaks none of them.
pub(super) fn accept(
    mut request: Request<Body>,
    ours: &[&'static str],
) -> Result<Opening, Box<Result<Response<Body>, Refusal>>> {
    let refuse = |message: &str| Box::new(Err(Refusal::bad_request(message)));
    let key = accept_key(request.headers())
        .ok_or_else(|| refuse("unable to upgrade: missing upgrade headers in request"))?;
    let protocol = protocols(request.headers())
        .find_map(|asked| ours.iter().find(|own| **own == asked).copied());
    let Some(protocol) = protocol else {
        let answer = body::answer(StatusCode::FORBIDDEN, "text/plain", "bad websocket protocol");
        return Err(Box::new(Ok(answer)));
    };
    let upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| refuse("this connection cannot be upgraded"))?;
    let mut answer = Response::new(body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    Ok(Opening { answer, upgrade })
}

impl Opening {
    /// The answer, and the connection that it opens.
    pub(super) fn open(self) -> (Response<Body>, impl Future<Output = Option<Socket>> + Send) {
        let upgrade = self.upgrade;
        let socket = async {
            let io = TokioIo::new(upgrade.await.ok()?);
            Some(WebSocketStream::from_raw_socket(io, Role::Server, None).await)
        };
        (self.answer, socket)
    }
}

/// A message of a channel.
pub(super) fn message(channel: u8, bytes: &[u8]) -> Message {
    let mut message = BytesMut::with_capacity(1 + bytes.len());
    message.put_u8(channel);
    message.put_slice(bytes);
    Message::Binary(message.freeze())
}

/// What proves to the client that we speak WebSocket; none if it did not ask for that.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let says = |name, word: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    let asked = says(header::CONNECTION, "upgrade") && says(header::UPGRADE, "websocket");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asked)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_it_is_upgraded() {
        let mut headers = HeaderMap::new();
        headers.insert("sec-websocket-key", HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        headers.insert("upgrade", HeaderValue::from_static("WebSocket"));
        assert!(accept_key(&headers).is_none());
        headers.insert("connection", HeaderValue::from_static("keep-alive, Upgrade"));
        // The example of RFC 6455.
        assert_eq!(accept_key(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
