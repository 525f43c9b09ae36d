// SPDX-License-Identifier: LGPL-2.1-or-later

//! The in-memory picture of projects, people and the roles that bind them, and the views of it.
//!
//! It is pure, as the catalog is: no I/O, no async, no JSON, no clock. Sources put [`facts`] in,
//! views are read out of it.

pub mod facts;
