// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page with a hundred thousand images behind it: how soon what is typed is painted, and what the
//! page does while somebody else pushes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::{Cluster, Face};
use images_tests::cockpit::{Cockpit, Version};
use serde_json::{Value, json};

use crate::large::{IMAGES, RATE, SIZE, percentile, wait_until_idle};
use crate::table::{Budget, Row, Samples};

/// What is typed, letter by letter.
const TYPED: [&str; 14] = [
    "orders",
    "gateway",
    "latest",
    "prod",
    "a1b2c3",
    "project:payments-prod api",
    "search",
    "tag:v1",
    "ledger",
    "0f9e8d",
    "payments/",
    "billing",
    "cart",
    "tag:latest web",
];

/// How often all of that.
const ROUNDS: usize = 3;

/// For how long somebody pushes.
const SECONDS: u32 = 15;

/// The longest that filling the catalog may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// From a key to the frame in which the rows are others. A letter that changes no row is not counted.
const WATCH: &str = r"
    window.imagesKeys = [];
    let since = null;
    addEventListener('input', event => { since = event.timeStamp; }, true);
    const isRow = node => node.nodeName === 'TR' || node.querySelector?.('tr');
    new MutationObserver(changes => {
        const inRows = change => (change.target.closest ?? change.target.parentElement?.closest)
            ?.call(change.target.closest ? change.target : change.target.parentElement, 'tbody')
            || [...change.addedNodes, ...change.removedNodes].some(isRow);
        if (since === null || !changes.some(inRows))
            return;
        const pressed = since;
        since = null;
        requestAnimationFrame(() => {
            // A message that is handled after the frame was painted.
            const painted = new MessageChannel();
            painted.port1.onmessage = () => window.imagesKeys.push(performance.now() - pressed);
            painted.port2.postMessage(0);
        });
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
";

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start_loaded(Face::Openshift, IMAGES)?;
    let (_cockpit, browser) = open(&cluster).await?;
    // The page is measured, not how bridge, cluster, registry and browser share two cores; nor what the
    // tools for developers take, which nobody has open.
    wait_until_idle(&cluster).await?;
    browser.devtools("Network.disable", json!({})).await?;
    browser.script(WATCH, vec![]).await?;
    let (mut all, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let keys = type_all(&browser).await?;
        ensure!(keys.len() > 20, "only {} letters changed rows", keys.len());
        all.extend(keys.clone());
        slow.push(percentile(keys, 95));
    }
    let (count, all) = (all.len(), Samples::times(all));
    let mut rows = vec![Row {
        what: format!("key to painted result, {SIZE}, 95th percentile"),
        ours: Samples::times(slow),
        yardstick: None,
        budget: Budget::AtMost(0.050),
        note: format!(
            "{count} letters that changed rows, typed when nothing was left to read; of all: {all}"
        ),
    }];
    browser.type_into("#search", "").await?;
    browser.wait("[data-row]").await?;
    browser.devtools("Performance.enable", json!({})).await?;
    let (begin, before) = (Instant::now(), busy(&browser).await?);
    cluster.order("events", &json!({ "per_second": RATE, "for": SECONDS })).await?;
    tokio::time::sleep(Duration::from_secs(SECONDS.into())).await;
    let spent = busy(&browser).await? - before;
    let share = spent / begin.elapsed().as_secs_f64();
    browser.close().await?;
    rows.push(Row {
        what: format!(
            "the page's share of a core during {RATE} pushes a second, list open, {SIZE}"
        ),
        ours: Samples::new(crate::table::Unit::Share, [share]),
        yardstick: None,
        budget: Budget::AtMost(0.30),
        note: "its main thread, by Chromium's own count".to_owned(),
    });
    Ok(rows)
}

/// The page, once all is read that it shows.
pub(crate) async fn open(cluster: &Cluster) -> Result<(Cockpit, Browser)> {
    let environment = [("KUBECONFIG", cluster.kubeconfig("sarah")?.into())];
    let cockpit = Cockpit::local(Version::Installed, 0, &environment).await?;
    let browser = Browser::start().await?;
    browser.go(&cockpit.url("/images")).await?;
    browser.enter_page().await?;
    browser.wait("[data-row]").await?;
    wait_until_filled(&browser).await?;
    Ok((cockpit, browser))
}

/// From each key that changes rows to these painted.
async fn type_all(browser: &Browser) -> Result<Vec<Duration>> {
    for text in TYPED {
        browser.type_into("#search", "").await?;
        for letter in text.chars() {
            browser.type_more("#search", letter).await?;
            // Somebody who types rests between two letters, and sees what comes.
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
    }
    let keys = browser.script("return window.imagesKeys.splice(0)", vec![]).await?;
    let milliseconds = keys.as_array().context("no times")?.iter().filter_map(Value::as_f64);
    Ok(milliseconds.map(|milliseconds| Duration::from_secs_f64(milliseconds / 1000.0)).collect())
}

/// Waits until nothing is said to be filling any more.
async fn wait_until_filled(browser: &Browser) -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let filling = "return document.querySelector(\"[data-state='filling']\") !== null";
        if browser.script(filling, vec![]).await? == Value::Bool(false) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("it is still filling after {} s", PATIENCE.as_secs())
}

/// The seconds that the page's main thread worked so far.
async fn busy(browser: &Browser) -> Result<f64> {
    let metrics = browser.devtools("Performance.getMetrics", json!({})).await?;
    let metrics = metrics["metrics"].as_array().context("no metrics")?;
    let duration = metrics.iter().find(|metric| metric["name"] == "TaskDuration");
    duration.and_then(|metric| metric["value"].as_f64()).context("no TaskDuration")
}
