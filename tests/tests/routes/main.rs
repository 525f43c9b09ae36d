// SPDX-License-Identifier: LGPL-2.1-or-later

//! The ways to the registry, end to end: each rung of the ladder with those above it really
//! closed, what happens when one closes while it is used, who we are at its end, and registries
//! that are added and removed.

mod change;
mod identity;
mod installation;
mod login;
mod rung;
