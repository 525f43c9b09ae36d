// SPDX-License-Identifier: LGPL-2.1-or-later

//! A catalog as a row of blocks of bytes, by which it outlives the process.
//!
//! Each block has some repositories whole, in the order of their names, and before them whatever
//! they are the first to need: digests, names of tags, labels, configs, images. All that comes later
//! refers to these by number. So nothing is written twice, nothing that no repository leads to is
//! written at all, and the catalog may change between two blocks.
//!
//! ```text
//! block      = digests tags keys labels configs images repositories, each with its number before it
//! digest     = 32 bytes
//! tag, key   = text
//! label      = key text
//! config     = digest time diff-ids labels commit
//! image      = digest (0 config layers | 1 children)
//! repository = text (0 | 1 + tags) (0 | 1 + images)
//! ```
//!
//! Numbers are LEB128: seven bits in each byte, the lowest first. A text is its length and UTF-8.

mod bytes;
mod read;
#[cfg(test)]
pub(crate) mod tests;
mod write;

pub use bytes::Damaged;
pub use read::Reader;
pub use write::Writer;

/// The form of the blocks. Whoever changes it gives it another number, so that nobody reads what was
/// written in another form.
pub const FORM: u32 = 1;
