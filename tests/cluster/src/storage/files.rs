// SPDX-License-Identifier: LGPL-2.1-or-later
//! docker-registry's files, read and written without it. Only while it does not run, or by what it
//! would write itself.

use std::io::Result;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::identifier::digest_of;

/// The files below `docker/registry/v2`.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    /// Those of a storage.
    pub(crate) fn of(storage_root: &Path) -> Self {
        Self { root: storage_root.join("docker/registry/v2") }
    }

    /// Writes a blob and returns its digest.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<String> {
        let digest = digest_of(bytes);
        let folder = self.blob(&digest);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("data"), bytes)?;
        Ok(digest)
    }

    /// The text of a manifest, whichever repository it is of.
    pub(crate) fn manifest(&self, digest: &str) -> Option<Value> {
        serde_json::from_slice(&std::fs::read(self.blob(digest).join("data")).ok()?).ok()
    }

    /// Puts layers and a configuration in a repository.
    ///
    /// # Errors
    /// When a link cannot be written.
    pub(crate) fn link_layers<'a>(
        &self,
        repository: &str,
        digests: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        let folder = self.repository(repository).join("_layers/sha256");
        digests.into_iter().try_for_each(|digest| link(&folder.join(hex(digest)), digest))
    }

    /// Puts a manifest in a repository.
    ///
    /// # Errors
    /// When a link cannot be written.
    pub(crate) fn link_manifest(&self, repository: &str, digest: &str) -> Result<()> {
        let folder = self.repository(repository).join("_manifests/revisions/sha256");
        link(&folder.join(hex(digest)), digest)
    }

    /// Puts a tag on a manifest.
    ///
    /// # Errors
    /// When a link cannot be written.
    pub(crate) fn tag(&self, repository: &str, tag: &str, digest: &str) -> Result<()> {
        let folder = self.repository(repository).join("_manifests/tags").join(tag);
        link(&folder.join("index/sha256").join(hex(digest)), digest)?;
        link(&folder.join("current"), digest)
    }

    /// The manifest that a tag is on.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        let tags = self.repository(repository).join("_manifests/tags");
        std::fs::read_to_string(tags.join(tag).join("current/link")).ok()
    }

    fn blob(&self, digest: &str) -> PathBuf {
        let hex = hex(digest);
        self.root.join("blobs/sha256").join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.root.join("repositories").join(name)
    }
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

fn link(folder: &Path, digest: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("link"), digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::of(dir.path());
        let digest = files.put(br#"{"layers":[]}"#).unwrap();
        files.link_manifest("a/b", &digest).unwrap();
        files.tag("a/b", "latest", &digest).unwrap();
        assert_eq!(files.tagged("a/b", "latest").as_deref(), Some(digest.as_str()));
        assert_eq!(files.tagged("a/b", "other"), None);
        assert!(files.manifest(&digest).is_some());
    }
}
