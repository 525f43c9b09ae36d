// SPDX-License-Identifier: LGPL-2.1-or-later

//! The way to everything that the page has, above each of its places.

use images_proto::subject::SubjectKind;
use yew::prelude::*;

use crate::components::tabs::{Tab, tabs};
use crate::state::filtered::Filtered;
use crate::state::route::Route;
use crate::text::tr;

/// The row of links.
pub fn navigation(here: &Route) -> Html {
    let place = |to: Route, name: String, current: bool, testid: &'static str| Tab {
        to,
        name,
        current,
        testid,
    };
    let images = matches!(
        here,
        Route::Images(_) | Route::Repository { .. } | Route::Image { .. } | Route::Layer { .. }
    );
    let projects = matches!(here, Route::Projects(_) | Route::Project { .. });
    let people = matches!(here, Route::People { .. } | Route::Person { .. });
    let history = matches!(here, Route::History(_) | Route::Record(_));
    html! {
        <div class="images-places">
            { tabs(tr("Images"), vec![
                place(Route::home(), tr("Images"), images, "images-link"),
                place(Route::Projects(Filtered::default()), tr("Projects"), projects, "projects-link"),
                place(Route::people(SubjectKind::User), tr("People"), people, "people-link"),
                place(Route::stages(), tr("Stages"), matches!(here, Route::Stages { .. }), "stages-link"),
                place(Route::CleanUp, tr("Clean up"), *here == Route::CleanUp, "clean-up-link"),
                place(Route::History(0), tr("History"), history, "history-link"),
                place(Route::Registry, tr("Registry"), *here == Route::Registry, "registry-link"),
            ]) }
        </div>
    }
}
