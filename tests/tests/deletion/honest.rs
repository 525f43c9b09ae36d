// SPDX-License-Identifier: LGPL-2.1-or-later

//! Servers that say yes and do nothing, that fail half way, and that are busy for a moment. The
//! receipt says what is on the disk.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_proto::delete::{
    Extent, Outcome, Params, Receipt, ReceiptItem, Step, StepDone, Target, Verdict,
};
use images_tests::cluster::{Cluster, Face};
use serde_json::{Value, json};

use crate::support::{World, delete, purge, repository, tag};

use Face::{Openshift, Plain};

/// Tags that are the only ones on their images, in several repositories of both faces.
const LONE: [&str; 4] =
    ["shop/checkout:beta", "shop/database:13", "skyfield/api:1.0", "tools/builder:18"];

fn lone() -> Result<Vec<Target>> {
    LONE.into_iter().map(tag).collect()
}

async fn fault(cluster: &Cluster, on: &str, path: &str, mut fault: Value) -> Result<()> {
    (fault["on"], fault["path"]) = (on.into(), path.into());
    cluster.fault(fault).await
}

/// Where a cluster's tags are deleted.
fn deletes_tags(face: Face) -> (&'static str, &'static str) {
    match face {
        Plain => ("registry", "/v2/"),
        Openshift => ("api", "/apis/image.openshift.io/"),
    }
}

fn kept(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Kept(_))
}

/// Each tag that was asked for is there or not, as the receipt says.
fn check_items(receipt: &Receipt, world: &World) -> Result<()> {
    for ReceiptItem { target, outcome } in &receipt.items {
        let Target::Tag(tag) = target else { continue };
        let is_there = world.tags.contains_key(&tag.to_string());
        ensure!(is_there != outcome.is_gone(), "{tag}: {outcome:?}");
    }
    Ok(())
}

/// Each step that changes the storage or the cluster's images was done or not, as the receipt says.
fn check_steps(receipt: &Receipt, world: &World) -> Result<()> {
    for StepDone { step, outcome } in &receipt.steps {
        let linked = |of: &std::collections::BTreeMap<_, BTreeSet<String>>,
                      repository: &String,
                      digest: &String| {
            of.get(repository).is_some_and(|linked| linked.contains(digest))
        };
        let is_there = match step {
            Step::Tag { tag, .. } => world.tags.contains_key(&tag.to_string()),
            Step::Revision { tag, digest } => {
                let history = world.tags.get(&tag.to_string());
                history.is_some_and(|history| history.contains(&digest.to_string()))
            }
            Step::Manifest { repository, digest, .. } => {
                linked(&world.disk.revisions, &repository.to_string(), &digest.to_string())
            }
            Step::Link { repository, digest } => {
                linked(&world.disk.links, &repository.to_string(), &digest.to_string())
            }
            Step::Repository(repository) => world.repositories.contains(&repository.to_string()),
            Step::Blob(digest) => world.disk.blobs.contains_key(&digest.to_string()),
            Step::Image(digest) => world.images.contains(&digest.to_string()),
        };
        ensure!(is_there != outcome.is_gone(), "{step:?}: {outcome:?}");
    }
    for probed in &receipt.digests {
        let digest = probed.digest.to_string();
        if probed.verdict == Verdict::Gone {
            let linked = world.disk.links.values().chain(world.disk.revisions.values());
            let mut linked = linked.filter(|linked| linked.contains(&digest));
            ensure!(
                !world.disk.blobs.contains_key(&digest) || linked.next().is_none(),
                "{digest} is not gone"
            );
        }
    }
    Ok(())
}

/// The answer says that it is done, and nothing is.
async fn pretended(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let (on, path) = deletes_tags(face);
    fault(&cluster, on, path, json!({ "method": "DELETE", "kind": "pretend" })).await?;
    let before = World::look(&cluster).await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &Params::of(lone()?)).await?;
    ensure!(!all_gone && receipt.items.iter().all(|item| kept(&item.outcome)), "{receipt:#?}");
    for item in &receipt.items {
        let Outcome::Kept(failure) = &item.outcome else { continue };
        ensure!(failure.message.contains("still there"), "{failure:?}");
    }
    ensure!(receipt.space.freed == 0 && receipt.space.later == 0, "{:?}", receipt.space);
    ensure!(World::look(&cluster).await? == before, "something was changed");
    let skopeo = cluster.skopeo("sarah")?;
    for tag in LONE {
        ensure!(skopeo.digest(tag).await?.is_some(), "{tag} is gone");
    }
    // Once it really deletes, the same deletion does it.
    cluster.heal().await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &Params::of(lone()?)).await?;
    ensure!(all_gone, "{receipt:#?}");
    check_items(&receipt, &World::look(&cluster).await?)
}

#[tokio::test]
async fn pretended_plain() -> Result<()> {
    pretended(Plain).await
}

#[tokio::test]
async fn pretended_openshift() -> Result<()> {
    pretended(Openshift).await
}

/// A tag that is deleted by pointing it elsewhere first names what it did afterwards, if that fails.
#[tokio::test]
async fn a_tag_alone_pretended_plain() -> Result<()> {
    let cluster = Cluster::start(Plain)?;
    let (on, path) = deletes_tags(Plain);
    fault(&cluster, on, path, json!({ "method": "DELETE", "kind": "pretend" })).await?;
    let before = World::look(&cluster).await?;
    let target = vec![tag("skyfield/api:latest")?];
    let (all_gone, receipt) = delete(&cluster, "sarah", &Params::of(target)).await?;
    ensure!(!all_gone && kept(&receipt.items[0].outcome), "{receipt:#?}");
    let after = World::look(&cluster).await?;
    ensure!(after.tags == before.tags, "{:?}", after.digest("skyfield/api:latest"));
    Ok(())
}

