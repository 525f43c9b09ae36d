// SPDX-License-Identifier: LGPL-2.1-or-later

//! Cockpit's framing: `LENGTH\nCHANNEL\nPAYLOAD` (Cockpit's doc/protocol.md, "Framing").
//!
//! LENGTH is decimal and counts what follows its newline; an empty CHANNEL marks a control message.
//! Knows bytes only: no JSON, no images.

use std::str;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// The largest frame we take, in bytes. The page's messages are small; cockpit-ws itself refuses
/// single WebSocket frames of 128 KiB.
pub const MAX_FRAME: usize = 1024 * 1024;

/// The most digits of a length, as in Cockpit's C code; a tenth byte without a newline is an error
/// there.
const MAX_DIGITS: usize = 8;

/// The longest channel id that is kept from a frame that is skipped.
const MAX_CHANNEL: usize = 256;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The channel's id, empty for a control message.
    pub channel: String,
    /// The content.
    pub payload: Bytes,
}

/// What was read: a frame, or the news that one could not be used. Either way the stream goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A good frame.
    Frame(Frame),
    /// A frame of more than [`MAX_FRAME`] bytes was skipped.
    TooLong {
        /// Its channel, as far as it could be read.
        channel: Option<String>,
        /// Its length in bytes.
        length: usize,
    },
    /// A frame had no channel line, or one that is no UTF-8, and was skipped.
    NoChannel,
}

/// The stream cannot be read on: after a broken length nobody knows where the next frame starts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The length is no canonical decimal number of at most 8 digits.
    #[error("a frame begins with a broken length")]
    Length,
    /// The stream ended inside a frame.
    #[error("the input ended inside a frame")]
    Truncated,
    /// Reading or writing failed.
    #[error("the stream to Cockpit failed")]
    Io(#[from] std::io::Error),
}

/// Splits a byte stream into frames, whatever the pieces it arrives in.
#[derive(Debug, Default)]
pub struct Codec {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// The next byte belongs to a length.
    #[default]
    Length,
    /// A frame of this many bytes follows.
    Body(usize),
    /// This many bytes of a frame that was too long are still to be dropped.
    Skip(usize),
}

impl Decoder for Codec {
    type Item = Incoming;
    type Error = Error;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Error> {
        loop {
            match self.state {
                State::Length => {
                    let Some(length) = take_length(input)? else { return Ok(None) };
                    self.state = State::Body(length);
                }
                State::Body(length) if length > MAX_FRAME => {
                    // The channel's line tells whom to answer; wait for it before skipping.
                    let newline = input.iter().take(MAX_CHANNEL).position(|byte| *byte == b'\n');
                    if newline.is_none() && input.len() < MAX_CHANNEL {
                        return Ok(None);
                    }
                    let channel = newline.and_then(|end| channel_id(&input[..end]));
                    self.state = State::Skip(length);
                    return Ok(Some(Incoming::TooLong { channel, length }));
                }
                State::Body(length) => {
                    if input.len() < length {
                        input.reserve(length - input.len());
                        return Ok(None);
                    }
                    self.state = State::Length;
                    return Ok(Some(split_channel(input.split_to(length).freeze())));
                }
                State::Skip(left) => {
                    let dropped = left.min(input.len());
                    input.advance(dropped);
                    if dropped < left {
                        self.state = State::Skip(left - dropped);
                        return Ok(None);
                    }
                    self.state = State::Length;
                }
            }
        }
    }

    fn decode_eof(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Error> {
        match self.decode(input)? {
            Some(incoming) => Ok(Some(incoming)),
            None if input.is_empty() && matches!(self.state, State::Length) => Ok(None),
            None => Err(Error::Truncated),
        }
    }
}

impl Encoder<Frame> for Codec {
    type Error = Error;

