// SPDX-License-Identifier: LGPL-2.1-or-later

//! Makes the folder that Cockpit serves as the page: the compiled page and its glue, one style
//! sheet, `index.html` and the scripts that start it, and the manifest.
//!
//! The same input gives the same bytes. The folder is replaced as a whole, so a running Cockpit
//! never sees half of a build.

mod arguments;
mod folder;
mod manifest;
mod script;
mod style;

use std::env;

use anyhow::{Context as _, Result};

use crate::arguments::Arguments;
use crate::folder::Folder;

/// Files of the page's folder that are served as they are.
const STATIC_FILES: [&str; 3] = ["index.html", "theme.js", "boot.js"];

fn main() -> Result<()> {
    let arguments = Arguments::parse(env::args_os().skip(1))?;
    let folder = Folder::stage(&arguments.out)?;

    script::generate(&arguments.wasm, folder.path())
        .context("failed to bind the page to JavaScript")?;
    for name in STATIC_FILES {
        folder.copy(&arguments.page.join(name), name)?;
    }
    let style = style::build(&arguments.page, &arguments.patternfly, &folder.content()?)?;
    folder.write("images.css", style.as_bytes())?;
    let manifest = manifest::read(&arguments.manifest, &arguments.bridge)?;
    folder.write("manifest.json", manifest.as_bytes())?;

    folder.compress()?;
    folder.check_weight()?;
    folder.publish()
}
