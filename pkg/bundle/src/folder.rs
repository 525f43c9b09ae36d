// SPDX-License-Identifier: LGPL-2.1-or-later

//! The folder being built: staged beside its final place, then swapped in.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use zopfli::{Format, Options};

/// Kinds of file that are served compressed. Cockpit answers a request for `NAME` with
/// `NAME.gz` and `Content-Encoding: gzip`. It reads `manifest.json` itself, and a page may be
/// changed on its way out (`<base>`, language), so both stay plain.
const COMPRESSED: [&str; 3] = ["wasm", "js", "css"];

/// Bytes that a browser may have to fetch for the page, compressed as they are served.
const WEIGHT_LIMIT: u64 = 500 * 1024;

/// A folder that becomes visible at its place only when it is complete.
pub(crate) struct Folder {
    place: PathBuf,
    staged: PathBuf,
}

impl Folder {
    /// Starts an empty folder that will end up at `place`.
    pub(crate) fn stage(place: &Path) -> Result<Self> {
        let mut staged = place.as_os_str().to_owned();
        staged.push(".staged");
        let staged = PathBuf::from(staged);
        remove(&staged)?;
        fs::create_dir_all(&staged)
            .with_context(|| format!("failed to create {}", staged.display()))?;
        Ok(Self { place: place.to_owned(), staged })
    }

    /// Where the files go meanwhile.
    pub(crate) fn path(&self) -> &Path {
        &self.staged
    }

    /// Adds a file.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.staged.join(name);
        fs::write(&path, content).with_context(|| format!("failed to write {}", path.display()))
    }

    /// Adds a copy of a file, with the permissions of a new one.
    pub(crate) fn copy(&self, from: &Path, name: &str) -> Result<()> {
        let content =
            fs::read(from).with_context(|| format!("failed to read {}", from.display()))?;
        self.write(name, &content)
    }

    /// All bytes written so far, whatever their order.
    pub(crate) fn content(&self) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        for entry in fs::read_dir(&self.staged)? {
            content.extend(fs::read(entry?.path())?);
            content.push(b'\n');
        }
        Ok(content)
    }

    /// Replaces every file that is worth it by its gzip form.
    pub(crate) fn compress(&self) -> Result<()> {
        compress_below(&self.staged)
            .with_context(|| format!("failed to compress {}", self.staged.display()))
    }

    /// Fails when the page has grown too heavy to appear at once.
    pub(crate) fn check_weight(&self) -> Result<()> {
        let weight = weight(&self.staged)?;
        ensure!(weight <= WEIGHT_LIMIT, "the page weighs {weight} bytes, over {WEIGHT_LIMIT}");
        Ok(())
    }

    /// Puts the folder at its place, instead of what was there.
    pub(crate) fn publish(self) -> Result<()> {
        remove(&self.place)?;
        fs::rename(&self.staged, &self.place)
            .with_context(|| format!("failed to replace {}", self.place.display()))
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn weight(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { weight(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}

fn compress_below(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            compress_below(&path)?;
        } else if path.extension().and_then(OsStr::to_str).is_some_and(|e| COMPRESSED.contains(&e))
        {
            let mut name = path.clone().into_os_string();
            name.push(".gz");
            fs::write(name, gzip(&fs::read(&path)?)?)?;
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Rounds in which zopfli looks for something shorter. More than these few gain next to nothing.
const ROUNDS: NonZeroU64 = NonZeroU64::new(5).unwrap();

/// Compresses, some 5 % better than gzip itself can. There is no time and no name in the header:
/// they would make every build differ.
fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let options = Options { iteration_count: ROUNDS, ..Options::default() };
    zopfli::compress(options, Format::Gzip, content, &mut compressed)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    /// A place of its own for a test; removed with its content at the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("images-bundle-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = remove(&self.0);
        }
    }

    #[test]
    fn a_published_folder_replaces_the_old_one_and_is_compressed() {
        let place = Place::new("publish");
        fs::create_dir_all(&place.0).unwrap();
        fs::write(place.0.join("old"), "old").unwrap();

        let folder = Folder::stage(&place.0).unwrap();
        folder.write("page.js", b"script").unwrap();
        folder.write("index.html", b"page").unwrap();
        folder.compress().unwrap();
        folder.check_weight().unwrap();
        folder.publish().unwrap();

        let mut names: Vec<_> =
            fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["index.html", "page.js.gz"]);
        let mut script = String::new();
        let file = fs::File::open(place.0.join("page.js.gz")).unwrap();
        GzDecoder::new(file).read_to_string(&mut script).unwrap();
        assert_eq!(script, "script");
    }

    #[test]
    fn a_heavy_page_is_refused() {
        let place = Place::new("heavy");
        let folder = Folder::stage(&place.0).unwrap();
        folder.write("font", &vec![0; 500 * 1024]).unwrap();
        folder.check_weight().unwrap();
        folder.write("more", &[0]).unwrap();
        assert!(folder.check_weight().is_err());
        folder.publish().unwrap();
    }

    #[test]
    fn the_same_content_compresses_to_the_same_bytes() {
        assert_eq!(gzip(b"content").unwrap(), gzip(b"content").unwrap());
        assert_eq!(gzip(b"content").unwrap()[4..8], [0; 4], "the header holds a time");
    }
}
