// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the page decides, without a browser: every module here is plain Rust and tested natively.

pub mod access;
pub mod address;
pub mod change;
pub mod deletion;
pub mod document;
pub mod filtered;
pub mod garbage;
pub mod history;
pub mod host_kubeconfig;
pub mod installation;
pub mod keys;
pub mod listing;
pub mod moment;
pub mod names;
pub mod offers;
pub mod people;
pub mod project;
pub mod pull;
pub mod registry;
pub mod reopen;
pub mod robot;
pub mod route;
pub mod screen;
pub mod selection;
pub mod set;
pub mod stages;
pub mod target;
pub mod trust;
pub mod usage;
pub mod view;
pub mod window;
