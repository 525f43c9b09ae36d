// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is kept of a failed test: a picture, the document, the logs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::browser::Browser;
use crate::cluster::Cluster;
use crate::cockpit::Cockpit;

/// The folder for a test's evidence, beside the build.
///
/// # Errors
/// When it cannot be made.
pub fn folder(test: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    // TARGET/debug/deps/TEST-HASH.
    let target = own.ancestors().nth(3).context("this program is in no build folder")?;
    let folder = target.join("evidence").join(test);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Collects everything that helps to understand why `test` failed, as far as it can be had, and
/// tells where.
///
/// # Errors
/// When there is no folder for it.
pub async fn collect(
    test: &str,
    browser: &Browser,
    cockpit: &Cockpit,
    cluster: Option<&Cluster>,
) -> Result<PathBuf> {
    let folder = folder(test)?;
    // The document first: a picture can take long on a busy machine, and the page goes on.
    let html = browser.html().await;
    keep(&folder, "page.html", html);
    let shown = browser.shown().await;
    keep(&folder, "page.txt", shown);
    let console = browser.console().await;
    let console = console.map(|entries| entries.iter().map(|entry| format!("{entry}\n")).collect());
    keep(&folder, "console.txt", console);
    if let Err(error) = browser.screenshot(&folder.join("page.png")).await {
        keep(&folder, "page.png.txt", Err(error));
    }
    let logs = [Some(browser.log()), Some(cockpit.log()), cluster.map(Cluster::log)];
    for log in logs.into_iter().flatten() {
        if let Some(name) = log.file_name() {
            let _ = fs::copy(&log, folder.join(name));
        }
    }
    Ok(folder)
}

/// Writes what there is, or why there is nothing. Nothing here may hide the test's own failure.
fn keep(folder: &Path, name: &str, content: Result<String>) {
    let content = content.unwrap_or_else(|error| format!("{error:#}"));
    let _ = fs::write(folder.join(name), content);
}
