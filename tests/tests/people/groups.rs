// SPDX-License-Identifier: LGPL-2.1-or-later

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use images_proto::Code;
use images_proto::people::{ChangeGroup, CreateGroup, GroupChange};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::json;

use crate::{GROUPS, make, members, sarah, texts};

fn change(name: &str, add: &[&str], remove: &[&str]) -> GroupChange {
    GroupChange { name: name.to_owned(), add: texts(add), remove: texts(remove) }
}

#[tokio::test]
async fn members_come_and_go() -> Result<()> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    let changed = session.done::<CreateGroup>(change("QA", &["greg", "newcomer"], &[])).await?;
    ensure!(changed.done, "{changed:?}");
    ensure!(changed.notes.len() == 1 && changed.notes[0].contains("newcomer"), "{changed:?}");
    ensure!(!changed.notes[0].contains("greg"), "{changed:?}");
    assert_eq!(members(&cluster, "QA").await?, ["greg", "newcomer"]);

    let changed = session.done::<ChangeGroup>(change("QA", &["eric"], &["greg"])).await?;
    ensure!(changed.done && changed.notes.is_empty(), "{changed:?}");
    assert_eq!(members(&cluster, "QA").await?, ["newcomer", "eric"]);
    let failure = session.refused::<CreateGroup>(change("QA", &[], &[])).await?;
    assert_eq!(failure.code, Code::Conflict);
    let failure = session.refused::<ChangeGroup>(change("nobody", &["eric"], &[])).await?;
    assert_eq!(failure.code, Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_directory_fills_it() -> Result<()> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    let group = json!({
        "metadata": {
            "name": "staff",
            "labels": { "openshift.io/ldap.host": "ldap.example.com" },
            "annotations": { "openshift.io/ldap.url": "ldap.example.com:636" },
        },
        "users": ["eric"],
    });
    make(&cluster, GROUPS, group).await?;
    let changed = session.done::<ChangeGroup>(change("staff", &["greg"], &[])).await?;
    ensure!(changed.done && changed.notes[0].contains("ldap.example.com"), "{changed:?}");
    assert_eq!(members(&cluster, "staff").await?, ["eric", "greg"]);
    Ok(())
}

/// Two editors, each with a bridge of her own, change the same group a hundred times at once.
#[tokio::test]
async fn two_editors_lose_nothing() -> Result<()> {
    const ROUNDS: usize = 100;
    let cluster = Cluster::start_empty(Face::Openshift)?;
    make(&cluster, GROUPS, json!({ "metadata": { "name": "QA" }, "users": ["first"] })).await?;
    let kubeconfig = cluster.kubeconfig("sarah")?;
    let (mut one, mut other) =
        tokio::try_join!(Session::using(&kubeconfig), Session::using(&kubeconfig))?;
    for round in 0..ROUNDS {
        let (new, old) = (format!("a{round}"), format!("b{}", round.wrapping_sub(1)));
        let leaves = [&*old];
        let mine = change("QA", &[&new], if round == 0 { &[] } else { &leaves });
        let newer = format!("b{round}");
        let hers = change("QA", &[&newer], &[]);
        let (mine, hers) =
            tokio::try_join!(one.done::<ChangeGroup>(mine), other.done::<ChangeGroup>(hers))?;
        ensure!(mine.done && hers.done, "round {round}: {mine:?} {hers:?}");
    }
    let members: BTreeSet<_> = members(&cluster, "QA").await?.into_iter().collect();
    let mut expected: BTreeSet<_> = (0..ROUNDS).map(|round| format!("a{round}")).collect();
    expected.extend(["first".to_owned(), format!("b{}", ROUNDS - 1)]);
    assert_eq!(members, expected);
    Ok(())
}
