// SPDX-License-Identifier: LGPL-2.1-or-later

//! Starts the real programs for the tests and drives them: the loopback cluster, Cockpit, the
//! bridge, a browser; and asks the same things of skopeo and curl.
//!
//! Everything that is started here ends with the value that stands for it. All servers are on
//! loopback, on ports of their own, so that tests can run beside each other.

pub mod acceptance;
pub mod browser;
mod bus;
pub mod call;
pub mod cluster;
pub mod cockpit;
pub mod connect_proxy;
pub mod curl;
pub mod evidence;
pub mod exec_plugin;
mod folder;
pub mod host_file;
pub mod identity;
pub mod inventory;
pub mod kubeconfig;
pub mod layout;
pub mod login;
pub mod objects;
mod package;
pub mod page;
pub mod peer;
pub mod process;
pub mod process_watch;
pub mod programs;
pub mod said;
pub mod scene;
pub mod seed;
pub mod session;
pub mod skopeo;
pub mod stranger;
pub mod wait;
pub mod wire;
