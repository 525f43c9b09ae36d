// SPDX-License-Identifier: LGPL-2.1-or-later

//! A kill of the bridge at one of its requests.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::Cluster;
use images_tests::wait::{PATIENCE, until};
use serde::Serialize;
use serde_json::{Value, json};

use crate::hold::Hold;
use crate::home::Home;

/// The requests that change something: who is asked, below which path, how.
const CHANGES: [(&str, &str, &str); 5] = [
    ("registry", "/", "DELETE"),
    ("registry", "/", "PUT"),
    ("api", IMAGES, "DELETE"),
    ("api", IMAGES, "PUT"),
    ("api", IMAGES, "POST"),
];
const IMAGES: &str = "/apis/image.openshift.io/";

/// When a request is in the way of the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before it is done: the step never happens.
    Before,
    /// After it was done: the step happened, but the bridge never heard of it.
    After,
}

/// Both.
pub(super) const MOMENTS: [Moment; 2] = [Moment::Before, Moment::After];

impl Moment {
    fn fault(self) -> &'static str {
        match self {
            Self::Before => "hold",
            Self::After => "hold-answer",
        }
    }
}

/// A kill at the request of this number that changes something, from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    pub(super) number: usize,
    pub(super) moment: Moment,
}

impl Kill {
    /// Has a user call a method, and kills the bridge there if it makes so many requests. Whether it
    /// did; otherwise the call went well.
    pub(super) async fn strike(
        self,
        cluster: &Cluster,
        home: &Home,
        method: &str,
        params: &impl Serialize,
    ) -> Result<bool> {
        let Self { number, moment } = self;
        cluster.forget_requests().await?;
        let faults = CHANGES.map(|(on, path, method)| {
            json!({
                "on": on, "path": path, "method": method, "kind": moment.fault(), "after": number,
            })
        });
        let hold = Hold::order(cluster, "kill", faults.into()).await?;
        let mut bridge = home.spawn(method, params)?;
        tokio::select! {
            held = hold.wait(PATIENCE) => {
                held.with_context(|| format!("{self:?}: nothing came"))?;
            }
            status = bridge.wait() => {
                ensure!(status?.success(), "{self:?}: it failed");
                cluster.heal().await?;
                return Ok(false);
            }
        }
        // What was let go is done, before anything else happens.
        until("what came before is done", async || {
            Ok((changes(cluster).await? >= number).then_some(()))
        })
        .await?;
        bridge.kill().await?;
        // What a dead client asked for does not happen, unless it had happened.
        hold.forget().await?;
        Ok(true)
    }
}

/// How many requests changed something and were answered.
pub(super) async fn changes(cluster: &Cluster) -> Result<usize> {
    let requests = cluster.requests().await?;
    let is_change = |request: &&Value| {
        let path = request["path"].as_str().unwrap_or_default();
        request["status"] != 0
            && CHANGES.iter().any(|(on, below, method)| {
                request["target"] == *on && request["method"] == *method && path.starts_with(below)
            })
    };
    Ok(requests.iter().filter(is_change).count())
}
