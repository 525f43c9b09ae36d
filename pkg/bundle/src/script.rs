// SPDX-License-Identifier: LGPL-2.1-or-later

//! The JavaScript between the browser and the compiled page.

use std::path::Path;

use anyhow::Result;
use wasm_bindgen_cli_support::Bindgen;

/// Writes `NAME.js` and `NAME_bg.wasm` for `NAME.wasm` into the folder.
///
/// The support crate is used instead of the `wasm-bindgen` program: it must be of exactly the
/// page's version, which the lock file then guarantees, and nobody has to install it.
pub(crate) fn generate(wasm: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .web(true)?
        .typescript(false)
        // Names only serve a debugger, and the producers differ between build machines.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
}
