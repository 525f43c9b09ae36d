// SPDX-License-Identifier: LGPL-2.1-or-later

//! The registry's disk, read file by file: what no answer of any program can hide.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use images_tests::cluster::Cluster;
use serde_json::Value;

/// Larger blobs are no manifests.
const LARGEST_MANIFEST: u64 = 1 << 20;

/// What the registry's storage holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Disk {
    /// Each blob with its bytes.
    pub(crate) blobs: BTreeMap<String, u64>,
    /// The manifests of each repository, tagged or not.
    pub(crate) revisions: BTreeMap<String, BTreeSet<String>>,
    /// The layers and configs that can be pulled from each repository.
    pub(crate) links: BTreeMap<String, BTreeSet<String>>,
    /// The tags of each repository as the storage has them, as `REPOSITORY:TAG`. OpenShift's
    /// registry has none there.
    pub(crate) tags: BTreeMap<String, String>,
    /// The manifests among the blobs.
    manifests: BTreeMap<String, Value>,
}

impl Disk {
    /// Reads the storage of a cluster's registry.
    pub(crate) fn read(cluster: &Cluster) -> Result<Self> {
        let storage = cluster.storage();
        let mut disk = Self::default();
        disk.read_blobs(&storage.join("blobs/sha256"))?;
        disk.read_repositories(&storage.join("repositories"), "")?;
        Ok(disk)
    }

    fn read_blobs(&mut self, folder: &Path) -> Result<()> {
        for prefix in names(folder)? {
            for hex in names(&folder.join(prefix))? {
                let data = folder.join(&hex[..2]).join(&hex).join("data");
                // What garbage collection leaves of a blob is an empty folder.
                let Ok(found) = data.metadata() else { continue };
                let digest = format!("sha256:{hex}");
                if found.len() <= LARGEST_MANIFEST
                    && let Ok(manifest) = serde_json::from_slice::<Value>(&fs::read(&data)?)
                    && manifest["schemaVersion"].is_u64()
                {
                    self.manifests.insert(digest.clone(), manifest);
                }
                self.blobs.insert(digest, found.len());
            }
        }
        Ok(())
    }

    fn read_repositories(&mut self, folder: &Path, name: &str) -> Result<()> {
        for entry in names(folder)? {
            let inside = folder.join(&entry);
            match entry.as_str() {
                "_layers" => drop(self.links.insert(name.to_owned(), linked(&inside)?)),
                "_manifests" => {
                    let revisions = linked(&inside.join("revisions"))?;
                    self.revisions.insert(name.to_owned(), revisions);
                    for tag in names(&inside.join("tags"))? {
                        let current = inside.join("tags").join(&tag).join("current/link");
                        let digest = fs::read_to_string(current)?;
                        self.tags.insert(format!("{name}:{tag}"), digest);
                    }
                }
                "_uploads" => {}
                _ if name.is_empty() => self.read_repositories(&inside, &entry)?,
                _ => self.read_repositories(&inside, &format!("{name}/{entry}"))?,
            }
        }
        Ok(())
    }

    /// A manifest that the storage holds.
    pub(crate) fn manifest(&self, digest: &str) -> Result<&Value> {
        self.manifests.get(digest).with_context(|| format!("{digest} is no manifest on the disk"))
    }

    /// The digests of a manifest's layers.
    pub(crate) fn layers(&self, manifest: &str) -> Result<Vec<String>> {
        Ok(digests(&self.manifest(manifest)?["layers"]))
    }

    /// All manifests of all repositories.
    pub(crate) fn all_revisions(&self) -> BTreeSet<String> {
        self.revisions.values().flatten().cloned().collect()
    }

    /// The images and indexes that can be reached from these, themselves among them.
    pub(crate) fn images_of<'a>(
        &self,
        from: impl IntoIterator<Item = &'a String>,
    ) -> BTreeSet<String> {
        let mut unread: Vec<String> = from.into_iter().cloned().collect();
        let mut reached = BTreeSet::new();
        while let Some(digest) = unread.pop() {
            if let Some(manifest) = self.manifests.get(&digest) {
                unread.extend(digests(&manifest["manifests"]));
            }
            reached.insert(digest);
        }
        reached
    }

    /// All blobs that these manifests need, themselves among them.
    pub(crate) fn blobs_of<'a>(
        &self,
        manifests: impl IntoIterator<Item = &'a String>,
    ) -> BTreeSet<String> {
        let images = self.images_of(manifests);
        let content = images.iter().filter_map(|image| self.manifests.get(image));
        let content = content.flat_map(|manifest| {
            let config = manifest.pointer("/config/digest").and_then(Value::as_str);
            digests(&manifest["layers"]).into_iter().chain(config.map(str::to_owned))
        });
        content.collect::<BTreeSet<_>>().union(&images).cloned().collect()
    }

    /// Whether an image can be pulled whole from a repository: all that it needs is on the disk and
    /// linked there.
    pub(crate) fn is_whole(&self, repository: &str, digest: &str) -> bool {
        let linked = |of: &BTreeMap<String, BTreeSet<String>>, blob: &String| {
            of.get(repository).is_some_and(|linked| linked.contains(blob))
        };
        let digest = digest.to_owned();
        let images = self.images_of([&digest]);
        images.iter().all(|image| linked(&self.revisions, image))
            && self.blobs_of([&digest]).iter().all(|blob| {
                self.blobs.contains_key(blob)
                    && (images.contains(blob) || linked(&self.links, blob))
            })
    }

    /// The bytes of these blobs.
    pub(crate) fn bytes<'a>(&self, blobs: impl IntoIterator<Item = &'a String>) -> u64 {
        blobs.into_iter().filter_map(|blob| self.blobs.get(blob)).sum()
    }

    /// The blobs of this disk that are not on a later one.
    pub(crate) fn lost(&self, later: &Self) -> BTreeSet<String> {
        let lost = self.blobs.keys().filter(|blob| !later.blobs.contains_key(*blob));
        lost.cloned().collect()
    }
}

/// The names in a folder; none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// The digests to which there is a link in a folder of links.
fn linked(folder: &Path) -> Result<BTreeSet<String>> {
    let folder = folder.join("sha256");
    let found = names(&folder)?.into_iter().filter(|hex| folder.join(hex).join("link").exists());
    Ok(found.map(|hex| format!("sha256:{hex}")).collect())
}

fn digests(descriptors: &Value) -> Vec<String> {
    let list = descriptors.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|item| item["digest"].as_str().map(str::to_owned)).collect()
}
