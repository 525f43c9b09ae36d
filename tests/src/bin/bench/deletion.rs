// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deleting many tags.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::{Value, json};

use crate::table::{Budget, Row, Samples};

/// Tags that are deleted, in this many repositories.
const CROWD: usize = 1000;
const CROWDED: usize = 20;

/// Many tags deleted in one go, with a view of the repositories open, against `skopeo delete` in a
/// loop. Ours is timed from the request to the receipt: plan, record, and asking for all of them
/// again are in it, which skopeo does not do.
pub(crate) async fn measure() -> Result<Vec<Row>> {
    let crowd = CROWD.to_string();
    let start = || Cluster::start_with(Face::Plain, false, &["--crowd", &crowd]);
    let cluster = start()?;
    let tags = tags(&cluster).await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    session.reached().await?;
    let params =
        json!({ "targets": tags.iter().map(|tag| json!({ "tag": tag })).collect::<Vec<_>>() });
    let peer = session.peer()?;
    peer.open("view", "search", json!({})).await?;
    peer.receive("view").await?;
    let begin = Instant::now();
    peer.open("delete", "delete", params).await?;
    let (mut updates, mut progress) = (0, 0);
    let receipt = loop {
        let frame = peer.next().await?;
        match frame.channel.as_str() {
            "view" => updates += 1,
            "delete" => {
                let mut message = frame.json()?;
                if !message["result"].is_null() {
                    break message["result"].take();
                }
                ensure!(!message["progress"].is_null(), "{message}");
                progress += 1;
            }
            _ => {}
        }
    };
    let ours = begin.elapsed();
    let items = receipt["items"].as_array().context("no items")?;
    let gone = items.iter().filter(|item| item["outcome"] == "deleted").count();
    ensure!(gone == CROWD, "{gone} of {CROWD} are gone");
    session.end().await?;
    drop(cluster);

    let cluster = start()?;
    let skopeo = cluster.skopeo("sarah")?;
    let begin = Instant::now();
    for tag in &tags {
        let name = |field: &str| tag[field].as_str().unwrap_or_default();
        skopeo.delete(&format!("{}:{}", name("repository"), name("tag"))).await?;
    }
    let theirs = begin.elapsed();
    Ok(vec![Row {
        what: format!("{CROWD} tags of {CROWDED} repositories deleted and proved to be gone"),
        ours: Samples::times([ours]),
        yardstick: Some(("`skopeo delete` in a loop".to_owned(), Samples::times([theirs]))),
        budget: Budget::Faster(8.0),
        note: format!("meanwhile {updates} updates of an open list, {progress} of the progress"),
    }])
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
