// SPDX-License-Identifier: LGPL-2.1-or-later

//! The space that a deletion frees, in words.

use images_proto::delete::Space;
use images_proto::status::Source;
use yew::prelude::*;

use crate::cockpit::format_bytes;
use crate::state::deletion::Sharers;
use crate::text::{plural, plural_with, tr, tr_with};

/// Whether it is about to be done or was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tense {
    /// A plan.
    Ahead,
    /// A receipt.
    Done,
}

/// The space; each blob is counted once.
pub fn space(space: &Space, sharers: Sharers, tense: Tense, source: Option<Source>) -> Html {
    let bytes = |bytes: u64| format_bytes(bytes);
    // A size that nobody knows makes every sum a lower bound.
    let some = |bytes: u64| match space.unknown {
        0 => format_bytes(bytes),
        _ => tr_with("at least $0", &[&format_bytes(bytes)]),
    };
    let mut lines = Vec::new();
    match tense {
        Tense::Ahead if space.freed > 0 => {
            lines.push(tr_with("Frees now: $0.", &[&some(space.freed)]))
        }
        Tense::Done if space.freed > 0 => lines.push(tr_with("Freed: $0.", &[&some(space.freed)])),
        _ => {}
    }
    if space.later > 0 {
        lines.push(match source {
            Some(Source::Openshift) => {
                tr_with("Waits for the next pruning: $0.", &[&some(space.later)])
            }
            _ => tr_with("Waits for garbage collection: $0.", &[&some(space.later)]),
        });
    }
    if space.shared > 0 {
        let shared = bytes(space.shared);
        lines.push(match sharers {
            Sharers { images: 0, .. } => tr_with("Stays, because others use it: $0.", &[&shared]),
            Sharers { images, more } => {
                let values = [&*shared, &images.to_string()];
                match more {
                    true => plural_with(
                        "Stays: $0, which at least $1 other image uses.",
                        "Stays: $0, which at least $1 other images use.",
                        images as u64,
                        &values,
                    ),
                    false => plural_with(
                        "Stays: $0, which $1 other image uses.",
                        "Stays: $0, which $1 other images use.",
                        images as u64,
                        &values,
                    ),
                }
            }
        });
    }
    if space.unknown > 0 {
        lines.push(plural(
            "The size of $0 blob is not known.",
            "The size of $0 blobs is not known.",
            space.unknown.into(),
        ));
    }
    if lines.is_empty() {
        lines.push(match tense {
            Tense::Ahead => tr("Frees nothing."),
            Tense::Done => tr("Nothing was freed."),
        });
    }
    html! { <p data-testid="space">{ lines.join(" ") }</p> }
}
