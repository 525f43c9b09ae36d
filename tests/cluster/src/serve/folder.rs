// SPDX-License-Identifier: LGPL-2.1-or-later
//! The folder of a run.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::store::Store;

/// The kubeconfig of somebody.
pub(super) fn kubeconfig(dir: &Path, login: &str) -> PathBuf {
    dir.join(format!("{login}.kubeconfig"))
}

/// An empty folder; whatever an earlier run of ours left there goes.
///
/// # Errors
/// When it cannot be made, or somebody else uses it.
pub(super) fn fresh(dir: &Path) -> anyhow::Result<PathBuf> {
    const MARK: &str = "loopback-cluster";
    if dir.join(MARK).exists() {
        std::fs::remove_dir_all(dir).with_context(|| format!("emptying {}", dir.display()))?;
    }
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let dir = dir.canonicalize()?;
    let used = std::fs::read_dir(&dir)?.next().is_some();
    anyhow::ensure!(!used, "{} is not empty, and not of an earlier run", dir.display());
    std::fs::write(
        dir.join(MARK),
        "The state of a loopback cluster; the next one empties this folder.\n",
    )?;
    Ok(dir)
}

/// Copies a seed: the storage's files and the API's objects.
///
/// # Errors
/// When there is none.
pub(super) fn unpack(seed: &Path, dir: &Path, store: &Store) -> anyhow::Result<()> {
    let missing = || format!("no seed in {}", seed.display());
    copy_all(&seed.join("registry"), &dir.join("registry")).with_context(missing)?;
    let objects = std::fs::read(seed.join("objects.json")).with_context(missing)?;
    store.load(&serde_json::from_slice(&objects)?);
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
