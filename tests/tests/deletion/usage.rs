// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who uses what goes, by what was asked for and by what runs. The workloads are those of the loopback
//! cluster (`tests/cluster/src/furniture/workloads.rs`).

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Params, Target};
use images_proto::usage::{How, Used, User};
use images_tests::cluster::{Cluster, Face};

use crate::support::{World, digest, plan, tag};

use Face::{Openshift, Plain};
use How::{Referenced, Running};

/// The users of an image as a plan for it tells them.
async fn users(cluster: &Cluster, user: &str, image: &str) -> Result<Used> {
    let world = World::look(cluster).await?;
    let target = Target::Image(digest(world.digest(image)?)?);
    Ok(plan(cluster, user, &Params::of(vec![target])).await?.used)
}

fn find<'a>(used: &'a Used, named: &str) -> Option<&'a User> {
    used.users.iter().find(|user| format!("{} {}/{}", user.kind, user.project, user.name) == named)
}

/// Who is told, whether it runs, and in which container.
fn told(used: &Used) -> BTreeSet<(String, How, String)> {
    let users = used.users.iter().map(|user| {
        let name = format!("{} {}/{}", user.kind, user.project, user.name);
        (name, user.how, user.container.clone().unwrap_or_default())
    });
    users.collect()
}

/// Every kind of workload, as it uses an image of its own.
async fn every_kind(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let mut rows = vec![
        ("skyfield/frontend:v3", "Deployment skyfield/frontend", Running, "frontend"),
        ("skyfield/api:1.1", "Deployment skyfield/api", Running, "api"),
        ("skyfield/api:1.0", "Deployment skyfield/api", Running, "migrate"),
        ("tools/cli:1.4", "Deployment skyfield/api", Running, "debugger"),
        ("skyfield/worker:latest", "CronJob skyfield/report", Referenced, "report"),
        ("skyfield/worker:latest", "Job skyfield/import", Running, "import"),
        ("shop/database:14", "StatefulSet shop/database", Running, "database"),
        ("shop/checkout:1.0", "Deployment shop/checkout", Running, "checkout"),
        ("tools/cache:6", "Deployment shop/checkout", Running, "volume assets"),
        ("tools/cache:6", "ReplicaSet tools/cache", Running, "cache"),
        ("tools/probe:latest", "DaemonSet tools/probe", Running, "probe"),
        ("tools/builder:18", "ReplicationController tools/legacy", Referenced, "legacy"),
    ];
    if face == Openshift {
        rows.push((
            "shop/checkout:beta",
            "DeploymentConfig shop/checkout-beta",
            Running,
            "checkout",
        ));
    }
    for (image, name, how, container) in rows {
        let used = users(&cluster, "sarah", image).await?;
        let expected = (name.to_owned(), how, container.to_owned());
        let told = told(&used);
        // A container that ended long ago, or an init container, is named all the same.
        let named = told.iter().any(|(user, is, of)| {
            *user == expected.0 && *of == expected.2 && (*is == how || container == "migrate")
        });
        ensure!(named, "{image} has no user {expected:?} but {told:?}");
        ensure!(used.hidden == Some(0) && used.unread.is_empty(), "{image}: {used:#?}");
        ensure!(usize::try_from(used.total)? == used.users.len(), "{image}: {used:#?}");
    }
    if face == Openshift {
        let used = users(&cluster, "sarah", "tools/builder:18").await?;
        ensure!(find(&used, "BuildConfig tools/builder").is_some(), "{:?}", told(&used));
    }
    for unused in ["shop/database:13", "skyfield/worker:rollback", "skyfield/nightly:2026-05-01"] {
        let used = users(&cluster, "sarah", unused).await?;
        ensure!(used.users.is_empty() && used.total == 0 && used.hidden == Some(0), "{used:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_kind_plain() -> Result<()> {
    every_kind(Plain).await
}

#[tokio::test]
async fn every_kind_openshift() -> Result<()> {
    every_kind(Openshift).await
}

/// The chain of owners, and the pods counted.
#[tokio::test]
async fn owners_and_pods() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let used = users(&cluster, "sarah", "skyfield/frontend:v3").await?;
    let frontend = used
        .users
        .iter()
        .find(|user| user.name == "frontend" && user.how == Running)
        .with_context(|| format!("{used:#?}"))?;
    let kinds: Vec<_> = frontend.through.iter().map(|owned| owned.kind.as_str()).collect();
    ensure!(kinds.first() == Some(&"ReplicaSet"), "{frontend:#?}");
    ensure!(frontend.count == 2, "{frontend:#?}");
    Ok(())
}

/// A pod that began before its tag moved uses the image of then.
async fn a_moved_tag(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let used = users(&cluster, "sarah", "skyfield/frontend:v2").await?;
    let name = "Pod skyfield/frontend-debug";
    let pod = find(&used, name).with_context(|| format!("{used:#?}"))?;
    ensure!(pod.how == Running && pod.moved, "{pod:#?}");
    ensure!(pod.asks.as_deref().is_some_and(|asks| asks.ends_with("frontend:latest")), "{pod:#?}");
    let frontend = find(&used, "Deployment skyfield/frontend");
    ensure!(frontend.is_none_or(|user| user.how == Referenced), "{frontend:#?}");
    Ok(())
}

#[tokio::test]
async fn a_moved_tag_plain() -> Result<()> {
    a_moved_tag(Plain).await
}

#[tokio::test]
async fn a_moved_tag_openshift() -> Result<()> {
    a_moved_tag(Openshift).await
}

/// A tag that goes has users who ask for it by name, even if its image stays.
#[tokio::test]
async fn a_tag_by_name() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let params = Params::of(vec![tag("skyfield/frontend:latest")?]);
    let used = plan(&cluster, "sarah", &params).await?.used;
    ensure!(find(&used, "Deployment skyfield/frontend").is_some(), "{used:#?}");
    Ok(())
}

/// Who uses it where the user may not look is no name, but also not nobody.
#[tokio::test]
async fn what_is_hidden_is_not_unused() -> Result<()> {
    let cluster = Cluster::start_with(Openshift, true, &["--vault"])?;
    let whole = users(&cluster, "sarah", "skyfield/frontend:v2").await?;
    ensure!(find(&whole, "Pod vault/frontend").is_some(), "{whole:#?}");
    let image =
        Target::Image(digest(World::look(&cluster).await?.digest("skyfield/frontend:v2")?)?);
    for user in ["scruffy", "jane"] {
        let used = plan(&cluster, user, &Params::of(vec![image.clone()])).await?.used;
        ensure!(find(&used, "Pod vault/frontend").is_none(), "{used:#?}");
        let text = serde_json::to_string(&used)?;
        ensure!(!text.contains("vault"), "{text}");
        let unknown = used.hidden != Some(0) || !used.unread.is_empty();
        ensure!(unknown, "{user} is told that nobody uses it: {used:#?}");
    }
    Ok(())
}
