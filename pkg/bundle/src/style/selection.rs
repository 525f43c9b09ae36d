// SPDX-License-Identifier: LGPL-2.1-or-later

//! The file `stylesheets`: which parts of PatternFly the page is made of.

use std::path::{Component, Path};

use anyhow::{Result, bail, ensure};

/// What to take from PatternFly.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Style sheets in the order of the cascade, relative to the npm package.
    pub(crate) sheets: Vec<String>,
    /// Beginnings of class names; selectors with such a class are left out.
    pub(crate) left_out: Vec<String>,
}

impl Selection {
    /// Reads lines of the forms `use SHEET` and `omit .PREFIX`; `#` starts a comment.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut selection = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            match line.split_once(' ').map(|(verb, rest)| (verb, rest.trim())) {
                None if line.is_empty() => {}
                Some(("use", sheet)) => {
                    let inside =
                        Path::new(sheet).components().all(|c| matches!(c, Component::Normal(_)));
                    ensure!(inside, "line {number}: {sheet} leaves the package");
                    selection.sheets.push(sheet.to_owned());
                }
                Some(("omit", class)) if class.len() > 1 && class.starts_with('.') => {
                    selection.left_out.push(class.to_owned());
                }
                _ => bail!("line {number}: expected `use SHEET` or `omit .PREFIX`"),
            }
        }
        Ok(selection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_order() {
        let selection = Selection::parse("# all\nuse b.css\nuse a/a.css # why\n\nomit .fa\n");
        assert_eq!(
            selection.unwrap(),
            Selection {
                sheets: vec!["b.css".to_owned(), "a/a.css".to_owned()],
                left_out: vec![".fa".to_owned()],
            }
        );
    }

    #[test]
    fn anything_else_is_an_error() {
        for line in ["b.css", "use ../b.css", "use /b.css", "omit fa", "omit .", "drop .fa"] {
            assert!(Selection::parse(line).is_err(), "{line}");
        }
    }
}
