// SPDX-License-Identifier: LGPL-2.1-or-later
//! Layers made on the spot: small, and the same bytes every time.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::identifier::digest_of;

/// A layer, packed.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// Of the packed bytes.
    pub(crate) digest: String,
    /// Of the tar archive.
    pub(crate) diff_id: String,
    pub(crate) packed: Vec<u8>,
    /// The command that made it, as the image's history tells it.
    pub(crate) command: String,
}

impl Layer {
    /// Packs some files; beside the texts lies a file of `noise` bytes that cannot be packed.
    ///
    /// # Errors
    /// When a path is too long for a tar archive.
    pub(crate) fn pack(
        command: &str,
        texts: &[(&str, &str)],
        noise: usize,
    ) -> std::io::Result<Self> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in texts {
            add(&mut archive, path, text.as_bytes())?;
        }
        if noise > 0 {
            add(&mut archive, "usr/lib/payload.bin", &noise_of(command, noise))?;
        }
        let tar = archive.into_inner()?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&tar)?;
        let packed = encoder.finish()?;
        let (digest, diff_id) = (digest_of(&packed), digest_of(&tar));
        Ok(Self { digest, diff_id, packed, command: command.to_owned() })
    }
}

fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, path, content)
}

/// Bytes that look random but follow from a text.
fn noise_of(text: &str, length: usize) -> Vec<u8> {
    // FNV-1a to begin with, xorshift to go on.
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    });
    words.flat_map(u64::to_le_bytes).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_digest() {
        let layer = Layer::pack("RUN a", &[("etc/a", "a\n")], 100).unwrap();
        assert_eq!(layer.digest, Layer::pack("RUN a", &[("etc/a", "a\n")], 100).unwrap().digest);
        assert_ne!(layer.digest, Layer::pack("RUN b", &[("etc/a", "a\n")], 100).unwrap().digest);
        assert_ne!(layer.digest, layer.diff_id);
    }
}
