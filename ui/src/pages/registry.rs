// SPDX-License-Identifier: LGPL-2.1-or-later

//! The registry: the one in use, what it can do, and the routes that were tried.

mod ladder;
mod reached;

use images_proto::Offer;
use images_proto::installation::{self, Plan, PlanRegistry};
use images_proto::route::{self, Choice, Routes, View};
use yew::prelude::*;

use super::access::Access;
use crate::bridge::{use_action, use_view};
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::heading::Heading;
use crate::components::label::{Colour, label};
use crate::components::offers::Offers;
use crate::components::waiting;
use crate::part::{Part, part};
use crate::session::Session;
use crate::state::registry::{is_found, offers};
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// The page.
#[derive(PartialEq)]
pub struct Registry;

part!(Registry, use_registry, "registry");

#[hook]
fn use_registry(_part: &Registry) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let view = use_view::<Routes>(route::Params {});
    let added = use_state_eq(|| false);
    let plan = use_action::<PlanRegistry>({
        let added = added.clone();
        Callback::from(move |plan: Plan| added.set(plan.added))
    });
    let registry = session.status.as_ref().and_then(|status| status.registry.clone());
    let reached = view.state.answer.as_ref().and_then(|answer| answer.reached.clone());
    use_effect_with((registry, reached), move |_| {
        plan.start.emit(installation::Params::default());
    });
    let is_known = session.status.as_ref().is_some_and(|status| status.registry.is_some());
    html! {
        <>
            { breadcrumb(vec![(Route::home(), tr("Images"))], tr("Registry")) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={tr("Registry")} />
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        { reached::reached(answer) }
                        // Before the cluster has answered nobody knows what it has.
                        if !answer.rungs.is_empty() { { found(answer, *added, &session) } }
                        { ladder::ladder(&answer.rungs) }
                        // Without a registry there is nothing to log in to.
                        if is_known || answer.reached.is_some() { { Access.part() } }
                    </>
                }) }
            </section>
        </>
    }
}

/// The registries of the cluster, and the choice among them.
fn found(view: &View, added: bool, session: &Session) -> Html {
    let title = match view.found.len() {
        0 => tr("Choice of the registry"),
        found => plural("$0 registry was found", "$0 registries were found", found as u64),
    };
    let offers = offers(view);
    // The dialog that adds a registry also removes it.
    let remove = session.offer.reform(|_: MouseEvent| Offer::AddRegistry);
    html! {
        <div class="pf-v6-c-card images-card" data-testid="registries">
            <div class="pf-v6-c-card__title">
                <h2 class="pf-v6-c-card__title-text">{ title }</h2>
            </div>
            <div class="images-body">
                if !view.found.is_empty() {
                    <ul class="images-items">
                        { for view.found.iter().map(|found| html! {
                            <li>
                                <span class="images-break">{ &found.words }</span>
                                if view.choice.as_ref() == Some(&found.choice) {
                                    { " " }{ label(Colour::Blue, tr("Chosen"), None) }
                                }
                            </li>
                        }) }
                    </ul>
                }
                <p data-testid="choice">{ chosen(view) }</p>
                <div class="images-buttons">
                    <Offers offers={offers.to_vec()} />
                    if added {
                        <Button look={Look::Link} testid="remove-added" onclick={remove}
                            label={tr("Remove the registry that was added")} />
                    }
                </div>
            </div>
        </div>
    }
}

/// Who decided which registry it is.
fn chosen(view: &View) -> String {
    match &view.choice {
        _ if view.configured => tr("An administrator of this host set its address."),
        None if view.reached.is_some() => tr("The one in use was found automatically."),
        None if view.found.is_empty() => tr("It is looked for automatically."),
        None => tr("None of them is in use."),
        Some(Choice::Address(address)) => tr_with("You set the address $0.", &[address]),
        Some(choice) if is_found(view, choice) => tr("You chose one of them."),
        Some(Choice::Service { namespace, name, .. }) => {
            tr_with("You chose the service $0/$1, which is not among them.", &[namespace, name])
        }
    }
}
