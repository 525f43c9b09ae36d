// SPDX-License-Identifier: LGPL-2.1-or-later

//! Starts the real programs for the tests and drives them: the loopback cluster, Cockpit, the
//! bridge, a browser; and asks the same things of skopeo and curl.
//!
//! Everything that is started here ends with the value that stands for it. All servers are on
//! loopback, on ports of their own, so that tests can run beside each other.

pub mod browser;
mod bus;
pub mod call;
pub mod cluster;
pub mod cockpit;
pub mod curl;
pub mod evidence;
mod folder;
pub mod inventory;
pub mod login;
mod package;
pub mod page;
pub mod peer;
pub mod process;
pub mod programs;
pub mod scene;
pub mod seed;
pub mod skopeo;
pub mod wait;
pub mod wire;
