// SPDX-License-Identifier: LGPL-2.1-or-later

//! The images that the loopback cluster starts with. Made once for all runs.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::programs;

/// Makes the seed unless that was done, and tells its folder.
///
/// # Errors
/// When `loopback-cluster seed` fails.
pub fn seed() -> Result<PathBuf> {
    let cache = programs::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    // The first of the tests that run now makes it, the others wait. Released with the file.
    let lock = File::create(cache.join("seed.lock")).context("cannot make the seed's lock")?;
    lock.lock().context("cannot lock the seed")?;
    let folder = cache.join("seed");
    let output = Command::new(programs::built("loopback-cluster")?)
        .args(["seed", "--out"])
        .arg(&folder)
        .output()
        .context("cannot start loopback-cluster")?;
    ensure!(
        output.status.success(),
        "loopback-cluster seed failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(folder)
}
