// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects and the roles in them from a terminal, end to end: what the bridge says, and what curl
//! and skopeo find.

mod lifecycle;
mod names;
mod quarrel;
mod roles;
mod sharing;
mod support;
