// SPDX-License-Identifier: LGPL-2.1-or-later

//! The record of each change: what was asked for, the plan, and what is needed to take it back,
//! written before anything is done; then what became of each step; at last the receipt.
//!
//! A record is a file of lines of JSON in a folder of the user's own. Whoever works on one holds a
//! lock on it, so that a change that runs can be told from one that was broken off.
//!
//! ```text
//! what a list shows        (First, small)
//! params, plan, before     (Body)
//! step                     (Line, one for each step that was tried)
//! receipt                  (Line)
//! end                      (Line, small)
//! ```

mod before;
mod entries;
mod file;
mod folder;
mod header;
mod line;
mod place;
mod promotion;
#[cfg(test)]
mod tests;
mod text;
mod watch;
mod words;
mod writing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use images_proto::delete::{Outcome, Params, Plan, Receipt};
use images_proto::history::{Act, Change, Record, State, Undone};
use images_proto::{Code, Failure, TagRef};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

pub use self::before::{Before, Kept, KeptManifest, KeptRepository};
use self::file::{Summary, Whole};
use self::folder::Bounds;
pub use self::header::Header;
pub(crate) use self::header::comes_back;
use self::header::{Body, First};
use self::line::Line;
pub use self::place::Place;
pub use self::promotion::{Planned, Promotion};
pub(crate) use self::watch::Watch;
pub use self::writing::Writing;
use crate::journal::Journal;

/// Of the form of records. Others are left alone.
const VERSION: u32 = 1;
/// How much is kept.
const BOUNDS: Bounds = Bounds { count: 2_000, bytes: 256 << 20 };
/// The most bytes of a header. What it keeps of the time before is bounded by [`Before`]'s makers.
const LARGEST_HEADER: usize = 160 << 20;
/// How long a deletion that was broken off is gone on with when the same one is asked for. Later,
/// names may mean something else.
const FRESH: i64 = 24 * 60 * 60;
/// How often a lock is tried for that somebody may hold just to look.
const ATTEMPTS: u32 = 5;
/// Names a socket that takes the entries for the journal instead, for tests.
const JOURNAL: &str = "COCKPIT_IMAGES_JOURNAL";

/// The records of this user on this host.
#[derive(Debug, Default)]
pub struct Records {
    /// `None`: there is no home to keep them in.
    folder: Option<PathBuf>,
    journal: Option<Journal>,
    /// Ticks when this process begins or ends one.
    changes: tokio::sync::watch::Sender<u64>,
    /// What was read for lists, as long as the file has the same length and time.
    known: Mutex<HashMap<String, (Stamp, Option<Summary>)>>,
}

/// A deletion that was broken off, locked for whoever goes on with it.
#[derive(Debug)]
pub struct Unfinished {
    /// What was asked for.
    pub params: Params,
    /// The plan that was followed.
    pub plan: Plan,
    /// When it began, in seconds since the Unix epoch.
    pub started: i64,
    /// What became of the steps that were tried, the last time that they were.
    pub done: BTreeMap<usize, Outcome>,
    /// The record, to go on with.
    pub writing: Writing,
}

/// What taking back a deletion needs.
#[derive(Debug)]
pub struct Reversible {
    /// The deletion.
    pub change: Change,
    /// The key of its [`Place`].
    pub key: String,
    /// What was done.
    pub plan: Plan,
    /// How things were.
    pub before: Before,
    /// What became of the steps. In a deletion that was broken off, one that is not here may have
    /// been done all the same.
    pub done: BTreeMap<usize, Outcome>,
    /// Whether it was broken off once and gone on with: what was absent then may have been deleted
    /// in the moment in which it was broken off.
    pub was_resumed: bool,
    /// Whether an earlier attempt to take it back was broken off.
    pub is_resumed: bool,
    /// Tags that an earlier attempt left with a part of their revisions.
    pub half: BTreeSet<TagRef>,
    /// Where it was broken off itself: nobody goes on with it while this is held.
    pub broken_off: Option<Writing>,
    /// Nobody else takes it back while this is held.
    _lock: Option<File>,
}

/// A change as a list has it, and what decides whether it can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The change. Its window says nothing yet.
    pub change: Change,
    /// The key of its [`Place`].
    pub key: String,
    /// Whether it is of a kind that can be taken back.
    pub undoable: bool,
    /// Whether it is about image streams.
    pub openshift: bool,
    /// Whether it was taken back whole.
    pub is_undone: bool,
}

