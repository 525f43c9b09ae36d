// SPDX-License-Identifier: LGPL-2.1-or-later

//! The acceptance tests of `make check-cluster` against both faces of the loopback cluster, and
//! that they leave nothing behind.

use std::future::pending;

use anyhow::{Context, Result, ensure};
use images_tests::acceptance::{self, Settings};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::kubeconfig::replace;
use serde_json::json;

/// Runs them and compares what is in the registry before and after.
async fn check(cluster: &Cluster, settings: Settings) -> Result<()> {
    let before = Inventory::read_inside(cluster).await?;
    let checked = acceptance::check(&settings, pending(), |_| {}).await;
    let after = Inventory::read_inside(cluster).await?;
    ensure!(before.tags == after.tags, "the tags are others than before");
    if cluster.face == Face::Openshift {
        let projects = cluster.api("sarah", "/api/v1/namespaces").await?.to_string();
        ensure!(!projects.contains("cockpit-images-check"), "a project is left");
        let streams = cluster.api("sarah", "/apis/image.openshift.io/v1/imagestreams").await?;
        ensure!(!streams.to_string().contains("cockpit-images-check"), "a stream is left");
    }
    checked
}

fn settings(cluster: &Cluster, user: &str) -> Result<Settings> {
    Ok(Settings { kubeconfig: cluster.kubeconfig(user)?.into(), ..Settings::default() })
}

#[tokio::test]
async fn openshift() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    check(&cluster, settings(&cluster, "sarah")?).await
}

/// Somebody who may do no more than push and delete in his project.
#[tokio::test]
async fn openshift_in_a_project() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let settings = Settings { project: Some("skyfield".to_owned()), ..settings(&cluster, "jane")? };
    check(&cluster, settings).await
}

#[tokio::test]
async fn plain() -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, true, &["--announce"])?;
    check(&cluster, settings(&cluster, "sarah")?).await
}

#[tokio::test]
async fn plain_with_a_given_address() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let registry = Some(cluster.ready.registry_url.clone());
    check(&cluster, Settings { registry, ..settings(&cluster, "sarah")? }).await
}

#[tokio::test]
async fn plain_with_a_login() -> Result<()> {
    let options = ["--announce", "--registry-tls", "--registry-auth", "htpasswd"];
    let cluster = Cluster::start_with(Face::Plain, true, &options)?;
    let password = cluster.ready.registry_passwords.get("sarah").context("no password")?;
    let folder = tempfile::tempdir()?;
    let auth_file = folder.path().join("auth.json");
    use base64::Engine as _;
    let login = base64::engine::general_purpose::STANDARD.encode(format!("sarah:{password}"));
    let logins = json!({ "auths": { &cluster.ready.registry: { "auth": login } } });
    replace(&auth_file, &logins.to_string())?;
    check(&cluster, Settings { auth_file: Some(auth_file), ..settings(&cluster, "sarah")? }).await
}

/// What does not delete is told, and is no failure.
#[tokio::test]
async fn plain_without_deletion() -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, true, &["--announce", "--no-delete"])?;
    let mut told = Vec::new();
    let settings = settings(&cluster, "sarah")?;
    acceptance::check(&settings, pending(), |words| told.push(words.to_owned())).await?;
    ensure!(told.iter().any(|words| words.contains("does not delete")), "{told:#?}");
    ensure!(told.iter().any(|words| words.contains("stays")), "{told:#?}");
    Ok(())
}

/// A check fails: it is told, and everything is removed all the same.
#[tokio::test]
async fn a_failure_leaves_nothing_behind() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    cluster
        .fault(json!({
            "on": "api", "path": "/apis/image.openshift.io/v1/namespaces/*/imagestreamtags/*",
            "method": "DELETE", "kind": "status", "status": 500, "body": "no",
        }))
        .await?;
    let failed = check(&cluster, settings(&cluster, "sarah")?).await;
    let error = failed.err().context("it was not noticed")?;
    ensure!(format!("{error:#}").contains("Kept"), "{error:#}");
    Ok(())
}

/// Nor does an interrupt, once something was created.
#[tokio::test]
async fn an_interrupt_leaves_nothing_behind() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let pushing = tokio::sync::Notify::new();
    let interrupted = pushing.notified();
    let told = |words: &str| {
        if words.starts_with("searching") {
            pushing.notify_one();
        }
    };
    let before = Inventory::read_inside(&cluster).await?;
    let checked = acceptance::check(&settings(&cluster, "sarah")?, interrupted, told).await;
    ensure!(checked.is_err_and(|error| error.to_string().contains("interrupted")));
    ensure!(before.tags == Inventory::read_inside(&cluster).await?.tags, "something is left");
    Ok(())
}
