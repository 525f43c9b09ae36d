// SPDX-License-Identifier: LGPL-2.1-or-later

//! Lists that may be long: the first rows, and how many more there are.

use yew::prelude::*;

use crate::text::plural;

/// The first `limit` of these as a list; `all` is how many there are in all, named here or not.
pub fn bounded<T>(items: &[T], limit: usize, all: u64, draw: impl Fn(&T) -> Html) -> Html {
    let rest = all.saturating_sub(items.len().min(limit) as u64);
    list(items.iter().take(limit).map(draw).collect(), rest)
}

/// Apart, since it is compiled once and not for each kind of items.
fn list(items: Vec<Html>, rest: u64) -> Html {
    html! {
        <ul class="images-items">
            { items }
            if rest > 0 { <li class="images-secondary">{ plural("and $0 more", "and $0 more", rest) }</li> }
        </ul>
    }
}
