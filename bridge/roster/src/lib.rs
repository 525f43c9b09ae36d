// SPDX-License-Identifier: LGPL-2.1-or-later

//! The in-memory picture of projects, people and the roles that bind them, and the views of it.
//!
//! It is pure, as the catalog is: no I/O, no async, no JSON, no clock. A source puts [`facts`] into
//! a [`Roster`], one object at a time and in any order, and says by [`Coverage`] what was read
//! wholly: only then is what is absent known to be absent. The views of [`query`] read it.

mod access;
mod coverage;
pub mod facts;
mod given;
#[cfg(test)]
mod model;
mod names;
mod people;
pub mod query;
mod roster;
pub mod rules;
mod who;

pub use coverage::{Coverage, Scope};
pub use given::role_of;
pub use roster::Roster;
pub use who::subject_of_user;
