// SPDX-License-Identifier: LGPL-2.1-or-later

//! Control messages: the JSON of frames without a channel (Cockpit's doc/protocol.md, "Control
//! Messages"). Knows channels and problems, no images.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Why a channel was closed, from the list in Cockpit's doc/protocol.md, "Problem codes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// The other side broke the protocol: an unknown method, bad parameters, a frame too long.
    ProtocolError,
    /// We do not know this payload.
    NotSupported,
    /// A fault of ours.
    InternalError,
    /// The page or its group went away.
    Terminated,
}

/// What the bridge tells us. Fields that we do not know are ignored, as are unknown commands.
#[derive(Debug, Deserialize)]
pub struct Control<'a> {
    /// The command.
    #[serde(borrow)]
    pub command: Cow<'a, str>,
    /// The channel it is about.
    #[serde(borrow, default)]
    pub channel: Option<Cow<'a, str>>,
    /// Of `init`: the protocol's version.
    #[serde(default)]
    pub version: Option<u64>,
    /// Of `open`: the payload type.
    #[serde(borrow, default)]
    pub payload: Option<Cow<'a, str>>,
    /// Of `open` and `kill`: the page's group.
    #[serde(borrow, default)]
    pub group: Option<Cow<'a, str>>,
    /// Of `open`: the peer answers pings, so that the sender may be throttled.
    #[serde(rename = "flow-control", default)]
    pub flow_control: bool,
    /// Of `open`: what is asked for.
    #[serde(borrow, default)]
    pub method: Option<Cow<'a, str>>,
    /// Of `open`: its parameters.
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
    /// Of `ping` and `pong`: bytes sent so far.
    #[serde(default)]
    pub sequence: Option<u64>,
}

/// What we tell the bridge.
#[derive(Debug, Serialize)]
#[serde(tag = "command", rename_all = "lowercase")]
pub enum Reply<'a> {
    /// The first message of all.
    Init {
        /// The protocol's version.
        version: u64,
    },
    /// The channel is open.
    Ready {
        /// The channel.
        channel: &'a str,
    },
    /// No more data will come.
    Done {
        /// The channel.
        channel: &'a str,
    },
    /// The channel is closed; without a channel, the whole transport.
    Close {
        /// The channel.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<&'a str>,
        /// Why, unless all went well.
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
        /// The same for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
    /// Asks the page to say when it got this far.
    Ping {
        /// The channel.
        channel: &'a str,
        /// Bytes sent so far.
        sequence: u64,
    },
    /// Answers a ping.
    Pong {
        /// The channel, if the ping named one.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<&'a str>,
        /// What the ping said.
        #[serde(skip_serializing_if = "Option::is_none")]
        sequence: Option<u64>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cockpit_sends() {
        let text = r#"{"command":"open","channel":"1:2!3","payload":"images1","group":"cockpit1:localhost/images","host":"localhost","flow-control":true,"method":"search","params":{"query":"a\"b"}}"#;
        let open: Control<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(open.command, "open");
        assert_eq!(open.channel.as_deref(), Some("1:2!3"));
        assert!(open.flow_control);
        assert_eq!(open.params.map(RawValue::get), Some(r#"{"query":"a\"b"}"#));
        let odd: Control<'_> =
            serde_json::from_str(r#"{"command":"k\u0069ll","problem":null,"x":[1]}"#).unwrap();
        assert_eq!(odd.command, "kill");
    }

    #[test]
    fn writes_what_cockpit_reads() {
        let text = |reply: &Reply<'_>| serde_json::to_string(reply).unwrap();
        assert_eq!(text(&Reply::Init { version: 1 }), r#"{"command":"init","version":1}"#);
        let close = Reply::Close {
            channel: Some("a"),
            problem: Some(Problem::ProtocolError),
            message: Some("no"),
        };
        assert_eq!(
            text(&close),
            r#"{"command":"close","channel":"a","problem":"protocol-error","message":"no"}"#
        );
    }
}
