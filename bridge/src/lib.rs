// SPDX-License-Identifier: LGPL-2.1-or-later

//! The channel helper of cockpit-images: what cockpit-bridge starts to serve the payload `images1`.
//!
//! Data flows one way:
//!
//! ```text
//! frame -> transport -> channel -> dispatch -> live view (reads the catalog, no I/O) -> messages
//!                                           -> action (plan, delete) -> cluster, registry -> messages
//! source (list, watch, crawl) -> catalog (one writer) -> generation -> live views send what changed
//! ```
//!
//! `frame`, `control`, `channel` and `transport` are the Cockpit side and know nothing of images.
//! `cluster` and `registry` do not know each other; `action` is the only place that uses both.

pub mod action;
mod aside;
pub mod body;
pub mod call;
pub mod channel;
pub mod cluster;
pub mod control;
pub mod dispatch;
pub mod ends;
mod execution;
pub mod file_watch;
pub mod frame;
pub mod history;
pub mod image;
pub mod journal;
pub mod lens;
pub mod live;
pub mod orphans;
pub mod recollection;
pub mod record;
pub mod registry;
pub mod roster;
pub mod routes;
pub mod session;
pub mod shell;
pub mod source;
pub mod stages;
pub mod timestamp;
pub mod transport;
pub mod trouble;
pub mod uri;
