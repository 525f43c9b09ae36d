// SPDX-License-Identifier: LGPL-2.1-or-later

//! The SHA-256 digest that names manifests, configs and layers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 digest, written `sha256:` and 64 lower-case hex digits (OCI image-spec,
/// descriptor.md, "Digests"). Other algorithms are not in use by any registry we know and are
/// refused when parsed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

/// Why a text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestError {
    /// It does not start with `sha256:`.
    Algorithm,
    /// It has not exactly 64 hex digits.
    Hex,
}

impl Digest {
    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits without the algorithm.
    pub fn hex(&self) -> String {
        self.0.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]).collect()
    }

    /// The first 12 hex digits, as people write a digest.
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(12);
        hex
    }

    /// The bytes in words, in the order of the bytes.
    fn words(&self) -> [u64; 4] {
        let (words, _) = self.0.as_chunks();
        std::array::from_fn(|place| u64::from_be_bytes(words[place]))
    }

    /// Parses exactly 64 hex digits, in either case.
    ///
    /// # Errors
    /// [`DigestError::Hex`] for anything else.
    pub fn from_hex(hex: &str) -> Result<Self, DigestError> {
        let (pairs, rest) = hex.as_bytes().as_chunks();
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| DigestError::Hex)?;
        let (mut bytes, mut all) = ([0; 32], 0);
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
            all |= high | low;
            *byte = high << 4 | low;
        }
        if all < 16 && rest.is_empty() { Ok(Self(bytes)) } else { Err(DigestError::Hex) }
    }
}

// By words: a catalog compares and hashes digests by the million, and the first word nearly always
// decides.
impl Ord for Digest {
    fn cmp(&self, other: &Self) -> Ordering {
        self.words().cmp(&other.words())
    }
}

impl PartialOrd for Digest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().into_iter().for_each(|word| state.write_u64(word));
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::from_hex(text.strip_prefix("sha256:").ok_or(DigestError::Algorithm)?)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "a digest starts with \"sha256:\"",
            Self::Hex => "a digest has 64 hex digits",
        })
    }
}

impl std::error::Error for DigestError {}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Digest;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sha256 digest")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Digest, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The first hex digits of a digest, as a person pastes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestPrefix {
    bytes: [u8; 32],
    digits: u8,
}

impl DigestPrefix {
    /// Parses 1 to 64 hex digits in either case; `None` for anything else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        if hex.is_empty() || hex.len() > 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (idx, digit) in hex.bytes().enumerate() {
            let value = (digit as char).to_digit(16)? as u8;
            if let Some(byte) = bytes.get_mut(idx / 2) {
                *byte |= if idx % 2 == 0 { value << 4 } else { value };
            }
        }
        Some(Self { bytes, digits: hex.len() as u8 })
    }

    /// The number of hex digits, 1 to 64.
    #[expect(clippy::len_without_is_empty, reason = "a prefix has at least one digit")]
    pub fn len(&self) -> usize {
        usize::from(self.digits)
    }

    /// The smallest digest that starts with this prefix.
    pub fn lowest(&self) -> Digest {
        Digest(self.bytes)
    }

    /// Whether the digest starts with these digits.
    pub fn matches(&self, digest: &Digest) -> bool {
        let whole = self.len() / 2;
        self.bytes[..whole] == digest.0[..whole]
            && (self.len().is_multiple_of(2) || self.bytes[whole] >> 4 == digest.0[whole] >> 4)
    }
}

/// The value of each hex digit, and 16 for what is none: a source parses millions of digests.
const VALUES: [u8; 256] = {
    let mut values = [16; 256];
    let mut byte = 0;
    while byte < 256 {
        if let Some(value) = (byte as u8 as char).to_digit(16) {
            values[byte] = value as u8;
        }
        byte += 1;
    }
    values
};

const fn hex_digit(value: u8) -> char {
    (if value < 10 { b'0' + value } else { b'a' + value - 10 }) as char
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_and_bytes_are_one_to_one(bytes: [u8; 32]) {
            let digest = Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            prop_assert_eq!(Digest::from_hex(&digest.hex().to_uppercase()), Ok(digest));
        }

        #[test]
        fn their_order_is_that_of_their_text(one: [u8; 32], mut other: [u8; 32], same in 0_usize..=32) {
            other[..same].copy_from_slice(&one[..same]);
            let (one, other) = (Digest::from_bytes(one), Digest::from_bytes(other));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = text.parse::<Digest>();
            let _ = DigestPrefix::from_hex(&text);
        }

        #[test]
        fn a_prefix_matches_as_text_does(bytes: [u8; 32], other: [u8; 32], digits in 1_usize..=64) {
            let (digest, other) = (Digest::from_bytes(bytes), Digest::from_bytes(other));
            let hex = digest.hex();
            let prefix = DigestPrefix::from_hex(&hex[..digits]).unwrap();
            prop_assert!(prefix.matches(&digest));
            prop_assert!(prefix.lowest() <= digest);
            prop_assert_eq!(prefix.matches(&other), other.hex().starts_with(&hex[..digits]));
        }
    }

    #[test]
    fn refuses_what_is_no_sha256() {
        assert_eq!("sha512:00".parse::<Digest>(), Err(DigestError::Algorithm));
        assert_eq!("sha256:00".parse::<Digest>(), Err(DigestError::Hex));
        assert_eq!(format!("sha256:{}", "g".repeat(64)).parse::<Digest>(), Err(DigestError::Hex));
        for length in [63, 65, 66] {
            assert_eq!(Digest::from_hex(&"0".repeat(length)), Err(DigestError::Hex));
        }
        assert_eq!(Digest::from_hex(&format!("{}:", "a".repeat(63))), Err(DigestError::Hex));
        assert!(DigestPrefix::from_hex("").is_none());
        assert!(DigestPrefix::from_hex(&"0".repeat(65)).is_none());
    }
}
