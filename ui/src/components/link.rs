// SPDX-License-Identifier: LGPL-2.1-or-later

//! Links to places of the page. They are real links, so that they can be opened in a new tab and
//! the back button works; Cockpit follows the fragment of the address.

use yew::prelude::*;

use crate::state::route::Route;

/// See [`Link`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Where it leads.
    pub to: Route,
    /// What is clicked.
    pub children: Html,
    /// More on hover.
    #[prop_or_default]
    pub title: Option<AttrValue>,
    /// Its name in tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
    /// More classes.
    #[prop_or_default]
    pub class: Classes,
    /// We are there.
    #[prop_or_default]
    pub current: bool,
}

/// A link.
#[component]
pub fn Link(props: &Props) -> Html {
    html! {
        <a href={props.to.href()} title={props.title.clone()} data-testid={props.testid.clone()}
            class={props.class.clone()} aria-current={props.current.then_some("page")}>
            { props.children.clone() }
        </a>
    }
}
