// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whether and how long each change of a list can be taken back.

use images_proto::delete::Window;
use images_proto::history::{Act, State};

use super::window::{Closing, closed};
use crate::record::{Entry, not_undoable};

/// The collections of garbage.
pub(crate) type Collections = Vec<Collection>;

/// A collection of garbage.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The key of the place.
    key: String,
    /// When it began.
    when: i64,
    /// Whether it ended well. Another one may have removed something, or nothing.
    is_done: bool,
}

/// The collections of garbage among these changes.
pub(crate) fn collections(entries: &[Entry]) -> Collections {
    let collections = entries.iter().filter(|entry| entry.change.act == Act::Collect);
    let collection = |entry: &Entry| Collection {
        key: entry.key.clone(),
        when: entry.change.started,
        is_done: matches!(entry.change.state, State::Ended { good, .. } if good > 0),
    };
    collections.map(collection).collect()
}

/// The window of a change. `here` is the key of the registry that is connected, and what closes
/// windows there.
pub(crate) fn window_of(
    entry: &Entry,
    here: Option<(&str, &Closing)>,
    collections: &Collections,
) -> Window {
    let change = &entry.change;
    if change.act != Act::Delete {
        return closed(not_undoable(change.act));
    }
    match change.state {
        State::Running => return closed("It is being done right now."),
        State::Ended { good: 0, unproved: 0, .. } => return closed("Nothing was deleted."),
        State::Ended { .. } | State::Interrupted { .. } => {}
    }
    if !entry.undoable {
        return closed(not_undoable(change.act));
    }
    if entry.is_undone {
        return closed("It was taken back already.");
    }
    let Some((_, closing)) = here.filter(|(key, _)| *key == entry.key) else {
        let registry = &change.registry;
        return closed(format!(
            "It was made at {registry}: choose that cluster and registry first."
        ));
    };
    let ended = change.ended.unwrap_or(change.started);
    let mut window = closing.window(ended, jiff::Timestamp::now().as_second());
    let mut since = collections.iter().filter(|it| it.key == entry.key && it.when >= ended);
    if since.clone().any(|collection| collection.is_done) {
        window.words =
            "The registry's garbage was collected since: only what something else uses comes back."
                .to_owned();
    } else if since.next().is_some() {
        window.words = "A collection of the registry's garbage began since and did not end well: \
                        what it removed does not come back."
            .to_owned();
    }
    if change.undone_by.is_some() {
        window.words = format!("A part of it was taken back already. {}", window.words);
    }
    window
}
