// SPDX-License-Identifier: LGPL-2.1-or-later

//! What came back of a deletion.

use images_proto::delete::Outcome;
use images_proto::history::{Undone, UndoneItem};
use yew::prelude::*;

use super::bounded::bounded;
use super::failure;
use super::label::{Colour, label};
use crate::text::{plural, tr};

/// The most tags that are listed one by one.
const LISTED: usize = 200;

/// The tags; what is not back comes first.
pub fn undone(undone: &Undone) -> Html {
    let (back, left): (Vec<&UndoneItem>, Vec<_>) =
        undone.items.iter().partition(|item| item.left.is_none());
    let items = [left, back].concat();
    html! {
        <div data-testid="undone" role="status">
            { bounded(&items, LISTED, items.len() as u64, |item| tag(item)) }
            if undone.untagged > 0 {
                <p>{ plural("Back without a tag: $0", "Back without a tag: $0", undone.untagged.into()) }</p>
            }
            { for undone.failures.iter().map(|why| html! {
                <div class="images-consequences">{ failure::words(why) }</div>
            }) }
        </div>
    }
}

fn tag(item: &UndoneItem) -> Html {
    let (colour, word, why) = match &item.left {
        None => (Colour::Green, tr("Back"), None),
        Some(Outcome::Kept(why)) => (Colour::Red, tr("NOT back"), Some(why)),
        Some(Outcome::Unproved(why)) => (Colour::Orange, tr("Not proved"), Some(why)),
        Some(Outcome::Untried) => (Colour::Grey, tr("Not tried"), None),
        Some(Outcome::Deleted | Outcome::Absent) => (Colour::Red, tr("NOT back"), None),
    };
    html! {
        <li data-undone={item.tag.to_string()} data-back={item.left.is_none().to_string()}>
            { label(colour, word, None) }{ " " }
            <strong class="images-break">{ item.tag.to_string() }</strong>
            if let Some(digest) = item.digest {
                { " " }<code title={digest.to_string()}>{ digest.short() }</code>
            }
            if item.revisions > 1 {
                <span class="images-secondary">
                    { " " }{ plural("with $0 revision", "with $0 revisions", item.revisions.into()) }
                </span>
            }
            if let Some(differs) = &item.differs {
                <div class="images-consequences images-secondary">{ differs }</div>
            }
            if let Some(why) = why {
                <div class="images-consequences">{ failure::words(why) }</div>
            }
        </li>
    }
}
