// SPDX-License-Identifier: LGPL-2.1-or-later

//! The limit of the wire: what the bridge asked for, fetched once more by curl, which does nothing
//! with it.

use std::time::{Duration, Instant};

use anyhow::Result;
use images_tests::cluster::Cluster;
use serde_json::Value;

/// Requests that curl has under way at once.
const PARALLEL: &str = "16";

/// The same requests again by one curl for each server.
pub(crate) async fn replay(cluster: &Cluster, requests: &[Value]) -> Result<Duration> {
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
            curl.option("parallel-max", PARALLEL)
                .option("max-time", "600")
                .fetch_all(&urls)
                .await?;
            time += begin.elapsed();
        }
    }
    Ok(time)
}
