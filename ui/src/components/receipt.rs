// SPDX-License-Identifier: LGPL-2.1-or-later

//! What became of a deletion, as the bridge found when it asked again.

use images_proto::delete::{Outcome, Probed, Receipt, ReceiptItem};
use images_proto::status::Source;
use yew::prelude::*;

use super::bounded::bounded;
use super::expandable::Expandable;
use super::failure;
use super::label::{Colour, label};
use super::reason::{is_settled, part, verdict};
use super::space::{Tense, space};
use super::target_name::target_name;
use super::window::window;
use crate::state::deletion::Sharers;
use crate::state::target;
use crate::text::{plural, tr};

/// The most things that are listed one by one.
const LISTED: usize = 200;

/// A receipt: what is not gone first, then what it means as a whole, then what is gone.
pub fn receipt(receipt: &Receipt, source: Option<Source>) -> Html {
    let is_gone = |item: &&ReceiptItem| item.outcome.is_gone();
    let (gone, left): (Vec<_>, Vec<_>) = receipt.items.iter().partition(is_gone);
    let settled = receipt.digests.iter().filter(|probed| is_settled(&probed.verdict));
    let unsettled = receipt.digests.iter().filter(|probed| !is_settled(&probed.verdict));
    let digests: Vec<&Probed> = unsettled.chain(settled).collect();
    html! {
        <div class="images-plan" data-testid="receipt" role="status">
            if !left.is_empty() {
                { bounded(&left, LISTED, left.len() as u64, |left| item(left)) }
            }
            if !gone.is_empty() {
                <div>
                    { window(&receipt.undo) }
                    { space(&receipt.space, Sharers::default(), Tense::Done, source) }
                </div>
                { bounded(&gone, LISTED, gone.len() as u64, |gone| item(gone)) }
            }
            if !digests.is_empty() {
                <Expandable testid="digests" title={plural("What was found of $0 digest afterwards",
                    "What was found of $0 digests afterwards", digests.len() as u64)}>
                    { bounded(&digests, LISTED, digests.len() as u64, |found| probed(found)) }
                </Expandable>
            }
        </div>
    }
}

fn item(item: &ReceiptItem) -> Html {
    let (colour, word, outcome, why) = match &item.outcome {
        Outcome::Deleted => (Colour::Green, tr("Deleted"), "deleted", None),
        Outcome::Absent => (Colour::Green, tr("Was gone already"), "absent", None),
        Outcome::Kept(failure) => (Colour::Red, tr("NOT deleted"), "kept", Some(failure)),
        Outcome::Unproved(failure) => (Colour::Orange, tr("Not proved"), "unproved", Some(failure)),
        Outcome::Untried => (Colour::Grey, tr("Not tried"), "untried", None),
    };
    html! {
        <li data-receipt={target::name(&item.target)} data-outcome={outcome}>
            { label(colour, word, None) }{ " " }
            <strong class="images-break">{ target_name(&item.target) }</strong>
            if let Some(why) = why {
                <div class="images-consequences">{ failure::words(why) }</div>
            }
        </li>
    }
}

fn probed(probed: &Probed) -> Html {
    let (colour, word, why) = verdict(&probed.verdict);
    html! {
        <li data-digest={probed.digest.to_string()}>
            { label(colour, word, None) }{ " " }
            <code title={probed.digest.to_string()}>{ probed.digest.short() }</code>
            { " " }<span class="images-secondary">{ part(probed.part) }</span>
            if let Some(why) = why { <div class="images-consequences images-break">{ why }</div> }
        </li>
    }
}
