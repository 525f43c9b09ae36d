// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge as a program that the page runs through a `stream` channel.
//!
//! Cockpit 287 never starts a bridge of a package again once it has ended: every later channel of
//! that session is `not-supported`. So the page starts the same program and speaks Cockpit's
//! protocol with it, in the part of cockpit-bridge.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use images_proto::PAYLOAD;
use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;

use super::frame::{self, Decoder};
use super::line::{Heard, Listener, Request};
use crate::browser;
use crate::cockpit::{self, Closed};
use crate::json;
use crate::state::reopen::NOT_STARTED;

/// A channel of the program. Dropping it closes it.
pub(super) struct Channel {
    process: Rc<Process>,
    id: String,
}

impl Channel {
    /// Opens a channel, and starts the program first if it does not run.
    pub(super) fn open(request: Request<'_>, listener: Listener) -> Self {
        let process = running();
        let id = process.add(listener);
        process.send("", &request.open(&format!(r#""command":"open","channel":"{id}","#)));
        Self { process, id }
    }

    /// Sends a message.
    pub(super) fn send(&self, message: &str) {
        self.process.send(&self.id, message);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if self.process.inner.borrow_mut().take(&self.id).is_some() {
            self.process.send("", &json::write(&Control::about("close", &self.id)));
        }
    }
}

/// The running program, shared by all channels.
struct Process {
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    stream: Option<cockpit::Channel>,
    decoder: Decoder,
    /// It has said `init`, so it is our program and listens.
    greeted: bool,
    /// Frames that wait for its `init`.
    waiting: Vec<Vec<u8>>,
    listeners: Vec<(String, Listener)>,
    opened: u64,
}

impl Inner {
    fn listener(&self, id: &str) -> Option<Listener> {
        self.listeners.iter().find(|(other, _)| other == id).map(|(_, listener)| listener.clone())
    }

    fn take(&mut self, id: &str) -> Option<Listener> {
        let at = self.listeners.iter().position(|(other, _)| other == id)?;
        Some(self.listeners.swap_remove(at).1)
    }
}

thread_local! {
    static RUNNING: RefCell<Option<Rc<Process>>> = const { RefCell::new(None) };
}

fn running() -> Rc<Process> {
    RUNNING.with_borrow_mut(|running| running.get_or_insert_with(Process::start).clone())
}

impl Process {
    fn start() -> Rc<Self> {
        let process = Rc::new(Self { inner: RefCell::default() });
        let weak = Rc::downgrade(&process);
        spawn_local(async move {
            let program = program().await;
            let Some(process) = weak.upgrade() else { return };
            match program {
                Some(program) => process.run(&program),
                None => process.end(NOT_STARTED, "manifest.json names no bridge"),
            }
        });
        process
    }

    fn run(self: &Rc<Self>, program: &Bridge) {
        let stream = Stream {
            payload: "stream",
            binary: true,
            err: "message",
            spawn: &program.spawn,
            environ: &program.environ,
        };
        let (heard, ended) = (Rc::downgrade(self), Rc::downgrade(self));
        let stream = cockpit::Channel::binary(
            &json::write(&stream),
            move |bytes| on(&heard, |process| process.hear(&bytes)),
            move |closed| on(&ended, |process| process.stopped(closed)),
        );
        self.inner.borrow_mut().stream = Some(stream);
    }

    fn add(&self, listener: Listener) -> String {
        let mut inner = self.inner.borrow_mut();
        inner.opened += 1;
        let id = inner.opened.to_string();
        inner.listeners.push((id.clone(), listener));
        id
    }

    fn send(&self, channel: &str, payload: &str) {
        let frame = frame::encode(channel, payload);
        let mut inner = self.inner.borrow_mut();
        match &inner.stream {
            Some(stream) if inner.greeted => stream.send_bytes(&frame),
            _ => inner.waiting.push(frame),
        }
    }

    fn hear(self: &Rc<Self>, bytes: &[u8]) {
        self.inner.borrow_mut().decoder.push(bytes);
        loop {
            // Listeners open and close channels, so nothing is borrowed while they run.
            let next = self.inner.borrow_mut().decoder.next();
            match next {
                Ok(None) => return,
                Ok(Some(frame)) if frame.channel.is_empty() => self.control(&frame.payload),
                Ok(Some(frame)) => {
                    let listener = self.inner.borrow().listener(&frame.channel);
                    if let Some(listener) = listener {
                        listener(Heard::Message(frame.payload));
                    }
                }
                Err(frame::NoFrame) => {
                    self.end("internal-error", "the bridge does not speak Cockpit's protocol");
                    return;
                }
            }
        }
    }

    fn control(&self, payload: &str) {
        let Ok(control) = json::read::<Control>(payload) else { return };
        match control.command.as_str() {
            "init" => self.greet(),
            "ping" => {
                let pong = Control { command: "pong".to_owned(), ..control };
                self.send("", &json::write(&pong));
            }
            "close" => {
                let id = control.channel.unwrap_or_default();
                let listener = self.inner.borrow_mut().take(&id);
                if let Some(listener) = listener {
                    let (problem, message) = (control.problem, control.message);
                    listener(Heard::Closed(Closed { problem, message, ..Closed::default() }));
                }
            }
            _ => {}
        }
    }

    fn greet(&self) {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        let Some(stream) = &inner.stream else { return };
        if inner.greeted {
            return;
        }
        inner.greeted = true;
        let init = Init { command: "init", version: 1, host: "localhost" };
        stream.send_bytes(&frame::encode("", &json::write(&init)));
        for frame in inner.waiting.drain(..) {
            stream.send_bytes(&frame);
        }
    }

    fn stopped(self: &Rc<Self>, closed: Closed) {
        let problem = if self.inner.borrow().greeted { "terminated" } else { NOT_STARTED };
        let words = closed.message.filter(|message| !message.is_empty()).or(closed.problem);
        self.end(problem, words.as_deref().unwrap_or_default());
    }

    fn end(self: &Rc<Self>, problem: &str, message: &str) {
        RUNNING.with_borrow_mut(|running| {
            if running.as_ref().is_some_and(|process| Rc::ptr_eq(process, self)) {
                *running = None;
            }
        });
        let (stream, listeners) = {
            let mut inner = self.inner.borrow_mut();
            (inner.stream.take(), std::mem::take(&mut inner.listeners))
        };
        drop(stream);
        for (_, listener) in listeners {
            listener(Heard::Closed(Closed {
                problem: Some(problem.to_owned()),
                message: Some(message.to_owned()),
                ..Closed::default()
            }));
        }
    }
}

fn on(process: &Weak<Process>, act: impl FnOnce(&Rc<Process>)) {
    if let Some(process) = process.upgrade() {
        act(&process);
    }
}

/// The program that the package's manifest names for our payload.
async fn program() -> Option<Bridge> {
    let manifest = browser::read_own_file("manifest.json").await?;
    bridge_of(&manifest)
}

fn bridge_of(manifest: &str) -> Option<Bridge> {
    let manifest: Manifest = json::read(manifest).ok()?;
    manifest.bridges.into_iter().find(|bridge| {
        bridge.wanted.payload.as_deref() == Some(PAYLOAD) && !bridge.spawn.is_empty()
    })
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    bridges: Vec<Bridge>,
}

#[derive(Deserialize)]
struct Bridge {
    #[serde(rename = "match", default)]
    wanted: Match,
    #[serde(default)]
    spawn: Vec<String>,
    #[serde(default)]
    environ: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Match {
    payload: Option<String>,
}

#[derive(Serialize)]
struct Stream<'a> {
    payload: &'a str,
    binary: bool,
    err: &'a str,
    spawn: &'a [String],
    environ: &'a [String],
}

#[derive(Serialize)]
struct Init<'a> {
    command: &'a str,
    version: u32,
    host: &'a str,
}

/// The control messages that matter here, in one shape.
#[derive(Default, Deserialize, Serialize)]
struct Control {
    command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
}

impl Control {
    fn about(command: &str, channel: &str) -> Self {
        Self { command: command.to_owned(), channel: Some(channel.to_owned()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bridge_is_found_in_the_manifest() {
        let manifest = r#"{"bridges": [
            {"privileged": true, "spawn": ["other"]},
            {"match": {"payload": "images1"}, "spawn": ["/bin/b", "-x"], "environ": ["A=1"]}
        ]}"#;
        let bridge = bridge_of(manifest).unwrap();
        assert_eq!(
            (bridge.spawn, bridge.environ),
            (vec!["/bin/b".into(), "-x".into()], vec!["A=1".into()])
        );
        assert!(bridge_of("{}").is_none());
        assert!(bridge_of("<html>").is_none());
    }

    #[test]
    fn a_pong_repeats_the_ping() {
        let ping: Control =
            json::read(r#"{"command":"ping","channel":"1","sequence":9,"x":[]}"#).unwrap();
        let pong = json::write(&Control { command: "pong".to_owned(), ..ping });
        assert_eq!(pong, r#"{"command":"pong","channel":"1","sequence":9}"#);
    }
}
