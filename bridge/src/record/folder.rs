// SPDX-License-Identifier: LGPL-2.1-or-later

//! The folder of the records: where it is, and that it does not grow for ever.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::file;

/// How a record's file ends.
const EXTENSION: &str = "jsonl";
/// How long a file that was never finished is left alone.
const STALE: Duration = Duration::from_secs(60 * 60);

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Records.
    pub(super) count: usize,
    /// Their bytes.
    pub(super) bytes: u64,
}

/// Where the records are kept; XDG has relative paths ignored.
pub(super) fn place(state: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let state = state.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(home?.join(".local/state")))?;
    Some(state.join("cockpit-images/changes"))
}

/// Makes it, for its user alone.
pub(super) fn create(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Has the names in it outlive a power failure.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Where a record is.
pub(super) fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.{EXTENSION}"))
}

/// Where it is while its header is being written.
pub(super) fn new_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.new"))
}

/// The names of the records, newest first.
pub(super) fn ids(folder: &Path) -> Vec<String> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let id = |path: PathBuf| -> Option<String> {
        let id = path.file_stem()?.to_str()?;
        (path.extension()? == EXTENSION && super::is_id(id)).then(|| id.to_owned())
    };
    let mut ids: Vec<_> = entries.flatten().filter_map(|entry| id(entry.path())).collect();
    // They begin with the time.
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids
}

/// Removes the oldest records beyond the bounds: those that ended, and only then those that were
/// broken off. What somebody works on stays.
pub(super) fn tidy(folder: &Path, bounds: Bounds) {
    remove_unfinished_headers(folder);
    let ids = ids(folder);
    let size = |id: &String| path(folder, id).metadata().map_or(0, |metadata| metadata.len());
    let sizes: Vec<_> = ids.iter().map(size).collect();
    let (mut count, mut bytes) = (ids.len(), sizes.iter().sum::<u64>());
    let is_beyond = |count, bytes| count > bounds.count || bytes > bounds.bytes;
    if !is_beyond(count, bytes) {
        return;
    }
    let ended = |id: &str| {
        let summary = file::summary(&path(folder, id)).ok().flatten();
        summary.is_none_or(|summary| summary.end.is_some())
    };
    let (over, broken): (Vec<_>, Vec<_>) =
        ids.iter().zip(sizes).rev().partition(|(id, _)| ended(id));
    for (id, size) in over.into_iter().chain(broken) {
        if !is_beyond(count, bytes) {
            break;
        }
        let path = path(folder, id);
        if !file::is_locked(&path) && std::fs::remove_file(path).is_ok() {
            count -= 1;
            bytes -= size;
        }
    }
}

/// What a crash left of a header: nothing was done for it.
fn remove_unfinished_headers(folder: &Path) {
    let is_old = |path: &Path| {
        let changed = path.metadata().and_then(|metadata| metadata.modified());
        let age = changed.map(|changed| SystemTime::now().duration_since(changed));
        age.is_ok_and(|age| age.is_ok_and(|age| age > STALE))
    };
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "new") && is_old(&path) {
            let _ = std::fs::remove_file(path);
        }
    }
}
