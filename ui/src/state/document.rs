// SPDX-License-Identifier: LGPL-2.1-or-later

//! A raw JSON document made readable, within bounds.

/// The most bytes that are put on the screen; browsers grow slow beyond.
pub const LONGEST: usize = 256 * 1024;

/// A document ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    /// The text, indented if it is JSON and short enough.
    pub text: String,
    /// Whether only the beginning is in `text`.
    pub cut: bool,
}

/// Indents JSON without changing a character of its strings and numbers, so what is shown is what
/// the registry has. Text that is no JSON comes back as it is.
pub fn readable(text: &str) -> Readable {
    let indented = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let text = if indented { indent(text) } else { text.to_owned() };
    if text.len() <= LONGEST {
        return Readable { text, cut: false };
    }
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Readable { text: text[..end].to_owned(), cut: true }
}

/// Lays valid JSON out anew, two spaces a level.
fn indent(json: &str) -> String {
    let mut out = String::with_capacity(json.len().min(LONGEST) * 2);
    let mut depth = 0_usize;
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = json.chars().peekable();
    while let Some(character) = rest.next() {
        // The caller cuts there anyway.
        if out.len() > LONGEST {
            break;
        }
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                out.push(character);
                while rest.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match rest.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                out.push(character);
                in_string = true;
            }
            _ => out.push(character),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    // A document nested a thousand levels deep needs no thousand indents.
    out.extend(std::iter::repeat_n("  ", depth.min(40)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn indents_json_and_nothing_else() {
        let text = r#"{"a":[1.50,{"b":"x, \"{y}\" \\"}],"c":{ },"d":[]}"#;
        let expected = "{\n  \"a\": [\n    1.50,\n    {\n      \"b\": \"x, \\\"{y}\\\" \\\\\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}";
        assert_eq!(readable(text), Readable { text: expected.to_owned(), cut: false });
        assert_eq!(readable("<html>, {").text, "<html>, {");
    }

    #[test]
    fn a_huge_document_is_cut_between_characters() {
        let document = readable(&format!("[\"{}\"]", "ü".repeat(LONGEST)));
        assert!(document.cut && document.text.len() <= LONGEST);
        assert!(readable(&"é".repeat(LONGEST)).cut);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = readable(&text);
        }

        #[test]
        fn the_same_document_in_other_clothes(words in prop::collection::vec(".{0,8}", 0..6)) {
            let json = serde_json::to_string(&words).unwrap();
            let back: Vec<String> = serde_json::from_str(&readable(&json).text).unwrap();
            prop_assert_eq!(back, words);
        }
    }
}
