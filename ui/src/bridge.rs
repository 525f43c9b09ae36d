// SPDX-License-Identifier: LGPL-2.1-or-later

//! Typed calls of the bridge: [`use_view`] for what stays on the screen and [`ask`] for one
//! question or action. One call is one channel.

mod ask;
mod frame;
mod line;
mod spawned;
mod view;

pub use ask::{Question, Report, ask};
pub use view::{LiveView, UseView, use_view};
