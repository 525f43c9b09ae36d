// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page's one style sheet: the parts of PatternFly that the page uses, then our own.

mod parse;
mod selection;
mod trim;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use self::selection::Selection;

/// Builds the style sheet from `page/stylesheets`, the named sheets and `page/images.css`, for a
/// page of these bytes: its program, scripts and markup.
pub(crate) fn build(page: &Path, patternfly: &Path, content: &[u8]) -> Result<String> {
    let selection = Selection::parse(&read(&page.join("stylesheets"))?)?;
    let mut pieces = Vec::new();
    for sheet in &selection.sheets {
        pieces.extend(parse_file(&patternfly.join(sheet))?);
    }
    pieces = trim::without_classes(pieces, &selection.left_out);
    pieces = trim::without_unnamed_classes(pieces, content);
    pieces = trim::without_missing_fonts(pieces);
    // Ours comes last so that it wins, and before unused properties go, as it uses some.
    pieces.extend(parse_file(&page.join("images.css"))?);
    pieces = trim::without_unused_properties(pieces);
    Ok(parse::print(&pieces))
}

fn parse_file(file: &Path) -> Result<Vec<parse::Piece>> {
    parse::parse(&read(file)?).with_context(|| format!("failed to parse {}", file.display()))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))
}
