// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reading records. A crash may have left a line half written, so the last one counts only if it
//! is whole; lines that make no sense are passed over.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::header::{Body, First};
use super::line::{End, Line};

/// The longest first line, in bytes: the texts in it may be escaped, and the key is not cut.
const FIRST: u64 = 64 << 10;
/// The bytes at the end in which the last line is looked for.
const TAIL: u64 = 16 << 10;
/// The largest record that is read, in bytes.
pub(super) const LARGEST: u64 = 192 << 20;

/// What a list shows of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) first: First,
    /// What came of it, once it ended.
    pub(super) end: Option<End>,
    /// Steps that are done.
    pub(super) done: u32,
}

/// A record, read whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) first: First,
    pub(super) body: Body,
    pub(super) lines: Vec<Line>,
}

/// Reads the first line and the last.
pub(super) fn summary(path: &Path) -> io::Result<Option<Summary>> {
    let mut file = File::open(path)?;
    let Some(first) = first(&mut BufReader::new((&file).take(FIRST)))? else { return Ok(None) };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let last = last_line(&tail).and_then(|line| serde_json::from_slice(line).ok());
    let (end, done) = match last {
        Some(Line::End(end)) => (Some(end), 0),
        Some(Line::Step { done, .. } | Line::Resumed { done } | Line::Moved { done, .. }) => {
            (None, done as u32)
        }
        _ => (None, 0),
    };
    Ok(Some(Summary { first, end, done }))
}

/// Reads all of it.
pub(super) fn whole(file: &mut File) -> io::Result<Option<Whole>> {
    file.seek(SeekFrom::Start(0))?;
    let mut input = BufReader::new(file.take(LARGEST));
    let Some(first) = first(&mut input)? else { return Ok(None) };
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    let Ok(body) = serde_json::from_slice(&line) else { return Ok(None) };
    let mut lines = Vec::new();
    loop {
        line.clear();
        input.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(Some(Whole { first, body, lines }));
        }
        lines.extend(serde_json::from_slice::<Line>(&line).ok());
    }
}

/// The length up to the end of the last whole line.
pub(super) fn whole_length(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = length;
    // From the end, piece by piece: a receipt that was half written may be long.
    while end > 0 {
        let start = end.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        file.take(end - start).read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Whether somebody works on it now.
pub(super) fn is_locked(path: &Path) -> bool {
    let tried = File::open(path).map(|file| file.try_lock_shared());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

fn first(input: &mut impl BufRead) -> io::Result<Option<First>> {
    let mut line = Vec::new();
    input.take(FIRST).read_until(b'\n', &mut line)?;
    let first: Option<First> = serde_json::from_slice(&line).ok();
    Ok(first.filter(|first| first.version == super::VERSION))
}

fn last_line(tail: &[u8]) -> Option<&[u8]> {
    let end = tail.iter().rposition(|byte| *byte == b'\n')?;
    let start = tail[..end].iter().rposition(|byte| *byte == b'\n')? + 1;
    Some(&tail[start..end])
}
