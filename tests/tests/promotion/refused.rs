// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is not done: without the rights, over somebody's push, or for an image that is gone.

use anyhow::{Result, ensure};
use images_proto::Code;
use images_tests::cluster::{Cluster, Face};

use crate::support::{Promoter, a_move, kept};

/// Requests that change something, other than those that ask for rights.
async fn changes(cluster: &Cluster) -> Result<Vec<String>> {
    let requests = cluster.requests().await?;
    let changes = requests.iter().filter(|request| {
        let (method, path) = (&request["method"], request["path"].as_str().unwrap_or_default());
        let asks = path.contains("reviews") || path.contains("/manifests/sha256:");
        !(method == "GET" || method == "HEAD" || method == "OPTIONS" || asks)
    });
    Ok(changes.map(|request| format!("{} {}", request["method"], request["path"])).collect())
}

/// Who may only pull is refused before anything is done.
async fn who_may_only_pull(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let greg = Promoter::of(&cluster, "greg")?;
    let wanted = a_move(&cluster, "skyfield/frontend:v2", "skyfield/frontend:stable2").await?;
    cluster.forget_requests().await?;
    let plan = greg.plan(&[wanted]).await?;
    ensure!(!plan.missing.is_empty(), "{plan:#?}");
    if face == Face::Openshift {
        let command = plan.missing[0].command.as_deref().unwrap_or_default();
        ensure!(command.starts_with("oc ") && command.contains("greg"), "{plan:#?}");
    }
    let failure = greg.fail(&plan).await?;
    ensure!(failure.code == Code::Forbidden, "{failure:?}");
    let changed = changes(&cluster).await?;
    ensure!(changed.is_empty(), "{changed:?}");
    ensure!(cluster.kept_digest("skyfield/frontend:stable2").await?.is_none(), "it was done");
    ensure!(greg.history().await?.is_empty(), "nothing was tried");
    Ok(())
}

#[tokio::test]
async fn who_may_only_pull_openshift() -> Result<()> {
    who_may_only_pull(Face::Openshift).await
}

#[tokio::test]
async fn who_may_only_pull_plain() -> Result<()> {
    who_may_only_pull(Face::Plain).await
}

/// To have an image elsewhere is to pull it: both rights are named.
#[tokio::test]
async fn both_rights_are_asked() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let jane = Promoter::of(&cluster, "jane")?;
    let to = a_move(&cluster, "skyfield/frontend:v2", "shop/frontend:live").await?;
    let plan = jane.plan(&[to]).await?;
    let lacks: Vec<_> = plan.missing.iter().map(|right| right.namespace.as_deref()).collect();
    ensure!(lacks.iter().all(|namespace| *namespace == Some("shop")) && !lacks.is_empty());
    let from = a_move(&cluster, "shop/checkout:1.0", "skyfield/checkout:1.0").await?;
    let plan = jane.plan(&[from]).await?;
    let [right] = &plan.missing[..] else { anyhow::bail!("{plan:#?}") };
    ensure!(right.verb == "get" && right.resource.contains("imagestreams"), "{right:?}");
    ensure!(right.namespace.as_deref() == Some("shop"), "{right:?}");
    Ok(())
}

/// What somebody pushes between the plan and the promotion stays.
async fn a_push_in_between(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let sarah = Promoter::of(&cluster, "sarah")?;
    let prod = "shop/frontend:live";
    sarah.promote(&[a_move(&cluster, "skyfield/frontend:v1", prod).await?]).await?;
    let plan = sarah.plan(&[a_move(&cluster, "skyfield/frontend:v2", prod).await?]).await?;
    cluster.skopeo("sarah")?.copy("skyfield/frontend:v3", prod).await?;
    let pushed = kept(&cluster, prod).await?;
    let failure = sarah.fail(&plan).await?;
    ensure!(failure.code == Code::Conflict, "{failure:?}");
    ensure!(kept(&cluster, prod).await? == pushed, "the push was overwritten");
    Ok(())
}

#[tokio::test]
async fn a_push_in_between_openshift() -> Result<()> {
    a_push_in_between(Face::Openshift).await
}

#[tokio::test]
async fn a_push_in_between_plain() -> Result<()> {
    a_push_in_between(Face::Plain).await
}
