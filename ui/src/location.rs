// SPDX-License-Identifier: LGPL-2.1-or-later

//! The present place, and going to another.

use yew::prelude::*;

use crate::cockpit::{self, LocationListener};
use crate::state::route::Route;

/// The place that the address names, kept up to date.
#[hook]
pub fn use_route() -> Route {
    let route = use_state_eq(here);
    use_effect_with((), {
        let route = route.clone();
        move |()| {
            let listener = LocationListener::new(move || route.set(here()));
            move || drop(listener)
        }
    });
    (*route).clone()
}

/// Goes to a place; the back button leads back here.
pub fn go(to: &Route) {
    let (path, options) = to.address();
    cockpit::go(&path, &options, false);
}

/// Changes the address of this place, such as for what is being typed; the back button skips it.
pub fn replace(by: &Route) {
    let (path, options) = by.address();
    cockpit::go(&path, &options, true);
}

fn here() -> Route {
    let (path, options) = cockpit::location();
    Route::parse(&path, &options)
}
