// SPDX-License-Identifier: LGPL-2.1-or-later

//! Tabs that are places (patternfly.org: components/tabs, with links).

use yew::prelude::*;

use super::link::Link;
use crate::state::route::Route;

/// A tab.
pub struct Tab {
    /// Where it leads.
    pub to: Route,
    /// Its name.
    pub name: String,
    /// Whether we are there.
    pub current: bool,
    /// Its name in tests.
    pub testid: &'static str,
}

/// A row of tabs; `label` says what they are of, for screen readers.
pub fn tabs(label: String, tabs: Vec<Tab>) -> Html {
    html! {
        <nav class="images-tabs" aria-label={label}>
            { for tabs.into_iter().map(|Tab { to, name, current, testid }| html! {
                <Link {to} {testid} {current}>{ name }</Link>
            }) }
        </nav>
    }
}
