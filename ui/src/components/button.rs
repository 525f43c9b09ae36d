// SPDX-License-Identifier: LGPL-2.1-or-later

//! Buttons (patternfly.org: components/button).

use yew::prelude::*;

use super::icon::Icon;

/// How a button looks, which says what it means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// The main thing to do.
    Primary,
    /// Another thing to do.
    #[default]
    Secondary,
    /// A text to click.
    Link,
    /// An icon alone.
    Plain,
    /// Something that cannot be undone.
    Danger,
}

/// Whether it is the second click of a double click: it was meant for what stood there before.
pub fn is_repeated(event: &MouseEvent) -> bool {
    event.detail() > 1
}

/// See [`Button`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What it is called: its text, or for an icon alone its label and tooltip.
    pub label: AttrValue,
    /// What it does.
    pub onclick: Callback<MouseEvent>,
    /// How it looks.
    #[prop_or_default]
    pub look: Look,
    /// An icon before the text.
    #[prop_or_default]
    pub icon: Option<Icon>,
    /// It cannot be pressed now.
    #[prop_or_default]
    pub disabled: bool,
    /// More on hover, such as why it cannot be pressed.
    #[prop_or_default]
    pub title: Option<AttrValue>,
    /// Smaller.
    #[prop_or_default]
    pub small: bool,
    /// It is busy.
    #[prop_or_default]
    pub busy: bool,
    /// Whether what it opens is open.
    #[prop_or_default]
    pub expanded: Option<bool>,
    /// Its id.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// Its name in tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
    /// For the delete button of a row: what it deletes.
    #[prop_or_default]
    pub deletes: Option<AttrValue>,
}

/// A button.
#[component]
pub fn Button(props: &Props) -> Html {
    let look = match props.look {
        Look::Primary => "pf-m-primary",
        Look::Secondary => "pf-m-secondary",
        Look::Link => "pf-m-link pf-m-inline",
        Look::Plain => "pf-m-plain",
        Look::Danger => "pf-m-danger",
    };
    let plain = props.look == Look::Plain;
    let class = classes!(
        "pf-v6-c-button",
        look,
        props.small.then_some("pf-m-small"),
        props.busy.then_some("pf-m-progress pf-m-in-progress"),
    );
    let title = props.title.clone().or_else(|| plain.then(|| props.label.clone()));
    html! {
        <button type="button" {class} id={props.id.clone()} {title} disabled={props.disabled}
            aria-label={plain.then(|| props.label.clone())}
            aria-expanded={props.expanded.map(|expanded| expanded.to_string())}
            data-testid={props.testid.clone()} data-delete={props.deletes.clone()}
            onclick={props.onclick.clone()}>
            if props.busy {
                <span class="pf-v6-c-button__progress">{ spinner_small() }</span>
            }
            if let Some(icon) = props.icon {
                <span class={classes!("pf-v6-c-button__icon", (!plain).then_some("pf-m-start"))}>
                    { icon.draw() }
                </span>
            }
            if !plain {
                <span class="pf-v6-c-button__text">{ &props.label }</span>
            }
        </button>
    }
}

fn spinner_small() -> Html {
    html! {
        <svg class="pf-v6-c-spinner pf-m-md" role="presentation" viewBox="0 0 100 100">
            <circle class="pf-v6-c-spinner__path" cx="50" cy="50" r="45" fill="none" />
        </svg>
    }
}
