// SPDX-License-Identifier: LGPL-2.1-or-later

//! Failures in words: what, why, what to do.

use std::rc::Rc;

use images_proto::{Code, Failure};
use yew::prelude::*;

use super::alert::{Alert, Severity};
use super::button::{Button, Look};
use super::command::command;
use super::empty_state::{EmptyState, Picture};
use super::expandable::Expandable;
use super::icon::Icon;
use super::offers::Offers;
use crate::state::screen;
use crate::text::tr;

/// See [`FailureScreen`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What failed.
    pub failure: Rc<Failure>,
    /// Tries it again.
    pub again: Callback<()>,
    /// More buttons.
    #[prop_or_default]
    pub actions: Html,
}

/// The screen of a failure.
#[component]
pub fn FailureScreen(props: &Props) -> Html {
    let failure = &props.failure;
    let icon = match failure.code {
        Code::NoCluster | Code::NoRegistry => Icon::Cluster,
        Code::ClusterUnreachable | Code::RegistryUnreachable => Icon::Unplugged,
        Code::Unauthenticated | Code::Forbidden => Icon::Lock,
        Code::NotFound => Icon::Search,
        _ => Icon::Danger,
    };
    // What is not there is no fault of anybody.
    let danger = !matches!(failure.code, Code::NoCluster | Code::NoRegistry | Code::NotFound);
    let look = if failure.offers.is_empty() { Look::Primary } else { Look::Secondary };
    let again = props.again.reform(|_: MouseEvent| ());
    html! {
        <EmptyState state={screen::name_of(failure.code)} picture={Picture::Icon(icon)}
            title={title(failure.code)} {danger}
            actions={html! {
                <>
                    <Offers offers={failure.offers.clone()} primary=true />
                    <Button label={tr("Try again")} {look} onclick={again} testid="try-again" />
                    { props.actions.clone() }
                </>
            }}>
            { words(failure) }
        </EmptyState>
    }
}

/// Message, advice, a command that mends it, and the other side's words on demand.
pub fn words(failure: &Failure) -> Html {
    html! {
        <div class="images-words">
            <p>{ &failure.message }</p>
            if let Some(fix) = &failure.fix {
                <p class="images-fix">{ fix }</p>
            }
            if let Some(text) = &failure.command {
                { command(text, tr("Copy the command"), "failure-command") }
            }
            if let Some(details) = &failure.details {
                { self::details(details) }
            }
        </div>
    }
}

/// A failure within a dialog or a section: all its words, and the steps that mend it.
pub fn told(failure: &Failure, testid: Option<&'static str>) -> Html {
    html! {
        <Alert severity={Severity::Danger} title={title(failure.code)} testid={testid}
            actions={offers(failure)}>
            { words(failure) }
        </Alert>
    }
}

/// The steps that mend a failure, for the actions of an alert.
pub fn offers(failure: &Failure) -> Html {
    if failure.offers.is_empty() {
        return html! {};
    }
    html! { <Offers offers={failure.offers.clone()} /> }
}

/// Words of the other side, closed at first.
pub fn details(details: &str) -> Html {
    html! {
        <Expandable title={tr("Details")}>
            <pre class="images-details">{ details }</pre>
        </Expandable>
    }
}

/// A failure in a few words.
pub fn title(code: Code) -> String {
    match code {
        Code::NoCluster => tr("No cluster is configured"),
        Code::ClusterUnreachable => tr("The cluster cannot be reached"),
        Code::Unauthenticated => tr("The credentials are not accepted"),
        Code::Forbidden => tr("You do not have permission"),
        Code::NotFound => tr("Not found"),
        Code::NoRegistry => tr("No registry found"),
        Code::RegistryUnreachable => tr("The registry cannot be reached"),
        Code::Unsupported => tr("Not possible here"),
        Code::Conflict => tr("Somebody else changed it meanwhile"),
        Code::BadAnswer => tr("The answer makes no sense"),
        Code::BadRequest => tr("The request was not understood"),
        Code::Busy => tr("The other side is too busy"),
        Code::Internal | Code::Unknown => tr("Something went wrong"),
    }
}
