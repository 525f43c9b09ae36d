// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live views of the catalog: one file for each thing the page can look at.

mod hits;
pub mod image;
pub mod layer;
pub(crate) mod listed;
mod order;
pub mod orphans;
pub mod repository;
pub mod search;
pub mod stages;
mod text;

use images_proto::Method;

pub(crate) use self::hits::without_tag;

use crate::Catalog;

/// A view that stays open and is looked at again after each change of the catalog.
///
/// It remembers what it has shown: rows keep their order until the page asks for a new one.
pub trait LiveView {
    /// The method it answers.
    type Method: Method;

    /// A view with these parameters.
    fn new(params: <Self::Method as Method>::Params) -> Self;

    /// Takes new parameters: another window, another query.
    fn set_params(&mut self, params: <Self::Method as Method>::Params);

    /// Looks. The answer depends on the catalog and on what was shown before, and on nothing else.
    fn render(&mut self, catalog: &Catalog) -> <Self::Method as Method>::Answer;
}
