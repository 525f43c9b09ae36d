// SPDX-License-Identifier: LGPL-2.1-or-later

//! With whom a project is shared, in words.

use images_proto::project::Sharing;
use yew::prelude::*;

use super::bytes::unknown;
use super::icon::Icon;
use super::label::{Colour, label, with_icon};
use crate::text::tr;

/// A word for it.
pub fn sharing(sharing: Sharing) -> String {
    match sharing {
        Sharing::Private => tr("Private"),
        Sharing::Shared => tr("Shared"),
        Sharing::Anonymous => tr("Anonymous"),
    }
}

/// What it means.
pub fn means(sharing: Sharing) -> String {
    match sharing {
        Sharing::Private => tr("Only members may see and pull images."),
        Sharing::Shared => tr("Everybody who logs in may see and pull images."),
        Sharing::Anonymous => tr("Everybody may pull images, without a login too."),
    }
}

/// A label for it; `decides` is whether the registry asks the cluster.
pub fn shared(with: Option<Sharing>, decides: Option<bool>) -> Html {
    if decides == Some(false) {
        return unknown(tr("The registry decides it, and does not ask the cluster."));
    }
    let Some(with) = with else {
        return unknown(tr(
            "Not known: you may not read its role bindings, or they are still being read.",
        ));
    };
    let words = sharing(with);
    html! {
        <span title={means(with)}>
            { match with {
                Sharing::Private => with_icon(Colour::Grey, Some(Icon::Lock), words, Some("sharing")),
                Sharing::Shared => label(Colour::Blue, words, Some("sharing")),
                Sharing::Anonymous => label(Colour::Orange, words, Some("sharing")),
            } }
        </span>
    }
}
