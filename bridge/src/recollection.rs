// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a login learned of a registry, on the disk, so that the next one begins with it.
//!
//! A file for each registry and user, in a folder that only the user of this host reads. A file is
//! written beside the old one and takes its place when it is whole. What is damaged, or of another
//! form, counts as nothing, and is replaced in time. There is no secret in it, only what the registry
//! tells of images.

mod file;
mod folder;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use images_catalog::Catalog;
use images_catalog::blocks::Reader;
use images_proto::Digest;

use self::file::{Header, Input, Output, Piece};
use self::folder::Bounds;

/// What is kept of all registries and users: those used last.
const BOUNDS: Bounds = Bounds { count: 8, bytes: 512 << 20 };
/// Manifests in one piece of a file.
const MANIFESTS: usize = 4096;

/// The recollections of a user of this host.
#[derive(Debug, Default)]
pub struct Recollections {
    /// `None`: there is no home to keep them in.
    folder: Option<PathBuf>,
}

/// Which registry, and who we are there: nobody sees what somebody else read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(Digest);

/// What was known at an earlier login.
pub struct Recollection {
    /// The repositories and all that is in them.
    pub catalog: Catalog,
    /// The bytes of the manifests that were read from a registry.
    pub manifests: HashMap<Digest, u64>,
    /// Since when it goes from one login to the next: seconds since the Unix epoch.
    pub since: i64,
}

/// A recollection that is being written. Unless it is finished, nothing changes.
pub struct Writing {
    output: Output,
    folder: PathBuf,
}

impl Key {
    /// The key of what these words tell from all else.
    pub fn of(words: &str) -> Self {
        let hash = ring::digest::digest(&ring::digest::SHA256, words.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        Self(Digest::from_bytes(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.short())
    }
}

impl Recollections {
    /// Those in the home of the user.
    pub fn from_environment() -> Self {
        let folder = folder::place(std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir());
        Self { folder }
    }

    /// Those in this folder, which need not exist.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder) }
    }

    /// Reads what is remembered. What makes no sense is nothing.
    pub fn read(&self, key: Key) -> Option<Recollection> {
        let path = folder::path(self.folder.as_ref()?, key);
        match read(&path, key) {
            Ok(read) => Some(read),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(
                    file = %path.display(), %error,
                    "what is remembered of a registry cannot be used, so all of it is read again"
                );
                None
            }
        }
    }

    /// Whether there is a home to keep them in.
    pub fn have_a_place(&self) -> bool {
        self.folder.is_some()
    }

    /// Begins to write what is known.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn write(&self, key: Key, since: i64) -> io::Result<Writing> {
        let folder = self.folder.clone().ok_or(io::ErrorKind::NotFound)?;
        folder::create(&folder)?;
        let output = Output::create(folder::path(&folder, key), &Header { key, since })?;
        Ok(Writing { output, folder })
    }
}

impl Writing {
    /// Writes the next block of the catalog.
    ///
    /// # Errors
    /// When the disk does not take it, or it would be too much.
    pub fn block(&mut self, block: &[u8]) -> io::Result<()> {
        self.output.put(Piece::Catalog(block))
    }

    /// Writes the bytes of manifests.
    ///
    /// # Errors
    /// When the disk does not take it, or it would be too much.
    pub fn manifests(&mut self, manifests: &[(Digest, u64)]) -> io::Result<()> {
        for some in manifests.chunks(MANIFESTS) {
            let bytes: Vec<_> = some
                .iter()
                .flat_map(|(digest, size)| {
                    digest.as_bytes().iter().copied().chain(size.to_le_bytes())
                })
                .collect();
            self.output.put(Piece::Manifests(&bytes))?;
        }
        Ok(())
    }

    /// Puts it in the place of what was remembered before.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn finish(self) -> io::Result<()> {
        self.output.finish()?;
        folder::sync(&self.folder)?;
        folder::tidy(&self.folder, BOUNDS);
        Ok(())
    }
}

fn read(path: &std::path::Path, key: Key) -> io::Result<Recollection> {
    let (mut input, header) = Input::open(path)?;
    if header.key != key {
        return Err(file::damaged("it is about something else"));
    }
    let mut reader = Reader::of_bytes(input.len());
    let mut manifests = HashMap::new();
    while let Some(piece) = input.next()? {
        match piece {
            Piece::Catalog(block) => reader.add(block).map_err(file::damaged)?,
            Piece::Manifests(bytes) => {
                let (all, []) = bytes.as_chunks::<40>() else {
                    return Err(file::damaged("a list of manifests is cut"));
                };
                manifests.extend(all.iter().map(manifest));
            }
        }
    }
    let catalog = reader.finish().map_err(file::damaged)?;
    folder::touch(path);
    Ok(Recollection { catalog, manifests, since: header.since })
}

fn manifest(bytes: &[u8; 40]) -> (Digest, u64) {
    let (mut digest, mut size) = ([0; 32], [0; 8]);
    digest.copy_from_slice(&bytes[..32]);
    size.copy_from_slice(&bytes[32..]);
    (Digest::from_bytes(digest), u64::from_le_bytes(size))
}

#[cfg(test)]
mod tests;
