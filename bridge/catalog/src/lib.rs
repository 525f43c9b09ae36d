// SPDX-License-Identifier: LGPL-2.1-or-later

//! The in-memory picture of a registry: repositories, tags and their history, images, layers; and
//! every question that the page asks about it.
//!
//! A source fills a [`Catalog`] with facts ([`TagFacts`], [`ImageFacts`], [`ConfigFacts`]), one
//! repository at a time and in any order. The views of [`query`] read it. Nothing here does I/O,
//! knows a clock or waits: the owner of the catalog decides when to look again, by
//! [`Catalog::generation`].
//!
//! Everything is keyed by digest. A digest is kept once, as 32 bytes, and is a `u32` everywhere
//! else; so is the name of a tag. The way back (which images contain this layer, which repositories
//! hold this image) is kept as postings that follow each update.

mod catalog;
mod configs;
mod deletion;
mod dense;
mod digests;
mod facts;
mod holdings;
mod labels;
mod links;
#[cfg(test)]
mod model;
mod names;
pub mod overlay;
mod postings;
pub mod query;
mod references;
mod repository;
mod stored;
pub mod usage;

pub use catalog::{Catalog, blocks};
pub use deletion::{Needs, Rights, Surroundings, fingerprint};
pub use facts::{BlobFacts, ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts, TagState};
pub use holdings::Holdings;
pub use references::{ClusterImage, References};
