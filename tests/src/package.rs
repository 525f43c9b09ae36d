// SPDX-License-Identifier: LGPL-2.1-or-later

//! Puts the built page and the built bridge where one user's Cockpit finds them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::programs;

/// Installs the package into a home directory and tells where its bridge is. Copies: the user may
/// have no right to enter the folder of the build.
pub(crate) fn install(home: &Path) -> Result<PathBuf> {
    let bridge = home.join(".local/libexec").join(programs::BRIDGE);
    make_parent(&bridge)?;
    fs::copy(programs::built(programs::BRIDGE)?, &bridge).context("cannot copy the bridge")?;
    fs::set_permissions(&bridge, fs::Permissions::from_mode(0o755))?;

    let page = home.join(".local/share/cockpit/images");
    make_parent(&page)?;
    copy(&programs::page()?, &page)?;
    let manifest = page.join("manifest.json");
    let mut content: Value = serde_json::from_slice(&fs::read(&manifest)?)
        .context("the page's manifest.json is no JSON")?;
    let Some(spawn) = content.pointer_mut("/bridges/0/spawn") else {
        bail!("the page's manifest.json starts no bridge")
    };
    *spawn = json!([bridge]);
    fs::write(&manifest, content.to_string())?;
    Ok(bridge)
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().context("no parent")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
