// SPDX-License-Identifier: LGPL-2.1-or-later

//! Killed while it is taken back, and taken back after it was killed.

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Params, Target};
use images_tests::cluster::{Cluster, Face};
use serde_json::json;

use super::kept::Kept;
use super::kill::{Kill, MOMENTS};
use super::unlinked;
use crate::disk::Disk;
use crate::home::Home;
use crate::place::Place;
use crate::support::{repository, tag};
use crate::undo::{id, is_back};

/// Undoing is killed at each request, and asked for again.
async fn killed_undo(cluster: &Cluster, user: &str, params: &Params) -> Result<()> {
    let deleter = Home::of(cluster, user)?;
    let receipt = deleter.delete(params).await?;
    let (id, deleted) = (id(&receipt)?, Kept::of(cluster).await?);
    is_back(&deleter.copy(cluster, user)?.undo(id).await?)?;
    let clean = Place::of(cluster).await?;
    for moment in MOMENTS {
        let mut number = 0;
        loop {
            deleted.restore(cluster).await?;
            let home = deleter.copy(cluster, user)?;
            let params = json!({ "id": id });
            if !(Kill { number, moment }).strike(cluster, &home, "undo", &params).await? {
                break;
            }
            let again = async {
                is_back(&home.undo(id).await?)?;
                Place::of(cluster).await?.is_like(&clean)?;
                let refused = home.refused_undo(id).await?;
                ensure!(refused.message.contains("already"), "{refused:?}");
                Ok(())
            };
            again.await.with_context(|| format!("killed {moment:?} request {number}"))?;
            number += 1;
        }
        Place::of(cluster).await?.is_like(&clean)?;
        ensure!(number > params.targets.len(), "only {number} requests: this looks at nothing");
    }
    Ok(())
}

#[tokio::test]
async fn openshift_as_pruner() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let params = unlinked(&cluster).await?;
    killed_undo(&cluster, "sarah", &params).await
}

/// A stream with several tags, histories, and tags that it is told about; and a tag.
fn of_a_project() -> Result<Params> {
    let whole = Target::Repository(repository("skyfield/frontend")?);
    Ok(Params::of(vec![whole, tag("shop/database:13")?, tag("skyfield/api:1.0")?]))
}

/// Each image is put on its tag once more.
#[tokio::test]
async fn openshift_as_editor() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    killed_undo(&cluster, "scruffy", &of_a_project()?).await
}

/// A tag with a sibling, the last tag of an image, a repository with an index and its images.
fn manifests() -> Result<Params> {
    let whole = Target::Repository(repository("tools/cli")?);
    Ok(Params::of(vec![tag("skyfield/frontend:latest")?, tag("shop/database:13")?, whole]))
}

#[tokio::test]
async fn plain() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    killed_undo(&cluster, "sarah", &manifests()?).await
}

/// A deletion is killed at each request, and then taken back instead of gone on with.
async fn undone_half_way(face: Face, user: &str, params: &Params) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let (before, kept) = (Place::of(&cluster).await?, Kept::of(&cluster).await?);
    let disk = Disk::read(&cluster)?;
    for moment in MOMENTS {
        let mut number = 0;
        loop {
            kept.restore(&cluster).await?;
            let home = Home::of(&cluster, user)?;
            if !(Kill { number, moment }).strike(&cluster, &home, "delete", params).await? {
                break;
            }
            let back = async {
                let changes = home.history().await?;
                let [broken_off] = &changes[..] else { anyhow::bail!("{changes:#?}") };
                ensure!(broken_off.undo.open, "{broken_off:#?}");
                is_back(&home.undo(&broken_off.id).await?)?;
                if face == Face::Openshift {
                    return Place::of(&cluster).await?.is_like(&before);
                }
                // A tag's own history on the disk tells of what stood in its way.
                let now = Disk::read(&cluster)?;
                ensure!(now.tags == disk.tags, "{:?}", now.tags);
                ensure!(now.revisions == disk.revisions, "{:?}", now.revisions);
                ensure!(now.links == disk.links, "{:?}", now.links);
                Ok(())
            };
            back.await.with_context(|| format!("killed {moment:?} request {number}"))?;
            number += 1;
        }
        ensure!(number >= params.targets.len(), "only {number} requests: this looks at nothing");
    }
    Ok(())
}

#[tokio::test]
async fn half_way_as_editor() -> Result<()> {
    undone_half_way(Face::Openshift, "scruffy", &of_a_project()?).await
}

#[tokio::test]
async fn half_way_plain() -> Result<()> {
    undone_half_way(Face::Plain, "sarah", &manifests()?).await
}
