// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reading a whole registry from nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use images_tests::call::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::seed;
use serde_json::{Value, json};

use crate::ROUNDS;
use crate::table::{Budget, Row, Samples};

/// Requests that curl has under way at once.
const PARALLEL: &str = "16";

pub(crate) async fn measure() -> Result<Vec<Row>> {
    seed::seed()?;
    let mut rows = Vec::new();
    for face in [Face::Openshift, Face::Plain] {
        rows.push(cold(&Cluster::start(face)?).await?);
    }
    Ok(rows)
}

/// Everything read from nothing by `call search`, against curl fetching the same answers.
async fn cold(cluster: &Cluster) -> Result<Row> {
    let mut ours = Vec::new();
    for _ in 0..ROUNDS {
        cluster.forget_requests().await?;
        let begin = Instant::now();
        let called = call(cluster, "sarah", "search", json!({})).await?;
        ours.push(begin.elapsed());
        ensure!(called.status == Some(0), "{called:?}");
    }
    let requests = cluster.requests().await?;
    let mut theirs = Vec::new();
    for _ in 0..ROUNDS {
        theirs.push(replay(cluster, &requests).await?);
    }
    Ok(Row {
        what: format!("cold index of the seed, {}", cluster.face.name()),
        ours: Samples::times(ours),
        yardstick: Some(("`curl` of the same answers".to_owned(), Samples::times(theirs))),
        budget: Budget::Times(1.2),
        note: format!("{} requests", requests.len()),
    })
}

/// The same requests again by one curl for each server.
async fn replay(cluster: &Cluster, requests: &[Value]) -> Result<Duration> {
    let mut time = Duration::ZERO;
    let text = |request: &Value, key: &str| request[key].as_str().unwrap_or_default().to_owned();
    for (target, base) in [("api", &cluster.ready.api), ("registry", &cluster.ready.registry_url)] {
        let urls: Vec<_> = requests
            .iter()
            .filter(|request| text(request, "target") == target && text(request, "method") == "GET")
            // A watch has no end.
            .filter(|request| !text(request, "query").contains("watch="))
            .map(|request| {
                let query = text(request, "query");
                let mark = if query.is_empty() { "" } else { "?" };
                format!("{base}{}{mark}{query}", text(request, "path"))
            })
            .collect();
        if !urls.is_empty() {
            let curl = match target {
                "api" => cluster.curl("sarah"),
                _ => cluster.registry_curl("sarah"),
            };
            let begin = Instant::now();
            curl.option("parallel-max", PARALLEL).fetch_all(&urls).await?;
            time += begin.elapsed();
        }
    }
    Ok(time)
}