/// By what a file is known to be the same.
type Stamp = (u64, Option<SystemTime>);

impl Records {
    /// The records of the environment: under `XDG_STATE_HOME`, else `~/.local/state`.
    pub fn from_environment() -> Self {
        let folder = folder::place(std::env::var_os("XDG_STATE_HOME"), std::env::home_dir());
        let journal = match std::env::var_os(JOURNAL) {
            Some(socket) => Journal::at(Path::new(&socket)),
            None => Journal::default(),
        };
        Self { folder, journal: Some(journal), ..Self::default() }
    }

    /// Records in this folder, of which no journal hears.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..Self::default() }
    }

    /// The same, with a journal.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The folder, for people.
    pub fn folder(&self) -> String {
        self.folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default()
    }

    /// Ticks when this process begins or ends a change.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Notices what other processes write.
    pub(crate) fn watch(&self) -> Option<Watch> {
        Watch::of(self.folder.as_deref()?).ok()
    }

    /// Begins a record. When this returns, it outlives a power failure.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be changed.
    pub fn begin(&self, mut header: Header) -> Result<Writing, Failure> {
        let folder = self.folder.as_deref().ok_or_else(homeless)?;
        let cannot = |error| unwritable(folder, &error);
        let started = jiff::Timestamp::now();
        header.first.started = started.as_second();
        header.first.id = new_id(started).map_err(cannot)?;
        folder::create(folder).map_err(cannot)?;
        let file = write_header(folder, &header).map_err(cannot)?;
        folder::tidy(folder, BOUNDS);
        let first = header.first;
        let writing =
            Writing::new(first, file, [].into(), self.journal.clone(), self.changes.clone());
        writing.begin();
        Ok(writing)
    }

    /// A deletion of the same things from the same registry that was broken off not long ago, and
    /// that nobody works on. If a plan was agreed to, one that followed that very plan.
    pub fn unfinished(&self, place: &Place, params: &Params) -> Option<Unfinished> {
        let now = now();
        let candidates = self.summaries().into_iter().filter(|(_, summary)| {
            let first = &summary.first;
            first.act == Act::Delete
                && summary.end.is_none()
                && first.key == place.key
                && first.target_count as usize == params.targets.len()
                && now - first.started < FRESH
        });
        for (id, _) in candidates {
            let Ok((whole, file)) = self.lock(&id) else { continue };
            let same = whole.body.params.as_ref().is_some_and(|kept| header::is_same(kept, params));
            let plan = whole.body.plan.as_ref().map(|plan| &plan.fingerprint);
            let agreed = params.agreed.as_ref().is_none_or(|agreed| Some(agreed) == plan);
            if same && agreed && !whole.is_over() {
                return self.go_on(place, whole, file).ok();
            }
        }
        None
    }

    /// The deletion of this name that was broken off.
    ///
    /// # Errors
    /// When there is none, it ended, somebody works on it, or it is about another registry.
    pub fn unfinished_by_id(&self, place: &Place, id: &str) -> Result<Unfinished, Failure> {
        let (whole, file) = self.lock(id)?;
        check_place(&whole.first, place)?;
        if whole.is_over() {
            return Err(Failure::new(Code::Conflict, "This change came to its end.")
                .with_fix("Look at its receipt."));
        }
        if whole.first.act == Act::Promote {
            let words = "A promotion that was broken off is not gone on with.";
            return Err(Failure::new(Code::Unsupported, words)
                .with_fix("Promote again: what is there already is not done again."));
        }
        self.go_on(place, whole, file)
    }

    /// What taking back the deletion of this name needs.
    ///
    /// # Errors
    /// When there is no such deletion, it cannot be taken back, somebody works on it, or it is about
    /// another registry.
    pub(crate) fn reversible(&self, place: &Place, id: &str) -> Result<Reversible, Failure> {
        let (whole, mut file) = self.lock(id)?;
        check_place(&whole.first, place)?;
        let entry = self.entry(id)?;
        if !entry.undoable {
            return Err(Failure::new(Code::Unsupported, not_undoable(entry.change.act)));
        }
        if entry.is_undone {
            return Err(Failure::new(Code::Conflict, "This deletion was taken back already."));
        }
        let is_over = whole.is_over();
        let Whole { first, body, lines } = whole;
        let Body { plan: Some(plan), before, .. } = body else { return Err(unreadable()) };
        let was_resumed = lines.iter().any(|line| matches!(line, Line::Resumed { .. }));
        let done = outcomes(lines);
        let (broken_off, lock) = match is_over {
            true => (None, Some(file)),
            false => {
                // What was half written makes no sense with an end behind it.
                self.cut(&mut file)?;
                let changes = self.changes.clone();
                (Some(Writing::new(first, file, [].into(), None, changes)), None)
            }
        };
        let mut attempts = self.summaries();
        attempts.retain(|(_, summary)| summary.first.of.as_deref() == Some(id));
        let is_resumed = attempts.iter().any(|(_, summary)| summary.end.is_none());
        let half = attempts.iter().flat_map(|(id, _)| self.half(id)).collect();
        let Entry { change, key, .. } = entry;
        Ok(Reversible {
            change,
            key,
            plan,
            before,
            done,
            was_resumed,
            is_resumed,
            half,
            broken_off,
            _lock: lock,
        })
    }

    /// All changes, newest first.
    pub fn entries(&self) -> Vec<Entry> {
        let summaries = self.summaries();
        let mut undone_by: HashMap<&str, (&str, bool)> = HashMap::new();
        for (id, Summary { first, end, .. }) in &summaries {
            if let (Some(of), Some(end)) = (&first.of, end)
                && end.good > 0
            {
                // The newest one counts; it comes first.
                let whole = end.kept == 0 && end.unproved == 0;
                undone_by.entry(of).or_insert((id, whole));
            }
        }
        let entries = summaries.iter().map(|(id, summary)| {
            let mut entry = self.entry_of(id, summary);
            if let Some((by, whole)) = undone_by.get(&**id) {
                entry.change.undone_by = Some((*by).to_owned());
                entry.is_undone = *whole;
            }
            entry
        });
        entries.collect()
    }

    /// One change.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn entry(&self, id: &str) -> Result<Entry, Failure> {
        self.entries().into_iter().find(|entry| entry.change.id == id).ok_or_else(absent)
    }

    /// A change with all that is known of it. Its window says nothing yet.
    ///
    /// # Errors
    /// When there is none of this name, or it cannot be read.
    pub fn record(&self, id: &str) -> Result<(Entry, Record), Failure> {
        let entry = self.entry(id)?;
        let folder = self.folder.as_deref().ok_or_else(absent)?;
        let mut file = File::open(folder::path(folder, id)).map_err(|_| absent())?;
        let whole = file::whole(&mut file).ok().flatten().ok_or_else(unreadable)?;
        let mut record = Record {
            change: entry.change.clone(),
            params: whole.body.params,
            plan: whole.body.plan,
            receipt: None,
            undone: None,
            promotion: None,
            text: String::new(),
        };
        if let Some(planned) = whole.body.promotion {
            let moves = promotion::joined(planned, &whole.lines);
            let Change { id, started, user, .. } = entry.change.clone();
            record.promotion = Some(Promotion { id, started, user, moves }.receipt());
        }
        let (mut collected, mut outcomes) = (None, BTreeMap::new());
        for line in whole.lines {
            match line {
                Line::Receipt(receipt) => record.receipt = Some(*receipt),
                Line::Undone(undone) => record.undone = Some(undone),
                Line::Collected(done) => collected = Some(done),
                Line::Step { step, outcome, .. } => drop(outcomes.insert(step, outcome)),
                Line::Resumed { .. } | Line::Half(_) | Line::Moved { .. } | Line::End(_) => {}
            }
        }
        record.text = text::text(&record, collected.as_ref(), &outcomes);
        Ok((entry, record))
    }

    /// What was noted in the header of a change, and whether it came to its end.
    ///
    /// # Errors
    /// When there is none of this name, or it cannot be read.
    pub fn note(&self, id: &str) -> Result<(Option<Value>, bool), Failure> {
        let folder = self.folder.as_deref().ok_or_else(absent)?;
        if !is_id(id) {
            return Err(absent());
        }
        let mut file = File::open(folder::path(folder, id)).map_err(|_| absent())?;
        let whole = file::whole(&mut file).ok().flatten().ok_or_else(unreadable)?;
        let is_over = whole.is_over();
        Ok((whole.body.note, is_over))
    }

    /// The receipt of a change as text for people.
    pub fn receipt_text(receipt: &Receipt) -> String {
        text::receipt(receipt)
    }

    /// What came back, as text for people.
    pub fn undone_text(undone: &Undone) -> String {
        text::undone(undone)
    }

    fn entry_of(&self, id: &str, summary: &Summary) -> Entry {
        let Summary { first, end, done } = summary;
        let running = || {
            let folder = self.folder.as_deref();
            folder.is_some_and(|folder| file::is_locked(&folder::path(folder, id)))
        };
        let state = match end {
            Some(end) => State::Ended { good: end.good, kept: end.kept, unproved: end.unproved },
            None if running() => State::Running,
            None => State::Interrupted { done: *done, total: first.steps },
        };
        let first = first.clone();
        let change = Change {
            id: id.to_owned(),
            act: first.act,
            started: first.started,
            ended: end.map(|end| end.ended),
            user: first.user,
            registry: first.registry,
            reason: first.reason,
            targets: first.targets,
            target_count: first.target_count,
            state,
            undo: images_proto::delete::Window::default(),
            undone_by: None,
        };
        let Summary { first: First { key, undoable, openshift, .. }, .. } = summary.clone();
        Entry { change, key, undoable, openshift, is_undone: false }
    }

    /// All records, newest first. Only those that changed are read again.
    fn summaries(&self) -> Vec<(String, Summary)> {
        let Some(folder) = self.folder.as_deref() else { return Vec::new() };
        let ids = folder::ids(folder);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut still_known = HashMap::with_capacity(ids.len());
        let mut summaries = Vec::with_capacity(ids.len());
        for id in ids {
            let path = folder::path(folder, &id);
            let Ok(metadata) = path.metadata() else { continue };
            let stamp = (metadata.len(), metadata.modified().ok());
            let summary = match known.remove(&id) {
                Some((before, summary)) if before == stamp => summary,
                // The name is the file's: a copy under another name is another change.
                _ => file::summary(&path).ok().flatten().map(|mut summary| {
                    summary.first.id.clone_from(&id);
                    summary
                }),
            };
            if let Some(summary) = &summary {
                summaries.push((id.clone(), summary.clone()));
            }
            still_known.insert(id, (stamp, summary));
        }
        *known = still_known;
        summaries
    }

    /// Locks a record and reads it.
    fn lock(&self, id: &str) -> Result<(Whole, File), Failure> {
        let folder = self.folder.as_deref().filter(|_| is_id(id)).ok_or_else(absent)?;
        let path = folder::path(folder, id);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).open(&path).map_err(|_| absent())?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                // A file system without locks has no sessions that could be told apart.
                Err(TryLockError::Error(_)) => break,
                Err(TryLockError::WouldBlock) if attempt == ATTEMPTS => return Err(busy()),
                // Who just looks whether it is locked has a lock too, for a moment.
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        let whole = file::whole(&mut file).ok().flatten().ok_or_else(unreadable)?;
        Ok((whole, file))
    }

    /// Removes a last line that was half written.
    fn cut(&self, file: &mut File) -> Result<(), Failure> {
        let folder = self.folder.as_deref().unwrap_or(Path::new(""));
        let cut = file::whole_length(file).and_then(|length| file.set_len(length));
        cut.map_err(|error| unwritable(folder, &error))
    }

    /// The tags that this attempt to take something back left with a part of their revisions.
    fn half(&self, id: &str) -> Vec<TagRef> {
        let Some(folder) = self.folder.as_deref() else { return Vec::new() };
        let whole =
            File::open(folder::path(folder, id)).and_then(|mut file| file::whole(&mut file));
        let lines = whole.ok().flatten().map(|whole| whole.lines).unwrap_or_default();
        let half = lines.into_iter().filter_map(|line| match line {
            Line::Half(tags) => Some(tags),
            _ => None,
        });
        half.flatten().collect()
    }

    /// Has a deletion gone on with.
    fn go_on(&self, place: &Place, whole: Whole, mut file: File) -> Result<Unfinished, Failure> {
        let Whole { mut first, body, lines } = whole;
        let Body { params: Some(params), plan: Some(plan), .. } = body else {
            return Err(unreadable());
        };
        // What was half written makes no sense with more behind it.
        self.cut(&mut file)?;
        // In the journal stands who goes on with it.
        first.user = place.user.as_deref().map(header::short);
        let done = outcomes(lines);
        let indexes = done.iter().filter(|(_, outcome)| outcome.is_gone()).map(|(step, _)| *step);
        let started = first.started;
        let (journal, changes) = (self.journal.clone(), self.changes.clone());
        let writing = Writing::new(first, file, indexes.collect(), journal, changes);
        writing.resume();
        self.changes.send_modify(|count| *count += 1);
        Ok(Unfinished { params, plan, started, done, writing })
    }
}

