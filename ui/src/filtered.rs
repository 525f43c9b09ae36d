// SPDX-License-Identifier: LGPL-2.1-or-later

//! A long list with a filter, whose address follows what is typed and how far it is scrolled.

use images_proto::project::Window;
use yew::prelude::*;

use crate::location;
use crate::scrolled::{Scrolled, Shown, use_scrolled};
use crate::state::filtered::Filtered;
use crate::state::route::Route;
use crate::typed::{Typed, use_typed};

/// What [`use_filtered`] gives.
#[derive(Clone)]
pub struct UseFiltered {
    /// What is to be shown now, which may be ahead of the address.
    pub now: Filtered,
    /// The filter's field.
    pub typed: Typed,
    scrolled: Scrolled,
}

impl UseFiltered {
    /// What the bridge is asked for.
    pub fn params(&self) -> Window {
        self.now.params(self.scrolled.window)
    }

    /// Draws this many of all rows, the first of which has this place.
    pub fn show(&self, offset: u32, rows: usize, total: u32) -> Shown {
        self.scrolled.show(offset, rows, total)
    }
}

/// A list with a filter; `address` is what the address says, `route` makes an address of it.
#[hook]
pub fn use_filtered(address: &Filtered, route: Callback<Filtered, Route>) -> UseFiltered {
    let write = {
        let (address, route) = (address.clone(), route.clone());
        Callback::from(move |text: String| {
            location::replace(&route.emit(address.filtering(&text)));
        })
    };
    let typed = use_typed(&address.filter, write);
    let now = match address.filter == typed.text {
        true => address.clone(),
        false => address.filtering(&typed.text),
    };
    let tell = {
        let (now, typed) = (now.clone(), typed.clone());
        Callback::from(move |from: u32| {
            typed.settle(&now.filter);
            location::replace(&route.emit(now.at(from)));
        })
    };
    let scrolled = use_scrolled(now.from, &now.filter, tell);
    UseFiltered { now, typed, scrolled }
}
