// SPDX-License-Identifier: LGPL-2.1-or-later

//! Failures in words: what, why, what to do.

use std::rc::Rc;

use images_proto::{Code, Failure};
use yew::prelude::*;

use super::button::{Button, Look};
use super::empty_state::{EmptyState, Picture};
use super::expandable::Expandable;
use super::icon::Icon;
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
    let again = props.again.reform(|_: MouseEvent| ());
    html! {
        <EmptyState state={screen::name_of(failure.code)} picture={Picture::Icon(icon)}
            title={title(failure.code)} {danger}
            actions={html! {
                <>
                    <Button label={tr("Try again")} look={Look::Primary} onclick={again} testid="try-again" />
                    { props.actions.clone() }
                </>
            }}>
            { words(failure) }
        </EmptyState>
    }
}

/// Message, advice, and the other side's words on demand.
pub fn words(failure: &Failure) -> Html {
    html! {
        <div class="images-words">
            <p>{ &failure.message }</p>
            if let Some(fix) = &failure.fix {
                <p class="images-fix">{ fix }</p>
            }
            if let Some(details) = &failure.details {
                { self::details(details) }
            }
        </div>
    }
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
