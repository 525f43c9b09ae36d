// SPDX-License-Identifier: LGPL-2.1-or-later

//! Taking a deletion back: the same digests, the same order of revisions, and it can be pulled. Where
//! its data is gone, or something else stands there, the reason is told.

use anyhow::{Context, Result, ensure};
use images_proto::Code;
use images_proto::delete::{Outcome, Params, Receipt, Target};
use images_proto::history::{Act, Undone};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use serde_json::{Value, json};

use crate::home::Home;
use crate::place::{Place, revisions};
use crate::support::{digest, purge, repository, tag, tag_ref};

/// Its name in the history.
pub(crate) fn id(receipt: &Receipt) -> Result<&str> {
    receipt.id.as_deref().context("no record was kept")
}

/// All of it is back.
pub(crate) fn is_back(undone: &Undone) -> Result<()> {
    let left = undone.items.iter().find(|item| item.left.is_some());
    ensure!(!undone.items.is_empty() && left.is_none(), "not back: {undone:#?}");
    Ok(())
}

/// Why the only tag did not come back.
fn kept(undone: &Undone) -> Result<(Code, &str)> {
    match &undone.items[..] {
        [item] => match &item.left {
            Some(Outcome::Kept(failure)) => Ok((failure.code, &failure.message)),
            other => anyhow::bail!("{other:?}"),
        },
        items => anyhow::bail!("not one item: {items:#?}"),
    }
}

/// Without what only a pruner can put back: when each revision was made, and its generation.
fn images(revisions: &[Value]) -> Vec<&str> {
    revisions.iter().filter_map(|revision| revision["image"].as_str()).collect()
}

/// Deletes as `user`, takes it back, and has the tags pulled.
async fn there_and_back(
    cluster: &Cluster,
    user: &str,
    params: &Params,
    tags: &[&str],
) -> Result<Undone> {
    let home = Home::of(cluster, user)?;
    let receipt = home.delete(params).await?;
    for name in tags {
        ensure!(cluster.kept_digest(name).await?.is_none(), "{name} was not deleted");
    }
    ensure!(receipt.undo.open, "no undo is offered: {receipt:#?}");
    let undone = home.undo(id(&receipt)?).await?;
    is_back(&undone)?;
    let skopeo = cluster.skopeo("sarah")?;
    for name in tags {
        let folder = tempfile::tempdir()?;
        skopeo
            .pull(name, &folder.path().join("image"))
            .await
            .with_context(|| format!("{name} is back"))?;
    }
    let refused = home.refused_undo(id(&receipt)?).await?;
    ensure!(refused.message.contains("already"), "{refused:?}");
    let changes = home.history().await?;
    let acts: Vec<_> = changes.iter().map(|change| change.act).collect();
    ensure!(acts[..2] == [Act::Undo, Act::Delete], "{changes:#?}");
    ensure!(changes[1].undone_by == undone.id && undone.id.is_some(), "{changes:#?}");
    Ok(undone)
}

const LATEST: &str = "skyfield/frontend:latest";

/// Who has the pruner's right puts the stream back as it was.
#[tokio::test]
async fn a_tag_and_its_history_as_pruner() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let (before, all) = (revisions(&cluster, LATEST).await?, Place::of(&cluster).await?);
    ensure!(before.len() == 3, "the seed has no history: {before:?}");
    there_and_back(&cluster, "sarah", &Params::of(vec![tag(LATEST)?]), &[LATEST]).await?;
    assert_eq!(revisions(&cluster, LATEST).await?, before);
    Place::of(&cluster).await?.is_like(&all)
}

/// Others push each image again: the same images, the same order, other times.
#[tokio::test]
async fn a_tag_and_its_history_as_editor() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let before = revisions(&cluster, LATEST).await?;
    let params = Params::of(vec![tag(LATEST)?]);
    let undone = there_and_back(&cluster, "jane", &params, &[LATEST]).await?;
    let after = revisions(&cluster, LATEST).await?;
    assert_eq!(images(&after), images(&before));
    let item = &undone.items[0];
    assert_eq!(item.revisions, 3);
    assert!(item.differs.is_some(), "the times are others: {item:?}");
    Ok(())
}

