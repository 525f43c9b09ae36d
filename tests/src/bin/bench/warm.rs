// SPDX-License-Identifier: LGPL-2.1-or-later

//! A login that begins with what an earlier one knew of a large registry.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_proto::Method as _;
use images_proto::search::{Search, View};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::json;

use crate::ROUNDS;
use crate::large::{self, IMAGES, Login, SIZE};
use crate::memory::{MIB, resident};
use crate::table::{Budget, Row, Samples};

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start_loaded(Face::Openshift, IMAGES)?;
    let Login { mut session, whole: cold, .. } = large::login(&cluster).await?;
    let all = session.ready().await?.counts.repositories;
    session.end().await?;

    let (mut times, mut checked, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        cluster.forget_requests().await?;
        let begin = Instant::now();
        session.start().await?;
        times.push(first_rows(&mut session, begin, all).await?);
        session.ready().await?;
        checked.push(begin.elapsed());
        let pid = session.peer()?.id().context("the bridge ended")?;
        bytes = resident(pid)?.max(bytes);
        session.end().await?;
    }
    let requests = cluster.requests().await?.len();
    Ok(vec![
        Row {
            what: format!("warm start until all rows are there: {SIZE}"),
            ours: Samples::times(times),
            yardstick: Some(("reading all of it".to_owned(), Samples::times([cold]))),
            budget: Budget::AtMost(0.5),
            note: format!("checked with {requests} requests after {}", Samples::times(checked)),
        },
        Row {
            what: format!("memory of the bridge after a warm start: {SIZE}"),
            ours: Samples::bytes(bytes),
            yardstick: None,
            budget: Budget::AtMost((100 * MIB) as f64),
            note: String::new(),
        },
    ])
}

/// From the start of the bridge until it shows rows, and knows how many there are.
async fn first_rows(session: &mut Session, begin: Instant, all: u64) -> Result<Duration> {
    let peer = session.peer()?;
    peer.open("rows", Search::NAME, json!({ "limit": 50 })).await?;
    let total = peer
        .until("rows", |message| {
            let view: View = serde_json::from_value(message.get("view")?.clone()).ok()?;
            (view.total > 0).then_some(view.total)
        })
        .await?;
    let time = begin.elapsed();
    ensure!(u64::from(total) == all, "{total} rows came first, of {all}");
    Ok(time)
}
