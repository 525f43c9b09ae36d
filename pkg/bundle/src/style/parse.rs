// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reads and prints style sheets, as far as trimming needs it: blocks, declarations, statements.

use std::iter::Peekable;
use std::str::CharIndices;

use anyhow::{Result, bail};

/// One piece of a style sheet, without comments and needless white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A selector or an at-rule and its block.
    Block {
        /// What stands before the brace.
        prelude: String,
        /// What stands between the braces.
        content: Vec<Piece>,
    },
    /// `name: value` within a block.
    Declaration {
        /// The property, as written.
        name: String,
        /// All after the first colon, `!important` included.
        value: String,
    },
    /// An at-rule without a block, such as `@charset`.
    Statement(String),
}

/// Reads a style sheet.
pub(crate) fn parse(text: &str) -> Result<Vec<Piece>> {
    let mut reader = Reader { characters: text.char_indices().peekable() };
    let (pieces, end) = reader.pieces(0)?;
    match end {
        End::Input => Ok(pieces),
        End::Brace => bail!("a closing brace too many"),
    }
}

/// Prints a style sheet, one top-level piece a line.
pub(crate) fn print(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        print_piece(piece, &mut text);
        text.push('\n');
    }
    text
}

fn print_piece(piece: &Piece, text: &mut String) {
    match piece {
        Piece::Block { prelude, content } => {
            text.push_str(prelude);
            text.push('{');
            for piece in content {
                print_piece(piece, text);
            }
            text.push('}');
        }
        Piece::Declaration { name, value } => {
            text.push_str(name);
            text.push(':');
            text.push_str(value);
            text.push(';');
        }
        Piece::Statement(statement) => {
            text.push_str(statement);
            text.push(';');
        }
    }
}

/// Blocks within blocks that are still read; PatternFly has three.
const DEPTH_LIMIT: usize = 16;

#[derive(PartialEq, Eq)]
enum End {
    Brace,
    Input,
}

struct Reader<'a> {
    characters: Peekable<CharIndices<'a>>,
}

impl Reader<'_> {
    fn pieces(&mut self, depth: usize) -> Result<(Vec<Piece>, End)> {
        if depth > DEPTH_LIMIT {
            bail!("blocks are nested too deep");
        }
        let mut pieces = Vec::new();
        loop {
            let (text, stop) = self.until_stop()?;
            let text = text.trim().to_owned();
            match stop {
                Some('{') => {
                    let (content, end) = self.pieces(depth + 1)?;
                    if end == End::Input {
                        bail!("the block of `{text}` is not closed");
                    }
                    pieces.push(Piece::Block { prelude: text, content });
                }
                stop => {
                    if !text.is_empty() {
                        pieces.push(declaration_or_statement(text)?);
                    }
                    match stop {
                        Some('}') => return Ok((pieces, End::Brace)),
                        None => return Ok((pieces, End::Input)),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Reads up to the next `{`, `}` or `;` that is not within parentheses or a string.
    fn until_stop(&mut self) -> Result<(String, Option<char>)> {
        let mut text = String::new();
        let mut parentheses = 0_usize;
        while let Some((_, character)) = self.characters.next() {
            match character {
                '/' if self.next_is('*') => self.skip_comment()?,
                '"' | '\'' => self.string(character, &mut text)?,
                '\\' => {
                    text.push(character);
                    text.extend(self.characters.next().map(|(_, escaped)| escaped));
                }
                '{' | '}' | ';' if parentheses == 0 => return Ok((text, Some(character))),
                _ if character.is_whitespace() => {
                    if !text.ends_with(' ') {
                        text.push(' ');
                    }
                }
                _ => {
                    match character {
                        '(' => parentheses += 1,
                        ')' => parentheses = parentheses.saturating_sub(1),
                        _ => {}
                    }
                    text.push(character);
                }
            }
        }
        Ok((text, None))
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.characters.next_if(|&(_, character)| character == wanted).is_some()
    }

    fn skip_comment(&mut self) -> Result<()> {
        while let Some((_, character)) = self.characters.next() {
            if character == '*' && self.next_is('/') {
                return Ok(());
            }
        }
        bail!("a comment is not closed")
    }

    fn string(&mut self, quote: char, text: &mut String) -> Result<()> {
        text.push(quote);
        while let Some((_, character)) = self.characters.next() {
            text.push(character);
            if character == quote {
                return Ok(());
            }
            if character == '\\' {
                text.extend(self.characters.next().map(|(_, escaped)| escaped));
            }
        }
        bail!("a string is not closed")
    }
}

fn declaration_or_statement(text: String) -> Result<Piece> {
    if text.starts_with('@') {
        return Ok(Piece::Statement(text));
    }
    match text.split_once(':') {
        Some((name, value)) => Ok(Piece::Declaration {
            name: name.trim_end().to_owned(),
            value: value.trim_start().to_owned(),
        }),
        None => bail!("`{text}` is not a declaration"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_printed_without_comments_and_white_space() {
        let text = "@charset \"a;b\";\n/* {c} */ a:hover,\n b > c { color : red ; }\n\
                    @media (min-width: 1px) {\n a { --x: url(data:a;b{}) !important }\n}\n";
        assert_eq!(
            print(&parse(text).unwrap()),
            "@charset \"a;b\";\na:hover, b > c{color:red;}\n\
             @media (min-width: 1px){a{--x:url(data:a;b{}) !important;}}\n"
        );
    }

    #[test]
    fn printing_and_reading_again_changes_nothing() {
        let text = r#"a{content:"\"} ;";--y:[x];}"#;
        let once = parse(text).unwrap();
        assert_eq!(parse(&print(&once)).unwrap(), once);
    }

    #[test]
    fn broken_sheets_are_refused() {
        for text in ["a{", "a}", "a{b}", "/* a", "a{content:'}", &"a{".repeat(20)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