impl Reversible {
    /// The steps that were done, or may have been.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &images_proto::delete::Step> {
        let was_done = |step| match self.done.get(&step) {
            Some(Outcome::Deleted | Outcome::Unproved(_)) => true,
            Some(Outcome::Absent) => self.was_resumed,
            Some(Outcome::Kept(_) | Outcome::Untried) => false,
            None => self.broken_off.is_some(),
        };
        let steps = self.plan.steps.iter().enumerate();
        steps.filter(move |(idx, _)| was_done(*idx)).map(|(_, step)| step)
    }

    /// Nobody goes on with it any more: it was taken back as far as it came.
    pub(crate) fn give_up(&mut self) {
        if let Some(writing) = self.broken_off.take() {
            writing.give_up(self.done.values());
        }
    }
}

impl Whole {
    fn is_over(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::End(_)))
    }
}

/// Why a kind of change cannot be taken back.
pub(crate) fn not_undoable(act: Act) -> &'static str {
    match act {
        Act::Delete => "Data was removed, not only what led to it. That cannot be taken back.",
        Act::Undo => "An undo is taken back by deleting again.",
        Act::Promote => "A promotion is taken back by promoting what was there before.",
        Act::Collect => "What garbage collection removed does not come back.",
        Act::Unknown => "This is a change of a kind that this bridge does not know.",
    }
}

