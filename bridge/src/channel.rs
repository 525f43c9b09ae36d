// SPDX-License-Identifier: LGPL-2.1-or-later

//! One open channel: what its work can send and receive, and how fast.
//!
//! Knows frames and flow control, no images. Dropping the work is how a channel is closed.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use crate::control::{Problem, Reply};
use crate::frame::Frame;

/// Bytes that may be under way before the page has confirmed them, as in Cockpit's own channels.
const WINDOW: u64 = 2 * 1024 * 1024;

/// Bytes between two pings, as in Cockpit's own channels.
const PING_EVERY: u64 = 16 * 1024;

/// The largest message, in bytes: a length has at most 8 digits, and JSON may double what it quotes.
pub const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// How a channel ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Close {
    /// Why, unless all went well.
    pub problem: Option<Problem>,
    /// The same for people.
    pub message: Option<String>,
}

impl Close {
    /// The page asked for something that is no request.
    pub fn protocol_error(message: impl Into<String>) -> Self {
        Self { problem: Some(Problem::ProtocolError), message: Some(message.into()) }
    }
}

/// The transport is gone, or the message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nobody reads any more.
    #[error("the transport is closed")]
    Closed,
    /// The message is too large or is no JSON.
    #[error("a message could not be written")]
    Message,
}

impl From<SendError> for Close {
    /// A transport that is gone needs no word; a message that cannot be written does.
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed => Self::default(),
            SendError::Message => {
                Self { problem: Some(Problem::InternalError), message: Some(error.to_string()) }
            }
        }
    }
}

/// Messages to the page.
#[derive(Debug)]
pub struct Outbox {
    channel: Arc<str>,
    frames: mpsc::Sender<Frame>,
    gate: Gate,
    sent: u64,
    pinged: u64,
    /// The last sequence that the page confirmed; `None` if it does not confirm at all.
    confirmed: Option<watch::Receiver<u64>>,
}

impl Outbox {
    /// The outbox of a channel that writes into `frames`.
    pub fn new(
        channel: Arc<str>,
        frames: mpsc::Sender<Frame>,
        confirmed: Option<watch::Receiver<u64>>,
    ) -> Self {
        Self { channel, frames, gate: Gate::default(), sent: 0, pinged: 0, confirmed }
    }

    /// What closes this outbox from outside.
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Sends one message as JSON, waiting while the page lags behind.
    ///
    /// # Errors
    /// When the transport is gone, or the message is larger than [`MAX_MESSAGE`].
    pub async fn send(&mut self, message: &impl Serialize) -> Result<(), SendError> {
        let payload = serde_json::to_vec(message).map_err(|_| SendError::Message)?;
        if payload.len() > MAX_MESSAGE {
            return Err(SendError::Message);
        }
        self.wait_for_room().await?;
        self.sent += payload.len() as u64;
        self.put(self.channel.as_ref(), payload.into()).await?;
        if self.confirmed.is_some() && self.sent - self.pinged >= PING_EVERY {
            self.pinged = self.sent;
            let ping = Reply::Ping { channel: &self.channel, sequence: self.sent };
            let ping = serde_json::to_vec(&ping).map_err(|_| SendError::Message)?;
            self.put("", ping.into()).await?;
        }
        Ok(())
    }

    async fn wait_for_room(&mut self) -> Result<(), SendError> {
        let pinged = self.pinged;
        if let Some(confirmed) = &mut self.confirmed {
            // Only what a ping asked about can be confirmed.
            confirmed
                .wait_for(|sequence| pinged.saturating_sub(*sequence) < WINDOW)
                .await
                .map_err(|_| SendError::Closed)?;
        }
        Ok(())
    }

    async fn put(&self, channel: &str, payload: Bytes) -> Result<(), SendError> {
        let room = self.frames.reserve().await.map_err(|_| SendError::Closed)?;
        let closed = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(SendError::Closed);
        }
        // While the gate is held: the word that the channel closed comes after this frame.
        room.send(Frame { channel: channel.to_owned(), payload });
        Ok(())
    }
}

/// Closes an outbox. Work that is aborted may still be in the middle of a step, and could send
/// something after the page was told that the channel is closed.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<bool>>);

impl Gate {
    /// From now on nothing is sent.
    pub fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

/// Messages from the page. A view only ever wants the newest parameters, so a new message replaces
/// one that was not read yet, and no page can fill our memory.
#[derive(Debug)]
pub struct Inbox(watch::Receiver<Option<Bytes>>);

impl Inbox {
    /// A sender and its inbox.
    pub fn new() -> (watch::Sender<Option<Bytes>>, Self) {
        let (sender, receiver) = watch::channel(None);
        (sender, Self(receiver))
    }

    /// The newest message, once there is one that was not read yet; never returns after the page
    /// said that none will follow.
    pub async fn newest(&mut self) -> Bytes {
        loop {
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let message = self.0.borrow_and_update().clone();
            if let Some(message) = message {
                return message;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_page_that_confirms_nothing_is_not_flooded() {
        let (frames, mut written) = mpsc::channel(10_000);
        let (confirm, confirmed) = watch::channel(0);
        let mut outbox = Outbox::new("c".into(), frames, Some(confirmed));
        let block = "x".repeat(64 * 1024);
        let flood = async {
            loop {
                outbox.send(&block).await.unwrap();
            }
        };
        assert!(timeout(Duration::from_secs(60), flood).await.is_err());
        let mut bytes = 0;
        let mut last_ping = None;
        while let Ok(frame) = written.try_recv() {
            if frame.channel.is_empty() {
                let ping: serde_json::Value = serde_json::from_slice(&frame.payload).unwrap();
                assert_eq!(ping["command"], "ping");
                last_ping = ping["sequence"].as_u64();
            } else {
                bytes += frame.payload.len() as u64;
            }
        }
        assert!((WINDOW..WINDOW + 70_000).contains(&bytes), "{bytes} bytes were sent");
        confirm.send(last_ping.unwrap()).unwrap();
        timeout(Duration::from_secs(1), outbox.send(&block)).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn nothing_follows_the_end() {
        let (frames, mut written) = mpsc::channel(1);
        let mut outbox = Outbox::new("c".into(), frames, None);
        let gate = outbox.gate();
        outbox.send(&1).await.unwrap();
        // The queue is full: this message waits while the channel is closed.
        let waiting = outbox.send(&2);
        tokio::pin!(waiting);
        assert!(timeout(Duration::from_millis(1), &mut waiting).await.is_err());
        gate.close();
        assert_eq!(written.recv().await.unwrap().payload, "1");
        assert!(matches!(waiting.await, Err(SendError::Closed)));
        assert!(written.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_is_too_large_is_told() {
        let (frames, _written) = mpsc::channel(1);
        let mut outbox = Outbox::new("c".into(), frames, None);
        let error = outbox.send(&"x".repeat(MAX_MESSAGE)).await.unwrap_err();
        let close = Close::from(error);
        assert!(close.problem.is_some() && close.message.is_some());
        assert_eq!(Close::from(SendError::Closed), Close::default());
    }

    #[tokio::test]
    async fn the_newest_parameters_win() {
        let (sender, mut inbox) = Inbox::new();
        sender.send(Some("a".into())).unwrap();
        sender.send(Some("b".into())).unwrap();
        assert_eq!(inbox.newest().await, "b");
        drop(sender);
        let wait = timeout(Duration::from_millis(1), inbox.newest()).await;
        assert!(wait.is_err());
    }
}
