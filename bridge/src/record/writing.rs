// SPDX-License-Identifier: LGPL-2.1-or-later

//! A record that is being written. It stays locked until this is dropped.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_proto::TagRef;
use images_proto::delete::{Outcome, Receipt};
use images_proto::garbage::Collected;
use images_proto::history::Undone;
use images_proto::stage::{self, Item};
use tokio::sync::watch;

use super::entries;
use super::header::First;
use super::line::{End, Line};
use crate::journal::{Entry, Journal};

/// A record that is being written. Dropped before its end, it is a change that was broken off.
#[derive(Debug)]
pub struct Writing {
    first: First,
    journal: Option<Journal>,
    changes: watch::Sender<u64>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    file: File,
    done: BTreeSet<usize>,
    /// Something could not be written, which was told.
    failed: bool,
}

impl Writing {
    pub(super) fn new(
        first: First,
        file: File,
        done: BTreeSet<usize>,
        journal: Option<Journal>,
        changes: watch::Sender<u64>,
    ) -> Self {
        let progress = Mutex::new(Progress { file, done, failed: false });
        Self { first, journal, changes, progress }
    }

    /// The record's name.
    pub fn id(&self) -> &str {
        &self.first.id
    }

    /// When the change began, in seconds since the Unix epoch.
    pub fn started(&self) -> i64 {
        self.first.started
    }

    /// Writes down what became of a step. If that fails, the step is done once more should the
    /// work be broken off, which harms nothing; so it goes on.
    pub fn step(&self, step: usize, outcome: &Outcome) {
        let mut progress = self.progress();
        if outcome.is_gone() {
            progress.done.insert(step);
        }
        let done = progress.done.len();
        progress.write(&[Line::Step { step, done, outcome: outcome.clone() }]);
    }

    /// A deletion ended.
    pub fn end(self, receipt: &Receipt) {
        let end = End::of_receipt(receipt);
        self.finish(&[Line::Receipt(Box::new(receipt.clone()))], end);
        self.tell(&entries::of_receipt(&self.first, receipt, end));
    }

    /// Writes down which tags an undo leaves with a part of their revisions, for the next one.
    pub(crate) fn half(&self, tags: Vec<TagRef>) {
        if !tags.is_empty() {
            self.progress().write(&[Line::Half(tags)]);
        }
    }

    /// An undo ended.
    pub fn undone(self, undone: &Undone) {
        let end = End::of_undone(undone, super::now());
        self.finish(&[Line::Undone(undone.clone())], end);
        self.tell(&entries::of_undone(&self.first, undone, end));
    }

    /// A collection of garbage ended.
    pub fn collected(self, collected: &Collected) {
        let end = End::of_collected(collected, super::now());
        self.finish(&[Line::Collected(collected.clone())], end);
        self.tell(&[entries::of_collected(&self.first, collected)]);
    }

    /// Writes down what became of a move of a promotion.
    pub(crate) fn moved(&self, step: usize, item: &Item) {
        let mut progress = self.progress();
        if item.done {
            progress.done.insert(step);
        }
        let done = progress.done.len();
        progress.write(&[Line::Moved { step, done, item: item.clone() }]);
    }

    /// A promotion ended.
    pub(crate) fn promoted(self, receipt: &stage::Receipt) {
        let end = End::of_promotion(&receipt.items, super::now());
        self.finish(&[], end);
        self.tell(&entries::of_promotion(&self.first, receipt, end));
    }

    /// A deletion that was broken off was taken back as far as it came, so nobody goes on with it.
    pub(super) fn give_up<'a>(self, outcomes: impl Iterator<Item = &'a Outcome>) {
        let end = End::of_steps(outcomes, super::now());
        self.progress().write(&[Line::End(end)]);
    }

    /// Somebody goes on with it: what is found absent from now on may have been deleted before.
    pub(super) fn resume(&self) {
        let mut progress = self.progress();
        let done = progress.done.len();
        progress.write(&[Line::Resumed { done }]);
        drop(progress);
        self.tell(&[entries::resumed(&self.first)]);
    }

    pub(super) fn begin(&self) {
        self.tell(&[entries::begun(&self.first)]);
        self.changes.send_modify(|count| *count += 1);
    }

    fn finish(&self, report: &[Line], end: End) {
        let mut progress = self.progress();
        // All at once, and only one of them half written if the power fails in between.
        progress.write(&[report, &[Line::End(end)]].concat());
        if let Err(error) = progress.file.sync_all() {
            tracing::warn!(%error, "the end of a change may be lost");
        }
    }

    fn tell(&self, entries: &[Entry]) {
        if let Some(journal) = &self.journal {
            journal.send(entries);
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn write(&mut self, lines: &[Line]) {
        if let Err(error) = self.try_write(lines)
            && !self.failed
        {
            self.failed = true;
            tracing::warn!(%error, "a change cannot be written down any more");
        }
    }

    fn try_write(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        self.file.write_all(&text)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // The lock goes before others are told to look.
        let progress = self.progress.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = progress.file.unlock();
        self.changes.send_modify(|count| *count += 1);
    }
}
