// SPDX-License-Identifier: LGPL-2.1-or-later

//! The process's two ends: frames from standard input to channels, frames of channels to standard
//! output. Knows no images: what a channel does is told by the function given to [`serve`].

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::codec::{FramedRead, FramedWrite};

use crate::channel::{Close, Gate, Inbox, Outbox};
use crate::control::{Control, Problem, Reply};
use crate::frame::{Codec, Error, Frame, Incoming};

/// Frames that may wait for standard output. A peer that stops reading is not read from either.
const QUEUE: usize = 64;

/// Channels that may be open at once; a page needs a handful.
const MAX_CHANNELS: usize = 256;

/// What a page asks for with an open channel.
#[derive(Debug)]
pub struct Open {
    /// The method's name.
    pub method: String,
    /// Its parameters as JSON text.
    pub params: Option<Box<RawValue>>,
    /// Messages to the page.
    pub outbox: Outbox,
    /// Messages from the page.
    pub inbox: Inbox,
    /// A view is answered once, when it is complete, instead of again after each change.
    pub once: bool,
}

/// Speaks with Cockpit until `input` ends. Each channel runs `work`; closing the channel drops it,
/// and a panic in it closes that channel alone.
///
/// # Errors
/// When the stream breaks in a way that cannot be read past. Cockpit has been told then.
pub async fn serve<W>(
    payload: &'static str,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Send + Unpin + 'static,
    work: impl Fn(Open) -> W,
) -> Result<(), Error>
where
    W: Future<Output = Close> + Send + 'static,
{
    let (frames, queue) = mpsc::channel(QUEUE);
    let mut transport =
        Transport { payload, frames, work, channels: HashMap::new(), tasks: JoinSet::new() };
    let mut writers = JoinSet::new();
    writers.spawn(write(output, queue));
    transport.send(&Reply::Init { version: 1 }).await;

    let mut input = FramedRead::new(input, Codec::default());
    let ended = loop {
        tokio::select! {
            incoming = input.next() => match incoming {
                Some(Ok(incoming)) => transport.receive(incoming).await,
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            },
            Some(ended) = transport.tasks.join_next_with_id() => transport.finish(ended).await,
            // Standard output is gone: there is nobody to work for.
            _ = writers.join_next() => break Ok(()),
        }
    };
    if let Err(error) = &ended {
        let message = error.to_string();
        transport
            .send(&Reply::Close {
                channel: None,
                problem: Some(Problem::ProtocolError),
                message: Some(&message),
            })
            .await;
    }
    // Dropping the transport ends all work and the queue; what is queued is still written.
    drop(transport);
    while writers.join_next().await.is_some() {}
    ended
}

async fn write(output: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Frame>) {
    let mut output = FramedWrite::new(output, Codec::default());
    while let Some(frame) = queue.recv().await {
        if let Err(error) = output.feed(frame).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot write to Cockpit");
            return;
        }
        // One flush for all that is waiting.
        if queue.is_empty() && output.flush().await.is_err() {
            return;
        }
    }
}

struct Transport<F> {
    payload: &'static str,
    frames: mpsc::Sender<Frame>,
    work: F,
    channels: HashMap<Arc<str>, Channel>,
    tasks: JoinSet<Close>,
}

struct Channel {
    group: Option<String>,
    task: AbortHandle,
    gate: Gate,
    confirm: Option<watch::Sender<u64>>,
    /// Gone after the page said `done`.
    inbox: Option<watch::Sender<Option<Bytes>>>,
}

