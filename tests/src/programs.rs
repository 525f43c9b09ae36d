// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where the programs under test are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The name of the bridge's program.
pub const BRIDGE: &str = "cockpit-images-bridge";

/// A program of this workspace, from the build that this one belongs to. `IMAGES_PROGRAMS`, a
/// folder, goes first: it is how an installed build is tested.
///
/// # Errors
/// When it has not been built.
pub fn built(name: &str) -> Result<PathBuf> {
    if let Some(folder) = env::var_os("IMAGES_PROGRAMS") {
        let path = Path::new(&folder).join(name);
        if path.exists() {
            return Ok(path);
        }
    }
    let own = env::current_exe().context("cannot find this program")?;
    // TARGET/debug/run, or TARGET/debug/deps/TEST-HASH.
    let path = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not built: run `make build`, or `make check`"))?;
    Ok(path)
}

/// The folder of the built page, `dist/images`; `IMAGES_PAGE` names another.
///
/// # Errors
/// When it has not been built.
pub fn page() -> Result<PathBuf> {
    let folder = env::var_os("IMAGES_PAGE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/images"),
        PathBuf::from,
    );
    ensure!(
        folder.join("manifest.json").exists(),
        "the page is not built in {}: run `make build`",
        folder.display()
    );
    Ok(folder)
}

/// What is kept between runs and is not part of the tree.
///
/// # Errors
/// When there is no home directory.
pub fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("cockpit-images"))
}
