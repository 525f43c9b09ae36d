// SPDX-License-Identifier: LGPL-2.1-or-later

//! The folder of the recollections: where it is, and that it does not grow for ever.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Key;

/// How a recollection's file ends.
const EXTENSION: &str = "catalog";
/// How long a file that was never finished is left alone.
const STALE: Duration = Duration::from_secs(60 * 60);

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Files.
    pub(super) count: usize,
    /// Their bytes.
    pub(super) bytes: u64,
}

/// Where they are kept; XDG has relative paths ignored.
pub(super) fn place(cache: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let cache = cache.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(home?.join(".cache")))?;
    Some(cache.join("cockpit-images/catalogs"))
}

/// Makes it, for its user alone.
pub(super) fn create(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // It may be there already, made by somebody with other ideas.
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Has the names in it outlive a power failure.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Where a recollection is.
pub(super) fn path(folder: &Path, key: Key) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", &key.0.hex()[..32]))
}

/// Notes that a file was of use just now. That it cannot be noted changes little.
pub(super) fn touch(path: &Path) {
    let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

/// Removes the files beyond the bounds, the ones that were of no use for longest first, and what was
/// never finished.
pub(super) fn tidy(folder: &Path, bounds: Bounds) {
    let now = SystemTime::now();
    let mut files = Vec::new();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else { continue };
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(EXTENSION) => files.push((used, metadata.len(), path)),
            Some("new") if now.duration_since(used).is_ok_and(|age| age > STALE) => {
                let _ = fs::remove_file(path);
            }
            _ => {}
        }
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    let mut bytes = 0;
    for (place, (_, length, path)) in files.into_iter().enumerate() {
        bytes += length;
        if place >= bounds.count || bytes > bounds.bytes {
            let _ = fs::remove_file(path);
        }
    }
}
