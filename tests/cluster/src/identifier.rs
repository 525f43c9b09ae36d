// SPDX-License-Identifier: LGPL-2.1-or-later
//! Digests, uids and tokens.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

/// `sha256:…` of some bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(digest(&SHA256, bytes).as_ref()))
}

/// Whether a text is a whole sha256 digest.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|rest| {
        rest.len() == 64 && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// A random uid.
pub(crate) fn uid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A random bearer token in the form of OpenShift's.
pub(crate) fn token() -> String {
    format!("sha256~{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// A random password.
pub(crate) fn password() -> String {
    URL_SAFE_NO_PAD.encode(random::<12>())
}

/// Five characters as Kubernetes puts them behind a generated name.
pub(crate) fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let pick = |byte: u8| LETTERS.get(usize::from(byte) % LETTERS.len()).copied();
    random::<5>().into_iter().filter_map(pick).map(char::from).collect()
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without randomness the machine could not have made a TLS connection either.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_recognised() {
        assert!(is_digest(&digest_of(b"x")));
        assert!(!is_digest("sha256:abc"));
        assert!(!is_digest("latest"));
        assert_ne!(uid(), uid());
    }
}
