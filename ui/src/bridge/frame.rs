// SPDX-License-Identifier: LGPL-2.1-or-later

//! Frames of Cockpit's protocol (doc/protocol.md, "Framing"), for the page that runs the bridge
//! itself: decimal length, newline, channel, newline, payload.

/// The longest frame taken from the bridge, in bytes. Its longest answer is a window of rows or a
/// raw manifest, a few MiB.
const LONGEST: usize = 64 * 1024 * 1024;

/// One frame. An empty channel is for control messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The channel's id.
    pub(super) channel: String,
    /// The message.
    pub(super) payload: String,
}

/// The bytes are no frames, so nothing that follows can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoFrame;

/// Writes a frame.
pub(super) fn encode(channel: &str, payload: &str) -> Vec<u8> {
    format!("{}\n{channel}\n{payload}", channel.len() + 1 + payload.len()).into_bytes()
}

/// Takes frames out of bytes that come in any pieces.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    buffer: Vec<u8>,
}

impl Decoder {
    /// Adds bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next whole frame, `None` until there is one.
    ///
    /// # Errors
    /// [`NoFrame`] when the bytes break the rules.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, NoFrame> {
        let digits = self.buffer.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 8 || (digits == 0 && !self.buffer.is_empty()) {
            return Err(NoFrame);
        }
        match self.buffer.get(digits) {
            None => return Ok(None),
            Some(b'\n') => {}
            Some(_) => return Err(NoFrame),
        }
        let length = std::str::from_utf8(&self.buffer[..digits]).ok();
        let length: usize = length.and_then(|digits| digits.parse().ok()).ok_or(NoFrame)?;
        if length > LONGEST {
            return Err(NoFrame);
        }
        let start = digits + 1;
        let Some(body) = self.buffer.get(start..start + length) else { return Ok(None) };
        let frame = parse(body)?;
        self.buffer.drain(..start + length);
        Ok(Some(frame))
    }
}

fn parse(body: &[u8]) -> Result<Frame, NoFrame> {
    let body = std::str::from_utf8(body).map_err(|_| NoFrame)?;
    let (channel, payload) = body.split_once('\n').ok_or(NoFrame)?;
    Ok(Frame { channel: channel.to_owned(), payload: payload.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_survive_any_cut(
            messages in prop::collection::vec(("[a-z0-9]{0,3}", ".{0,40}"), 1..5),
            piece in 1_usize..9,
        ) {
            let bytes: Vec<u8> =
                messages.iter().flat_map(|(channel, payload)| encode(channel, payload)).collect();
            let mut decoder = Decoder::default();
            let mut frames = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.push(piece);
                while let Some(frame) = decoder.next().unwrap() {
                    frames.push((frame.channel, frame.payload));
                }
            }
            prop_assert_eq!(frames, messages);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next() {}
        }
    }

    #[test]
    fn refuses_what_is_no_frame() {
        for bytes in ["hello", "\n", "999999999\n", "99999999\n", "3x", "2\nab"] {
            let mut decoder = Decoder::default();
            decoder.push(bytes.as_bytes());
            assert_eq!(decoder.next(), Err(NoFrame), "{bytes:?}");
        }
        let mut decoder = Decoder::default();
        decoder.push(b"4\na\n");
        assert_eq!(decoder.next(), Ok(None));
    }
}
