// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the page decides, without a browser: every module here is plain Rust and tested natively.

pub mod deletion;
pub mod document;
pub mod listing;
pub mod moment;
pub mod paging;
pub mod pull;
pub mod reopen;
pub mod route;
pub mod screen;
pub mod selection;
pub mod target;
pub mod view;
