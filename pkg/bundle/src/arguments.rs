// SPDX-License-Identifier: LGPL-2.1-or-later

//! The command line: `--name VALUE` pairs, all of them required.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What the build hands over.
pub(crate) struct Arguments {
    /// The page as cargo left it: `images_ui.wasm`.
    pub(crate) wasm: PathBuf,
    /// The folder with `index.html`, the scripts, our own style sheet and `stylesheets`.
    pub(crate) page: PathBuf,
    /// The unpacked npm package `@patternfly/patternfly`.
    pub(crate) patternfly: PathBuf,
    /// The manifest with the placeholder for the bridge.
    pub(crate) manifest: PathBuf,
    /// Where the bridge will be when Cockpit starts it; absolute.
    pub(crate) bridge: PathBuf,
    /// The folder to write.
    pub(crate) out: PathBuf,
}

impl Arguments {
    /// Reads the arguments after the program's name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self> {
        let (mut wasm, mut page, mut patternfly) = (None, None, None);
        let (mut manifest, mut bridge, mut out) = (None, None, None);
        while let Some(name) = arguments.next() {
            let place = match name.to_str() {
                Some("--wasm") => &mut wasm,
                Some("--page") => &mut page,
                Some("--patternfly") => &mut patternfly,
                Some("--manifest") => &mut manifest,
                Some("--bridge") => &mut bridge,
                Some("--out") => &mut out,
                _ => bail!("unknown argument {}", name.display()),
            };
            let value =
                arguments.next().with_context(|| format!("{} needs a value", name.display()))?;
            *place = Some(PathBuf::from(value));
        }
        Ok(Self {
            wasm: wasm.context("--wasm is missing")?,
            page: page.context("--page is missing")?,
            patternfly: patternfly.context("--patternfly is missing")?,
            manifest: manifest.context("--manifest is missing")?,
            bridge: bridge.context("--bridge is missing")?,
            out: out.context("--out is missing")?,
        })
    }
}
