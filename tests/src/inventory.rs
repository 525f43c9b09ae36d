// SPDX-License-Identifier: LGPL-2.1-or-later

//! All that a registry serves, read by curl one thing after the other and searched without any
//! index: what the bridge and the page must say, slow and simple.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::curl::Curl;

/// Every kind of manifest, as clients of today ask for them.
pub(crate) const ACCEPT: &str = "Accept: application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The tags of all repositories and what they name.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Repository and tag to the digest of the manifest.
    pub tags: BTreeMap<(String, String), String>,
    /// All repositories, also those without a tag.
    pub repositories: BTreeSet<String>,
    /// Manifests and indexes by their digest, those inside indexes among them.
    pub manifests: BTreeMap<String, Value>,
    /// Configs by their digest.
    pub configs: BTreeMap<String, Value>,
}

impl Inventory {
    /// Reads everything that `user` may read.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn read(cluster: &Cluster, user: &str) -> Result<Self> {
        Self::read_at(&cluster.ready.registry_url, cluster.registry_curl(user)).await
    }

    /// Reads everything inside of the cluster: no way to the registry needs to be open.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn read_inside(cluster: &Cluster) -> Result<Self> {
        let (registry, curl) = cluster.inside().await?;
        Self::read_at(&registry, curl).await
    }

    async fn read_at(url: &str, curl: Curl) -> Result<Self> {
        let curl = curl.header(ACCEPT);
        let base = format!("{url}/v2");
        let mut inventory = Self::default();
        let catalog = get(&curl, &format!("{base}/_catalog?n=1000")).await?;
        for repository in strings(&catalog["repositories"]) {
            inventory.repositories.insert(repository.clone());
            let url = format!("{base}/{repository}/tags/list");
            let tags = get(&curl, &url).await?;
            for tag in strings(&tags["tags"]) {
                let head = curl.head(&format!("{base}/{repository}/manifests/{tag}")).await?;
                if head.status == 404 {
                    // Listed, but not there: an import that failed, a tag that follows another one.
                    continue;
                }
                ensure!(head.is_good(), "{repository}:{tag}: {}", head.status);
                let digest = head.header("Docker-Content-Digest").context("no digest")?;
                inventory.tags.insert((repository.clone(), tag), digest.to_owned());
                inventory.read_manifest(&curl, &base, &repository, digest).await?;
            }
        }
        Ok(inventory)
    }

    async fn read_manifest(
        &mut self,
        curl: &Curl,
        base: &str,
        repository: &str,
        digest: &str,
    ) -> Result<()> {
        let mut unread = vec![digest.to_owned()];
        while let Some(digest) = unread.pop() {
            if self.manifests.contains_key(&digest) {
                continue;
            }
            let manifest = get(curl, &format!("{base}/{repository}/manifests/{digest}")).await?;
            unread.extend(digests(&manifest["manifests"]));
            if let Some(config) = manifest.pointer("/config/digest").and_then(Value::as_str)
                && !self.configs.contains_key(config)
            {
                // Artefacts such as signatures have a config that is no image's; kept all the same.
                let content = get(curl, &format!("{base}/{repository}/blobs/{config}")).await?;
                self.configs.insert(config.to_owned(), content);
            }
            self.manifests.insert(digest, manifest);
        }
        Ok(())
    }

    /// The digest of `repository:tag`.
    pub fn digest(&self, image: &str) -> Option<&str> {
        let (repository, tag) = image.rsplit_once(':')?;
        self.tags.get(&(repository.to_owned(), tag.to_owned())).map(String::as_str)
    }

    /// The tags, as `repository:tag`, whose image or index has to do with a digest: as its
    /// manifest, an image of its index, its config, a layer or the content of one.
    pub fn leading_to(&self, digest: &str) -> BTreeSet<String> {
        let concerned: BTreeSet<_> =
            self.manifests.keys().filter(|manifest| self.concerns(manifest, digest)).collect();
        self.tags
            .iter()
            .filter(|(_, manifest)| concerned.contains(manifest))
            .map(|((repository, tag), _)| format!("{repository}:{tag}"))
            .collect()
    }

    fn concerns(&self, manifest: &str, digest: &str) -> bool {
        let content = &self.manifests[manifest];
        manifest == digest
            || self.layers(manifest).iter().any(|layer| layer == digest)
            || self.diff_ids(manifest).iter().any(|diff_id| diff_id == digest)
            || content.pointer("/config/digest").is_some_and(|config| config == digest)
            || digests(&content["manifests"])
                .iter()
                .any(|child| self.manifests.contains_key(child) && self.concerns(child, digest))
    }

    /// The layers of a manifest, lowest first; none for an index.
    pub fn layers(&self, manifest: &str) -> Vec<String> {
        self.manifests.get(manifest).map(|content| digests(&content["layers"])).unwrap_or_default()
    }

    /// The digest of a manifest's config.
    pub fn config(&self, manifest: &str) -> Option<&str> {
        self.manifests.get(manifest)?.pointer("/config/digest")?.as_str()
    }

    /// The digests of what the layers of a manifest contain.
    pub fn diff_ids(&self, manifest: &str) -> Vec<String> {
        let config = self.config(manifest).and_then(|config| self.configs.get(config));
        config.map(|config| strings(&config["rootfs"]["diff_ids"])).unwrap_or_default()
    }

    /// The tags of a repository, sorted.
    pub fn tags_of(&self, repository: &str) -> Vec<&str> {
        let mine = self.tags.keys().filter(|(name, _)| name == repository);
        mine.map(|(_, tag)| tag.as_str()).collect()
    }

    /// The layer that a build step made, found by a part of the step's command.
    ///
    /// # Errors
    /// When no image has such a step.
    pub fn layer_made_by(&self, command: &str) -> Result<String> {
        let layer = |manifest: &String| {
            let history = &self.configs.get(self.config(manifest)?)?["history"];
            let steps = history.as_array()?.iter().filter(|step| step["empty_layer"] != true);
            let mut layers = steps.zip(self.layers(manifest));
            let made =
                |step: &Value| step["created_by"].as_str().is_some_and(|by| by.contains(command));
            layers.find(|(step, _)| made(step)).map(|(_, layer)| layer)
        };
        let layer = self.manifests.keys().find_map(layer);
        layer.with_context(|| format!("no image has a layer made by {command:?}"))
    }

    /// Two tags of one repository on the same digest, the first ones there are in `project`.
    /// Their repository has few tags: all of them are on one screen.
    ///
    /// # Errors
    /// When there are none.
    pub fn siblings(&self, project: &str) -> Result<Siblings> {
        let twin_of = |repository: &str, tag: &str| {
            let digest = self.digest(&format!("{repository}:{tag}"));
            let tags = self.tags_of(repository);
            let few = tags.len() <= 20;
            let twin = |other: &&str| {
                *other != tag && self.digest(&format!("{repository}:{other}")) == digest
            };
            tags.into_iter().find(|other| few && twin(other))
        };
        let siblings = |((repository, tag), digest): (&(String, String), &String)| {
            let twin = twin_of(repository, tag).filter(|_| repository.starts_with(project))?;
            Some(Siblings {
                repository: repository.clone(),
                tag: tag.clone(),
                sibling: twin.to_owned(),
                digest: digest.clone(),
            })
        };
        self.tags.iter().find_map(siblings).context("the seed has no sibling tags")
    }
}

/// Two tags on the same digest.
#[derive(Clone, Debug)]
pub struct Siblings {
    /// The repository of both.
    pub repository: String,
    /// One of them.
    pub tag: String,
    /// The other one.
    pub sibling: String,
    /// What both name.
    pub digest: String,
}

impl Siblings {
    /// The first one with its repository.
    pub fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// The other one with its repository.
    pub fn sibling_name(&self) -> String {
        format!("{}:{}", self.repository, self.sibling)
    }
}

async fn get(curl: &Curl, url: &str) -> Result<Value> {
    let answer = curl.get(url).await?;
    ensure!(answer.status == 200, "{url}: {}: {}", answer.status, answer.text());
    answer.json()
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn digests(descriptors: &Value) -> Vec<String> {
    let list = descriptors.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|item| item["digest"].as_str().map(str::to_owned)).collect()
}
