// SPDX-License-Identifier: LGPL-2.1-or-later

//! A cluster of which everything is known before and after a deletion: the streams and images of its
//! API, and the registry's disk.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Extent, Params, Plan, Receipt, Target};
use images_proto::{Digest, Failure, RepositoryName, TagRef};
use images_tests::call::{Called, call};
use images_tests::cluster::{Cluster, Face};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::disk::Disk;

/// All that a deletion can change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    /// The history of each tag, newest first, as `REPOSITORY:TAG`; on a plain registry what it is
    /// on.
    pub(crate) tags: BTreeMap<String, Vec<String>>,
    /// The repositories there are.
    pub(crate) repositories: BTreeSet<String>,
    /// The Image objects of the cluster; none on a plain registry.
    pub(crate) images: BTreeSet<String>,
    /// The registry's disk.
    pub(crate) disk: Disk,
}

impl World {
    pub(crate) async fn look(cluster: &Cluster) -> Result<Self> {
        let disk = Disk::read(cluster)?;
        if cluster.face == Face::Plain {
            let tags = disk.tags.iter().map(|(tag, digest)| (tag.clone(), vec![digest.clone()]));
            let (tags, repositories) = (tags.collect(), disk.revisions.keys().cloned().collect());
            return Ok(Self { tags, repositories, images: BTreeSet::new(), disk });
        }
        let streams = cluster.api("sarah", "/apis/image.openshift.io/v1/imagestreams").await?;
        let (mut tags, mut repositories) = (BTreeMap::new(), BTreeSet::new());
        for stream in list(&streams["items"]) {
            let name = |field: &str| stream["metadata"][field].as_str().unwrap_or_default();
            let repository = format!("{}/{}", name("namespace"), name("name"));
            for tag in list(&stream["status"]["tags"]) {
                let items = list(&tag["items"]).iter().filter_map(|item| item["image"].as_str());
                let named = format!("{repository}:{}", tag["tag"].as_str().unwrap_or_default());
                tags.insert(named, items.map(str::to_owned).collect());
            }
            repositories.insert(repository);
        }
        let images = cluster.api("sarah", "/apis/image.openshift.io/v1/images").await?;
        let images = list(&images["items"]).iter();
        let images = images.filter_map(|image| image["metadata"]["name"].as_str());
        Ok(Self { tags, repositories, images: images.map(str::to_owned).collect(), disk })
    }

    /// What a tag names.
    pub(crate) fn digest(&self, tag: &str) -> Result<&str> {
        let now = self.tags.get(tag).and_then(|history| history.first());
        now.map(String::as_str).with_context(|| format!("there is no {tag}"))
    }

    /// The tags on a digest, in all repositories.
    pub(crate) fn tags_on(&self, digest: &str) -> BTreeSet<String> {
        let on =
            self.tags.iter().filter(|(_, history)| history.first().is_some_and(|d| d == digest));
        on.map(|(tag, _)| tag.clone()).collect()
    }

    /// All that a tag leads to, or did.
    pub(crate) fn named(&self) -> BTreeSet<String> {
        self.tags.values().flatten().cloned().collect()
    }

    /// The tags whose image can be pulled whole.
    pub(crate) fn whole(&self) -> BTreeSet<String> {
        let whole = self.tags.iter().filter(|(tag, history)| {
            let repository = tag.rsplit_once(':').map_or("", |(repository, _)| repository);
            history.first().is_some_and(|digest| self.disk.is_whole(repository, digest))
        });
        whole.map(|(tag, _)| tag.clone()).collect()
    }
}

/// A plan by `call plan`, as a user.
pub(crate) async fn plan(cluster: &Cluster, user: &str, params: &Params) -> Result<Plan> {
    let called = call(cluster, user, "plan", serde_json::to_value(params)?).await?;
    ensure!(called.status == Some(0), "plan: {called:?}");
    answer(&called)
}

/// What `call delete` did as a user, and whether it says that everything is gone.
pub(crate) async fn delete(
    cluster: &Cluster,
    user: &str,
    params: &Params,
) -> Result<(bool, Receipt)> {
    let called = call(cluster, user, "delete", serde_json::to_value(params)?).await?;
    let receipt: Receipt = answer(&called)?;
    let all_gone = receipt.items.iter().all(|item| item.outcome.is_gone());
    let status = called.status;
    ensure!(status == Some(i32::from(!all_gone)), "the status {status:?} of {receipt:#?}");
    Ok((all_gone, receipt))
}

/// A method's failure.
pub(crate) async fn failure(
    cluster: &Cluster,
    user: &str,
    method: &str,
    params: Value,
) -> Result<Failure> {
    let called = call(cluster, user, method, params).await?;
    ensure!(called.status == Some(1), "{method}: {called:?}");
    Ok(serde_json::from_value(called.failure()?.clone())?)
}

/// A method's answer.
pub(crate) fn answer<T: DeserializeOwned>(called: &Called) -> Result<T> {
    let answer = called.answer()?;
    serde_json::from_value(answer.clone()).with_context(|| answer.to_string())
}

/// Collects the garbage of a plain registry, in its pod.
pub(crate) async fn collect(cluster: &Cluster) -> Result<images_proto::garbage::Collected> {
    let called = call(cluster, "sarah", "collect", json!({})).await?;
    ensure!(called.status == Some(0), "collect: {called:?}");
    answer(&called)
}

pub(crate) fn tag(name: &str) -> Result<Target> {
    Ok(Target::Tag(tag_ref(name)?))
}

pub(crate) fn tag_ref(name: &str) -> Result<TagRef> {
    let (repository, tag) = name.rsplit_once(':').context("no tag")?;
    Ok(serde_json::from_value(json!({ "repository": repository, "tag": tag }))?)
}

pub(crate) fn repository(name: &str) -> Result<RepositoryName> {
    Ok(name.parse()?)
}

pub(crate) fn digest(digest: &str) -> Result<Digest> {
    Ok(digest.parse()?)
}

/// Deletes these with all that nothing else uses.
pub(crate) fn purge(targets: Vec<Target>) -> Params {
    Params { extent: Extent::Purge, ..Params::of(targets) }
}

/// `REPOSITORY:TAG` of all of these.
pub(crate) fn names<'a>(tags: impl IntoIterator<Item = &'a TagRef>) -> BTreeSet<String> {
    tags.into_iter().map(ToString::to_string).collect()
}

/// As many names.
pub(crate) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
