// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a registry of any size may cost, counted in requests: the guard of what `make bench` measures
//! in seconds.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use images_tests::wait::until;
use serde_json::{Value, json};

const IMAGES: usize = 1_000;
const STREAMS: usize = IMAGES / 10;

/// Finding out what cluster it is, who one is, and where the registry is.
const CONSTANT: usize = 40;

/// The cluster's API was asked for these, each as a method and a path.
async fn asked(cluster: &Cluster) -> Result<Vec<String>> {
    let requests = cluster.requests().await?;
    let of_api = requests.iter().filter(|request| request["target"] == "api");
    let text = |request: &Value, key: &str| request[key].as_str().unwrap_or_default().to_owned();
    Ok(of_api
        .map(|request| format!("{} {}", text(request, "method"), text(request, "path")))
        .collect())
}

#[tokio::test]
async fn requests_do_not_grow_faster_than_the_registry() -> Result<()> {
    let cluster = Cluster::start_loaded(Face::Openshift, u32::try_from(IMAGES)?)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    let ready = session.ready().await?;
    ensure!(ready.counts.repositories == STREAMS as u64, "{:?}", ready.counts);
    // From here on nothing is found out in the background but what only the registry tells.
    session.tried().await?;
    let cold = asked(&cluster).await?;
    let most = STREAMS + IMAGES / 500 + CONSTANT;
    ensure!(cold.len() <= most, "{} requests, not {most}: {cold:#?}", cold.len());

    // A search asks nobody.
    let peer = session.peer()?;
    peer.open("list", "search", json!({})).await?;
    let row = peer.receive("list").await?["view"]["rows"]["repositories"][0].take();
    let name = row["name"].as_str().context("no row")?.to_owned();
    cluster.forget_requests().await?;
    for query in [&*name, "a", "tag:latest", "project:nowhere", "sha256:0123456789ab", "label:x"] {
        peer.message("list", &json!({ "params": { "query": query } })).await?;
        let is_answer = |view: &Value| (view["view"]["query"] == query).then_some(());
        peer.until("list", is_answer).await?;
    }
    let searching = asked(&cluster).await?;
    ensure!(searching.is_empty(), "{searching:#?}");

    // Opening a repository asks for what is not known of it.
    peer.open("repository", "repository", json!({ "repository": name })).await?;
    let tags = |view: &Value| view["view"]["tags"].as_array().map(Vec::len).filter(|n| *n > 0);
    peer.until("repository", tags).await?;
    peer.open("list again", "search", json!({})).await?;
    peer.receive("list again").await?;
    let opening = asked(&cluster).await?;
    ensure!(opening.len() <= 2, "{opening:#?}");

    // A push costs one request at most.
    const PUSHES: usize = 200;
    cluster.order("events", &json!({ "count": PUSHES })).await?;
    until("all pushes to be read", async || {
        let read = asked(&cluster).await?;
        let streams = read.iter().filter(|asked| asked.ends_with("/layers")).count();
        Ok((streams >= STREAMS / 2).then_some(()))
    })
    .await?;
    let after = asked(&cluster).await?;
    ensure!(after.len() <= PUSHES + opening.len(), "{} requests: {after:#?}", after.len());
    Ok(())
}
