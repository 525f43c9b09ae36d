// SPDX-License-Identifier: LGPL-2.1-or-later

//! A file of this machine itself, at a place where the programs under test look for it or write it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::kubeconfig::replace;

/// The file. Dropping the value removes it, with the folders that were not there before.
#[derive(Debug)]
pub struct HostFile {
    path: PathBuf,
    /// Folders that were missing, the innermost first.
    missing: Vec<PathBuf>,
}

impl HostFile {
    /// Watches over a place where there is nothing yet, so that whoever writes there leaves nothing
    /// behind.
    ///
    /// # Errors
    /// When something is there: it is not ours.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        ensure!(
            fs::symlink_metadata(&path).is_err(),
            "{} is there already; if a killed test left it, remove it",
            path.display()
        );
        let folders = path.ancestors().skip(1);
        let missing = folders.take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        Ok(Self { path, missing })
    }

    /// Writes the file, for its owner alone.
    ///
    /// # Errors
    /// When that is not possible: most places need root.
    pub fn write(&self, text: &str) -> Result<()> {
        replace(&self.path, text).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for HostFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        for folder in &self.missing {
            // Not if somebody else put something there.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_what_it_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c");
        let file = HostFile::at(&path).unwrap();
        file.write("text").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        assert!(HostFile::at(&path).is_err());
        drop(file);
        assert!(!folder.path().join("a").exists());
        assert!(folder.path().exists());

        fs::create_dir(folder.path().join("a")).unwrap();
        drop(HostFile::at(&path).unwrap());
        assert!(folder.path().join("a").exists());
    }
}
