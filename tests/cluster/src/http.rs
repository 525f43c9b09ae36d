// SPDX-License-Identifier: LGPL-2.1-or-later
//! What all servers of the loopback cluster have in common: bodies, listening, speaking to another
//! server.

pub(crate) mod body;
pub(crate) mod listen;
pub(crate) mod query;
pub(crate) mod upstream;
