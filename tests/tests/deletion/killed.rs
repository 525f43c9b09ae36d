// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge is killed at every step of a plan, and the same is asked for again: it ends as one that
//! was never killed, and nothing else was touched.

mod cleaned_up;
mod kept;
mod kill;
mod resumed;
mod undone;

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Params, Target};
use images_proto::history::{Change, State};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;

use self::kept::Kept;
use self::kill::{Kill, Moment};
use crate::home::Home;
use crate::place::{Place, revisions};
use crate::support::{digest, purge, repository, tag, tag_ref};

/// Whether the second run finds the record of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// It does.
    Kept,
    /// It was made on another machine, or its folder was lost.
    Lost,
}

/// What is deleted, found by what the images are made of.
type Choose = fn(&Inventory) -> Result<Params>;

async fn start(face: Face, choose: Choose) -> Result<(Cluster, Params)> {
    let cluster = Cluster::start(face)?;
    let params = choose(&Inventory::read_inside(&cluster).await?)?;
    Ok((cluster, params))
}

/// One clean run, and then one for each request, which is killed there.
async fn killed_everywhere(
    face: Face,
    choose: Choose,
    moment: Moment,
    memory: Memory,
) -> Result<()> {
    let (cluster, params) = start(face, choose).await?;
    let number = killed_at_each_request(&cluster, &params, moment, memory).await?;
    ensure!(number > 5, "only {number} requests: this looks at nothing");
    Ok(())
}

/// How many requests there were.
async fn killed_at_each_request(
    cluster: &Cluster,
    params: &Params,
    moment: Moment,
    memory: Memory,
) -> Result<usize> {
    let (before, kept) = (Place::of(cluster).await?, Kept::of(cluster).await?);
    Home::of(cluster, "sarah")?.delete(params).await?;
    let clean = Place::of(cluster).await?;
    ensure!(before != clean, "a clean run changes nothing");
    let mut number = 0;
    loop {
        kept.restore(cluster).await?;
        let home = Home::of(cluster, "sarah")?;
        if !(Kill { number, moment }).strike(cluster, &home, "delete", params).await? {
            // One that nobody killed: everything was as before.
            Place::of(cluster).await?.is_like(&clean)?;
            return Ok(number);
        }
        again(cluster, &home, params, memory, &clean)
            .await
            .with_context(|| format!("killed {moment:?} request {number}"))?;
        number += 1;
    }
}

/// The same deletion once more.
async fn again(
    cluster: &Cluster,
    home: &Home,
    params: &Params,
    memory: Memory,
    clean: &Place,
) -> Result<()> {
    if memory == Memory::Lost {
        home.forget()?;
        // What is gone completely by now is said not to be there; nothing else may be wrong. A link
        // whose tag is gone is known only by the record.
        home.call("delete", params).await?;
        return Place::of(cluster).await?.without_links_beyond(clean).is_like(clean);
    }
    home.delete(params).await?;
    Place::of(cluster).await?.is_like(clean)?;
    // There is one record: that which was broken off.
    let changes = home.history().await?;
    let ended = |change: &Change| matches!(change.state, State::Ended { kept: 0, unproved: 0, .. });
    ensure!(changes.len() == 1 && ended(&changes[0]), "it was not gone on with: {changes:#?}");
    Ok(())
}

/// Every image with the layer that holds a key: two repositories of two projects, layers that are
/// shared with what stays, two tags on one image.
fn leaked_key(inventory: &Inventory) -> Result<Target> {
    Ok(Target::Layer(digest(&inventory.layer_made_by("COPY .aws")?)?))
}

fn purge_layer(inventory: &Inventory) -> Result<Params> {
    Ok(purge(vec![leaked_key(inventory)?]))
}

/// A stream with an index and its images.
fn purge_index(_: &Inventory) -> Result<Params> {
    Ok(purge(vec![Target::Repository(repository("tools/probe")?)]))
}

/// The same index and its images, named by its digest.
fn purge_index_by_digest(inventory: &Inventory) -> Result<Params> {
    let index = inventory.digest("tools/probe:latest").context("the seed has no such index")?;
    Ok(purge(vec![Target::Image(digest(index)?)]))
}

/// On a plain registry: that, an index, and a tag that leaves its sibling alone.
fn mixed(inventory: &Inventory) -> Result<Params> {
    let targets = vec![
        leaked_key(inventory)?,
        Target::Repository(repository("tools/probe")?),
        tag("skyfield/frontend:latest")?,
    ];
    Ok(Params::of(targets))
}

fn purge_mixed(inventory: &Inventory) -> Result<Params> {
    Ok(purge(mixed(inventory)?.targets))
}

#[tokio::test]
async fn openshift_purge_of_a_layer() -> Result<()> {
    killed_everywhere(Face::Openshift, purge_layer, Moment::Before, Memory::Kept).await
}

#[tokio::test]
async fn openshift_purge_of_a_layer_unheard() -> Result<()> {
    killed_everywhere(Face::Openshift, purge_layer, Moment::After, Memory::Kept).await
}

#[tokio::test]
async fn openshift_purge_of_a_layer_without_its_record() -> Result<()> {
    killed_everywhere(Face::Openshift, purge_layer, Moment::Before, Memory::Lost).await
}

#[tokio::test]
async fn openshift_purge_of_an_index() -> Result<()> {
    killed_everywhere(Face::Openshift, purge_index, Moment::Before, Memory::Kept).await
}

#[tokio::test]
async fn openshift_purge_of_an_index_without_its_record() -> Result<()> {
    killed_everywhere(Face::Openshift, purge_index_by_digest, Moment::After, Memory::Lost).await
}

#[tokio::test]
async fn plain() -> Result<()> {
    killed_everywhere(Face::Plain, mixed, Moment::Before, Memory::Kept).await
}

#[tokio::test]
async fn plain_unheard() -> Result<()> {
    killed_everywhere(Face::Plain, mixed, Moment::After, Memory::Kept).await
}

#[tokio::test]
async fn plain_purge() -> Result<()> {
    killed_everywhere(Face::Plain, purge_mixed, Moment::Before, Memory::Kept).await
}

#[tokio::test]
async fn plain_without_its_record() -> Result<()> {
    killed_everywhere(Face::Plain, mixed, Moment::Before, Memory::Lost).await
}

/// Tags, one of which the stream is told about, an older revision, a whole repository: nothing is
/// removed.
async fn unlinked(cluster: &Cluster) -> Result<Params> {
    let latest = tag_ref("skyfield/frontend:latest")?;
    let history = revisions(cluster, &latest.to_string()).await?;
    let older = history[1]["image"].as_str().context("no older revision")?;
    let targets = vec![
        Target::Revision { repository: latest.repository, tag: latest.tag, digest: digest(older)? },
        tag("skyfield/frontend:test")?,
        tag("shop/database:13")?,
        Target::Repository(repository("tools/cli")?),
    ];
    Ok(Params::of(targets))
}

async fn openshift_unlink(moment: Moment, memory: Memory) -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let params = unlinked(&cluster).await?;
    let number = killed_at_each_request(&cluster, &params, moment, memory).await?;
    ensure!(number == params.targets.len(), "{number} requests");
    Ok(())
}

#[tokio::test]
async fn openshift_tags() -> Result<()> {
    openshift_unlink(Moment::Before, Memory::Kept).await
}

#[tokio::test]
async fn openshift_tags_unheard() -> Result<()> {
    openshift_unlink(Moment::After, Memory::Kept).await
}

#[tokio::test]
async fn openshift_tags_without_their_record() -> Result<()> {
    openshift_unlink(Moment::After, Memory::Lost).await
}
