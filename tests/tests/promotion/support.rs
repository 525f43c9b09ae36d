// SPDX-License-Identifier: LGPL-2.1-or-later

//! A user who promotes, and who looks at what came of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use images_proto::history::{self, Change, Record, Which};
use images_proto::stage::{
    Agreed, By, Item, Known, Move, Params, Plan, Receipt, Setting, View, Wanted, WhichTag,
};
use images_proto::{Digest, Failure, TagRef};
use images_tests::call::{self, Called};
use images_tests::cluster::Cluster;
use images_tests::peer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::process::Child;

/// A user with a home of her own.
#[derive(Debug)]
pub(crate) struct Promoter {
    _folder: tempfile::TempDir,
    environment: Vec<(&'static str, OsString)>,
}

impl Promoter {
    pub(crate) fn of(cluster: &Cluster, user: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("images-promoter-").tempdir()?;
        let environment = vec![
            ("KUBECONFIG", cluster.kubeconfig(user)?.into()),
            ("HOME", folder.path().into()),
            ("XDG_STATE_HOME", folder.path().join("state").into()),
            ("XDG_CONFIG_HOME", folder.path().join("config").into()),
            ("COCKPIT_IMAGES_JOURNAL", folder.path().join("journal").into()),
        ];
        Ok(Self { _folder: folder, environment })
    }

    async fn call(&self, method: &str, params: &impl Serialize) -> Result<Called> {
        let params = serde_json::to_string(params)?;
        call::run(&self.environment, &["call", method, &params]).await
    }

    /// The answer of a method that goes well.
    async fn ask<T: DeserializeOwned>(&self, method: &str, params: &impl Serialize) -> Result<T> {
        let called = self.call(method, params).await?;
        let answer = called.answer()?;
        serde_json::from_value(answer.clone()).with_context(|| format!("{method}: {answer}"))
    }

    pub(crate) async fn plan(&self, moves: &[Move]) -> Result<Plan> {
        self.ask("plan-promotion", &Wanted { moves: moves.to_vec() }).await
    }

    /// Promotes what a plan shows.
    pub(crate) async fn follow(&self, plan: &Plan) -> Result<Receipt> {
        self.ask("promote", &agreed(plan)).await
    }

    /// Why nothing was promoted.
    pub(crate) async fn fail(&self, plan: &Plan) -> Result<Failure> {
        let called = self.call("promote", &agreed(plan)).await?;
        ensure!(called.status == Some(1), "{called:?}");
        Ok(serde_json::from_value(called.failure()?.clone())?)
    }

    /// Plans and promotes; everything goes well.
    pub(crate) async fn promote(&self, moves: &[Move]) -> Result<Vec<Item>> {
        let plan = self.plan(moves).await?;
        let receipt = self.follow(&plan).await?;
        for item in &receipt.items {
            ensure!(item.done && item.failure.is_none(), "{item:#?}");
        }
        ensure!(receipt.items.len() == moves.len(), "{receipt:#?}");
        Ok(receipt.items)
    }

    /// Promoting what a plan shows, while it runs.
    pub(crate) fn begin(&self, plan: &Plan) -> Result<Child> {
        let mut command = peer::bridge(&self.environment)?;
        command.args(["call", "promote", &serde_json::to_string(&agreed(plan))?]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.spawn()?)
    }

    pub(crate) async fn set_stages(&self, by: By, stages: &[&str]) -> Result<()> {
        let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
        let called = self.call("set-stages", &Setting { by, stages }).await?;
        ensure!(called.status == Some(0), "{called:?}");
        Ok(())
    }

    pub(crate) async fn board(&self) -> Result<View> {
        let mut params = Params::default();
        params.window.limit = 500;
        self.ask("stages", &params).await
    }

    pub(crate) async fn versions(&self, tag: &str) -> Result<Known> {
        self.ask("versions", &WhichTag { tag: tag_ref(tag)? }).await
    }

    pub(crate) async fn history(&self) -> Result<Vec<Change>> {
        let view: history::View = self.ask("history", &history::Params::default()).await?;
        Ok(view.changes)
    }

    pub(crate) async fn record(&self, id: &str) -> Result<Record> {
        self.ask("record", &Which { id: id.to_owned() }).await
    }
}

fn agreed(plan: &Plan) -> Agreed {
    let moves = plan.changes.iter().map(|change| change.wanted.clone()).collect();
    let fingerprint = plan.fingerprint.clone();
    Agreed { wanted: Wanted { moves }, fingerprint, reason: Some("tested".to_owned()) }
}

pub(crate) fn tag_ref(name: &str) -> Result<TagRef> {
    let (repository, tag) = name.rsplit_once(':').context("no tag")?;
    Ok(TagRef { repository: repository.parse()?, tag: tag.parse()? })
}

/// What `from` names now, to `to`.
pub(crate) async fn a_move(cluster: &Cluster, from: &str, to: &str) -> Result<Move> {
    let digest = kept(cluster, from).await?;
    Ok(Move { from: tag_ref(from)?.repository, digest: digest.parse()?, to: tag_ref(to)? })
}

/// What a tag names by the registry's own words.
pub(crate) async fn kept(cluster: &Cluster, tag: &str) -> Result<String> {
    cluster.kept_digest(tag).await?.with_context(|| format!("there is no {tag}"))
}

/// skopeo pulls both whole, and gets the same bytes.
pub(crate) async fn are_the_same(cluster: &Cluster, one: &str, other: &str) -> Result<()> {
    let skopeo = cluster.skopeo("sarah")?;
    let folder = tempfile::tempdir()?;
    let mut found = Vec::new();
    for (idx, image) in [one, other].into_iter().enumerate() {
        let folder = folder.path().join(idx.to_string());
        skopeo.pull(image, &folder).await.with_context(|| image.to_owned())?;
        let mut files: Vec<(OsString, Vec<u8>)> = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            files.push((entry.file_name(), fs::read(entry.path())?));
        }
        files.sort();
        found.push(files);
    }
    ensure!(found[0].len() > 2, "{one} is empty");
    ensure!(found[0] == found[1], "{one} and {other} differ");
    Ok(())
}

/// The requests that the registry got for the bytes of layers.
pub(crate) async fn blobs_read(
    cluster: &Cluster,
    layers: &BTreeSet<String>,
) -> Result<Vec<String>> {
    let requests = cluster.requests().await?;
    let read = requests.iter().filter_map(|request| {
        let path = request["path"].as_str()?;
        let digest = path.rsplit_once("/blobs/")?.1;
        let is_read = request["method"] == "GET" && digest.starts_with("sha256:");
        (is_read && layers.contains(digest)).then(|| path.to_owned())
    });
    Ok(read.collect())
}

/// The layers of all images in the seed.
pub(crate) async fn layers(cluster: &Cluster) -> Result<BTreeSet<String>> {
    let inventory = images_tests::inventory::Inventory::read_inside(cluster).await?;
    Ok(inventory.manifests.keys().flat_map(|manifest| inventory.layers(manifest)).collect())
}

pub(crate) fn digest(text: &str) -> Result<Digest> {
    Ok(text.parse()?)
}
