// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge as a peer of Cockpit: transcripts of the real program (Cockpit's doc/protocol.md).
//! No cluster: what is said here does not depend on one.

use std::fs::File;
use std::time::Duration;

use anyhow::{Result, ensure};
use images_tests::peer::{self, Peer};
use serde_json::{Value, json};

/// Long enough for an answer that must not come, were it coming.
const NOTHING: Duration = Duration::from_millis(300);

#[tokio::test]
async fn init_comes_first_and_unasked() -> Result<()> {
    let mut peer = Peer::start(&[])?;
    let first = peer.next().await?;
    assert_eq!(first.channel, "");
    assert_eq!(first.json()?, json!({ "command": "init", "version": 1 }));
    assert!(peer.is_silent(NOTHING).await?);
    Ok(())
}

#[tokio::test]
async fn the_end_of_input_is_the_end() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("1", "status", json!({})).await?;
    peer.receive("1").await?;
    assert!(peer.end().await?.success());

    // Nothing was said at all.
    assert!(Peer::start(&[])?.end().await?.success());
    Ok(())
}

#[tokio::test]
async fn unknown_commands_and_channels_are_ignored() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.control(&json!({ "command": "x-new", "channel": "9", "more": [1, {}] })).await?;
    peer.control(&json!({ "command": "hint", "data": null })).await?;
    peer.control(&json!({ "command": "close", "channel": "never-opened" })).await?;
    peer.control(&json!({ "command": "done", "channel": "never-opened" })).await?;
    peer.control(&json!({ "command": "pong", "channel": "never-opened", "sequence": 5 })).await?;
    peer.control(&json!({ "command": "kill", "group": "nobody" })).await?;
    peer.message("never-opened", &json!({ "params": {} })).await?;
    assert!(peer.is_silent(NOTHING).await?);
    lives(&mut peer).await
}

/// Pipes, which Cockpit gives, are waited for in another way than files are.
#[tokio::test]
async fn files_do_instead_of_pipes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (asked, answered) = (folder.path().join("asked"), folder.path().join("answered"));
    let init = json!({ "command": "init", "version": 1 }).to_string();
    let ping = json!({ "command": "ping", "channel": "a", "sequence": 7 }).to_string();
    let frames = [init, ping].map(|message| peer::encode("", message.as_bytes()));
    std::fs::write(&asked, frames.concat())?;
    let mut bridge = peer::bridge(&[])?;
    bridge.stdin(File::open(&asked)?).stdout(File::create(&answered)?);
    ensure!(bridge.status().await?.success());
    let pong = json!({ "command": "pong", "channel": "a", "sequence": 7 });
    let answered = std::fs::read_to_string(&answered)?;
    let said = |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|said| said == pong);
    ensure!(answered.lines().any(said), "{answered}");
    Ok(())
}

#[tokio::test]
async fn pings_are_answered() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.control(&json!({ "command": "ping" })).await?;
    assert_eq!(peer.next().await?.json()?, json!({ "command": "pong" }));
    peer.control(&json!({ "command": "ping", "channel": "a", "sequence": 16384 })).await?;
    let pong = peer.expect("pong", "a").await?;
    assert_eq!(pong["sequence"], 16384);
    Ok(())
}

#[tokio::test]
async fn a_channel_is_ready_before_it_speaks_and_closes_when_asked() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("7:1!a", "status", json!({})).await?;
    let first = peer.next().await?.json()?;
    assert_eq!(first, json!({ "command": "ready", "channel": "7:1!a" }));
    let view = peer.receive("7:1!a").await?;
    assert!(view.get("view").is_some(), "{view}");
    peer.close("7:1!a").await?;
    let close = peer.expect("close", "7:1!a").await?;
    assert_eq!(close.get("problem"), None, "{close}");
    lives(&mut peer).await
}

#[tokio::test]
async fn a_closed_channel_is_silent_and_its_name_is_free_again() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    for _ in 0..20 {
        peer.open("1", "status", json!({})).await?;
        peer.expect("ready", "1").await?;
        peer.close("1").await?;
        peer.expect("close", "1").await?;
    }
    // What was under way before the close has been read by now, nothing may follow.
    while peer.is_silent(Duration::ZERO).await.is_ok_and(|silent| !silent) {
        peer.next().await?;
    }
    assert!(peer.is_silent(NOTHING).await?);
    Ok(())
}

