// SPDX-License-Identifier: LGPL-2.1-or-later

//! A temporary folder for programs that were ended.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::Result;

/// How long the last writers may take to die.
const GRACE: Duration = Duration::from_secs(3);

/// The folder. Unlike [`tempfile::TempDir`] it is removed even if a process that is just being
/// ended still writes to it.
#[derive(Debug)]
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(prefix: &str) -> Result<Self> {
        Ok(Self(tempfile::Builder::new().prefix(prefix).tempdir()?))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let begin = Instant::now();
        while fs::remove_dir_all(self.0.path()).is_err()
            && self.0.path().exists()
            && begin.elapsed() < GRACE
        {
            thread::sleep(Duration::from_millis(10));
        }
    }
}
