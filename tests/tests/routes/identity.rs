// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who we are to OpenShift's registry without a token of our own: a service account, shown first
//! and created after a yes; and what is missing for somebody who may not create it.

use anyhow::{Context, Result, ensure};
use images_proto::account::{Account, Params, UseAccount};
use images_proto::raw::{self, Raw, What};
use images_proto::{Code, Offer};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::said::Said;
use images_tests::session::Session;
use serde_json::{Value, json};

const LOOK: Params = Params { agreed: false };
const AGREED: Params = Params { agreed: true };

async fn exists(cluster: &Cluster) -> Result<bool> {
    let path = "/api/v1/namespaces/openshift-infra/serviceaccounts/registry-admin";
    let url = format!("{}{path}", cluster.ready.api);
    let answer = cluster.curl("sarah").get(&url).await?;
    ensure!(matches!(answer.status, 200 | 404), "{}", answer.text());
    Ok(answer.status == 200)
}

/// The cluster roles of the account.
async fn roles(cluster: &Cluster) -> Result<Vec<String>> {
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let bindings = cluster.api("sarah", path).await?;
    let is_ours = |binding: &&Value| {
        binding["subjects"].as_array().is_some_and(|subjects| {
            subjects.iter().any(|subject| {
                subject["kind"] == "ServiceAccount"
                    && subject["namespace"] == "openshift-infra"
                    && subject["name"] == "registry-admin"
            })
        })
    };
    let bindings = bindings["items"].as_array().cloned().unwrap_or_default();
    let mut roles: Vec<_> = bindings
        .iter()
        .filter(is_ours)
        .filter_map(|binding| binding["roleRef"]["name"].as_str().map(str::to_owned))
        .collect();
    roles.sort();
    Ok(roles)
}

async fn some_manifest(cluster: &Cluster) -> Result<raw::Params> {
    let inventory = Inventory::read(cluster, "sarah").await?;
    let ((repository, _), digest) = inventory.tags.iter().next().context("the seed is empty")?;
    Ok(raw::Params {
        repository: repository.parse()?,
        digest: digest.parse()?,
        what: What::Manifest,
    })
}

/// From the words that a token is missing to a registry that is read with one.
async fn with_an_account(options: &[&str]) -> Result<(Cluster, Session, Account)> {
    let cluster = Cluster::start_with(Face::Openshift, true, options)?;
    let mut session = Session::using(&cluster.kubeconfig("system-admin")?).await?;
    session.ready().await?;
    Said::new(Code::Unauthenticated, "your kubeconfig holds none, only another kind of login")
        .fix("service account")
        .offers(&[Offer::Account])
        .check(&session.unreachable().await?)?;

    let shown = session.done::<UseAccount>(LOOK).await?;
    ensure!((&*shown.namespace, &*shown.name) == ("openshift-infra", "registry-admin"));
    ensure!(shown.role == "system:image-pruner", "{shown:?}");
    ensure!(shown.missing.is_empty() && !shown.in_use, "{shown:?}");
    let kinds: Vec<_> = shown.creates.iter().map(|object| object.kind.as_str()).collect();
    ensure!(kinds.starts_with(&["ServiceAccount", "ClusterRoleBinding"]), "{kinds:?}");
    for object in &shown.creates {
        ensure!(object.yaml.contains(&object.name), "{object:?}");
    }
    ensure!(!exists(&cluster).await?, "it was created before anybody agreed");

    let made = session.done::<UseAccount>(AGREED).await?;
    ensure!(made.creates.is_empty() && made.missing.is_empty() && made.in_use, "{made:?}");
    ensure!(exists(&cluster).await?, "it was not created");
    ensure!(roles(&cluster).await? == ["registry-viewer", "system:image-pruner"]);
    session.reached().await?;
    session.done::<Raw>(some_manifest(&cluster).await?).await?;
    Ok((cluster, session, shown))
}

#[tokio::test]
async fn a_service_account() -> Result<()> {
    let (cluster, mut session, _) = with_an_account(&[]).await?;
    let identity = session.ladder().await?.identity.context("nobody says who we are")?;
    ensure!(identity.words.contains("openshift-infra/registry-admin"), "{identity:?}");
    ensure!(identity.expires.is_some(), "{identity:?}");

    // At the next login it is there already.
    session.end().await?;
    session.start().await?;
    session.ready().await?;
    session.reached().await?;
    let known = session.done::<UseAccount>(LOOK).await?;
    ensure!(known.creates.is_empty() && known.in_use, "{known:?}");

    // Its token is renewed before it is over.
    cluster.order("tokens/lifetime", &json!({ "seconds": 5 })).await?;
    session.end().await?;
    session.start().await?;
    session.ready().await?;
    session.reached().await?;
    cluster.order("tokens/expire", &Value::Null).await?;
    session.done::<Raw>(some_manifest(&cluster).await?).await?;
    Ok(())
}

/// Servers before Kubernetes 1.12 keep a token in a secret.
#[tokio::test]
async fn a_service_account_of_an_old_cluster() -> Result<()> {
    let (_cluster, mut session, _) = with_an_account(&["--old"]).await?;
    let identity = session.ladder().await?.identity.context("nobody says who we are")?;
    ensure!(identity.expires.is_none(), "{identity:?}");
    Ok(())
}

/// Each right that is missing is told, with the command that grants it.
#[tokio::test]
async fn no_right_to_create_it() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let mut session = Session::using(&cluster.kubeconfig("scruffy")?).await?;
    session.ready().await?;
    for params in [LOOK, AGREED] {
        let answer = session.done::<UseAccount>(params).await?;
        ensure!(!answer.in_use && !answer.missing.is_empty(), "{answer:?}");
        for right in &answer.missing {
            let command = right.command.as_deref().context("no command")?;
            ensure!(command.starts_with("oc "), "{right:?}");
            ensure!(command.contains("scruffy"), "it grants it to nobody: {right:?}");
            ensure!(command.contains(&format!("--verb={}", right.verb)), "{right:?}");
            ensure!(command.contains(&right.resource), "{right:?}");
        }
        ensure!(!exists(&cluster).await?, "it was created all the same");
    }
    Ok(())
}
