// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live views of the roster: one file for each thing the page can look at.

mod about;
mod holders;
pub mod lens;
mod page;
pub mod people;
pub mod person;
pub mod project;
pub mod projects;
pub mod reach;
pub mod robots;
#[cfg(test)]
mod scale;
#[cfg(test)]
mod tests;

use images_proto::Method;

use crate::Roster;

/// A view that stays open and is looked at again after each change of the roster.
pub trait LiveView {
    /// The method it answers.
    type Method: Method;

    /// A view with these parameters.
    fn new(params: <Self::Method as Method>::Params) -> Self;

    /// Takes new parameters: another window, another filter.
    fn set_params(&mut self, params: <Self::Method as Method>::Params);

    /// Looks. The answer depends on nothing but the roster and what is outside of it.
    fn render(&self, roster: &Roster, outside: &Outside<'_>) -> <Self::Method as Method>::Answer;
}

/// What the views show and the roster does not know.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// How many repositories a project has; `None`: unknown.
    pub repositories: &'a dyn Fn(&str) -> Option<u32>,
}
