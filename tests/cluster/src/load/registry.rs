// SPDX-License-Identifier: LGPL-2.1-or-later
//! A load in docker-registry's own files: repositories of ten tags each, every tenth an index.
//!
//! Manifests and configurations are real, with real digests, so each is a file. Layers are few and
//! small: those of some base images, and one for each repository.
//!
//! Ten thousand tags are seventy thousand files. A registry that takes nothing shares them with all
//! other runs, in `$XDG_CACHE_HOME/cockpit-images/load`.

use std::io::Result;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::noise::{For, Noise};
use super::profile::Profile;
use super::{NEWEST, Size, time, words};
use crate::image::object::{INDEX, LIST, OCI, SCHEMA2};
use crate::seed::Layer;
use crate::storage::Files;

/// Tags of a repository.
const TAGS: u32 = 10;

/// What images are built on.
const BASES: u64 = 12;

/// Of the profiles only the small ones: there are many files already.
const PROFILES: usize = 16;

/// To be counted up when a load changes.
const VERSION: u32 = 1;

/// Puts it where docker-registry keeps its files.
///
/// # Errors
/// When something cannot be written.
pub(crate) fn put(size: Size, storage: &Path, is_read_only: bool) -> Result<()> {
    let own = storage.join("docker");
    match cache().filter(|_| is_read_only && !own.exists()) {
        Some(cache) => {
            let shared = shared(size, &cache)?;
            std::fs::create_dir_all(storage)?;
            symlink(shared.join("docker"), own)
        }
        None => fill(size, &Files::of(storage)),
    }
}

fn cache() -> Option<PathBuf> {
    let own = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    Some(own.or_else(home)?.join("cockpit-images/load"))
}

/// The storage that all runs share; made if it is not complete.
fn shared(size: Size, cache: &Path) -> Result<PathBuf> {
    let folder = cache.join(format!("{VERSION}-{}-{}", size.images, size.seed));
    std::fs::create_dir_all(&folder)?;
    // Whoever comes second waits for the first; the lock goes with the file.
    let lock = std::fs::File::create(folder.join("lock"))?;
    lock.lock()?;
    let complete = folder.join("complete");
    if !complete.exists() {
        let begun = folder.join("docker");
        if begun.exists() {
            std::fs::remove_dir_all(begun)?;
        }
        fill(size, &Files::of(&folder))?;
        std::fs::write(complete, [])?;
    }
    Ok(folder)
}

fn fill(size: Size, files: &Files) -> Result<()> {
    let noise = Noise::new(size.seed);
    let mut profiles = Profile::all(noise);
    profiles.truncate(PROFILES);
    let mut bases = Vec::new();
    for base in 0..BASES {
        let text = format!("base {base} of {}\n", size.seed);
        let layer =
            Layer::pack(&format!("ADD base-{base}.tar in /"), &[("etc/base", &text)], 2000)?;
        files.put(&layer.packed)?;
        bases.push(layer);
    }
    let repositories = size.images.div_ceil(TAGS);
    for number in 0..repositories {
        let (project, name) = words::names(number, repositories);
        let name = format!("{project}/{name}");
        let text = format!("{name} of {}\n", size.seed);
        let own = Layer::pack("COPY . /opt/app-root", &[("opt/app-root/name", &text)], 500)?;
        files.put(&own.packed)?;
        let base = noise.below(For::Layer, number.into(), BASES);
        let base = bases.get(usize::try_from(base).unwrap_or_default());
        let repository = Repository {
            noise,
            files,
            profile: Profile::of(&profiles, noise, number),
            layers: base.into_iter().chain([&own]).collect(),
            name: &name,
        };
        let layers = repository.layers.iter().map(|layer| layer.digest.as_str());
        files.link_layers(&name, layers)?;
        for tag in number * TAGS..((number + 1) * TAGS).min(size.images) {
            repository.tag(tag)?;
        }
    }
    Ok(())
}

struct Repository<'a> {
    noise: Noise,
    files: &'a Files,
    profile: Option<&'a Profile>,
    layers: Vec<&'a Layer>,
    name: &'a str,
}

