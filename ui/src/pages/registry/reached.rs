// SPDX-License-Identifier: LGPL-2.1-or-later

//! The registry in use: what it is, how it is reached, who we are to it, what it can do.

use images_proto::route::{Ability, Outcome, Reached, View};
use yew::prelude::*;

use super::ladder;
use crate::browser::full_time;
use crate::components::description::{Fact, facts};
use crate::components::icon::Icon;
use crate::components::label::{Colour, with_icon};
use crate::text::{tr, tr_with};

/// The registry in use, or that there is none.
pub(super) fn reached(view: &View) -> Html {
    let Some(reached) = &view.reached else { return html! {} };
    let mut known = vec![Fact {
        term: tr("Registry"),
        value: html! { { reached.product.clone().unwrap_or_else(|| tr("A registry that does not say what it is")) } },
        testid: "product",
    }];
    if let Some(image) = &reached.image {
        known.push(Fact {
            term: tr("Image of its pods"),
            value: html! { <code class="images-break">{ image }</code> },
            testid: "registry-image",
        });
    }
    if let Some(rung) = view.rungs.iter().find(|rung| rung.outcome == Outcome::InUse) {
        known.push(Fact {
            term: tr("Reached by"),
            value: html! {
                <>
                    { ladder::heading(rung) }
                    if let Some(route) = ladder::address(rung) { { ": " }<code class="images-break">{ route }</code> }
                </>
            },
            testid: "route-in-use",
        });
    }
    if let Some(identity) = &view.identity {
        let until = identity
            .expires
            .map(|expires| tr_with("until $0, renewed before", &[&full_time(expires)]));
        known.push(Fact {
            term: tr("Logged in by"),
            value: html! {
                <>
                    { &identity.words }
                    if let Some(until) = until { <div class="images-secondary">{ until }</div> }
                </>
            },
            testid: "identity",
        });
    }
    known.extend(abilities(reached));
    html! { <div class="pf-v6-c-card images-card images-inset" data-testid="reached">{ facts(known) }</div> }
}

fn abilities(reached: &Reached) -> [Fact; 4] {
    [
        fact(tr("Lists its repositories"), &reached.lists, "ability-lists"),
        fact(tr("Accepts pushes"), &reached.writes, "ability-writes"),
        fact(tr("Deletes images"), &reached.deletes, "ability-deletes"),
        fact(tr("Names signatures (referrers)"), &reached.referrers, "ability-referrers"),
    ]
}

fn fact(term: String, ability: &Ability, testid: &'static str) -> Fact {
    let (colour, icon, word, why) = match ability {
        Ability::Yes => (Colour::Green, Icon::Check, tr("Yes"), ""),
        Ability::No(why) => (Colour::Orange, Icon::Close, tr("No"), why.as_str()),
        Ability::Unclear(why) => (Colour::Grey, Icon::Info, tr("Not known"), why.as_str()),
    };
    let value = html! {
        <>{ with_icon(colour, Some(icon), word, None) }{ " " }<span class="images-break">{ why }</span></>
    };
    Fact { term, value, testid }
}
