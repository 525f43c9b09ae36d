// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge is killed at every step of a plan, and the same deletion is asked for again: it ends
//! as one that was never killed, and nothing else was touched.

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Params, Target};
use images_proto::history::{Change, State};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::wait::{PATIENCE, until};
use serde_json::{Value, json};

use crate::hold::Hold;
use crate::home::Home;
use crate::place::Place;
use crate::support::{digest, purge, repository, tag};

/// When a request is in the way of the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Before it is done: the step never happens.
    Before,
    /// After it was done: the step happened, but the bridge never heard of it.
    After,
}

impl Moment {
    fn fault(self) -> &'static str {
        match self {
            Self::Before => "hold",
            Self::After => "hold-answer",
        }
    }
}

/// Whether the second run finds the record of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// It does.
    Kept,
    /// It was made on another machine, or its folder was lost.
    Lost,
}

/// Kills the bridge before, or right after, its request number `number` that changes something, if
/// it makes so many. Whether it did.
async fn kill_at(
    cluster: &Cluster,
    home: &Home,
    params: &Params,
    number: usize,
    moment: Moment,
) -> Result<bool> {
    let mut faults = vec![("registry", "DELETE"), ("registry", "PUT")];
    if cluster.face == Face::Openshift {
        faults.extend([("api", "DELETE"), ("api", "PUT")]);
    }
    let faults = faults.iter().map(
        |(on, method)| json!({ "on": on, "path": "/", "method": method, "kind": moment.fault() }),
    );
    cluster.forget_requests().await?;
    let hold = Hold::order(cluster, "kill", faults.collect()).await?;
    let mut bridge = home.spawn("delete", params)?;
    for released in 0..=number {
        tokio::select! {
            held = hold.wait(PATIENCE) => {
                held.with_context(|| format!("nothing more came after {released} requests"))?;
            }
            status = bridge.wait() => {
                ensure!(status?.success(), "it failed");
                return Ok(false);
            }
        }
        if released < number {
            hold.release_one().await?;
            if moment == Moment::Before {
                // What was let go is done, before anything else happens.
                until("the request is done", async || {
                    Ok((done(cluster).await? > released).then_some(()))
                })
                .await?;
            }
        }
    }
    bridge.kill().await?;
    // What a dead client asked for does not happen, unless it had happened.
    hold.forget().await?;
    Ok(true)
}

/// The requests that changed something and were answered.
async fn done(cluster: &Cluster) -> Result<usize> {
    let requests = cluster.requests().await?;
    let is_done = |request: &&Value| {
        request["status"] != 0 && (request["method"] == "DELETE" || request["method"] == "PUT")
    };
    // At a plain registry only what came through counts, once.
    let counts =
        |request: &&Value| cluster.face == Face::Openshift || request["target"] == "registry";
    Ok(requests.iter().filter(is_done).filter(counts).count())
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
    let before = Place::of(&cluster).await?;
    Home::of(&cluster, "sarah")?.delete(&params).await?;
    let clean = Place::of(&cluster).await?;
    ensure!(before != clean, "a clean run changes nothing");
    drop(cluster);
    let mut number = 0;
    loop {
        // Digests are the same in every copy of the seed.
        let cluster = Cluster::start(face)?;
        let home = Home::of(&cluster, "sarah")?;
        if !kill_at(&cluster, &home, &params, number, moment).await? {
            break;
        }
        again(&cluster, &home, &params, memory, &clean)
            .await
            .with_context(|| format!("killed {moment:?} request {number}"))?;
        number += 1;
    }
    ensure!(number > 5, "only {number} requests: this looks at nothing");
    Ok(())
}

/// The same deletion once more.
async fn again(
    cluster: &Cluster,
    home: &Home,
    params: &Params,
    memory: Memory,
    clean: &Place,
) -> Result<()> {
    match memory {
        Memory::Lost => home.forget()?,
        Memory::Kept => {
            let changes = home.history().await?;
            let broken = |change: &Change| matches!(change.state, State::Interrupted { .. });
            ensure!(changes.len() == 1 && broken(&changes[0]), "not broken off: {changes:#?}");
        }
    }
    if memory == Memory::Lost {
        // What is gone completely by now is said not to be there; nothing else may be wrong. A link
        // whose tag is gone is known only by the record.
        home.call("delete", params).await?;
        return Place::of(cluster).await?.without_links_beyond(clean).is_like(clean);
    }
    home.delete(params).await?;
    let now = Place::of(cluster).await?;
    now.is_like(clean)?;
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
