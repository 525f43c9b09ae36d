// SPDX-License-Identifier: LGPL-2.1-or-later

//! The pages. A page composes; `state` decides and `components` draw.

pub mod image;
pub mod images;
pub mod layer;
pub mod repository;

mod coverage;
mod hits;
mod screens;
mod tags;

pub use screens::{notices, screen};
