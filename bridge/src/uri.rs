// SPDX-License-Identifier: LGPL-2.1-or-later

//! Names inside of paths and queries.

use std::fmt::Write;

/// Percent-encodes all but what RFC 3986 calls unreserved, and `:`, which digests have.
pub fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            escaped.push(byte as char);
        } else {
            // Writing to a String does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_leave_its_place() {
        assert_eq!(escaped("a/b c&n=1?#%"), "a%2Fb%20c%26n%3D1%3F%23%25");
        assert_eq!(escaped("sha256:0a-b_c.d~"), "sha256:0a-b_c.d~");
        assert_eq!(escaped("é"), "%C3%A9");
    }
}
