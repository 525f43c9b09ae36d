// SPDX-License-Identifier: LGPL-2.1-or-later

//! A list of a hundred thousand rows, of which the document has those that are seen: how soon there
//! are rows wherever somebody drags the bar to.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::wait;
use serde_json::json;

use crate::table::{Budget, Row, Samples};
use crate::typing::open;

/// Images in a tenth as many repositories, which are the rows.
const IMAGES: u32 = 1_000_000;
const ROWS: u64 = 100_000;

/// Where the bar is dragged to, as parts of its way.
const PARTS: [f64; 9] = [0.5, 0.1, 0.9, 0.3, 1.0, 0.7, 0.2, 0.8, 0.0];

/// The most rows that may ever be in the document.
const MOST: u64 = 150;

/// Counts rows, and drags the bar: from there to the frame that shows rows in the middle of the screen.
const WATCH: &str = r"
    const count = () => document.querySelectorAll('tr').length;
    window.imagesMost = count();
    new MutationObserver(() => { window.imagesMost = Math.max(window.imagesMost, count()); })
        .observe(document, { subtree: true, childList: true });
    let scroller = document.querySelector('main');
    while (scroller.scrollHeight <= scroller.clientHeight) scroller = scroller.parentElement;
    window.imagesDrag = part => {
        window.imagesDragged = null;
        const begin = performance.now();
        scroller.scrollTop = scroller.scrollHeight * part;
        const look = () => {
            const seen = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
            if (seen?.closest('tr[data-row]'))
                window.imagesDragged = performance.now() - begin;
            else
                requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    };
";

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start_loaded(Face::Openshift, IMAGES)?;
    let (_cockpit, browser) = open(&cluster).await?;
    browser.wait_text("[data-testid='found']", "100,000 repositories").await?;
    browser.devtools("Network.disable", json!({})).await?;
    browser.script(WATCH, vec![]).await?;
    let mut times = Vec::new();
    for part in PARTS {
        browser.script("window.imagesDrag(arguments[0])", vec![part.into()]).await?;
        let dragged = wait::until("rows on the screen", async || {
            Ok(browser.script("return window.imagesDragged", vec![]).await?.as_f64())
        });
        times.push(Duration::from_secs_f64(dragged.await? / 1000.0));
    }
    let count = browser.attributes("table", "aria-rowcount").await?;
    ensure!(count == [(ROWS + 1).to_string()], "{count:?} rows");
    let most = browser.script("return window.imagesMost", vec![]).await?;
    let most = most.as_u64().filter(|most| (10..=MOST).contains(most));
    let most = most.context("too many rows in the document")?;
    browser.close().await?;
    Ok(vec![Row {
        what: "the bar dragged anywhere in a list of 100,000 rows, until rows are seen".to_owned(),
        ours: Samples::times(times),
        yardstick: None,
        budget: Budget::AtMost(0.25),
        note: format!("1,000,000 images; never more than {most} rows in the document"),
    }])
}
