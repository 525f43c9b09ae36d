// SPDX-License-Identifier: LGPL-2.1-or-later

//! What was done and what came of it, in words.

use images_proto::history::{Act, Change};
use yew::Html;

use crate::components::label::{Colour, label};
use crate::state::history::{Standing, standing};
use crate::text::{plural, tr, tr_with};

/// What was done.
pub(super) fn what(change: &Change) -> String {
    let mut targets = change.targets.clone();
    let more = u64::from(change.target_count).saturating_sub(targets.len() as u64);
    if more > 0 {
        targets.push(plural("$0 more", "$0 more", more));
    }
    let targets = targets.join(", ");
    match change.act {
        Act::Delete => tr_with("Deletion of $0", &[&targets]),
        Act::Undo => tr_with("Undo of the deletion of $0", &[&targets]),
        Act::Collect => tr("Garbage collection"),
        Act::Promote => tr_with("Promotion to $0", &[&targets]),
        Act::Unknown => tr("A change by a newer version"),
    }
}

/// What came of it.
pub(super) fn result(change: &Change) -> Html {
    let (colour, words, testid) = match standing(change) {
        Standing::Running => (Colour::Blue, tr("Running"), "running"),
        Standing::Interrupted { done, total } => (
            Colour::Orange,
            tr_with("Interrupted after $0 of $1 steps", &[&done.to_string(), &total.to_string()]),
            "interrupted",
        ),
        Standing::Done => (Colour::Green, tr("Done"), "done"),
        Standing::Partly { good, total } => (
            Colour::Red,
            tr_with("Only $0 of $1", &[&good.to_string(), &total.to_string()]),
            "partly",
        ),
        Standing::Failed => (Colour::Red, tr("NOT done"), "failed"),
        Standing::Unproved => (Colour::Orange, tr("Not proved"), "unproved"),
    };
    label(colour, words, Some(testid))
}
