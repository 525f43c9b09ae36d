// SPDX-License-Identifier: LGPL-2.1-or-later

//! The pages. A page composes; `state` decides and `components` draw.

pub mod access;
pub mod clean_up;
pub mod history;
pub mod image;
pub mod images;
pub mod layer;
pub mod people;
pub mod project;
pub mod projects;
pub mod registry;
pub mod repository;
pub mod stages;

mod coverage;
mod hits;
mod navigation;
mod screens;
mod tags;
mod whereabouts;

pub use navigation::navigation;
pub use screens::{notices, screen};
pub use whereabouts::whereabouts;
