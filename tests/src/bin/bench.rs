// SPDX-License-Identifier: LGPL-2.1-or-later

//! What `make bench` runs: measures the budgets as ratios, both sides in one run on one machine,
//! and prints them as a table in Markdown. The table is kept in `bench.md` beside the build.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::call::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::cockpit::{Cockpit, Version};
use images_tests::seed;
use images_tests::session::Session;
use serde_json::{Value, json};

/// How often each side is measured; the best counts, for the others met something else.
const ROUNDS: usize = 5;

/// Tags that are deleted, in this many repositories.
const CROWD: usize = 1000;
const CROWDED: usize = 20;

/// Requests that curl has under way at once.
const PARALLEL: &str = "16";

struct Row {
    what: String,
    measured: String,
    budget: &'static str,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let measured = runtime.context("cannot start").and_then(|runtime| runtime.block_on(bench()));
    match measured.and_then(|rows| report(&rows)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<Vec<Row>> {
    seed::seed()?;
    let mut rows = Vec::new();
    for face in [Face::Openshift, Face::Plain] {
        let cluster = Cluster::start(face)?;
        rows.push(cold_index(&cluster).await?);
    }
    rows.push(deletion().await?);
    rows.extend(page().await?);
    Ok(rows)
}

/// Many tags deleted in one go, with a view of the repositories open, against `skopeo delete` in a
/// loop. Ours is timed from the request to the receipt: plan, record, and asking for all of them
/// again are in it, which skopeo does not do.
async fn deletion() -> Result<Row> {
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
    let faster = theirs.as_secs_f64() / ours.as_secs_f64();
    Ok(Row {
        what: format!("{CROWD} tags of {CROWDED} repositories deleted, faster than skopeo"),
        measured: format!(
            "{faster:.1} x ({:.1} s, skopeo {:.1} s; meanwhile {updates} updates of an open view, \
             {progress} of the progress)",
            ours.as_secs_f64(),
            theirs.as_secs_f64(),
        ),
        budget: "8 x, updates",
    })
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

/// Everything read from nothing by `call search`, against curl fetching the same answers.
async fn cold_index(cluster: &Cluster) -> Result<Row> {
    let mut ours = Duration::MAX;
    for _ in 0..ROUNDS {
        cluster.forget_requests().await?;
        let begin = Instant::now();
        let called = call(cluster, "sarah", "search", json!({})).await?;
        ours = ours.min(begin.elapsed());
        ensure!(called.status == Some(0), "{called:?}");
    }
    let requests = cluster.requests().await?;
    let mut theirs = Duration::MAX;
    for _ in 0..ROUNDS {
        theirs = theirs.min(replay(cluster, &requests).await?);
    }
    Ok(Row {
        what: format!("cold index of the seed, {}, against curl", cluster.face.name()),
        measured: format!(
            "{:.2} ({} ms, curl {} ms, {} requests)",
            ours.as_secs_f64() / theirs.as_secs_f64(),
            ours.as_millis(),
            theirs.as_millis(),
            requests.len(),
        ),
        budget: "1.2 at 100,000 images",
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

/// From the click to the first row, and what it weighs.
async fn page() -> Result<Vec<Row>> {
    let cluster = Cluster::start(Face::Openshift)?;
    let mut best = Duration::MAX;
    let mut weight = 0;
    for _ in 0..ROUNDS {
        let environment = [("KUBECONFIG", cluster.kubeconfig("sarah")?.into())];
        let cockpit = Cockpit::local(Version::Installed, 0, &environment).await?;
        let browser = Browser::start().await?;
        browser.go(&cockpit.url("/system")).await?;
        browser.click_images().await?;
        best = best.min(browser.first_row().await?);
        weight = browser.weight().await?;
        browser.close().await?;
    }
    Ok(vec![
        Row {
            what: "click on Images to first rows, cold, the seed".to_owned(),
            measured: format!("{} ms", best.as_millis()),
            budget: "1000 ms",
        },
        Row {
            what: "page weight over the wire".to_owned(),
            measured: format!("{} KiB", weight.div_ceil(1024)),
            budget: "500 KiB",
        },
    ])
}

fn report(rows: &[Row]) -> Result<()> {
    let mut table = "| what | measured | budget |\n|---|---|---|\n".to_owned();
    for row in rows {
        table.push_str(&format!("| {} | {} | {} |\n", row.what, row.measured, row.budget));
    }
    let own = std::env::current_exe()?;
    let folder = own.parent().context("this program is in no folder")?;
    std::fs::write(folder.join("bench.md"), &table)?;
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}
