// SPDX-License-Identifier: LGPL-2.1-or-later
//! Numbers that look random and are the same for the same seed.

/// A source of them. What is drawn depends on the seed, what it is for and its number alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    seed: u64,
}

/// What a number is drawn for.
#[derive(Debug, Clone, Copy)]
pub(super) enum For {
    Digest,
    Config,
    Layer,
    Uid,
    Commit,
    Profile,
    Tags,
    Interval,
    Size,
    Signature,
    Orphan,
    Event,
    Text,
}

impl Noise {
    /// That of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed: mix(seed) }
    }

    /// A number.
    pub(super) fn draw(self, what: For, number: u64) -> u64 {
        mix(mix(self.seed ^ mix(what as u64)) ^ number)
    }

    /// A number below another one, which is not 0.
    pub(super) fn below(self, what: For, number: u64, end: u64) -> u64 {
        self.draw(what, number) % end.max(1)
    }

    /// Lower-case hexadecimal digits, at most 64.
    pub(super) fn hex(self, what: For, number: u64, digits: usize) -> String {
        let mut text = String::with_capacity(64);
        let mut word = self.draw(what, number);
        while text.len() < digits {
            push_hex(&mut text, word);
            word = mix(word);
        }
        text.truncate(digits);
        text
    }

    /// `sha256:…` of something.
    pub(super) fn digest(self, what: For, number: u64) -> String {
        format!("sha256:{}", self.hex(what, number, 64))
    }

    /// A uid of version 4.
    pub(super) fn uid(self, number: u64) -> String {
        let hex = self.hex(For::Uid, number, 32);
        let at = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-a{}-{}", at(0, 8), at(8, 12), at(13, 16), at(17, 20), at(20, 32))
    }

    /// The digest of the image with that number. Its first digits grow with the rank, so that no
    /// index is needed to find it again.
    pub(super) fn digest_at(self, rank: u32, number: u32, count: u32) -> String {
        let start = first_prefix(rank, count);
        let width = first_prefix(rank + 1, count) - start;
        let prefix = start + self.below(For::Digest, u64::from(number), width);
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        let mut hex = String::with_capacity(16);
        push_hex(&mut hex, prefix);
        text.push_str(hex.get(8..).unwrap_or_default());
        let mut word = self.draw(For::Digest, u64::from(number) | 1 << 40);
        while text.len() < 71 {
            push_hex(&mut text, word);
            word = mix(word);
        }
        text.truncate(71);
        text
    }
}

/// The rank whose digest alone may begin as this one; none if it is no whole digest.
pub(super) fn rank_of(digest: &str, count: u32) -> Option<u32> {
    if !crate::identifier::is_digest(digest) {
        return None;
    }
    let prefix = u64::from_str_radix(digest.get(7..15)?, 16).ok()?;
    u32::try_from((prefix * u64::from(count)) >> 32).ok()
}

/// The smallest first 32 bits of the digest with that rank.
fn first_prefix(rank: u32, count: u32) -> u64 {
    (u64::from(rank) << 32).div_ceil(u64::from(count.max(1)))
}

fn push_hex(text: &mut String, word: u64) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    text.extend((0..16).rev().map(|place| DIGITS[((word >> (4 * place)) & 15) as usize]));
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(number: u64) -> u64 {
    let mut word = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_found_by_its_first_digits() {
        let noise = Noise::new(7);
        for count in [1, 10, 999, 1_000_000] {
            for rank in [0, count / 3, count - 1] {
                let digest = noise.digest_at(rank, rank ^ 5, count);
                assert!(crate::identifier::is_digest(&digest), "{digest}");
                assert_eq!(rank_of(&digest, count), Some(rank), "{digest} of {count}");
            }
        }
        assert_eq!(rank_of("sha256:ff", 10), None);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let one = Noise::new(1);
        assert_eq!(one.uid(3), Noise::new(1).uid(3));
        assert_ne!(one.uid(3), Noise::new(2).uid(3));
        assert_ne!(one.draw(For::Layer, 3), one.draw(For::Size, 3));
        assert_eq!(one.uid(3).len(), 36);
    }
}