    fn encode(&mut self, frame: Frame, output: &mut BytesMut) -> Result<(), Error> {
        let length = frame.channel.len() + 1 + frame.payload.len();
        output.reserve(length + MAX_DIGITS + 1);
        output.put_slice(length.to_string().as_bytes());
        output.put_u8(b'\n');
        output.put_slice(frame.channel.as_bytes());
        output.put_u8(b'\n');
        output.put(frame.payload);
        Ok(())
    }
}

/// Takes a whole length line off the input; `None` when it has not arrived yet.
fn take_length(input: &mut BytesMut) -> Result<Option<usize>, Error> {
    let window = &input[..input.len().min(MAX_DIGITS + 1)];
    let digits = window.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(window.len());
    let canonical = digits <= MAX_DIGITS && (digits < 2 || window[0] != b'0');
    let length = match window.get(digits) {
        None if canonical => return Ok(None),
        Some(b'\n') if canonical => {
            str::from_utf8(&window[..digits]).ok().and_then(|text| text.parse().ok())
        }
        _ => None,
    };
    let length = length.ok_or(Error::Length)?;
    input.advance(digits + 1);
    Ok(Some(length))
}

fn split_channel(body: Bytes) -> Incoming {
    let Some(end) = body.iter().position(|byte| *byte == b'\n') else { return Incoming::NoChannel };
    match channel_id(&body[..end]) {
        Some(channel) => Incoming::Frame(Frame { channel, payload: body.slice(end + 1..) }),
        None => Incoming::NoChannel,
    }
}

fn channel_id(bytes: &[u8]) -> Option<String> {
    str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode_all(chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<Incoming>, Error> {
        let mut codec = Codec::default();
        let mut input = BytesMut::new();
        let mut frames = Vec::new();
        for chunk in chunks {
            input.extend_from_slice(&chunk);
            while let Some(frame) = codec.decode(&mut input)? {
                frames.push(frame);
            }
        }
        while let Some(frame) = codec.decode_eof(&mut input)? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn frame(channel: &str, payload: &[u8]) -> Frame {
        Frame { channel: channel.to_owned(), payload: Bytes::copy_from_slice(payload) }
    }

    proptest! {
        #[test]
        fn frames_survive_any_split(
            frames in prop::collection::vec(("[a-z0-9:!]{0,6}", prop::collection::vec(any::<u8>(), 0..50)), 0..5),
            size in 1_usize..9,
        ) {
            let frames: Vec<_> = frames.iter().map(|(id, payload)| frame(id, payload)).collect();
            let mut bytes = BytesMut::new();
            for frame in &frames {
                Codec::default().encode(frame.clone(), &mut bytes).unwrap();
            }
            let read = decode_all(bytes.chunks(size).map(<[u8]>::to_vec)).unwrap();
            let expected: Vec<_> = frames.into_iter().map(Incoming::Frame).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let whole = format!("{:?}", decode_all([bytes.clone()]));
            let split = format!("{:?}", decode_all(bytes.iter().map(|byte| vec![*byte])));
            prop_assert_eq!(whole, split);
        }
    }

    #[test]
    fn broken_lengths_end_the_stream() {
        for text in ["x\n", "-1\n", " 1\n", "01\na", "123456789\n", "\n", "1 \n"] {
            let read = decode_all([text.as_bytes().to_vec()]);
            assert!(matches!(read, Err(Error::Length)), "{text:?} gave {read:?}");
        }
        assert!(matches!(decode_all([b"5\na".to_vec()]), Err(Error::Truncated)));
        assert!(matches!(decode_all([b"5".to_vec()]), Err(Error::Truncated)));
    }

    #[test]
    fn unusable_frames_are_skipped_and_the_next_is_read() {
        let mut bytes = b"3\nabc4\n\xff\xff\nx".to_vec();
        bytes.extend_from_slice(format!("{}\nbig\n", MAX_FRAME + 4).as_bytes());
        bytes.extend(std::iter::repeat_n(b'9', MAX_FRAME));
        bytes.extend_from_slice(b"3\na\nb");
        let read = decode_all(bytes.chunks(1000).map(<[u8]>::to_vec)).unwrap();
        assert_eq!(
            read,
            [
                Incoming::NoChannel,
                Incoming::NoChannel,
                Incoming::TooLong { channel: Some("big".to_owned()), length: MAX_FRAME + 4 },
                Incoming::Frame(frame("a", b"b")),
            ]
        );
    }
}
