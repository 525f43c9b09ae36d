// SPDX-License-Identifier: LGPL-2.1-or-later

//! A recollection's file: some bytes by which it is known, then pieces, each with its length and a
//! checksum before it. The first piece is the header, and an empty one is the end: a file that ends
//! otherwise was cut.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use images_catalog::blocks;
use images_proto::Digest;

use super::Key;

/// What all files begin with.
const MAGIC: &[u8; 16] = b"cockpit-images\r\n";
/// The form of the file. Whoever changes it gives it another number.
const FORM: u32 = 1;
/// The largest file, in bytes: some hundred for each image.
const LARGEST: u64 = 256 << 20;
/// The largest piece, in bytes: a repository stands in one.
const LARGEST_PIECE: usize = 64 << 20;
/// The bytes of a header.
const HEADER: usize = 48;
/// The bytes that are read or written at once.
const BUFFER: usize = 256 << 10;

/// How the kinds of pieces are written.
const CATALOG: u8 = 1;
const MANIFESTS: u8 = 2;

/// Whose file it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key: Key,
    pub(super) since: i64,
}

/// A piece of the content.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A block of the catalog.
    Catalog(&'a [u8]),
    /// Digests of manifests, each with the bytes of the manifest.
    Manifests(&'a [u8]),
}

/// A file that is being written, beside the one whose place it will take.
pub(super) struct Output {
    file: BufWriter<File>,
    new: PathBuf,
    path: PathBuf,
    written: u64,
    is_finished: bool,
}

/// A file that is being read.
pub(super) struct Input {
    file: BufReader<File>,
    length: u64,
    piece: Vec<u8>,
}

/// The file is not what it should be.
pub(super) fn damaged(why: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl Output {
    /// Begins a file that will stand at `path`.
    pub(super) fn create(path: PathBuf, header: &Header) -> io::Result<Self> {
        // One name for each process: sessions of one user may write at the same time.
        let new = path.with_extension(format!("{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let file = BufWriter::with_capacity(BUFFER, file);
        let mut output = Self { file, new, path, written: 0, is_finished: false };
        output.file.write_all(MAGIC)?;
        output.piece(&[header.to_bytes().as_slice()])?;
        Ok(output)
    }

    /// Writes a piece.
    pub(super) fn put(&mut self, piece: Piece<'_>) -> io::Result<()> {
        let (kind, bytes) = match piece {
            Piece::Catalog(bytes) => (CATALOG, bytes),
            Piece::Manifests(bytes) => (MANIFESTS, bytes),
        };
        self.piece(&[&[kind], bytes])
    }

    /// Ends the file and puts it in its place.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.piece(&[])?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(&self.new, &self.path)?;
        self.is_finished = true;
        Ok(())
    }

    fn piece(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        self.written += length as u64 + 8;
        if length > LARGEST_PIECE || self.written > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(&(length as u32).to_le_bytes())?;
        self.file.write_all(&checksum(parts).to_le_bytes())?;
        parts.iter().try_for_each(|part| self.file.write_all(part))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left of it is of no use; that it cannot be removed changes nothing.
            let _ = std::fs::remove_file(&self.new);
        }
    }
}

impl Input {
    /// Opens a file of this form.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Header)> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let length = metadata.len();
        if !metadata.is_file() || length > LARGEST {
            return Err(damaged("it is too large, or no file"));
        }
        let file = BufReader::with_capacity(BUFFER, file);
        let mut input = Self { file, length, piece: Vec::new() };
        let mut magic = [0; MAGIC.len()];
        input.read(&mut magic)?;
        if magic != *MAGIC {
            return Err(damaged("it is something else"));
        }
        let header = Header::from_bytes(input.piece()?)?;
        Ok((input, header))
    }

    /// The bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        match self.piece()? {
            [] => Ok(None),
            [CATALOG, bytes @ ..] => Ok(Some(Piece::Catalog(bytes))),
            [MANIFESTS, bytes @ ..] => Ok(Some(Piece::Manifests(bytes))),
            _ => Err(damaged("a piece is of no known kind")),
        }
    }

    fn piece(&mut self) -> io::Result<&[u8]> {
        let (mut length, mut sum) = ([0; 4], [0; 4]);
        self.read(&mut length)?;
        self.read(&mut sum)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LARGEST_PIECE || length as u64 > self.length {
            return Err(damaged("a piece is too long"));
        }
        let mut piece = std::mem::take(&mut self.piece);
        piece.resize(length, 0);
        self.read(&mut piece)?;
        self.piece = piece;
        if checksum(&[&self.piece]) != u32::from_le_bytes(sum) {
            return Err(damaged("a checksum is wrong"));
        }
        Ok(&self.piece)
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it ends too early"),
            _ => error,
        })
    }
}

impl Header {
    fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&FORM.to_le_bytes());
        bytes[4..8].copy_from_slice(&blocks::FORM.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.since.to_le_bytes());
        bytes[16..].copy_from_slice(self.key.0.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let (form, rest) = bytes.split_first_chunk().ok_or_else(|| damaged("it has no header"))?;
        let (blocks, rest) = rest.split_first_chunk().ok_or_else(|| damaged("it has no header"))?;
        if (u32::from_le_bytes(*form), u32::from_le_bytes(*blocks)) != (FORM, blocks::FORM) {
            return Err(damaged("another version of this program wrote it"));
        }
        let (since, rest) = rest.split_first_chunk().ok_or_else(|| damaged("it has no header"))?;
        let key = rest.try_into().map_err(|_| damaged("it has no header"))?;
        Ok(Self { key: Key(Digest::from_bytes(key)), since: i64::from_le_bytes(*since) })
    }
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}
