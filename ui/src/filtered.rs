// SPDX-License-Identifier: LGPL-2.1-or-later

//! The filter and the pages of a long list, whose address follows what is typed.

use yew::prelude::*;

use crate::location;
use crate::state::filtered::Filtered;
use crate::state::paging::Window;
use crate::state::route::Route;
use crate::typed::{Typed, use_typed};

/// What [`use_filtered`] gives.
#[derive(Clone)]
pub struct UseFiltered {
    /// What is to be shown now, which may be ahead of the address.
    pub now: Filtered,
    /// The filter's field.
    pub typed: Typed,
    /// Shows another page.
    pub turn: Callback<Window>,
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
    let turn = {
        let (now, typed) = (now.clone(), typed.clone());
        Callback::from(move |window: Window| {
            typed.settle();
            location::replace(&route.emit(now.at(window)));
        })
    };
    UseFiltered { now, typed, turn }
}
