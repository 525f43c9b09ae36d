// SPDX-License-Identifier: LGPL-2.1-or-later

//! A small Cockpit of our own: starts the bridge and speaks frames with it, also broken ones.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::programs;
use crate::wait::PATIENCE;

/// The largest frame that the bridge may send: 8 digits is all that Cockpit reads.
const MAX_FRAME: usize = 99_999_999;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The channel; empty for a control message.
    pub channel: String,
    /// The content.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The content as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.payload)
            .with_context(|| format!("no JSON: {}", String::from_utf8_lossy(&self.payload)))
    }
}

/// A running bridge and the other side of its pipes.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    input: Vec<u8>,
    /// Frames that were read while another one was looked for.
    passed: VecDeque<Frame>,
    /// Whether pings of the bridge are answered at once, as Cockpit does.
    pub answers_pings: bool,
    /// How long the bridge may be silent while something is waited for.
    pub patience: Duration,
    /// Every frame that came, if it is to be kept.
    pub transcript: Option<Vec<Frame>>,
}

/// The bridge's program with an environment that holds nothing of the machine's own cluster. Whoever
/// deletes names a home, or a folder for the records; otherwise these have no place, nor has what is
/// remembered from one login to the next, so that nothing is written outside of the tests' folders, not
/// even by root.
///
/// # Errors
/// When it is not built.
pub fn bridge(environment: &[(&str, OsString)]) -> Result<Command> {
    let mut command = Command::new(programs::built(programs::BRIDGE)?);
    command
        .env_remove("KUBECONFIG")
        .env("HOME", "/nonexistent")
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CACHE_HOME")
        // What tests delete is not news for this machine's journal.
        .env("COCKPIT_IMAGES_JOURNAL", "/dev/null")
        .envs(environment.iter().map(|(key, value)| (*key, value)))
        .kill_on_drop(true);
    if !environment.iter().any(|(key, _)| matches!(*key, "HOME" | "XDG_STATE_HOME")) {
        command.env("XDG_STATE_HOME", "/dev/null");
    }
    if !environment.iter().any(|(key, _)| matches!(*key, "HOME" | "XDG_CACHE_HOME")) {
        command.env("XDG_CACHE_HOME", "/dev/null");
    }
    Ok(command)
}

