// SPDX-License-Identifier: LGPL-2.1-or-later

//! A node that runs commands as it is told to, for tests of `pods/exec`.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What a node does for a command.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Out(Vec<u8>),
    Err(&'static str),
    /// The `Status` at the end.
    Status(Value),
    /// Says nothing more, and stays.
    Hang,
}

impl Act {
    pub(crate) fn out(text: impl Into<Vec<u8>>) -> Self {
        Self::Out(text.into())
    }

    pub(crate) fn success() -> Self {
        Self::Status(json!({ "metadata": {}, "status": "Success" }))
    }

    pub(crate) fn failure(code: i32) -> Self {
        let cause = json!({ "reason": "ExitCode", "message": code.to_string() });
        Self::Status(json!({
            "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": { "causes": [cause] },
        }))
    }
}

/// The command that a request is for, in words.
pub(crate) fn command(target: &str) -> Vec<String> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let words = query.split('&').filter_map(|pair| pair.strip_prefix("command="));
    words.map(decoded).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).unwrap()
}

/// Runs a command for a client that proved with `key` that it speaks WebSocket.
pub(super) async fn run(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    key: &str,
    acts: Vec<Act>,
) -> std::io::Result<()> {
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await?;
    let mut socket = WebSocketStream::from_raw_socket(socket, Role::Server, None).await;
    for act in acts {
        let (channel, bytes) = match act {
            Act::Out(bytes) => (1, bytes),
            Act::Err(text) => (2, text.as_bytes().to_vec()),
            Act::Status(status) => (3, status.to_string().into_bytes()),
            Act::Hang => {
                while socket.next().await.is_some_and(|message| message.is_ok()) {}
                return Ok(());
            }
        };
        let message = Message::binary([&[channel], &*bytes].concat());
        socket.send(message).await.map_err(std::io::Error::other)?;
    }
    socket.close(None).await.map_err(std::io::Error::other)
}