#[tokio::test]
async fn no_such_method_and_bad_parameters_are_protocol_errors() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    let cases = [
        peer::open("1", "no-such-method", json!({})),
        peer::open("2", "", json!({})),
        peer::open("3", "search", json!({ "query": 5 })),
        peer::open("4", "search", json!("text")),
        peer::open("5", "repository", json!({ "repository": "../../etc" })),
        peer::open("6", "image", json!({ "digest": "sha256:short" })),
        peer::open("7", "raw", json!({})),
    ];
    for case in cases {
        peer.control(&case).await?;
        let channel = case["channel"].as_str().unwrap();
        let close = peer.expect("close", channel).await?;
        assert_eq!(close["problem"], "protocol-error", "{case}: {close}");
        let message = close["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{close}");
    }
    lives(&mut peer).await
}

#[tokio::test]
async fn another_payload_is_not_supported() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    let mut open = peer::open("1", "status", json!({}));
    open["payload"] = "stream".into();
    peer.control(&open).await?;
    assert_eq!(peer.expect("close", "1").await?["problem"], "not-supported");
    lives(&mut peer).await
}

#[tokio::test]
async fn the_same_channel_twice_is_an_error() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("1", "status", json!({})).await?;
    peer.expect("ready", "1").await?;
    peer.open("1", "status", json!({})).await?;
    assert_eq!(peer.expect("close", "1").await?["problem"], "protocol-error");
    lives(&mut peer).await
}

#[tokio::test]
async fn frames_may_be_split_at_any_byte() -> Result<()> {
    let mut bytes = Vec::new();
    for number in 0..2 {
        let channel = format!("s{number}");
        let open = peer::open(&channel, "search", json!({ "query": "größe" }));
        bytes.extend(peer::encode("", open.to_string().as_bytes()));
        bytes.extend(peer::encode("", br#"{"command":"ping","sequence":1}"#));
        let params = json!({ "params": { "query": "x" } });
        bytes.extend(peer::encode(&channel, params.to_string().as_bytes()));
    }
    // One byte at a time.
    let mut peer = Peer::greeted(&[]).await?;
    for byte in &bytes {
        peer.bytes(&[*byte]).await?;
    }
    peer.expect("ready", "s0").await?;
    peer.expect("ready", "s1").await?;

    // In two pieces, cut at each place; the first is read by the bridge before the second is sent,
    // because it has answered what was whole in it.
    // Every place in the first message and its length, then every 16th.
    for cut in (0..24).chain((24..bytes.len()).step_by(16)) {
        let mut peer = Peer::greeted(&[]).await?;
        peer.bytes(&peer::encode("", br#"{"command":"ping","channel":"p"}"#)).await?;
        peer.bytes(&bytes[..cut]).await?;
        peer.expect("pong", "p").await?;
        peer.bytes(&bytes[cut..]).await?;
        peer.expect("ready", "s0").await?;
        peer.expect("ready", "s1").await?;
        ensure!(peer.end().await?.success(), "cut at {cut}");
    }
    Ok(())
}

#[tokio::test]
async fn a_control_message_that_cannot_be_read_harms_nothing() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("1", "status", json!({})).await?;
    peer.receive("1").await?;
    let deep = format!("{{\"command\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let payloads: [&[u8]; 10] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"open\"",
        b"{\"command\":5}",
        b"{\"channel\":\"1\"}",
        b"{\"command\":\"open\"}",
        b"\xff\xfe\x00",
        deep.as_bytes(),
    ];
    for payload in payloads {
        peer.bytes(&peer::encode("", payload)).await?;
    }
    lives(&mut peer).await?;
    peer.close("1").await?;
    peer.expect("close", "1").await?;
    Ok(())
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_answered_and_the_view_goes_on() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    for (channel, payload) in [("1", b"{".as_slice()), ("2", b"\xff"), ("3", br#"{"params":5}"#)] {
        peer.open(channel, "search", json!({})).await?;
        peer.receive(channel).await?;
        peer.bytes(&peer::encode(channel, payload)).await?;
        let failed = peer.until(channel, |message| message.get("failed").cloned()).await?;
        assert_eq!(failed["code"], "bad-request", "{failed}");
        peer.message(channel, &json!({ "params": { "query": "next" } })).await?;
        peer.until(channel, |message| (message["view"]["query"] == "next").then_some(())).await?;
        peer.close(channel).await?;
        assert_eq!(peer.expect("close", channel).await?.get("problem"), None);
    }
    lives(&mut peer).await
}

#[tokio::test]
async fn frames_without_a_channel_are_skipped() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.bytes(b"3\nabc").await?;
    peer.bytes(b"0\n").await?;
    peer.bytes(b"4\n\xff\xff\nx").await?;
    lives(&mut peer).await
}

#[tokio::test]
async fn a_frame_that_is_too_long_closes_its_channel_alone() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("big", "search", json!({})).await?;
    peer.expect("ready", "big").await?;
    peer.open("small", "status", json!({})).await?;
    peer.expect("ready", "small").await?;
    // 64 MB go in while the bridge keeps at most a megabyte of them.
    let chunk = vec![b'x'; 1024 * 1024];
    peer.bytes(format!("{}\nbig\n", 64 * chunk.len() + 4).as_bytes()).await?;
    for _ in 0..64 {
        peer.bytes(&chunk).await?;
    }
    assert_eq!(peer.expect("close", "big").await?["problem"], "protocol-error");
    let resident = resident(peer.id().unwrap())?;
    assert!(resident < 64 * 1024 * 1024, "{resident} bytes are resident");
    lives(&mut peer).await?;
    peer.close("small").await?;
    assert_eq!(peer.expect("close", "small").await?.get("problem"), None);
    Ok(())
}

#[tokio::test]
async fn a_broken_length_ends_the_process_with_a_word() -> Result<()> {
    for broken in ["x\n", "-1\n", "01\na", "999999999\n", "\n", "99999999999999999999"] {
        let mut peer = Peer::greeted(&[]).await?;
        peer.bytes(broken.as_bytes()).await?;
        let close = peer.next().await?.json()?;
        assert_eq!(close["command"], "close", "{broken:?}: {close}");
        assert_eq!(close["problem"], "protocol-error", "{broken:?}: {close}");
        assert!(!peer.ended().await?.success(), "{broken:?}");
    }
    Ok(())
}

#[tokio::test]
async fn input_that_ends_inside_a_frame_is_an_error() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.bytes(b"100\n\n{\"command\"").await?;
    assert!(!peer.end().await?.success());
    Ok(())
}

#[tokio::test]
async fn killing_a_group_closes_its_channels() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("mine", "status", json!({})).await?;
    peer.expect("ready", "mine").await?;
    let mut other = peer::open("other", "status", json!({}));
    other["group"] = "cockpit1:localhost/other".into();
    peer.control(&other).await?;
    peer.expect("ready", "other").await?;
    peer.control(&json!({ "command": "kill", "group": "cockpit1:localhost/images" })).await?;
    assert_eq!(peer.expect("close", "mine").await?["problem"], "terminated");
    lives(&mut peer).await?;
    peer.close("other").await?;
    assert_eq!(peer.expect("close", "other").await?.get("problem"), None);
    Ok(())
}

