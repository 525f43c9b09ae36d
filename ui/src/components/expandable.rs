// SPDX-License-Identifier: LGPL-2.1-or-later

//! Something more, on demand (patternfly.org: components/expandable-section).

use yew::prelude::*;

use super::icon::Icon;

/// See [`Expandable`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is clicked.
    pub title: AttrValue,
    /// What is shown then.
    pub children: Html,
    /// Its name in tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A section that is closed at first.
#[component]
pub fn Expandable(props: &Props) -> Html {
    let open = use_state_eq(|| false);
    let onclick = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    html! {
        <div class={classes!("pf-v6-c-expandable-section", open.then_some("pf-m-expanded"))}
            data-testid={props.testid.clone()}>
            <div class="pf-v6-c-expandable-section__toggle">
                <button type="button" class="pf-v6-c-button pf-m-link pf-m-inline"
                    aria-expanded={open.to_string()} {onclick}>
                    <span class="pf-v6-c-button__icon pf-m-start">
                        <span class="pf-v6-c-expandable-section__toggle-icon">{ Icon::Down.draw() }</span>
                    </span>
                    <span class="pf-v6-c-button__text">{ &props.title }</span>
                </button>
            </div>
            if *open {
                <div class="pf-v6-c-expandable-section__content">{ props.children.clone() }</div>
            }
        </div>
    }
}
