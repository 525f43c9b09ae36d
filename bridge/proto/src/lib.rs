// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the page and the bridge say to each other over a channel of payload `images1`.
//!
//! One channel is one live view or one action. The page opens it with a method and its parameters,
//! the bridge answers with [`Message`]s. Each method owns one file here: its parameters and what it
//! answers. The crate knows only serde and builds for wasm32 too.
//!
//! Wire rules: every message is a JSON object, times are seconds since the Unix epoch, sizes are
//! bytes, an absent value is unknown (never zero). Fields may be added; a reader ignores those it
//! does not know, so a page may outlive an update of the bridge.

pub mod access;
pub mod account;
pub mod context;
pub mod delete;
mod digest;
pub mod garbage;
pub mod grant;
pub mod history;
pub mod image;
pub mod installation;
pub mod layer;
pub mod lens;
mod message;
pub mod name;
pub mod natural;
pub mod orphans;
pub mod people;
pub mod project;
pub mod raw;
mod reference;
pub mod repository;
pub mod robot;
pub mod route;
pub mod search;
mod secret;
pub mod stage;
pub mod status;
pub mod subject;
pub mod usage;
pub mod window;

pub use digest::{Digest, DigestError, DigestPrefix};
pub use message::{Code, Failure, Message, Method, Offer, Progress};
pub use reference::{PullSpec, ReferenceError, RepositoryName, Tag, TagRef};
pub use secret::Secret;

/// The payload type of the channels.
pub const PAYLOAD: &str = "images1";