impl<F, W> Transport<F>
where
    F: Fn(Open) -> W,
    W: Future<Output = Close> + Send + 'static,
{
    async fn receive(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Frame(frame) if frame.channel.is_empty() => {
                self.control(&frame.payload).await
            }
            Incoming::Frame(frame) => {
                // A message for an unknown channel was under way when the channel closed.
                if let Some(inbox) =
                    self.channels.get(frame.channel.as_str()).and_then(|open| open.inbox.as_ref())
                {
                    inbox.send_replace(Some(frame.payload));
                }
            }
            Incoming::TooLong { channel, length } => {
                tracing::warn!(channel, length, "skipped a frame that is too long");
                if let Some(channel) = channel.filter(|id| self.channels.contains_key(id.as_str()))
                {
                    let message = format!("a message of {length} bytes is too long");
                    self.close(&channel, Close::protocol_error(message)).await;
                }
            }
            Incoming::NoChannel => tracing::warn!("skipped a frame without a channel"),
        }
    }

    async fn control(&mut self, payload: &[u8]) {
        let control: Control<'_> = match serde_json::from_slice(payload) {
            Ok(control) => control,
            Err(error) => {
                tracing::warn!(%error, "skipped a control message that cannot be read");
                return;
            }
        };
        match (control.command.as_ref(), control.channel.as_deref()) {
            ("open", Some(channel)) => self.open(channel, &control).await,
            ("close", Some(channel)) => {
                if self.channels.contains_key(channel) {
                    self.close(channel, Close::default()).await;
                }
            }
            ("done", Some(channel)) => {
                if let Some(open) = self.channels.get_mut(channel) {
                    open.inbox = None;
                }
            }
            ("ping", channel) => {
                self.send(&Reply::Pong { channel, sequence: control.sequence }).await;
            }
            ("pong", Some(channel)) => {
                if let Some(confirm) = self.channels.get(channel).and_then(|c| c.confirm.as_ref()) {
                    let sequence = control.sequence.unwrap_or(0);
                    confirm.send_if_modified(|last| {
                        let grew = sequence > *last;
                        *last = sequence.max(*last);
                        grew
                    });
                }
            }
            ("kill", _) => self.kill(control.group.as_deref()).await,
            ("init", _) => {
                if control.version != Some(1) {
                    tracing::warn!(version = control.version, "Cockpit speaks another version");
                }
            }
            (command, _) => tracing::debug!(command, "ignored an unknown control message"),
        }
    }

    async fn open(&mut self, channel: &str, control: &Control<'_>) {
        if self.channels.contains_key(channel) {
            self.close(channel, Close::protocol_error("this channel is already open")).await;
            return;
        }
        let refusal = if control.payload.as_deref() != Some(self.payload) {
            Some((Problem::NotSupported, "this payload is not known here"))
        } else if self.channels.len() >= MAX_CHANNELS {
            Some((Problem::ProtocolError, "too many channels are open"))
        } else {
            None
        };
        if let Some((problem, message)) = refusal {
            let close = Close { problem: Some(problem), message: Some(message.to_owned()) };
            self.send_close(channel, &close).await;
            return;
        }
        let id: Arc<str> = channel.into();
        let (confirm, confirmed) = control.flow_control.then(|| watch::channel(0)).unzip();
        let (inbox_sender, inbox) = Inbox::new();
        // `ready` comes before anything that the work sends.
        self.send(&Reply::Ready { channel }).await;
        let outbox = Outbox::new(id.clone(), self.frames.clone(), confirmed);
        let gate = outbox.gate();
        let work = (self.work)(Open {
            method: control.method.as_deref().unwrap_or_default().to_owned(),
            params: control.params.map(ToOwned::to_owned),
            outbox,
            inbox,
            once: false,
        });
        let task = self.tasks.spawn(work);
        let group = control.group.as_deref().map(str::to_owned);
        let inbox = Some(inbox_sender);
        self.channels.insert(id, Channel { group, task, gate, confirm, inbox });
    }

    async fn kill(&mut self, group: Option<&str>) {
        let killed: Vec<_> = self
            .channels
            .iter()
            .filter(|(_, open)| group.is_none() || open.group.as_deref() == group)
            .map(|(id, _)| id.clone())
            .collect();
        for channel in killed {
            let close = Close { problem: Some(Problem::Terminated), message: None };
            self.close(&channel, close).await;
        }
    }

    /// Work has ended by itself, or by a panic, or because its channel was closed.
    async fn finish(&mut self, ended: Result<(Id, Close), JoinError>) {
        let (task, close) = match ended {
            Ok((task, close)) => (task, close),
            Err(error) if error.is_panic() => {
                tracing::error!(%error, "a request failed by a fault in the bridge");
                let message = Some("a fault in the bridge ended this request".to_owned());
                (error.id(), Close { problem: Some(Problem::InternalError), message })
            }
            Err(_) => return,
        };
        let id = self.channels.iter().find(|(_, open)| open.task.id() == task);
        if let Some(id) = id.map(|(id, _)| id.clone()) {
            if close.problem.is_none() {
                self.send(&Reply::Done { channel: &id }).await;
            }
            self.close(&id, close).await;
        }
    }

    /// Ends the channel's work and tells the page, which waits for that even if it asked itself.
    async fn close(&mut self, channel: &str, close: Close) {
        if let Some(open) = self.channels.remove(channel) {
            open.task.abort();
            open.gate.close();
        }
        self.send_close(channel, &close).await;
    }

    async fn send_close(&self, channel: &str, close: &Close) {
        self.send(&Reply::Close {
            channel: Some(channel),
            problem: close.problem,
            message: close.message.as_deref(),
        })
        .await;
    }

    async fn send(&self, reply: &Reply<'_>) {
        match serde_json::to_vec(reply) {
            // A closed queue is noticed by the loop in `serve`.
            Ok(payload) => drop(
                self.frames.send(Frame { channel: String::new(), payload: payload.into() }).await,
            ),
            Err(error) => tracing::error!(%error, "cannot write a control message"),
        }
    }
}

#[cfg(test)]
mod tests;
