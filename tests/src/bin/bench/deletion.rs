// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deleting many tags.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use images_tests::skopeo::Skopeo;
use serde_json::{Value, json};

/// How often ours is measured.
const ROUNDS: usize = 3;

use crate::table::{Budget, Row, Samples};

/// Tags that are deleted, in this many repositories.
const CROWD: usize = 1000;
const CROWDED: usize = 20;

/// How long somebody who types rests between two words.
const REST: Duration = Duration::from_millis(200);

/// By which way a deletion goes to the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// To docker-registry's own address, as skopeo does.
    Address,
    /// Through the API server, with TLS.
    ServiceProxy,
}

/// A deletion of the crowd.
struct Deletion {
    /// From the request to the receipt.
    time: Duration,
    /// What the registry was asked for, if the API server noted it.
    requests: usize,
    /// Changes that an open list was told of.
    updates: usize,
    progress: usize,
    /// How often somebody typed into the open list, and waited how long for rows at worst.
    typed: usize,
    slowest: Duration,
}

/// Many tags deleted in one go, with a list of the repositories open, against `skopeo delete` in a
/// loop. Ours is timed from the request to the receipt: plan, record, and asking for all of them
/// again are in it, which skopeo does not do.
pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = crowd()?;
    let tags = tags(&cluster).await?;
    let host = cluster.ready.registry_direct.strip_prefix("http://").context("no address")?;
    let skopeo = Skopeo::new(host, None, false, None)?;
    let begin = Instant::now();
    for tag in &tags {
        let name = |field: &str| tag[field].as_str().unwrap_or_default();
        skopeo.delete(&format!("{}:{}", name("repository"), name("tag"))).await?;
    }
    let theirs = begin.elapsed();
    drop(cluster);
    let proxied = delete(Way::ServiceProxy).await?;
    let (mut times, mut last) = (Vec::new(), None);
    for _ in 0..ROUNDS {
        let ours = delete(Way::Address).await?;
        times.push(ours.time);
        last = Some(ours);
    }
    let Deletion { updates, progress, typed, slowest, .. } = last.context("nothing was done")?;
    Ok(vec![Row {
        what: format!("{CROWD} tags of {CROWDED} repositories deleted and proved to be gone"),
        ours: Samples::times(times),
        yardstick: Some(("`skopeo delete` in a loop".to_owned(), Samples::times([theirs]))),
        budget: Budget::Faster(8.0),
        note: format!(
            "{:.2} requests for each tag; meanwhile {updates} updates of an open list, {progress} of \
             the progress, and {typed} times rows for what was typed, after {} ms at worst; {:.1} s \
             through the API server's proxy",
            proxied.requests as f64 / CROWD as f64,
            slowest.as_millis(),
            proxied.time.as_secs_f64(),
        ),
    }])
}

fn crowd() -> Result<Cluster> {
    Cluster::start_with(Face::Plain, false, &["--crowd", &CROWD.to_string()])
}

/// Deletes the crowd, and types into an open list all the time.
async fn delete(way: Way) -> Result<Deletion> {
    let cluster = crowd()?;
    let targets = tags(&cluster).await?;
    let targets: Vec<_> = targets.iter().map(|tag| json!({ "tag": tag })).collect();
    let mut session = Session::new()?;
    session.set("KUBECONFIG", cluster.kubeconfig("sarah")?);
    if way == Way::Address {
        session.set("COCKPIT_IMAGES_REGISTRY", &cluster.ready.registry_direct);
    }
    session.start().await?;
    session.ready().await?;
    session.reached().await?;
    let peer = session.peer()?;
    peer.open("view", "search", json!({})).await?;
    // Configs are read in the background, which is not what is measured.
    while peer.receive("view").await?["view"]["coverage"]["configs_unread"] != 0 {}
    cluster.forget_requests().await?;
    let begin = Instant::now();
    peer.open("delete", "delete", json!({ "targets": targets })).await?;
    let (mut updates, mut progress) = (0, 0);
    let (mut typed, mut slowest) = (0, Duration::ZERO);
    let (mut waiting, mut rested): (Option<(String, Instant)>, _) = (None, begin);
    let receipt = loop {
        let frame = peer.next().await?;
        match (frame.channel.as_str(), &waiting) {
            ("view", Some((query, since))) if frame.json()?["view"]["query"] == query.as_str() => {
                slowest = slowest.max(since.elapsed());
                typed += 1;
                (waiting, rested) = (None, Instant::now());
            }
            ("view", _) => updates += 1,
            ("delete", _) => {
                let mut message = frame.json()?;
                if !message["result"].is_null() {
                    break message["result"].take();
                }
                ensure!(!message["progress"].is_null(), "{message}");
                progress += 1;
            }
            _ => {}
        }
        if waiting.is_none() && rested.elapsed() > REST {
            // Each time something else, to know the answer by.
            let query = format!("r{:02}", typed % CROWDED + 1);
            peer.message("view", &json!({ "params": { "query": query } })).await?;
            waiting = Some((query, Instant::now()));
        }
    };
    let time = begin.elapsed();
    let items = receipt["items"].as_array().context("no items")?;
    let gone = items.iter().filter(|item| item["outcome"] == "deleted").count();
    ensure!(gone == CROWD, "{gone} of {CROWD} are gone");
    let requests = cluster.requests().await?;
    let is_to_registry =
        |request: &&Value| request["path"].as_str().is_some_and(|path| path.contains("/proxy/v2/"));
    let requests = requests.iter().filter(is_to_registry).count();
    session.end().await?;
    Ok(Deletion { time, requests, updates, progress, typed, slowest })
}

/// Every tag of the crowd.
async fn tags(cluster: &Cluster) -> Result<Vec<Value>> {
    let curl = cluster.registry_curl("sarah");
    let base = format!("{}/v2", cluster.ready.registry_url);
    let mut tags = Vec::new();
    for number in 1..=CROWDED {
        let repository = format!("bulk/r{number:02}");
        let list = curl.get(&format!("{base}/{repository}/tags/list")).await?.json()?;
        let list = list["tags"].as_array().with_context(|| format!("no tags: {list}"))?;
        tags.extend(list.iter().map(|tag| json!({ "repository": repository, "tag": tag })));
    }
    ensure!(tags.len() == CROWD, "{} tags", tags.len());
    Ok(tags)
}
