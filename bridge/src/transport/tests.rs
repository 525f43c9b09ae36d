// SPDX-License-Identifier: LGPL-2.1-or-later

//! Transcripts: what goes in and what comes out, as Cockpit's own peers would see it.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// The other side: writes frames into the transport and reads its answers.
struct Peer {
    stream: DuplexStream,
    serving: JoinSet<Result<(), Error>>,
}

impl Peer {
    fn start() -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let (input, output) = tokio::io::split(theirs);
        let mut serving = JoinSet::new();
        serving.spawn(serve("images1", input, output, work));
        Self { stream: ours, serving }
    }

    async fn send(&mut self, channel: &str, payload: &str) {
        let frame = format!("{}\n{channel}\n{payload}", channel.len() + 1 + payload.len());
        self.stream.write_all(frame.as_bytes()).await.unwrap();
    }

    async fn control(&mut self, message: Value) {
        self.send("", &message.to_string()).await;
    }

    async fn open(&mut self, channel: &str, method: &str) {
        self.control(json!({
            "command": "open", "channel": channel, "payload": "images1", "method": method,
            "group": "page",
        }))
        .await;
    }

    async fn expect(&mut self, channel: &str, message: Value) {
        let mut length = String::new();
        loop {
            match self.stream.read_u8().await.unwrap() {
                b'\n' => break,
                digit => length.push(digit as char),
            }
        }
        let mut body = vec![0; length.parse().unwrap()];
        self.stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        let (id, payload) = body.split_once('\n').unwrap();
        assert_eq!(id, channel, "{payload}");
        assert_eq!(serde_json::from_str::<Value>(payload).unwrap(), message);
    }

    async fn ends(mut self) -> Result<(), Error> {
        let Self { stream, serving } = &mut self;
        stream.shutdown().await.unwrap();
        serving.join_next().await.unwrap().unwrap()
    }
}

async fn work(mut open: Open) -> Close {
    match open.method.as_str() {
        "echo" => loop {
            let message = open.inbox.newest().await;
            let text = String::from_utf8_lossy(&message).into_owned();
            open.outbox.send(&text).await.unwrap();
        },
        "once" => {
            open.outbox.send(&"all").await.unwrap();
            Close::default()
        }
        #[expect(clippy::panic, reason = "that a panic costs one channel is what is tested")]
        "panic" => panic!("on purpose"),
        method => Close::protocol_error(format!("no method {method}")),
    }
}

#[tokio::test]
async fn a_session() {
    let mut peer = Peer::start();
    peer.expect("", json!({"command": "init", "version": 1})).await;
    peer.control(json!({"command": "init", "version": 1, "host": "localhost"})).await;
    peer.control(json!({"command": "not-known", "channel": "x"})).await;
    peer.send("x", "for nobody").await;
    peer.control(json!({"command": "ping", "sequence": 7})).await;
    peer.expect("", json!({"command": "pong", "sequence": 7})).await;

    peer.open("a", "echo").await;
    peer.expect("", json!({"command": "ready", "channel": "a"})).await;
    peer.send("a", "hello").await;
    peer.expect("a", json!("hello")).await;
    peer.open("b", "once").await;
    peer.expect("", json!({"command": "ready", "channel": "b"})).await;
    peer.expect("b", json!("all")).await;
    peer.expect("", json!({"command": "done", "channel": "b"})).await;
    peer.expect("", json!({"command": "close", "channel": "b"})).await;
    peer.send("a", "still here").await;
    peer.expect("a", json!("still here")).await;
    peer.control(json!({"command": "close", "channel": "a"})).await;
    peer.expect("", json!({"command": "close", "channel": "a"})).await;
    peer.ends().await.unwrap();
}

#[tokio::test]
async fn one_request_fails_and_the_others_go_on() {
    let mut peer = Peer::start();
    peer.expect("", json!({"command": "init", "version": 1})).await;
    peer.open("a", "echo").await;
    peer.expect("", json!({"command": "ready", "channel": "a"})).await;

    peer.open("b", "panic").await;
    peer.expect("", json!({"command": "ready", "channel": "b"})).await;
    let fault = "a fault in the bridge ended this request";
    peer.expect(
        "",
        json!({"command": "close", "channel": "b", "problem": "internal-error", "message": fault}),
    )
    .await;
    peer.open("c", "nothing").await;
    peer.expect("", json!({"command": "ready", "channel": "c"})).await;
    peer.expect(
        "",
        json!({"command": "close", "channel": "c", "problem": "protocol-error",
               "message": "no method nothing"}),
    )
    .await;
    peer.control(json!({"command": "open", "channel": "d", "payload": "other"})).await;
    peer.expect(
        "",
        json!({"command": "close", "channel": "d", "problem": "not-supported",
               "message": "this payload is not known here"}),
    )
    .await;
    peer.send("", "no json").await;
    peer.send("", r#"{"command":17}"#).await;
    peer.stream.write_all(b"3\nabc").await.unwrap();
    peer.send("a", "alive").await;
    peer.expect("a", json!("alive")).await;
    peer.control(json!({"command": "kill", "group": "page"})).await;
    peer.expect("", json!({"command": "close", "channel": "a", "problem": "terminated"})).await;
    peer.ends().await.unwrap();
}

#[tokio::test]
async fn a_broken_length_closes_the_transport_with_a_reason() {
    let mut peer = Peer::start();
    peer.expect("", json!({"command": "init", "version": 1})).await;
    peer.stream.write_all(b"zzz\n").await.unwrap();
    peer.expect(
        "",
        json!({"command": "close", "problem": "protocol-error",
               "message": "a frame begins with a broken length"}),
    )
    .await;
    assert!(matches!(peer.ends().await, Err(Error::Length)));
}
