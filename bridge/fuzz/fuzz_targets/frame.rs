// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whatever bytes come, whole or split, the codec gives the same frames, and what it gives can be
//! written and read again.

#![no_main]

use bytes::BytesMut;
use images_bridge::frame::{Codec, Incoming};
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::{Decoder, Encoder};

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = decode(bytes.chunks(bytes.len().max(1)));
    let split = decode(bytes.chunks(usize::from(size).max(1)));
    assert_eq!(whole, split);
    let mut written = BytesMut::new();
    let mut good = Vec::new();
    for incoming in whole.0 {
        if let Incoming::Frame(frame) = incoming {
            Codec::default().encode(frame.clone(), &mut written).expect("frames can be written");
            good.push(Incoming::Frame(frame));
        }
    }
    assert_eq!(decode([written.as_ref()].into_iter()), (good, false));
});

/// The frames, and whether the stream broke.
fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Incoming>, bool) {
    let mut codec = Codec::default();
    let mut input = BytesMut::new();
    let mut frames = Vec::new();
    for chunk in chunks {
        input.extend_from_slice(chunk);
        loop {
            match codec.decode(&mut input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, false)
}
