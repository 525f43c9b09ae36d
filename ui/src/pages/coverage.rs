// SPDX-License-Identifier: LGPL-2.1-or-later

//! What an answer cannot have seen yet.

use images_proto::search::Coverage;
use yew::prelude::*;

use crate::components::icon::Icon;
use crate::text::{plural, tr};

/// A line that says so; nothing when everything was read.
pub(super) fn coverage(coverage: &Coverage) -> Html {
    let mut gaps = Vec::new();
    if coverage.listing {
        gaps.push(tr("Not all repositories are listed yet."));
    }
    if coverage.repositories_unread > 0 {
        gaps.push(plural(
            "The images of $0 repository have not been read yet.",
            "The images of $0 repositories have not been read yet.",
            coverage.repositories_unread,
        ));
    }
    if coverage.configs_unread > 0 {
        gaps.push(plural(
            "The config of $0 image could not be read so far: its diff IDs and labels are not covered.",
            "The configs of $0 images could not be read so far: their diff IDs and labels are not covered.",
            coverage.configs_unread,
        ));
    }
    if gaps.is_empty() {
        return html! {};
    }
    html! {
        <p class="images-note" data-testid="coverage">{ Icon::Info.draw() }{ " " }{ gaps.join(" ") }</p>
    }
}
