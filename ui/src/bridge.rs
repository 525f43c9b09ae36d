// SPDX-License-Identifier: LGPL-2.1-or-later

//! Typed calls of the bridge: [`use_view`] for what stays on the screen, [`ask`] for one question
//! and [`use_action`] for one that a dialog waits for, [`use_change`] when it may be any of many. One
//! call is one channel.

mod action;
mod ask;
mod frame;
mod line;
mod spawned;
mod view;

pub use action::{Action, use_action, use_change};
pub use ask::{Question, Report, ask, ask_as_is};
pub use view::{LiveView, UseView, use_view};
