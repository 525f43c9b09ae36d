// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge is killed in the middle of a promotion: each tag is old or new, and promoting again
//! completes it.

use anyhow::{Context, Result, ensure};
use images_proto::history::State;
use images_tests::cluster::{Cluster, Face};
use images_tests::curl::Curl;
use images_tests::wait::{PATIENCE, until};
use serde_json::{Value, json};

use crate::support::{Promoter, a_move, are_the_same};

/// Kills it while the request number `number` that changes something waits; whether there were so
/// many.
async fn kill_at(cluster: &Cluster, sarah: &Promoter, number: usize) -> Result<bool> {
    let moves = moves(cluster).await?;
    let plan = sarah.plan(&moves).await?;
    // Not the manifest by which is asked whether she may push.
    let held: &[(&str, &str, &str)] = match cluster.face {
        Face::Openshift => {
            &[("api", "PUT", "*/imagestreamtags/*"), ("api", "POST", "*/imagestreamtags")]
        }
        Face::Plain => &[
            ("registry", "POST", "*/blobs/uploads/"),
            ("registry", "PUT", "*/manifests/latest"),
            ("registry", "PUT", "*/manifests/1.0"),
            ("registry", "PUT", "*/manifests/*.sig"),
        ],
    };
    for (on, method, path) in held {
        let fault =
            json!({ "name": "kill", "on": on, "path": path, "method": method, "kind": "hold" });
        cluster.fault(fault).await?;
    }
    let control = &cluster.ready.control;
    let mut bridge = sarah.begin(&plan)?;
    for released in 0..=number {
        let waiting = async {
            let url = format!("{control}/holds?kill");
            let answer = tokio::time::timeout(PATIENCE, Curl::new().get(&url)).await;
            ensure!(answer??.is_good(), "the cluster does not say what it holds");
            Ok(())
        };
        tokio::select! {
            held = waiting => held.with_context(|| format!("nothing after {released}"))?,
            status = bridge.wait() => {
                ensure!(status?.success(), "it failed");
                cluster.heal().await?;
                return Ok(false);
            }
        }
        if released < number {
            cluster.order("holds/release", &json!({ "name": "kill", "one": true })).await?;
        }
    }
    bridge.kill().await?;
    until("the requests of the dead are forgotten", async || {
        let held = Curl::new().get(&format!("{control}/holds")).await?;
        let held: Vec<Value> = serde_json::from_slice(&held.body)?;
        Ok(held.is_empty().then_some(()))
    })
    .await?;
    cluster.heal().await?;
    Ok(true)
}

const PAIRS: [(&str, &str); 2] =
    [("skyfield/api:latest", "shop/api:latest"), ("tools/probe:latest", "shop/probe:1.0")];

async fn moves(cluster: &Cluster) -> Result<Vec<images_proto::stage::Move>> {
    let mut moves = Vec::new();
    for (from, to) in PAIRS {
        moves.push(a_move(cluster, from, to).await?);
    }
    Ok(moves)
}

async fn killed_everywhere(face: Face, step: usize) -> Result<()> {
    let mut number = 0;
    loop {
        let cluster = Cluster::start(face)?;
        let sarah = Promoter::of(&cluster, "sarah")?;
        if !kill_at(&cluster, &sarah, number).await? {
            break;
        }
        let broken = |state: &State| matches!(state, State::Interrupted { total: 2, .. });
        let changes = sarah.history().await?;
        ensure!(changes.len() == 1 && broken(&changes[0].state), "{changes:#?}");
        let moves = moves(&cluster).await?;
        for wanted in &moves {
            let now = cluster.kept_digest(&wanted.to.to_string()).await?;
            let is_old_or_new = now.is_none_or(|now| now == wanted.digest.to_string());
            ensure!(is_old_or_new, "killed at {number}: {} is neither", wanted.to);
        }
        sarah.promote(&moves).await.with_context(|| format!("killed at {number}"))?;
        for (from, to) in PAIRS {
            are_the_same(&cluster, from, to).await?;
        }
        number += step;
    }
    ensure!(number > 2, "only {number} requests: this looks at nothing");
    Ok(())
}

#[tokio::test]
async fn killed_everywhere_openshift() -> Result<()> {
    killed_everywhere(Face::Openshift, 1).await
}

#[tokio::test]
async fn killed_everywhere_plain() -> Result<()> {
    killed_everywhere(Face::Plain, 7).await
}
