// SPDX-License-Identifier: LGPL-2.1-or-later

//! Names of objects inside the paths of the API.

/// The longest name that the API accepts, in bytes.
const LONGEST: usize = 253;

/// Whether this may be the name of an object, and so stand in a path: nothing that the API would
/// accept as a name can leave its place there.
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    (1..=LONGEST).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        for name in ["registry", "system:image-pruner", "ip-10-0-0-1.ec2.internal", "a..b"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a%2Fb", "a?b", "a b", "é", &"x".repeat(254)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
