// SPDX-License-Identifier: LGPL-2.1-or-later

//! The ladder of routes: each that was tried, what came of it, and what mends it.

use images_proto::route::{Kind, Outcome, Rung};
use yew::prelude::*;

use crate::components::failure;
use crate::components::icon::Icon;
use crate::components::label::{Colour, with_icon};
use crate::text::{capitalized, tr};

/// The ladder, top first.
pub(super) fn ladder(rungs: &[Rung]) -> Html {
    html! {
        <div class="pf-v6-c-card images-card" data-testid="ladder">
            <div class="pf-v6-c-card__title">
                <h2 class="pf-v6-c-card__title-text">{ tr("Ways to the registry") }</h2>
            </div>
            <div class="images-body">
                if rungs.is_empty() {
                    <p>{ tr("None has been tried yet: that begins when the cluster has answered.") }</p>
                } else {
                    <p>{ tr("They are tried in this order, and the first that leads to the registry is used.") }</p>
                    <ol class="images-ladder">{ for rungs.iter().map(self::rung) }</ol>
                }
            </div>
        </div>
    }
}

fn rung(rung: &Rung) -> Html {
    let (colour, icon, word, outcome) = match &rung.outcome {
        Outcome::InUse => (Colour::Green, Icon::Check, tr("In use"), "in-use"),
        Outcome::Failed(_) => (Colour::Red, Icon::Danger, tr("Failed"), "failed"),
        Outcome::Skipped(_) => (Colour::Grey, Icon::Info, tr("Not tried"), "skipped"),
        Outcome::Trying => (Colour::Blue, Icon::Again, tr("Trying"), "trying"),
    };
    html! {
        <li data-testid={format!("rung-{}", testid(rung.kind))} data-outcome={outcome}>
            <div class="images-rung">
                <strong class="images-break">{ heading(rung) }</strong>
                { with_icon(colour, Some(icon), word, None) }
                if let Some(route) = address(rung) { <code class="images-break">{ route }</code> }
            </div>
            { match &rung.outcome {
                Outcome::Skipped(why) => html! { <p class="images-break">{ why }</p> },
                Outcome::Failed(why) => html! {
                    <div class="images-words">
                        { failure::words(why) }
                        if !why.offers.is_empty() {
                            <div class="images-buttons">{ failure::offers(why) }</div>
                        }
                    </div>
                },
                Outcome::InUse | Outcome::Trying => html! {},
            } }
        </li>
    }
}

/// What a rung is called. A route through the API server says by itself of which kind it is.
pub(super) fn heading(rung: &Rung) -> String {
    match &rung.route {
        Some(route) if is_through_the_api_server(rung.kind) => capitalized(route),
        _ => name(rung.kind),
    }
}

/// Where a rung leads, unless its heading says so.
pub(super) fn address(rung: &Rung) -> Option<&str> {
    rung.route.as_deref().filter(|_| !is_through_the_api_server(rung.kind))
}

fn is_through_the_api_server(kind: Kind) -> bool {
    matches!(kind, Kind::Proxy | Kind::PortForward)
}

/// A kind of routes in words.
fn name(kind: Kind) -> String {
    match kind {
        Kind::Configured => tr("Address that was set"),
        Kind::Public => tr("Public address"),
        Kind::Service => tr("Address of the service"),
        Kind::Proxy => tr("Service proxy of the API server"),
        Kind::PortForward => tr("Port-forward through the API server"),
        Kind::Unknown => tr("Another way"),
    }
}

/// As on the wire.
fn testid(kind: Kind) -> &'static str {
    match kind {
        Kind::Configured => "configured",
        Kind::Public => "public",
        Kind::Service => "service",
        Kind::Proxy => "proxy",
        Kind::PortForward => "port-forward",
        Kind::Unknown => "unknown",
    }
}