/// One revision goes from the middle of the history, and comes back to its place.
#[tokio::test]
async fn a_revision() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let (before, all) = (revisions(&cluster, LATEST).await?, Place::of(&cluster).await?);
    let middle = images(&before)[1];
    let name = tag_ref(LATEST)?;
    let target =
        Target::Revision { repository: name.repository, tag: name.tag, digest: digest(middle)? };
    let home = Home::of(&cluster, "sarah")?;
    let receipt = home.delete(&Params::of(vec![target])).await?;
    let without = revisions(&cluster, LATEST).await?;
    assert_eq!(images(&without), [images(&before)[0], images(&before)[2]]);
    is_back(&home.undo(id(&receipt)?).await?)?;
    assert_eq!(revisions(&cluster, LATEST).await?, before);
    Place::of(&cluster).await?.is_like(&all)
}

/// An image everywhere: tags of several repositories fall back or go, and come back.
#[tokio::test]
async fn an_image_everywhere() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let all = Place::of(&cluster).await?;
    let newest = images(&revisions(&cluster, LATEST).await?)[0].to_owned();
    let home = Home::of(&cluster, "sarah")?;
    let receipt = home.delete(&Params::of(vec![Target::Image(digest(&newest)?)])).await?;
    let fallen = revisions(&cluster, LATEST).await?;
    assert_eq!(images(&fallen).len(), 2, "it names the one before: {fallen:?}");
    is_back(&home.undo(id(&receipt)?).await?)?;
    Place::of(&cluster).await?.is_like(&all)
}