#[tokio::test]
async fn many_channels_at_once() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    for number in 0..100 {
        let method = if number % 2 == 0 { "status" } else { "search" };
        peer.open(&format!("c{number}"), method, json!({})).await?;
    }
    for number in 0..100 {
        peer.expect("ready", &format!("c{number}")).await?;
    }
    for number in (0..100).rev() {
        peer.close(&format!("c{number}")).await?;
    }
    for number in 0..100 {
        peer.expect("close", &format!("c{number}")).await?;
    }
    lives(&mut peer).await
}

#[tokio::test]
async fn no_more_messages_does_not_end_a_view() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("1", "status", json!({})).await?;
    peer.receive("1").await?;
    peer.control(&json!({ "command": "done", "channel": "1" })).await?;
    lives(&mut peer).await?;
    peer.close("1").await?;
    assert_eq!(peer.expect("close", "1").await?.get("problem"), None);
    Ok(())
}

#[tokio::test]
async fn nothing_but_frames_is_on_standard_output() -> Result<()> {
    // Loud logs, and every frame is still a frame: the peer's decoder fails on anything else.
    let mut peer = Peer::greeted(&[("COCKPIT_IMAGES_LOG", "trace".into())]).await?;
    peer.open("1", "search", json!({ "query": "latest" })).await?;
    peer.expect("ready", "1").await?;
    peer.bytes(&peer::encode("", b"{")).await?;
    lives(&mut peer).await?;
    assert!(peer.end().await?.success());
    Ok(())
}

#[tokio::test]
async fn without_a_cluster_the_page_is_told_so() -> Result<()> {
    let mut peer = Peer::greeted(&[]).await?;
    peer.open("1", "status", json!({})).await?;
    let failed =
        peer.until("1", |message: &Value| message.pointer("/view/phase/failed").cloned()).await?;
    assert_eq!(failed["code"], "no-cluster", "{failed}");
    assert!(failed["fix"].is_string(), "{failed}");
    Ok(())
}

/// The process answers.
async fn lives(peer: &mut Peer) -> Result<()> {
    peer.control(&json!({ "command": "ping", "channel": "lives", "sequence": 1 })).await?;
    peer.expect("pong", "lives").await?;
    Ok(())
}

/// The bytes of a process that are in memory.
fn resident(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    Ok(kilobytes.unwrap_or_default().trim().parse::<u64>()? * 1024)
}
