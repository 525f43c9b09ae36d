// SPDX-License-Identifier: LGPL-2.1-or-later

//! One channel to the bridge, by whichever of the two ways works in this session.

use std::cell::Cell;
use std::rc::Rc;

use images_proto::{Method, PAYLOAD};
use serde::Serialize;

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
    /// Opens a line for one request.
    pub(super) fn open<M: Method>(params: &M::Params, listener: Listener) -> Self {
        let open = Open { command: None, channel: None, payload: PAYLOAD, method: M::NAME, params };
        match WAY.get() {
            Way::Spawned => Self::Spawned(spawned::Channel::open(open, listener)),
            Way::Routed => {
                let end = listener.clone();
                Self::Routed(Channel::text(
                    &json(&open),
                    move |text| listener(Heard::Message(text)),
                    move |closed| end(Heard::Closed(closed)),
                ))
            }
        }
    }

    /// Sends new parameters.
    pub(super) fn send<M: Method>(&self, params: &M::Params) {
        let message = json(&NewParams { params });
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

/// The options of an `open`; command and channel only where the page writes the frame itself.
#[derive(Serialize)]
pub(super) struct Open<'a, P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<&'a str>,
    pub(super) payload: &'a str,
    pub(super) method: &'a str,
    pub(super) params: &'a P,
}

#[derive(Serialize)]
struct NewParams<'a, P> {
    params: &'a P,
}

/// Our own plain structs; serialising them has no way to fail.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