/// The registry of OpenShift says that links went, and they are there: nothing of what they lead to
/// is removed, so that they do not lead nowhere.
#[tokio::test]
async fn links_pretended_openshift() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let pretend = json!({ "method": "DELETE", "kind": "pretend" });
    fault(&cluster, "registry", "/v2/*/blobs/*", pretend).await?;
    let before = World::look(&cluster).await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &purge(lone()?)).await?;
    ensure!(!all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    check_steps(&receipt, &after)?;
    let lost = before.disk.lost(&after.disk);
    ensure!(receipt.space.freed == before.disk.bytes(&lost), "{:?}: {lost:?}", receipt.space);
    Ok(())
}

/// From some request on, nothing is deleted any more.
async fn half_way(face: Face, done: u64) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let (on, path) = deletes_tags(face);
    let broken = json!({
        "method": "DELETE", "kind": "status", "status": 403, "after": done,
    });
    fault(&cluster, on, path, broken).await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &Params::of(lone()?)).await?;
    ensure!(!all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    check_items(&receipt, &after)?;
    check_steps(&receipt, &after)?;
    let deleted = receipt.items.iter().filter(|item| item.outcome.is_gone()).count();
    ensure!(u64::try_from(deleted)? == done, "{deleted} are deleted: {receipt:#?}");
    cluster.heal().await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &Params::of(lone()?)).await?;
    let left = receipt.items.iter().filter(|item| !item.outcome.is_gone()).count();
    ensure!(all_gone || left == deleted, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    ensure!(LONE.iter().all(|tag| !after.tags.contains_key(*tag)), "something is left");
    Ok(())
}

#[tokio::test]
async fn half_way_plain() -> Result<()> {
    half_way(Plain, 2).await
}

#[tokio::test]
async fn half_way_openshift() -> Result<()> {
    half_way(Openshift, 3).await
}

/// The registry of OpenShift stops to delete in the middle of a removal.
async fn removed_half_way(path: &str, done: u64) -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let broken = json!({
        "method": "DELETE", "kind": "status", "status": 403, "after": done,
    });
    fault(&cluster, "registry", path, broken).await?;
    let before = World::look(&cluster).await?;
    let params = purge(vec![Target::Repository(repository("shop/database")?)]);
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(!all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    check_steps(&receipt, &after)?;
    let lost = before.disk.lost(&after.disk);
    ensure!(
        receipt.space.freed == before.disk.bytes(&lost),
        "{:?} told, gone {lost:?}",
        receipt.space
    );
    // No image is forgotten while a blob of it is there that nothing else needs.
    let needed = before.disk.blobs_of(&after.images);
    let forgotten: BTreeSet<_> = before.images.difference(&after.images).cloned().collect();
    let left = before.disk.blobs_of(&forgotten);
    let left: Vec<_> = left
        .iter()
        .filter(|blob| !needed.contains(*blob) && after.disk.blobs.contains_key(*blob))
        .collect();
    ensure!(left.is_empty(), "nobody will find these: {left:?}");

    cluster.heal().await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(all_gone, "the second run: {receipt:#?}");
    let after = World::look(&cluster).await?;
    check_steps(&receipt, &after)?;
    ensure!(after.repositories.iter().all(|name| name != "shop/database"), "it is there");
    Ok(())
}

#[tokio::test]
async fn links_half_way_openshift() -> Result<()> {
    removed_half_way("/v2/", 2).await
}

#[tokio::test]
async fn blobs_half_way_openshift() -> Result<()> {
    removed_half_way("/admin/blobs/", 2).await
}

/// A server that is busy for a moment, or changed by somebody else, is asked once more.
async fn busy(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let (on, path) = deletes_tags(face);
    for (method, status) in [("DELETE", 429), ("DELETE", 503), ("PUT", 409)] {
        let busy = json!({
            "method": method, "kind": "status", "status": status, "times": 1,
            "headers": { "Retry-After": "1" },
        });
        if method == "DELETE" || face == Openshift {
            fault(&cluster, on, path, busy).await?;
        }
    }
    let before = World::look(&cluster).await?;
    let mut targets = lone()?;
    if face == Openshift {
        let history = &before.tags["skyfield/frontend:latest"];
        targets.push(Target::Revision {
            repository: repository("skyfield/frontend")?,
            tag: "latest".parse()?,
            digest: history.last().context("no history")?.parse()?,
        });
    }
    let params = Params { extent, ..Params::of(targets) };
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    check_items(&receipt, &after)?;
    check_steps(&receipt, &after)
}

#[tokio::test]
async fn busy_plain() -> Result<()> {
    busy(Plain, Extent::Unlink).await
}

#[tokio::test]
async fn busy_openshift() -> Result<()> {
    busy(Openshift, Extent::Unlink).await
}

#[tokio::test]
async fn busy_purged_openshift() -> Result<()> {
    busy(Openshift, Extent::Purge).await
}

/// Whoever may not delete is told so for each thing, and nothing is changed.
#[tokio::test]
async fn without_the_right_openshift() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let target = vec![tag("skyfield/api:1.0")?];
    let (all_gone, receipt) = delete(&cluster, "eric", &Params::of(target.clone())).await?;
    ensure!(!all_gone && kept(&receipt.items[0].outcome), "{receipt:#?}");
    // jane may delete tags there, but not data.
    let (all_gone, receipt) = delete(&cluster, "jane", &purge(target)).await?;
    ensure!(!all_gone, "{receipt:#?}");
    ensure!(World::look(&cluster).await? == before, "something was changed");
    Ok(())
}
