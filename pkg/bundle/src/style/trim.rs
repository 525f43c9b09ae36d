// SPDX-License-Identifier: LGPL-2.1-or-later

//! Leaves out what the page cannot use. PatternFly defines some thousand design tokens for every
//! theme; a page needs a tenth.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use super::parse::Piece;

/// Leaves out selectors that ask for a class beginning with one of the prefixes.
pub(crate) fn without_classes(pieces: Vec<Piece>, prefixes: &[String]) -> Vec<Piece> {
    let asks = |selector: &str| {
        let positive = without_negations(selector);
        prefixes.iter().any(|prefix| positive.contains(prefix.as_str()))
    };
    filter_blocks(pieces, &|prelude| {
        if prelude.starts_with('@') {
            return Some(prelude.to_owned());
        }
        let kept: Vec<&str> = selectors(prelude).into_iter().filter(|s| !asks(s)).collect();
        (!kept.is_empty()).then(|| kept.join(","))
    })
}

/// Leaves out selectors that ask for a class whose name occurs nowhere in what the page is made of.
///
/// The page names its classes whole, so they stand in the compiled program as they are, though
/// perhaps with another literal right beside them. What is within parentheses, as of `:where(…)`, may be an alternative and is not looked at.
pub(crate) fn without_unnamed_classes(pieces: Vec<Piece>, page: &[u8]) -> Vec<Piece> {
    let unnamed = |selector: &str| {
        classes(&without_parentheses(selector))
            .any(|class| memmem::find(page, class.as_bytes()).is_none())
    };
    filter_blocks(pieces, &|prelude| {
        if prelude.starts_with('@') {
            return Some(prelude.to_owned());
        }
        let kept: Vec<&str> = selectors(prelude).into_iter().filter(|s| !unnamed(s)).collect();
        (!kept.is_empty()).then(|| kept.join(","))
    })
}

/// The class names of a selector, without their dots.
fn classes(selector: &str) -> impl Iterator<Item = &str> {
    selector.split('.').skip(1).map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// The selector without anything that stands in parentheses.
fn without_parentheses(selector: &str) -> String {
    let mut depth = 0_i32;
    selector
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

/// Leaves out PatternFly's fonts: Cockpit serves the same ones, and our own sheet names them.
pub(crate) fn without_missing_fonts(pieces: Vec<Piece>) -> Vec<Piece> {
    filter_blocks(pieces, &|prelude| (prelude != "@font-face").then(|| prelude.to_owned()))
}

/// Leaves out custom properties that nothing refers to, directly or through other ones.
pub(crate) fn without_unused_properties(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut defined: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut wanted = Vec::new();
    collect_references(&pieces, &mut defined, &mut wanted);
    let mut used = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if let Some(references) = defined.get(&name)
            && used.insert(name)
        {
            wanted.extend(references.iter().cloned());
        }
    }
    retain_properties(pieces, &used)
}

fn collect_references(
    pieces: &[Piece],
    defined: &mut BTreeMap<String, BTreeSet<String>>,
    wanted: &mut Vec<String>,
) {
    for piece in pieces {
        match piece {
            Piece::Block { content, .. } => collect_references(content, defined, wanted),
            Piece::Declaration { name, value } if name.starts_with("--") => {
                defined.entry(name.clone()).or_default().extend(references(value));
            }
            Piece::Declaration { value, .. } => wanted.extend(references(value)),
            Piece::Statement(_) => {}
        }
    }
}

fn retain_properties(pieces: Vec<Piece>, used: &BTreeSet<String>) -> Vec<Piece> {
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Declaration { ref name, .. } if name.starts_with("--") => {
                used.contains(name).then_some(piece)
            }
            Piece::Block { prelude, content } => {
                let content = retain_properties(content, used);
                (!content.is_empty()).then_some(Piece::Block { prelude, content })
            }
            piece => Some(piece),
        })
        .collect()
}

/// Names of custom properties that occur in a value.
fn references(value: &str) -> impl Iterator<Item = String> {
    value.split("var(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| c == ',' || c == ')' || c.is_whitespace());
        end.map(|end| rest[..end].to_owned())
    })
}

/// Maps the prelude of every block at any depth; `None` leaves the block out.
fn filter_blocks(pieces: Vec<Piece>, map: &impl Fn(&str) -> Option<String>) -> Vec<Piece> {
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Block { prelude, content } => {
                let prelude = map(&prelude)?;
                Some(Piece::Block { prelude, content: filter_blocks(content, map) })
            }
            piece => Some(piece),
        })
        .collect()
}

/// Splits a list of selectors at the commas that are not within parentheses.
fn selectors(prelude: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    prelude
        .split(|character| {
            match character {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            character == ',' && depth == 0
        })
        .map(str::trim)
        .collect()
}

/// The selector without `:not(…)`: what it says there, it does not ask for.
fn without_negations(selector: &str) -> String {
    let mut positive = String::new();
    let mut rest = selector;
    while let Some((before, after)) = rest.split_once(":not(") {
        positive.push_str(before);
        let mut depth = 1;
        let end = after.find(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    positive.push_str(rest);
    positive
}

#[cfg(test)]
mod tests {
    use super::super::parse::{parse, print};
    use super::*;

    fn trimmed(text: &str, trim: impl Fn(Vec<Piece>) -> Vec<Piece>) -> String {
        print(&trim(parse(text).unwrap()))
    }

    #[test]
    fn selectors_go_one_by_one() {
        let omit = [".glass".to_owned()];
        assert_eq!(
            trimmed(
                "a,:is(.glass, b),c:not(.glass){x:y} @media print{.glass-x{x:y} d{x:y}}",
                |pieces| without_classes(pieces, &omit)
            ),
            "a,c:not(.glass){x:y;}\n@media print{d{x:y;}}\n"
        );
    }

    #[test]
    fn classes_that_the_page_never_names_go() {
        let page = b"\0pf-c-tablepf-m-gridclass=\"ours\"";
        assert_eq!(
            trimmed(
                ".pf-c-table{a:b} .pf-c-table.pf-m-plain,.ours:where(.other){a:b} p .pf-m-gr:hover{a:b} .pf-m-grids{a:b}",
                |pieces| without_unnamed_classes(pieces, page)
            ),
            ".pf-c-table{a:b;}\n.ours:where(.other){a:b;}\np .pf-m-gr:hover{a:b;}\n"
        );
    }

    #[test]
    fn properties_stay_when_used_through_others() {
        assert_eq!(
            trimmed(
                ":root{--a:var(--b, 1px);--b:2px;--c:var(--d);--d:3px} p{margin:calc(var( --a ) * 2)}",
                without_unused_properties
            ),
            ":root{--a:var(--b, 1px);--b:2px;}\np{margin:calc(var( --a ) * 2);}\n"
        );
    }

    #[test]
    fn a_property_that_only_names_itself_goes() {
        assert_eq!(trimmed("a{--a:var(--a);b:c}", without_unused_properties), "a{b:c;}\n");
    }
}
