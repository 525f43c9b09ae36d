// SPDX-License-Identifier: LGPL-2.1-or-later

//! Killed once more while it goes on where it was killed.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::Face;

use super::kept::Kept;
use super::kill::{Kill, MOMENTS, Moment, changes};
use super::{Choose, Memory, again, mixed, purge_index, start};
use crate::home::Home;
use crate::place::Place;

async fn killed_twice(face: Face, choose: Choose) -> Result<()> {
    let (cluster, params) = start(face, choose).await?;
    let before = Kept::of(&cluster).await?;
    cluster.forget_requests().await?;
    Home::of(&cluster, "sarah")?.delete(&params).await?;
    let all = changes(&cluster).await?;
    let clean = Place::of(&cluster).await?;
    before.restore(&cluster).await?;
    let first = Home::of(&cluster, "sarah")?;
    let half = Kill { number: all / 2, moment: Moment::After };
    ensure!(half.strike(&cluster, &first, "delete", &params).await?, "not killed");
    let half = Kept::of(&cluster).await?;
    for moment in MOMENTS {
        let mut number = 0;
        loop {
            half.restore(&cluster).await?;
            let home = first.copy(&cluster, "sarah")?;
            if !(Kill { number, moment }).strike(&cluster, &home, "delete", &params).await? {
                break;
            }
            again(&cluster, &home, &params, Memory::Kept, &clean)
                .await
                .with_context(|| format!("killed again {moment:?} request {number}"))?;
            number += 1;
        }
        Place::of(&cluster).await?.is_like(&clean)?;
        // What was done before is not done again, but looked for.
        ensure!((2..all).contains(&number), "{number} of {all} requests");
    }
    Ok(())
}

#[tokio::test]
async fn openshift() -> Result<()> {
    killed_twice(Face::Openshift, purge_index).await
}

#[tokio::test]
async fn plain() -> Result<()> {
    killed_twice(Face::Plain, mixed).await
}