impl Repository<'_> {
    fn tag(&self, number: u32) -> Result<()> {
        let build = number % TAGS;
        let digest = if build == TAGS - 1 {
            let children = ["amd64", "arm64"].map(|platform| self.image(number, platform));
            self.index(children)?
        } else {
            self.image(number, "amd64")?.0
        };
        self.files.tag(self.name, &format!("1.{build}.0"), &digest)
    }

    /// Writes an image; returns its manifest's digest, size and platform.
    fn image<'p>(&self, number: u32, platform: &'p str) -> Result<(String, usize, &'p str)> {
        let docker = self.is_docker();
        let kind = |docker_type: &str, oci: &str| {
            if docker { docker_type.to_owned() } else { oci.to_owned() }
        };
        let config = self.configuration(number, platform);
        let config_digest = self.files.put(config.as_bytes())?;
        let layer_type = kind(
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.oci.image.layer.v1.tar+gzip",
        );
        let layers = self.layers.iter().map(|layer| {
            json!({"mediaType": layer_type, "size": layer.packed.len(), "digest": layer.digest})
        });
        let config_type = kind(
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.oci.image.config.v1+json",
        );
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind(SCHEMA2, OCI),
            "config": {"mediaType": config_type, "size": config.len(), "digest": config_digest},
            "layers": layers.collect::<Vec<_>>(),
        });
        let text = manifest.to_string();
        let digest = self.files.put(text.as_bytes())?;
        self.files.link_layers(self.name, [config_digest.as_str()])?;
        self.files.link_manifest(self.name, &digest)?;
        Ok((digest, text.len(), platform))
    }

    fn index(&self, children: [Result<(String, usize, &str)>; 2]) -> Result<String> {
        let (own, of_child) = if self.is_docker() { (LIST, SCHEMA2) } else { (INDEX, OCI) };
        let mut manifests = Vec::new();
        for child in children {
            let (digest, size, platform) = child?;
            manifests.push(json!({
                "mediaType": of_child, "digest": digest, "size": size,
                "platform": {"architecture": platform, "os": "linux"},
            }));
        }
        let index = json!({"schemaVersion": 2, "mediaType": own, "manifests": manifests});
        let digest = self.files.put(index.to_string().as_bytes())?;
        self.files.link_manifest(self.name, &digest)?;
        Ok(digest)
    }

    fn is_docker(&self) -> bool {
        self.profile.is_some_and(|profile| profile.docker)
    }

    fn configuration(&self, number: u32, platform: &str) -> String {
        let age = self.noise.below(For::Interval, number.into(), 600 * 86_400);
        let created = time(NEWEST - i64::try_from(age).unwrap_or_default());
        let commit = self.noise.hex(For::Commit, number.into(), 40);
        let label = format!(r#""io.openshift.build.commit.id":"{commit}""#);
        let config = self.profile.map_or_else(
            || "{}".to_owned(),
            |profile| [profile.head.as_str(), &label, &profile.tail].concat(),
        );
        let history: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| json!({"created": created, "created_by": layer.command}))
            .collect();
        let diff_ids: Vec<_> = self.layers.iter().map(|layer| &layer.diff_id).collect();
        format!(
            r#"{{"architecture":"{platform}","os":"linux","created":"{created}","author":"Build team <build@example.com>","config":{config},"history":{},"rootfs":{}}}"#,
            Value::from(history),
            json!({"type": "layers", "diff_ids": diff_ids}),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All files below a folder with what they hold, in order.
    fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut left = vec![folder.to_owned()];
        while let Some(next) = left.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    let own = path.strip_prefix(folder).unwrap().to_owned();
                    found.push((own, std::fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_shared_load_is_made_once_and_again_if_it_was_broken_off() {
        let (cache, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let size = Size { images: 25, seed: 4 };
        let folder = shared(size, cache.path()).unwrap();
        fill(size, &Files::of(own.path())).unwrap();
        let whole = files(&own.path().join("docker"));
        assert_eq!(files(&folder.join("docker")), whole);
        // Two whole repositories with an index each, and half a one.
        let links = |part: &str| {
            let of = whole.iter().filter(|(path, _)| path.to_string_lossy().contains(part));
            of.count()
        };
        assert_eq!((links("/current/link"), links("/revisions/")), (25, 25 + 2 * 2));
        let blob = whole.iter().find(|(path, _)| path.ends_with("data")).unwrap();
        std::fs::remove_file(folder.join("docker").join(&blob.0)).unwrap();
        shared(size, cache.path()).unwrap();
        assert_ne!(files(&folder.join("docker")), whole, "it was complete");
        std::fs::remove_file(folder.join("complete")).unwrap();
        shared(size, cache.path()).unwrap();
        assert_eq!(files(&folder.join("docker")), whole);
    }
}
