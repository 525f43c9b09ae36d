// SPDX-License-Identifier: LGPL-2.1-or-later

//! Requests as they arrive at the servers of the tests.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// A request, read to its end.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// In small letters; empty: none was said.
    pub(crate) content_type: String,
    /// The key of a request to become a WebSocket.
    pub(crate) websocket: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Reads the next request; `None`: the other side said its last.
pub(crate) async fn read(
    socket: &mut (impl AsyncBufRead + Unpin),
) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if socket.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let (mut length, mut content_type, mut websocket) = (0, String::new(), None);
    loop {
        let mut header = String::new();
        socket.read_line(&mut header).await?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "content-type" => content_type = value.to_ascii_lowercase(),
            "sec-websocket-key" => websocket = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    Ok(Some(Request { method, target, content_type, websocket, body }))
}
