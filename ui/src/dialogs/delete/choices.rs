// SPDX-License-Identifier: LGPL-2.1-or-later

//! What may be chosen about a deletion, and why it is done.

use images_proto::delete::{Extent, Plan};
use images_proto::status::Source;
use yew::prelude::*;

use crate::components::field::{Field, field};
use crate::components::tick::{Tick, tick};
use crate::state::deletion::{Choices, is_young};
use crate::text::tr;

/// Draws the choices; `choose` hears them as they are then.
pub(super) fn choices(
    now: &Choices,
    plan: Option<&Plan>,
    source: Option<Source>,
    choose: &Callback<Choices>,
) -> Html {
    let with = |change: fn(&mut Choices, bool)| {
        let now = now.clone();
        choose.reform(move |on: bool| {
            let mut next = now.clone();
            change(&mut next, on);
            next
        })
    };
    let typed = {
        let now = now.clone();
        choose.reform(move |reason: String| Choices { reason, ..now.clone() })
    };
    let purge = Tick {
        id: "purge",
        label: tr("Remove the data too, now"),
        note: Some(match source {
            Some(Source::Openshift) => tr(
                "Layers that nothing else uses go from the registry's storage at once. This cannot be undone.",
            ),
            _ => tr(
                "Layers that nothing else uses can no longer be pulled by anybody; garbage collection frees their space. This cannot be undone.",
            ),
        }),
        checked: now.extent == Extent::Purge,
    };
    let insist = Tick {
        id: "insist",
        label: tr("Even what is younger than an hour"),
        note: Some(tr("It may belong to a push that is going on, which would be broken.")),
        checked: now.insist,
    };
    html! {
        <div class="images-choices" data-testid="choices">
            { tick(purge, with(|next, on| next.extent = if on { Extent::Purge } else { Extent::Unlink })) }
            if now.insist || plan.is_some_and(is_young) {
                { tick(insist, with(|next, on| next.insist = on)) }
            }
            { field(Field {
                id: "reason",
                label: tr("Reason, for the history"),
                value: now.reason.clone(),
                secret: false,
                first: false,
                mistake: None,
                help: None,
            }, typed, Callback::noop()) }
        </div>
    }
}

/// The tick without which nothing is deleted that runs.
pub(super) fn in_use(checked: bool, know: Callback<bool>) -> Html {
    let known = Tick {
        id: "known-in-use",
        label: tr("I know that it is in use"),
        note: Some(tr("What runs goes on, but may fail to start again.")),
        checked,
    };
    tick(known, know)
}