/// A whole repository, with its spec tags.
async fn a_whole_stream(user: &str) -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let all = Place::of(&cluster).await?;
    let stream = &all.objects["imagestreams/skyfield/frontend"];
    let spec = &stream["spec"]["tags"];
    ensure!(spec.as_array().is_some_and(|tags| !tags.is_empty()), "no spec tags: {stream}");
    let tags = ["v1", "v2", "v3", "latest", "stable", "test"];
    let tags = tags.map(|tag| format!("skyfield/frontend:{tag}"));
    let tags: Vec<_> = tags.iter().map(String::as_str).collect();
    let params = Params::of(vec![Target::Repository(repository("skyfield/frontend")?)]);
    let mut before = Vec::new();
    for name in &tags {
        before.push(revisions(&cluster, name).await?);
    }
    there_and_back(&cluster, user, &params, &tags).await?;
    let after = Place::of(&cluster).await?.objects;
    assert_eq!(after["imagestreams/skyfield/frontend"]["spec"]["tags"], *spec);
    for (name, before) in tags.iter().zip(&before) {
        let after = revisions(&cluster, name).await?;
        assert_eq!(images(&after), images(before), "{name}");
        if user == "sarah" {
            assert_eq!(after, *before, "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_whole_stream_as_pruner() -> Result<()> {
    a_whole_stream("sarah").await
}

#[tokio::test]
async fn a_whole_stream_as_administrator_of_its_project() -> Result<()> {
    a_whole_stream("scruffy").await
}

/// The image was pruned between.
#[tokio::test]
async fn pruned_meanwhile() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let name = "shop/database:13";
    for user in ["sarah", "scruffy"] {
        let home = Home::of(&cluster, user)?;
        let image = images(&revisions(&cluster, name).await?)[0].to_owned();
        let receipt = home.delete(&Params::of(vec![tag(name)?])).await?;
        let path = format!("/apis/image.openshift.io/v1/images/{image}");
        let url = format!("{}{path}", cluster.ready.api);
        let object = cluster.api("sarah", &path).await?;
        ensure!(cluster.curl("sarah").delete(&url).await?.is_good());
        let undone = home.undo(id(&receipt)?).await?;
        let (code, message) = kept(&undone)?;
        ensure!(code == Code::NotFound && message.contains("pruned"), "{user}: {undone:#?}");
        ensure!(revisions(&cluster, name).await?.is_empty(), "{user}: a hollow tag is back");
        // For the next one, and: a refusal does not close the window.
        cluster.order("objects", &json!([object])).await?;
        is_back(&home.undo(id(&receipt)?).await?).with_context(|| user.to_owned())?;
    }
    Ok(())
}

/// What somebody pushed to the tag since is left alone.
async fn pushed_meanwhile(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let name = "shop/database:13";
    let home = Home::of(&cluster, "sarah")?;
    let receipt = home.delete(&Params::of(vec![tag(name)?])).await?;
    cluster.skopeo("sarah")?.copy("shop/database:14", name).await?;
    let pushed = cluster.kept_digest(name).await?;
    let undone = home.undo(id(&receipt)?).await?;
    if face == Face::Plain {
        ensure!(kept(&undone)?.0 == Code::Conflict, "{undone:#?}");
    }
    assert_eq!(cluster.kept_digest(name).await?, pushed, "{undone:#?}");
    assert!(pushed.is_some());
    Ok(())
}

#[tokio::test]
async fn pushed_meanwhile_openshift() -> Result<()> {
    pushed_meanwhile(Face::Openshift).await
}

#[tokio::test]
async fn pushed_meanwhile_plain() -> Result<()> {
    pushed_meanwhile(Face::Plain).await
}

/// Where data was removed there is nothing to go back to.
async fn a_purge(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let home = Home::of(&cluster, "sarah")?;
    let receipt = home.delete(&purge(vec![tag("shop/database:13")?])).await?;
    ensure!(!receipt.undo.open && !receipt.undo.words.is_empty(), "{receipt:#?}");
    let refused = home.refused_undo(id(&receipt)?).await?;
    ensure!(refused.message.contains("removed"), "{refused:?}");
    let changes = home.history().await?;
    ensure!(!changes[0].undo.open && !changes[0].undo.words.is_empty(), "{changes:#?}");
    ensure!(cluster.kept_digest("shop/database:13").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_purge_openshift() -> Result<()> {
    a_purge(Face::Openshift).await
}

#[tokio::test]
async fn a_purge_plain() -> Result<()> {
    a_purge(Face::Plain).await
}

/// A tag with a sibling, the last tag of an image, a repository with an index and its images.
#[tokio::test]
async fn manifests_and_indexes() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let before = Inventory::read_inside(&cluster).await?;
    let targets =
        vec![tag(LATEST)?, tag("shop/database:13")?, Target::Repository(repository("tools/cli")?)];
    let tags = [LATEST, "shop/database:13", "tools/cli:1.4", "tools/cli:latest"];
    there_and_back(&cluster, "sarah", &Params::of(targets), &tags).await?;
    let after = Inventory::read_inside(&cluster).await?;
    assert_eq!(after.tags, before.tags);
    assert_eq!(after.manifests, before.manifests);
    Ok(())
}

/// Nothing comes back in parts once the registry's garbage was collected.
#[tokio::test]
async fn collected_meanwhile() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let home = Home::of(&cluster, "sarah")?;
    let name = "shop/database:13";
    let receipt = home.delete(&Params::of(vec![tag(name)?])).await?;
    let collected = home.call("collect", &json!({})).await?;
    ensure!(collected.status == Some(0), "{collected:?}");
    let changes = home.history().await?;
    let words =
        &changes.iter().find(|change| change.act == Act::Delete).context("lost")?.undo.words;
    ensure!(words.contains("collected"), "{words}");
    let undone = home.undo(id(&receipt)?).await?;
    let (code, message) = kept(&undone)?;
    ensure!(code == Code::NotFound && message.contains("collect"), "{code:?} {message}");
    // The pod is another one by now, so by the registry's own address.
    ensure!(cluster.skopeo("sarah")?.digest(name).await?.is_none());
    Ok(())
}
