// SPDX-License-Identifier: LGPL-2.1-or-later

//! One channel to the bridge, by whichever of the two ways works in this session.

use std::cell::Cell;
use std::rc::Rc;

use images_proto::PAYLOAD;

use super::spawned;
use crate::cockpit::{Channel, Closed};
use crate::state::reopen::Way;

/// What is heard on a line.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// A message.
    Message(String),
    /// Its end; nothing follows.
    Closed(Closed),
}

/// Who hears it.
pub(super) type Listener = Rc<dyn Fn(Heard)>;

/// An open line. Dropping it ends the request, and nothing is heard of it any more.
pub(super) enum Line {
    /// Through cockpit-bridge's routing.
    Routed(Channel),
    /// Through a bridge that the page started.
    Spawned(spawned::Channel),
}

thread_local! {
    static WAY: Cell<Way> = const { Cell::new(Way::Routed) };
}

/// Cockpit does not route to the bridge any more in this session: start it ourselves.
pub(super) fn spawn_from_now_on() {
    WAY.set(Way::Spawned);
}

impl Line {
    /// Opens a line for one request, whose parameters are written already.
    pub(super) fn open(request: Request<'_>, listener: Listener) -> Self {
        match WAY.get() {
            Way::Spawned => Self::Spawned(spawned::Channel::open(request, listener)),
            Way::Routed => {
                let end = listener.clone();
                Self::Routed(Channel::text(
                    &request.open(""),
                    move |text| listener(Heard::Message(text)),
                    move |closed| end(Heard::Closed(closed)),
                ))
            }
        }
    }

    /// Sends new parameters, which are written already.
    pub(super) fn send(&self, params: &str) {
        let message = format!(r#"{{"params":{params}}}"#);
        match self {
            Self::Routed(channel) => channel.send_text(&message),
            Self::Spawned(channel) => channel.send(&message),
        }
    }

    /// The way that it takes.
    pub(super) fn way(&self) -> Way {
        match self {
            Self::Routed(_) => Way::Routed,
            Self::Spawned(_) => Way::Spawned,
        }
    }
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    /// The method's name.
    pub(super) method: &'static str,
    /// Its parameters, as JSON.
    pub(super) params: &'a str,
}

impl Request<'_> {
    /// The options of the `open`, after those that only a frame of our own has.
    pub(super) fn open(&self, before: &str) -> String {
        let Self { method, params } = self;
        format!(r#"{{{before}"payload":"{PAYLOAD}","method":"{method}","params":{params}}}"#)
    }
}