fn outcomes(lines: Vec<Line>) -> BTreeMap<usize, Outcome> {
    let steps = lines.into_iter().filter_map(|line| match line {
        Line::Step { step, outcome, .. } => Some((step, outcome)),
        _ => None,
    });
    steps.collect()
}

/// Writes the first two lines under another name, so that a record is never there without them.
fn write_header(folder: &Path, header: &Header) -> io::Result<File> {
    let mut text = Vec::new();
    serde_json::to_writer(&mut text, &header.first)?;
    text.push(b'\n');
    serde_json::to_writer(&mut text, &header.body)?;
    text.push(b'\n');
    if text.len() > LARGEST_HEADER {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "there is too much to remember"));
    }
    let new = folder::new_path(folder, &header.first.id);
    let written = (|| {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o600);
        let mut file = options.open(&new)?;
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        }
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&new, folder::path(folder, &header.first.id))?;
        folder::sync(folder)?;
        Ok(file)
    })();
    if written.is_err() {
        // What is left of it is of no use.
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// The time, so that names sort by it, and something that no other record has.
fn new_id(time: jiff::Timestamp) -> io::Result<String> {
    let mut random = [0; 6];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| io::Error::other("there is no randomness"))?;
    let time = time.strftime("%Y%m%dT%H%M%S%3fZ");
    let mut id = format!("{time}-");
    for byte in random {
        // Writing to a String does not fail.
        let _ = write!(id, "{byte:02x}");
    }
    Ok(id)
}

