// SPDX-License-Identifier: LGPL-2.1-or-later

//! A repository is purged and the bridge killed, and nobody knows of it any more: purging what is left
//! of it, and then what is in no stream, leaves nothing behind, not even a link.

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Orphan, Params, Target};
use images_tests::cluster::{Cluster, Face};

use super::kept::Kept;
use super::kill::{Kill, MOMENTS};
use crate::home::Home;
use crate::place::Place;
use crate::support::{plan, purge, repository};

/// Purges a repository, which may be gone, and what is in no stream, of which there may be nothing.
async fn clean_up(home: &Home, params: &Params) -> Result<()> {
    home.call("delete", params).await?;
    home.call("delete", &orphans()).await?;
    Ok(())
}

fn orphans() -> Params {
    purge(vec![Target::Orphans(Orphan::Images)])
}

#[tokio::test]
async fn a_repository() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let kept = Kept::of(&cluster).await?;
    let params = purge(vec![Target::Repository(repository("skyfield/api")?)]);
    clean_up(&Home::of(&cluster, "sarah")?, &params).await?;
    let clean = Place::of(&cluster).await?;
    for moment in MOMENTS {
        let mut number = 0;
        loop {
            kept.restore(&cluster).await?;
            let home = Home::of(&cluster, "sarah")?;
            if !(Kill { number, moment }).strike(&cluster, &home, "delete", &params).await? {
                break;
            }
            home.forget()?;
            clean_up(&home, &params).await?;
            let now = Place::of(&cluster).await?;
            now.is_like(&clean).with_context(|| format!("killed {moment:?} request {number}"))?;
            number += 1;
        }
        ensure!(number > 10, "only {number} requests: this looks at nothing");
    }
    Ok(())
}

/// Where the stream was deleted first, the registry answers for its links no more: this is told, with
/// the command for whoever may.
#[tokio::test]
async fn a_stream_that_is_gone() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let unlink = Params::of(vec![Target::Repository(repository("skyfield/api")?)]);
    Home::of(&cluster, "sarah")?.delete(&unlink).await?;
    let planned = plan(&cluster, "sarah", &orphans()).await?;
    let told = planned.missing.iter().find_map(|missing| missing.command.as_deref());
    ensure!(told.is_some_and(|command| command.contains("-prune=check")), "{planned:#?}");
    Ok(())
}
