// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where we are (patternfly.org: components/breadcrumb).

use yew::prelude::*;

use super::icon::Icon;
use super::link::Link;
use crate::state::route::Route;
use crate::text::tr;

/// The way from the list to this page.
pub fn breadcrumb(above: Vec<(Route, String)>, here: String) -> Html {
    html! {
        <section class="pf-v6-c-page__main-breadcrumb">
            <nav class="pf-v6-c-breadcrumb" aria-label={tr("Breadcrumb")}>
                <ol class="pf-v6-c-breadcrumb__list" role="list">
                    { for above.into_iter().enumerate().map(|(idx, (to, name))| html! {
                        <li class="pf-v6-c-breadcrumb__item">
                            if idx > 0 { { divider() } }
                            <Link {to} class="pf-v6-c-breadcrumb__link">{ name }</Link>
                        </li>
                    }) }
                    <li class="pf-v6-c-breadcrumb__item">
                        { divider() }
                        <span class="pf-v6-c-breadcrumb__link pf-m-current" aria-current="page">{ here }</span>
                    </li>
                </ol>
            </nav>
        </section>
    }
}

fn divider() -> Html {
    html! { <span class="pf-v6-c-breadcrumb__item-divider">{ Icon::Forward.draw() }</span> }
}
