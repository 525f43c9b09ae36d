// SPDX-License-Identifier: LGPL-2.1-or-later

//! Requests that wait at the cluster until they are let go: what happens meanwhile is no chance.

use std::time::Duration;

use anyhow::{Result, ensure};
use images_tests::cluster::Cluster;
use images_tests::curl::Curl;
use images_tests::wait::until;
use serde_json::{Value, json};

/// An order to hold requests.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    cluster: &'a Cluster,
    name: &'static str,
}

impl<'a> Hold<'a> {
    /// Orders faults of kind `hold` or `hold-answer` under this name.
    pub(crate) async fn order(
        cluster: &'a Cluster,
        name: &'static str,
        faults: Vec<Value>,
    ) -> Result<Self> {
        let named = faults.into_iter().map(|mut fault| {
            fault["name"] = name.into();
            fault
        });
        cluster.order("faults", &named.collect()).await?;
        Ok(Self { cluster, name })
    }

    /// Waits until a request waits.
    pub(crate) async fn wait(&self, patience: Duration) -> Result<()> {
        let url = format!("{}/holds?{}", self.cluster.ready.control, self.name);
        let answer = tokio::time::timeout(patience, Curl::new().get(&url)).await;
        ensure!(answer??.is_good(), "the cluster does not say what it holds");
        Ok(())
    }

    /// Waits until so many requests wait.
    pub(crate) async fn wait_for(&self, count: usize) -> Result<()> {
        let url = format!("{}/holds", self.cluster.ready.control);
        until("enough requests wait", async || {
            let held: Vec<Value> = serde_json::from_slice(&Curl::new().get(&url).await?.body)?;
            let mine = held.iter().filter(|request| request["name"] == self.name).count();
            Ok((mine >= count).then_some(()))
        })
        .await
    }

    /// Lets the one go that waits longest.
    pub(crate) async fn release_one(&self) -> Result<()> {
        self.cluster.order("holds/release", &json!({ "name": self.name, "one": true })).await
    }

    /// Waits until those who waited were forgotten, because their client died, and holds no more.
    pub(crate) async fn forget(self) -> Result<()> {
        let url = format!("{}/holds", self.cluster.ready.control);
        until("the requests of the dead are forgotten", async || {
            let held: Vec<Value> = serde_json::from_slice(&Curl::new().get(&url).await?.body)?;
            Ok(held.is_empty().then_some(()))
        })
        .await?;
        self.cluster.heal().await
    }
}
