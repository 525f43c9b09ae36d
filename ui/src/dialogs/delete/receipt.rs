// SPDX-License-Identifier: LGPL-2.1-or-later

//! What became of each target, as the bridge found when it asked again.

use images_proto::delete::{Outcome, Plan, Receipt, ReceiptItem};
use images_proto::{Failure, TagRef};
use yew::prelude::*;

use super::plan::LISTED;
use crate::components::label::{Colour, label};
use crate::state::deletion::{chosen, went_along};
use crate::state::set::Set;
use crate::state::target;
use crate::text::{plural, tr, tr_with};

/// The receipt; what is not gone comes first.
pub(super) fn receipt(plan: &Plan, receipt: &Receipt) -> Html {
    let is_gone = |item: &&ReceiptItem| matches!(item.outcome, Outcome::Deleted | Outcome::Absent);
    let left = receipt.items.iter().filter(|item| !is_gone(item));
    let gone = receipt.items.iter().filter(is_gone);
    let chosen = chosen(plan);
    let rest = receipt.items.len().saturating_sub(LISTED);
    html! {
        <ul class="images-items" data-testid="receipt" role="status">
            { for left.chain(gone).take(LISTED).map(|done| item(plan, &chosen, done)) }
            if rest > 0 { <li>{ plural("and $0 more item", "and $0 more items", rest as u64) }</li> }
        </ul>
    }
}

fn item(plan: &Plan, chosen: &Set<&TagRef>, item: &ReceiptItem) -> Html {
    let (colour, word, outcome, why) = match &item.outcome {
        Outcome::Deleted => (Colour::Green, tr("Deleted"), "deleted", None),
        Outcome::Absent => (Colour::Green, tr("Was gone already"), "absent", None),
        Outcome::Kept(failure) => (Colour::Red, tr("Still there"), "kept", Some(failure)),
        Outcome::Unproved(failure) => (Colour::Orange, tr("Not proved"), "unproved", Some(failure)),
        Outcome::Untried => (Colour::Grey, tr("Not tried"), "untried", None),
    };
    let along: Vec<String> =
        went_along(plan, chosen, item).into_iter().map(ToString::to_string).collect();
    html! {
        <li data-receipt={target::name(&item.target)} data-outcome={outcome}>
            { label(colour, word, None) }{ " " }
            <strong class="images-break">{ target::short_name(&item.target) }</strong>
            if !along.is_empty() {
                <div class="images-consequences" data-testid="went-along">
                    { tr_with("with it: $0", &[&along.join(", ")]) }
                </div>
            }
            if let Some(failure) = why { { because(failure) } }
        </li>
    }
}

fn because(failure: &Failure) -> Html {
    html! {
        <div class="images-consequences">
            { &failure.message }
            if let Some(fix) = &failure.fix { { " " }{ fix } }
        </div>
    }
}
