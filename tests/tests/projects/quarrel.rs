// SPDX-License-Identifier: LGPL-2.1-or-later

//! Two who change the same binding at the same time lose nothing.

use anyhow::{Result, ensure};
use images_proto::subject::{Role, Subject};
use images_tests::cluster::{Cluster, Face};
use images_tests::peer::Peer;

use crate::support::{bindings, wish};

const ROUNDS: usize = 100;

/// Gives the role to each of `ROUNDS` people, one after the other, and takes it from every second.
async fn edit(cluster: &Cluster, user: &str, prefix: &str) -> Result<()> {
    let mut peer = Peer::greeted(&[("KUBECONFIG", cluster.kubeconfig(user)?.into())]).await?;
    for round in 0..ROUNDS {
        let subject = [Subject::user(format!("{prefix}-{round}"))];
        let takes = round % 2 == 1;
        for role in [Some(Role::Pull), None].into_iter().take(if takes { 2 } else { 1 }) {
            let channel = format!("{round}-{}", role.is_some());
            peer.open(&channel, "grant", serde_json::to_value(wish(&subject, role))?).await?;
            let answer = peer.receive(&channel).await?;
            ensure!(answer["result"]["done"] == true, "{prefix} {round}: {answer}");
        }
    }
    peer.end().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_lose_nothing() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let mut expected = bindings(&cluster, "skyfield").await?;
    tokio::try_join!(edit(&cluster, "sarah", "one"), edit(&cluster, "scruffy", "other"))?;
    for prefix in ["one", "other"] {
        expected.extend(
            (0..ROUNDS)
                .step_by(2)
                .map(|round| format!("registry-viewer registry-viewer User:{prefix}-{round}")),
        );
    }
    assert_eq!(bindings(&cluster, "skyfield").await?, expected);
    Ok(())
}
