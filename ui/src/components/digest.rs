// SPDX-License-Identifier: LGPL-2.1-or-later

//! Digests: the first twelve digits, the whole on hover, a button that copies the whole.

use images_proto::Digest;
use yew::prelude::*;

use super::copy::CopyButton;
use super::link::Link;
use crate::state::route::Route;
use crate::text::tr;

/// A digest in short, leading somewhere.
pub fn digest_link(digest: Digest, to: Route, testid: Option<&'static str>) -> Html {
    let whole = digest.to_string();
    html! {
        <span class="images-digest">
            <Link {to} title={whole.clone()} testid={testid.map(AttrValue::Static)}>
                <code>{ digest.short() }</code>
            </Link>
            <CopyButton text={whole} label={tr("Copy the digest")} testid="copy-digest" />
        </span>
    }
}

/// A whole digest that leads nowhere.
pub fn digest_text(digest: Digest) -> Html {
    let whole = digest.to_string();
    html! {
        <span class="images-digest">
            <code class="images-break">{ &whole }</code>
            <CopyButton text={whole} label={tr("Copy the digest")} testid="copy-digest" />
        </span>
    }
}
