// SPDX-License-Identifier: LGPL-2.1-or-later

//! The record of a promotion. Plain registries remember nothing of what their tags named, so this is
//! their history, too.

use std::collections::BTreeMap;
use std::fs::File;

use images_proto::history::Act;
use images_proto::stage::{Item, Move, Receipt};
use images_proto::{Code, Digest, Failure, TagRef};
use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Records, file, folder};

/// A move, as it was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The move.
    #[serde(rename = "move")]
    pub wanted: Move,
    /// What the tag named before.
    #[serde(default)]
    pub was: Option<Digest>,
    /// A tag that named the image then.
    #[serde(default)]
    pub from: Option<TagRef>,
}

/// A promotion, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The record's name.
    pub id: String,
    /// When it began, in seconds since the Unix epoch.
    pub started: i64,
    /// Who did it.
    pub user: Option<String>,
    /// The moves, and what became of those that were tried.
    pub moves: Vec<(Planned, Option<Item>)>,
}

impl Promotion {
    /// The moves that were done.
    pub fn done(&self) -> impl Iterator<Item = &Planned> {
        let is_done = |item: &Option<Item>| item.as_ref().is_some_and(|item| item.done);
        let done = self.moves.iter().filter(move |(_, item)| is_done(item));
        done.map(|(planned, _)| planned)
    }

    /// What became of each move so far.
    pub(super) fn receipt(self) -> Receipt {
        let items = self.moves.into_iter().map(|(planned, item)| {
            item.unwrap_or_else(|| {
                let words =
                    "This was not tried yet, or the promotion was broken off in the middle.";
                let failure = Failure::new(Code::Conflict, words).with_fix("Promote it again.");
                Item {
                    wanted: planned.wanted,
                    was: planned.was,
                    done: false,
                    failure: Some(failure),
                    attachments: Vec::new(),
                    sent: None,
                }
            })
        });
        Receipt { items: items.collect(), id: Some(self.id) }
    }
}

/// The moves, and what became of them by the lines of a record.
pub(super) fn joined(planned: Vec<Planned>, lines: &[Line]) -> Vec<(Planned, Option<Item>)> {
    let mut items: BTreeMap<usize, Item> = BTreeMap::new();
    for line in lines {
        if let Line::Moved { step, item, .. } = line {
            items.insert(*step, item.clone());
        }
    }
    planned.into_iter().enumerate().map(|(idx, moved)| (moved, items.remove(&idx))).collect()
}

impl Records {
    /// The promotions at the registry with this key, the newest first.
    pub fn promotions(&self, key: &str) -> Vec<Promotion> {
        let Some(folder) = self.folder.as_deref() else { return Vec::new() };
        let summaries = self.summaries().into_iter();
        let found = summaries
            .filter(|(_, summary)| summary.first.act == Act::Promote && summary.first.key == key);
        let read = found.filter_map(|(id, _)| {
            let mut file = File::open(folder::path(folder, &id)).ok()?;
            let whole = file::whole(&mut file).ok().flatten()?;
            let moves = joined(whole.body.promotion?, &whole.lines);
            Some(Promotion { id, started: whole.first.started, user: whole.first.user, moves })
        });
        read.collect()
    }
}
