// SPDX-License-Identifier: LGPL-2.1-or-later

//! Texts for people: translated, with things filled in.

use crate::cockpit;

/// The text in the user's language. Extraction for translators looks for `tr(` and `plural(`.
pub fn tr(text: &'static str) -> String {
    cockpit::gettext(text)
}

/// The translated text with `$0`, `$1`, … replaced, as `cockpit.format` does.
pub fn tr_with(text: &'static str, values: &[&str]) -> String {
    fill(&tr(text), values)
}

/// The translated text for `n` things, `$0` replaced by the number.
pub fn plural(one: &'static str, many: &'static str, n: u64) -> String {
    fill(&cockpit::ngettext(one, many, n), &[&crate::browser::number(n)])
}

/// The translated text for `n` things, with `$0`, `$1`, … replaced.
pub fn plural_with(one: &'static str, many: &'static str, n: u64, values: &[&str]) -> String {
    fill(&cockpit::ngettext(one, many, n), values)
}

/// A text that came as part of a sentence, as the beginning of one.
pub fn capitalized(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Replaces `$0` to `$9`. What is filled in is not looked at again, so a value with a `$0` of its
/// own stays as it is.
fn fill(template: &str, values: &[&str]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template.chars().peekable();
    while let Some(character) = rest.next() {
        let idx = rest.peek().and_then(|next| next.to_digit(10)).map(|digit| digit as usize);
        match idx.and_then(|idx| values.get(idx)) {
            Some(value) if character == '$' => {
                out.push_str(value);
                rest.next();
            }
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{capitalized, fill};

    #[test]
    fn fills_each_value_once() {
        assert_eq!(fill("$1 of $0: $0", &["a", "$0"]), "$0 of a: a");
        assert_eq!(fill("costs 5$, $3, 10", &["a"]), "costs 5$, $3, 10");
    }
    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(capitalized("the proxy"), "The proxy");
        assert_eq!(capitalized("über"), "über");
        assert_eq!(capitalized(""), "");
    }
}
