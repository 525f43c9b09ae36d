// SPDX-License-Identifier: LGPL-2.1-or-later

//! Inline alerts (patternfly.org: components/alert).

use yew::prelude::*;

use super::icon::Icon;
use crate::text::tr;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Danger,
    /// Something worked.
    Success,
}

/// See [`Alert`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub title: AttrValue,
    /// More about it.
    #[prop_or_default]
    pub children: Html,
    /// Buttons.
    #[prop_or_default]
    pub actions: Html,
    /// Its id.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// The state of the page that it tells of, for tests.
    #[prop_or_default]
    pub state: Option<AttrValue>,
    /// Its name in tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// An alert within the page.
#[component]
pub fn Alert(props: &Props) -> Html {
    let (class, icon, spoken, role) = match props.severity {
        Severity::Info => ("pf-m-info", Icon::Info, tr("Info:"), "status"),
        Severity::Warning => ("pf-m-warning", Icon::Warning, tr("Warning:"), "status"),
        Severity::Danger => ("pf-m-danger", Icon::Danger, tr("Error:"), "alert"),
        Severity::Success => ("pf-m-success", Icon::Check, tr("Success:"), "status"),
    };
    html! {
        <div class={classes!("pf-v6-c-alert", "pf-m-inline", class)} {role} id={props.id.clone()}
            data-state={props.state.clone()} data-testid={props.testid.clone()}>
            <div class="pf-v6-c-alert__icon">{ icon.draw() }</div>
            <p class="pf-v6-c-alert__title">
                <span class="pf-v6-screen-reader">{ spoken }</span>
                { &props.title }
            </p>
            if props.children != Html::default() {
                <div class="pf-v6-c-alert__description">{ props.children.clone() }</div>
            }
            if props.actions != Html::default() {
                <div class="pf-v6-c-alert__action-group">{ props.actions.clone() }</div>
            }
        </div>
    }
}