/// Whether this may be the name of a record, and so stand in a path.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn check_place(first: &First, place: &Place) -> Result<(), Failure> {
    if first.key == place.key {
        return Ok(());
    }
    Err(Failure::new(
        Code::Conflict,
        format!("This change was made at {}, which is not the registry of now.", first.registry),
    )
    .with_fix("Choose that cluster and registry first."))
}

fn homeless() -> Failure {
    Failure::new(Code::Internal, "Changes cannot be written down: there is no home folder.").with_fix(
        "Set XDG_STATE_HOME. What is not written down can neither be gone on with nor taken back, so nothing was done.",
    )
}

fn unwritable(folder: &Path, error: &io::Error) -> Failure {
    let words = format!("The change cannot be written down in {}: {error}.", folder.display());
    Failure::new(Code::Internal, words).retryable().with_fix(
        "Make room there, or make it writable for you. What is not written down can neither be gone on with nor taken back, so nothing was done.",
    )
}

fn absent() -> Failure {
    Failure::new(Code::NotFound, "There is no such change (any more).")
        .with_fix("Look at the history again: old changes are forgotten.")
}

fn unreadable() -> Failure {
    Failure::new(Code::BadAnswer, "The record of this change cannot be read.")
}

fn busy() -> Failure {
    Failure::new(Code::Conflict, "Another session works on this change right now.")
        .retryable()
        .with_fix("Wait until it is done.")
}
