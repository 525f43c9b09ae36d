// SPDX-License-Identifier: LGPL-2.1-or-later

//! Numbers and texts as bytes.

use std::fmt;

use images_proto::Digest;

/// What was read is no block of a catalog, or none that follows those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it makes no sense")
    }
}

impl std::error::Error for Damaged {}

/// Things in a row, with their number before them.
#[derive(Default)]
pub(super) struct Section {
    count: u64,
    bytes: Vec<u8>,
}

impl Section {
    /// Where the next thing is written.
    pub(super) fn next(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        &mut self.bytes
    }

    /// Writes all of it, and begins anew.
    pub(super) fn move_to(&mut self, output: &mut Vec<u8>) {
        put_number(output, self.count);
        output.append(&mut self.bytes);
        self.count = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

pub(super) fn put_number(output: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        output.push(number as u8 | 0x80);
        number >>= 7;
    }
    output.push(number as u8);
}

/// Zero is nothing.
pub(super) fn put_optional(output: &mut Vec<u8>, number: Option<u64>) {
    // The largest number is no size of anything and no time.
    put_number(output, number.map_or(0, |number| number.saturating_add(1)));
}

pub(super) fn put_text(output: &mut Vec<u8>, text: &str) {
    put_number(output, text.len() as u64);
    output.extend_from_slice(text.as_bytes());
}

/// What is left to be read.
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Damaged)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Damaged);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    pub(super) fn optional(&mut self) -> Result<Option<u64>, Damaged> {
        Ok(self.number()?.checked_sub(1))
    }

    /// How many things follow. Each takes a byte at least, so room can be made for them.
    pub(super) fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if count > self.0.len() { Err(Damaged) } else { Ok(count) }
    }

    /// The same where there may be nothing.
    pub(super) fn optional_count(&mut self) -> Result<Option<usize>, Damaged> {
        let Some(count) = self.optional()? else { return Ok(None) };
        let count = usize::try_from(count).map_err(|_| Damaged)?;
        if count > self.0.len() { Err(Damaged) } else { Ok(Some(count)) }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Damaged)
    }

    pub(super) fn digest(&mut self) -> Result<Digest, Damaged> {
        let (digest, rest) = self.0.split_first_chunk().ok_or(Damaged)?;
        self.0 = rest;
        Ok(Digest::from_bytes(*digest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_is_read(numbers in prop::collection::vec(any::<u64>(), 0..9), text in ".*") {
            let mut output = Vec::new();
            for number in &numbers {
                put_number(&mut output, *number >> (number % 64));
            }
            put_text(&mut output, &text);
            put_optional(&mut output, None);
            put_optional(&mut output, Some(0));
            let mut bytes = Bytes::of(&output);
            for number in &numbers {
                prop_assert_eq!(bytes.number(), Ok(*number >> (number % 64)));
            }
            prop_assert_eq!(bytes.text(), Ok(&*text));
            prop_assert_eq!((bytes.optional(), bytes.optional()), (Ok(None), Ok(Some(0))));
            prop_assert_eq!(bytes.len(), 0);
            prop_assert_eq!(bytes.number(), Err(Damaged));
        }
    }

    #[test]
    fn numbers_beyond_64_bits_and_counts_beyond_the_end_are_refused() {
        assert_eq!(Bytes::of(&[0xff; 11]).number(), Err(Damaged));
        let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Bytes::of(&largest).number(), Ok(u64::MAX));
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Bytes::of(&beyond).number(), Err(Damaged));
        assert_eq!(Bytes::of(&[3, 0, 0]).count(), Err(Damaged));
        assert_eq!(Bytes::of(&[2, 0, 0]).count(), Ok(2));
        assert_eq!(Bytes::of(&[2, b'a', 0xff]).text(), Err(Damaged));
        assert_eq!(Bytes::of(&[0; 31]).digest(), Err(Damaged));
    }
}
