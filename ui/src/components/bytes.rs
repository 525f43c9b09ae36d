// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sizes, and the mark of what is not known.

use yew::prelude::*;

use crate::cockpit::format_bytes;
use crate::text::tr;

/// So many bytes; a dash that explains itself when they are not known.
pub fn bytes(bytes: Option<u64>) -> Html {
    match bytes {
        Some(bytes) => html! {
            <span class="images-nowrap" title={crate::text::plural("$0 byte", "$0 bytes", bytes)}>
                { format_bytes(bytes) }
            </span>
        },
        None => unknown(tr("The size is not known, or not yet.")),
    }
}

/// A dash in the place of something unknown; why it is, on hover and for screen readers.
pub fn unknown(why: String) -> Html {
    html! {
        <span class="images-unknown" title={why.clone()}>
            <span aria-hidden="true">{ "—" }</span>
            <span class="pf-v6-screen-reader">{ why }</span>
        </span>
    }
}