impl Peer {
    /// Starts the bridge. Says nothing to it yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(environment: &[(&str, OsString)]) -> Result<Self> {
        Self::start_logging(environment, Stdio::inherit())
    }

    /// Starts the bridge with its log going elsewhere.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_logging(environment: &[(&str, OsString)], log: Stdio) -> Result<Self> {
        let mut child = bridge(environment)?
            .stderr(log)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the bridge")?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("no standard output")?;
        Ok(Self {
            child,
            stdin,
            stdout,
            input: Vec::new(),
            passed: VecDeque::new(),
            answers_pings: true,
            patience: PATIENCE,
            transcript: None,
        })
    }

    /// Starts the bridge and exchanges `init`.
    ///
    /// # Errors
    /// When the bridge does not begin with `init`.
    pub async fn greeted(environment: &[(&str, OsString)]) -> Result<Self> {
        let mut peer = Self::start(environment)?;
        peer.greet().await?;
        Ok(peer)
    }

    /// Exchanges `init`.
    ///
    /// # Errors
    /// When the bridge does not begin with `init`.
    pub async fn greet(&mut self) -> Result<()> {
        let first = self.next().await?;
        ensure!(first.channel.is_empty(), "data came before init");
        let init = first.json()?;
        ensure!(init["command"] == "init" && init["version"] == 1, "no init but {init}");
        self.control(&json!({ "command": "init", "version": 1, "host": "localhost" })).await
    }

    /// Its process id; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the bridge does not read any more.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.stdin.as_mut().context("the input was ended")?;
        stdin.write_all(bytes).await.context("the bridge does not read")?;
        Ok(stdin.flush().await?)
    }

    /// Sends a control message.
    ///
    /// # Errors
    /// When the bridge does not read any more.
    pub async fn control(&mut self, message: &Value) -> Result<()> {
        self.bytes(&encode("", message.to_string().as_bytes())).await
    }

    /// Sends a message on a channel.
    ///
    /// # Errors
    /// When the bridge does not read any more.
    pub async fn message(&mut self, channel: &str, message: &Value) -> Result<()> {
        self.bytes(&encode(channel, message.to_string().as_bytes())).await
    }

    /// Opens a channel as the page does.
    ///
    /// # Errors
    /// When the bridge does not read any more.
    pub async fn open(&mut self, channel: &str, method: &str, params: Value) -> Result<()> {
        self.control(&open(channel, method, params)).await
    }

    /// Closes a channel.
    ///
    /// # Errors
    /// When the bridge does not read any more.
    pub async fn close(&mut self, channel: &str) -> Result<()> {
        self.control(&json!({ "command": "close", "channel": channel })).await
    }

    /// The next frame, whatever it is.
    ///
    /// # Errors
    /// When the bridge ends or is silent.
    pub async fn next(&mut self) -> Result<Frame> {
        match self.passed.pop_front() {
            Some(frame) => Ok(frame),
            None => self.read().await?.context("the bridge ended"),
        }
    }

    /// The next control message about a channel with this command. Others stay for later.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn expect(&mut self, command: &str, channel: &str) -> Result<Value> {
        let frame = self
            .find(&format!("{command} of channel {channel}"), |frame| {
                let Ok(message) = frame.json() else { return false };
                frame.channel.is_empty()
                    && message["command"] == command
                    && message["channel"] == channel
            })
            .await?;
        frame.json()
    }

    /// The next message on a channel. Others stay for later.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn receive(&mut self, channel: &str) -> Result<Value> {
        self.find(&format!("a message on {channel}"), |frame| frame.channel == channel)
            .await?
            .json()
    }

    /// The first message on a channel for which `pick` gives something; those before are dropped.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn until<T>(
        &mut self,
        channel: &str,
        pick: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        let mut last = None;
        let wait = async {
            loop {
                match self.receive(channel).await {
                    Ok(message) => {
                        if let Some(picked) = pick(&message) {
                            return Ok(picked);
                        }
                        last = Some(message);
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        match waited {
            Ok(Ok(picked)) => Ok(picked),
            Ok(Err(error)) => Err(error.context(format!("the last message was {last:?}"))),
            Err(_) => bail!("it did not come; the last message was {last:?}"),
        }
    }

    /// Whether nothing at all comes for a while. Only for what must never happen: a test that
    /// passes has waited for this long.
    ///
    /// # Errors
    /// When the pipe fails.
    pub async fn is_silent(&mut self, time: Duration) -> Result<bool> {
        if !self.passed.is_empty() {
            return Ok(false);
        }
        match tokio::time::timeout(time, self.read_frame()).await {
            Err(_) => Ok(true),
            Ok(Ok(Some(frame))) => {
                self.passed.push_back(frame);
                Ok(false)
            }
            Ok(Ok(None)) => Ok(true),
            Ok(Err(error)) => Err(error),
        }
    }

    /// Ends the bridge's input and waits for its end. Frames that it still sends are dropped.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn end(mut self) -> Result<ExitStatus> {
        self.stdin = None;
        self.ended().await
    }

    /// Waits for its end. Frames that it still sends are dropped.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        while self.read().await?.is_some() {}
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(status.context("the bridge does not end")??)
    }

    async fn find(&mut self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Result<Frame> {
        if let Some(at) = self.passed.iter().position(&wanted)
            && let Some(frame) = self.passed.remove(at)
        {
            return Ok(frame);
        }
        loop {
            let frame = self.read().await.with_context(|| format!("waited for {what}"))?;
            let frame = frame.with_context(|| format!("the bridge ended before {what}"))?;
            if wanted(&frame) {
                return Ok(frame);
            }
            self.passed.push_back(frame);
        }
    }

    /// The next frame from the pipe; `None` at its end.
    async fn read(&mut self) -> Result<Option<Frame>> {
        let patience = self.patience;
        match tokio::time::timeout(patience, self.read_frame()).await {
            Ok(frame) => frame,
            Err(_) => bail!("the bridge was silent for {} s", patience.as_secs()),
        }
    }

    /// Can be dropped while it waits: nothing that was read is lost.
    async fn read_frame(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = decode(&mut self.input)? {
                if let Some(transcript) = &mut self.transcript {
                    transcript.push(frame.clone());
                }
                if self.answers_pings && self.pong(&frame).await? {
                    continue;
                }
                return Ok(Some(frame));
            }
            if self.stdout.read_buf(&mut self.input).await? == 0 {
                ensure!(self.input.is_empty(), "the bridge ended inside a frame");
                return Ok(None);
            }
        }
    }

    /// Answers a ping; whether it was one.
    async fn pong(&mut self, frame: &Frame) -> Result<bool> {
        if !frame.channel.is_empty() {
            return Ok(false);
        }
        let mut message = frame.json()?;
        if message["command"] != "ping" {
            return Ok(false);
        }
        message["command"] = "pong".into();
        if self.stdin.is_some() {
            self.control(&message).await?;
        }
        Ok(true)
    }
}

/// The control message that opens a channel, as Cockpit sends it.
pub fn open(channel: &str, method: &str, params: Value) -> Value {
    json!({
        "command": "open",
        "channel": channel,
        "payload": images_proto::PAYLOAD,
        "group": "cockpit1:localhost/images",
        "host": "localhost",
        "flow-control": true,
        "method": method,
        "params": params,
    })
}

/// A frame as bytes.
pub fn encode(channel: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{}\n{channel}\n", channel.len() + 1 + payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Takes a whole frame off the input.
fn decode(input: &mut Vec<u8>) -> Result<Option<Frame>> {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        ensure!(input.len() <= 8, "the bridge sent a broken length");
        return Ok(None);
    };
    let length = std::str::from_utf8(&input[..end]).ok().and_then(|text| text.parse().ok());
    let length: usize = length.context("the bridge sent a broken length")?;
    ensure!(length <= MAX_FRAME, "the bridge sent a frame of {length} bytes");
    if input.len() < end + 1 + length {
        return Ok(None);
    }
    let frame: Vec<u8> = input.drain(..end + 1 + length).skip(end + 1).collect();
    let newline = frame.iter().position(|byte| *byte == b'\n').context("no channel line")?;
    Ok(Some(Frame {
        channel: String::from_utf8(frame[..newline].to_vec())?,
        payload: frame[newline + 1..].to_vec(),
    }))
}
