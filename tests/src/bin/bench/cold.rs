// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reading a whole registry from nothing.

use std::time::Instant;

use anyhow::{Result, ensure};
use images_tests::call::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::seed;
use serde_json::json;

use crate::ROUNDS;
use crate::replay::replay;
use crate::table::{Budget, Row, Samples};

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
    let (mut ours, mut theirs, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    // By turns: a machine is not equally fast all the time.
    for _ in 0..ROUNDS {
        cluster.forget_requests().await?;
        let begin = Instant::now();
        let called = call(cluster, "sarah", "search", json!({})).await?;
        ours.push(begin.elapsed());
        ensure!(called.status == Some(0), "{called:?}");
        requests = cluster.requests().await?;
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
