// SPDX-License-Identifier: LGPL-2.1-or-later

//! What goes along, what does not move, and the way back.

use anyhow::{Context, Result, ensure};
use images_proto::history::{Act, State};
use images_tests::cluster::{Cluster, Face};

use crate::support::{Promoter, a_move, are_the_same, blobs_read, digest, kept, layers, tag_ref};

/// An image with a signature, an index of OCI and a list of Docker: to a repository that is new and
/// to one that is there.
async fn everything_that_belongs_together(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let sarah = Promoter::of(&cluster, "sarah")?;
    let pairs = [
        ("skyfield/api:latest", "shop/api:latest"),
        ("tools/probe:latest", "shop/probe:1.0"),
        ("tools/cli:latest", "shop/database:cli"),
    ];
    let mut moves = Vec::new();
    for (from, to) in pairs {
        moves.push(a_move(&cluster, from, to).await?);
    }
    let signed = moves[0].digest.to_string();
    let signature = format!("{}.sig", signed.replace(':', "-"));
    let layers = layers(&cluster).await?;
    ensure!(!layers.is_empty(), "no layers are known");
    cluster.forget_requests().await?;

    let plan = sarah.plan(&moves).await?;
    ensure!(plan.missing.is_empty(), "{plan:#?}");
    let [api, probe, cli] = &plan.changes[..] else { anyhow::bail!("{plan:#?}") };
    ensure!(api.was.is_none() && api.refused.is_none(), "{api:#?}");
    ensure!(api.attachments == [signature.parse()?], "{api:#?}");
    let labels = api.labels.as_ref().context("the labels are not known")?;
    ensure!(labels.iter().any(|label| label.name == "version" && label.was.is_none()));
    ensure!(api.layers_new == Some(3) && api.layers_kept == Some(0), "{api:#?}");
    ensure!(api.size.is_some_and(|size| size > 0), "{api:#?}");
    ensure!(probe.platforms.len() == 3 && cli.platforms.len() == 4, "{plan:#?}");
    ensure!(cluster.kept_digest("shop/probe:1.0").await?.is_none(), "a plan does nothing");

    let receipt = sarah.follow(&plan).await?;
    for item in &receipt.items {
        ensure!(item.done && item.failure.is_none(), "{item:#?}");
        let expected = (face == Face::Plain).then_some(0);
        ensure!(item.sent == expected, "bytes were sent: {item:#?}");
    }
    ensure!(receipt.items[0].attachments == [signature.parse()?], "{receipt:#?}");
    let read = blobs_read(&cluster, &layers).await?;
    ensure!(read.is_empty(), "layers were read: {read:?}");
    for (from, to) in pairs {
        ensure!(kept(&cluster, from).await? == kept(&cluster, to).await?, "{to} is another");
        are_the_same(&cluster, from, to).await?;
    }
    let both = ["skyfield/api", "shop/api"].map(|name| format!("{name}:{signature}"));
    are_the_same(&cluster, &both[0], &both[1]).await?;

    let changes = sarah.history().await?;
    let [change] = &changes[..] else { anyhow::bail!("{changes:#?}") };
    ensure!(change.act == Act::Promote && change.reason.as_deref() == Some("tested"));
    ensure!(change.state == State::Ended { good: 3, kept: 0, unproved: 0 }, "{change:#?}");
    let record = sarah.record(&change.id).await?;
    ensure!(record.promotion.context("no receipt")?.items == receipt.items);
    ensure!(record.text.contains(&format!("shop/api:latest is on {signed}")), "{}", record.text);

    // Once more there is nothing to do.
    let plan = sarah.plan(&moves).await?;
    ensure!(plan.changes.iter().all(|change| change.same), "{plan:#?}");
    Ok(())
}

#[tokio::test]
async fn everything_that_belongs_together_openshift() -> Result<()> {
    everything_that_belongs_together(Face::Openshift).await
}

#[tokio::test]
async fn everything_that_belongs_together_plain() -> Result<()> {
    everything_that_belongs_together(Face::Plain).await
}

/// dev, then what is newer, then back, by what the versions say.
async fn there_and_back(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let sarah = Promoter::of(&cluster, "sarah")?;
    let prod = "shop/frontend:live";
    let old = a_move(&cluster, "skyfield/frontend:v2", prod).await?;
    let new = a_move(&cluster, "skyfield/frontend:v3", prod).await?;
    sarah.promote(std::slice::from_ref(&old)).await?;
    let plan = sarah.plan(std::slice::from_ref(&new)).await?;
    let change = &plan.changes[0];
    ensure!(change.was == Some(old.digest), "{change:#?}");
    ensure!(change.layers_kept == Some(2) && change.layers_new == Some(1), "{change:#?}");
    let env = change.env.as_ref().context("the environment is not known")?;
    ensure!(env.len() == 1 && env[0].name == "APP_VERSION", "{env:?}");
    ensure!((env[0].was.as_deref(), env[0].is.as_deref()) == (Some("v2"), Some("v3")), "{env:?}");
    let items = sarah.promote(std::slice::from_ref(&new)).await?;
    ensure!(items[0].was == Some(old.digest), "{items:#?}");

    let versions = sarah.versions(prod).await?.versions;
    let digests: Vec<_> = versions.iter().map(|version| version.digest).collect();
    ensure!(digests == [new.digest, old.digest], "{versions:#?}");
    ensure!(versions.iter().all(|version| version.there == Some(true)), "{versions:#?}");
    // Several tags are on it; any of them may be named.
    let from = versions[0].from.as_ref().map(|from| &from.repository);
    ensure!(from == Some(&new.from), "{versions:#?}");
    if face == Face::Openshift {
        ensure!(versions[0].by.as_deref() == Some("sarah"), "{versions:#?}");
    }
    let back = images_proto::stage::Move { from: tag_ref(prod)?.repository, ..old.clone() };
    sarah.promote(&[back]).await?;
    ensure!(digest(&kept(&cluster, prod).await?)? == old.digest, "it was not set back");
    are_the_same(&cluster, "skyfield/frontend:v2", prod).await
}

#[tokio::test]
async fn there_and_back_openshift() -> Result<()> {
    there_and_back(Face::Openshift).await
}

#[tokio::test]
async fn there_and_back_plain() -> Result<()> {
    there_and_back(Face::Plain).await
}

/// Somebody pushed over a promoted tag; the same promotion puts it right.
#[tokio::test]
async fn what_was_pushed_over_can_be_promoted_again() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let sarah = Promoter::of(&cluster, "sarah")?;
    let prod = "shop/frontend:live";
    let wanted = a_move(&cluster, "skyfield/frontend:v2", prod).await?;
    sarah.promote(std::slice::from_ref(&wanted)).await?;
    cluster.skopeo("sarah")?.copy("skyfield/frontend:v3", prod).await?;
    ensure!(kept(&cluster, prod).await? != wanted.digest.to_string(), "nothing was pushed");
    sarah.promote(std::slice::from_ref(&wanted)).await?;
    ensure!(kept(&cluster, prod).await? == wanted.digest.to_string(), "it was not put right");
    Ok(())
}
