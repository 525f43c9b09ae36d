// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deleting from a terminal, end to end: what the plan says, what the receipt says, and what skopeo,
//! the API and the registry's disk say.

mod disk;
mod garbage;
mod history;
mod hold;
mod home;
mod honest;
mod killed;
mod place;
mod removal;
mod shared;
mod support;
mod targets;
mod undo;
mod usage;
