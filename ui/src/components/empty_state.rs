// SPDX-License-Identifier: LGPL-2.1-or-later

//! Screens in the place of content (patternfly.org: components/empty-state).

use yew::prelude::*;

use super::icon::Icon;

/// The picture of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Work goes on.
    Spinner,
    /// An icon.
    Icon(Icon),
}

/// See [`EmptyState`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The state's name, for tests.
    pub state: AttrValue,
    /// Its picture.
    pub picture: Picture,
    /// What the matter is.
    pub title: AttrValue,
    /// Why, and what to do.
    #[prop_or_default]
    pub children: Html,
    /// Buttons.
    #[prop_or_default]
    pub actions: Html,
    /// It is bad.
    #[prop_or_default]
    pub danger: bool,
}

/// A screen.
#[component]
pub fn EmptyState(props: &Props) -> Html {
    let class =
        classes!("pf-v6-c-empty-state", "images-screen", props.danger.then_some("pf-m-danger"),);
    let role = if props.danger { "alert" } else { "status" };
    html! {
        <div {class} {role} data-state={props.state.clone()}>
            <div class="pf-v6-c-empty-state__content">
                <div class="pf-v6-c-empty-state__header">
                    <div class="pf-v6-c-empty-state__icon">
                        { match props.picture {
                            Picture::Spinner => spinner(),
                            Picture::Icon(icon) => icon.draw(),
                        } }
                    </div>
                    <div class="pf-v6-c-empty-state__title">
                        <h2 class="pf-v6-c-empty-state__title-text">{ &props.title }</h2>
                    </div>
                </div>
                if props.children != Html::default() {
                    <div class="pf-v6-c-empty-state__body">{ props.children.clone() }</div>
                }
                if props.actions != Html::default() {
                    <div class="pf-v6-c-empty-state__footer">
                        <div class="pf-v6-c-empty-state__actions">{ props.actions.clone() }</div>
                    </div>
                }
            </div>
        </div>
    }
}

/// A spinner (patternfly.org: components/spinner); the text beside it says what goes on.
pub fn spinner() -> Html {
    html! {
        <svg class="pf-v6-c-spinner pf-m-xl" aria-hidden="true" viewBox="0 0 100 100">
            <circle class="pf-v6-c-spinner__path" cx="50" cy="50" r="45" fill="none" />
        </svg>
    }
}
