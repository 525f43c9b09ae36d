// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a change is in the system's journal: an entry when it begins, one for each of its targets,
//! and one when it ends.

use images_proto::delete::Receipt;
use images_proto::garbage::Collected;
use images_proto::history::{Act, Undone};
use images_proto::stage;

use super::header::First;
use super::line::End;
use super::words;
use crate::journal::{Entry, Priority};

/// A change begins.
const BEGUN: &str = "1dae729b542d48018439624141cb9870";
/// What became of one target.
const TARGET: &str = "38d0f77f11c5405bb756c25a6299cff9";
/// A change ended.
const ENDED: &str = "585225af49c2417dacb58853c0a6841d";

pub(super) fn begun(first: &First) -> Entry {
    let what = match first.act {
        Act::Delete => "Deleting",
        Act::Undo => "Taking back the deletion of",
        Act::Promote => "Promoting",
        Act::Collect | Act::Unknown => "Collecting",
    };
    let message = format!("{what} {}.", targets(first));
    entry(first, BEGUN, Priority::Info, &message)
}

/// Somebody, who may be another one, goes on with a deletion that was broken off.
pub(super) fn resumed(first: &First) -> Entry {
    let message = format!("Going on with deleting {}.", targets(first));
    entry(first, BEGUN, Priority::Info, &message)
}

pub(super) fn of_receipt(first: &First, receipt: &Receipt, end: End) -> Vec<Entry> {
    let items = receipt.items.iter().map(|item| {
        let target = words::target(&item.target);
        let failure = words::failure(&item.outcome);
        let mut message = format!("{target}: {}", words::outcome(&item.outcome));
        if let Some(failure) = failure {
            message.push_str(": ");
            message.push_str(&failure.message);
        }
        let priority = if failure.is_some() { Priority::Warning } else { Priority::Notice };
        let digest = words::digest(&item.target).map(ToString::to_string);
        entry(first, TARGET, priority, &message)
            .with("IMAGES_TARGET", &target)
            .with_some("IMAGES_DIGEST", digest.as_deref())
            .with("IMAGES_RESULT", words::result(&item.outcome))
    });
    items.chain([ended(first, "Deletion", end)]).collect()
}

pub(super) fn of_undone(first: &First, undone: &Undone, end: End) -> Vec<Entry> {
    let items = undone.items.iter().map(|item| {
        let mut message = words::undone(&item.tag, item.left.as_ref());
        let failure = item.left.as_ref().and_then(words::failure);
        if let Some(failure) = failure {
            message.push_str(": ");
            message.push_str(&failure.message);
        }
        let back = item.left.is_none();
        let priority = if back { Priority::Notice } else { Priority::Warning };
        let digest = item.digest.map(|digest| digest.to_string());
        entry(first, TARGET, priority, &message)
            .with("IMAGES_TARGET", &item.tag.to_string())
            .with_some("IMAGES_DIGEST", digest.as_deref())
            .with("IMAGES_RESULT", item.left.as_ref().map_or("back", words::result))
    });
    let failures = undone.failures.iter().map(|failure| {
        let message = format!("Something without a tag is NOT back: {}", failure.message);
        entry(first, TARGET, Priority::Warning, &message).with("IMAGES_RESULT", "kept")
    });
    items.chain(failures).chain([ended(first, "Undo", end)]).collect()
}

pub(super) fn of_promotion(first: &First, receipt: &stage::Receipt, end: End) -> Vec<Entry> {
    let items = receipt.items.iter().map(|item| {
        let mut message = words::moved(item);
        if let Some(failure) = &item.failure {
            message.push_str(": ");
            message.push_str(&failure.message);
        }
        let well = item.done && item.failure.is_none();
        let priority = if well { Priority::Notice } else { Priority::Warning };
        entry(first, TARGET, priority, &message)
            .with("IMAGES_TARGET", &item.wanted.to.to_string())
            .with("IMAGES_DIGEST", &item.wanted.digest.to_string())
            .with("IMAGES_RESULT", if item.done { "promoted" } else { "kept" })
    });
    items.chain([ended(first, "Promotion", end)]).collect()
}

pub(super) fn of_collected(first: &First, collected: &Collected) -> Entry {
    let (priority, message, result) = match &collected.failure {
        None => {
            let message = format!("Garbage collected: {} blobs are gone.", collected.blobs);
            (Priority::Notice, message, "collected")
        }
        Some(failure) => {
            let message = format!("Garbage collection did not end well: {}", failure.message);
            (Priority::Warning, message, "failed")
        }
    };
    entry(first, ENDED, priority, &message).with("IMAGES_RESULT", result)
}

fn ended(first: &First, what: &str, End { good, kept, unproved, .. }: End) -> Entry {
    let message = format!(
        "{what} of {} ended: {good} done, {kept} kept, {unproved} unproved.",
        targets(first)
    );
    let well = kept == 0 && unproved == 0;
    let priority = if well { Priority::Notice } else { Priority::Warning };
    let result = match (good, well) {
        (_, true) => "done",
        (0, false) => "failed",
        (_, false) => "partial",
    };
    entry(first, ENDED, priority, &message).with("IMAGES_RESULT", result)
}

fn entry(first: &First, kind: &str, priority: Priority, message: &str) -> Entry {
    let act = match first.act {
        Act::Delete => "delete",
        Act::Undo => "undo",
        Act::Collect => "collect",
        Act::Promote => "promote",
        Act::Unknown => "unknown",
    };
    Entry::new(kind, priority, message)
        .with("IMAGES_CHANGE", &first.id)
        .with("IMAGES_ACT", act)
        .with("IMAGES_REGISTRY", &first.registry)
        .with_some("IMAGES_USER", first.user.as_deref())
        .with_some("IMAGES_REASON", first.reason.as_deref())
        .with_some("IMAGES_UNDOES", first.of.as_deref())
}

/// The first targets, and how many more there are.
fn targets(first: &First) -> String {
    let named = first.targets.join(", ");
    match first.target_count as usize - first.targets.len().min(first.target_count as usize) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
