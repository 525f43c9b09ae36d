// SPDX-License-Identifier: LGPL-2.1-or-later

//! Words of the command lines that people copy.

use std::borrow::Cow;

/// A word that a shell takes as it is, whatever it holds.
pub fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-._:@/".contains(char);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_word() {
        assert_eq!(word("system:serviceaccount:a:b"), "system:serviceaccount:a:b");
        assert_eq!(word("amy; rm -rf $HOME"), "'amy; rm -rf $HOME'");
        assert_eq!(word("a'b"), r"'a'\''b'");
        assert_eq!(word(""), "''");
    }
}
