// SPDX-License-Identifier: LGPL-2.1-or-later

//! What became of a promotion, as the registry said when it was asked afterwards.

use images_proto::stage::{Item, Receipt};
use yew::prelude::*;

use super::bounded::bounded;
use super::bytes::bytes;
use super::digest::digest_link;
use super::failure;
use super::label::{Colour, label};
use crate::state::route::Route;
use crate::text::{plural, tr};

/// The most moves that are listed one by one.
const LISTED: usize = 200;

/// A receipt: what was not done first.
pub fn promoted(receipt: &Receipt) -> Html {
    let (done, left): (Vec<_>, Vec<_>) = receipt.items.iter().partition(|item| item.done);
    let items: Vec<&Item> = left.into_iter().chain(done).collect();
    html! {
        <div data-testid="promoted" role="status">
            { bounded(&items, LISTED, items.len() as u64, |one| item(one)) }
        </div>
    }
}

fn item(item: &Item) -> Html {
    let Item { wanted, was, done, failure, attachments, sent } = item;
    let (colour, word) = match done {
        true => (Colour::Green, tr("Done, and looked at again")),
        false => (Colour::Red, tr("NOT done")),
    };
    let digest = |term: String, digest| {
        html! {
            <div>
                { term }{ " " }
                { digest_link(digest, Route::image(digest, Some(&wanted.to.repository)), None) }
            </div>
        }
    };
    html! {
        <li data-promoted={wanted.to.to_string()} data-outcome={if *done { "done" } else { "failed" }}>
            { label(colour, word, None) }{ " " }
            <strong class="images-break">{ wanted.to.to_string() }</strong>
            <div class="images-consequences">
                if *done { { digest(tr("It names"), wanted.digest) } }
                if let Some(was) = was { { digest(tr("Before:"), *was) } }
                if !attachments.is_empty() {
                    <div>
                        { plural("$0 signature or attachment went along.", "$0 signatures and attachments went along.",
                            attachments.len() as u64) }
                    </div>
                }
                if let Some(sent) = sent.filter(|sent| *sent > 0) {
                    <div>{ tr("Sent, since it could not be mounted:") }{ " " }{ bytes(Some(sent)) }</div>
                }
                if let Some(why) = failure { { failure::words(why) } }
            </div>
        </li>
    }
}
