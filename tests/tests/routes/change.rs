// SPDX-License-Identifier: LGPL-2.1-or-later

//! Routes that close and open while they are used. Nobody asks for another try.

use anyhow::{Context, Result, ensure};
use images_proto::Code;
use images_proto::raw::{self, Raw, What};
use images_proto::search::{self, Search};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::session::Session;
use images_tests::wait;
use images_tests::wire::Wire;
use serde_json::{Value, json};

/// Some manifest of the seed.
fn manifest(inventory: &Inventory) -> Result<raw::Params> {
    let ((repository, _), digest) = inventory.tags.iter().next().context("the seed is empty")?;
    Ok(raw::Params {
        repository: repository.parse()?,
        digest: digest.parse()?,
        what: What::Manifest,
    })
}

async fn everything_is_listed(session: &mut Session) -> Result<u32> {
    let all = search::Params::default();
    session.look::<Search, _>(all, |view| (!view.coverage.listing).then_some(view.total)).await
}

/// The address that was announced does not answer any more; the next rung is taken.
#[tokio::test]
async fn a_route_that_closes() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let wire = Wire::to_server(&cluster.ready.registry).await?;
    let announcement = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "local-registry-hosting", "namespace": "kube-public" },
        "data": { "localRegistryHosting.v1": format!("host: \"{}\"\n", wire.address()) },
    });
    let url = format!("{}/api/v1/namespaces/kube-public/configmaps", cluster.ready.api);
    let answer = cluster.curl("sarah").post(&url, &announcement).await?;
    ensure!(answer.is_good(), "{}", answer.text());

    let inventory = Inventory::read_inside(&cluster).await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    let route = session.reached().await?;
    ensure!(route.contains(&wire.address()), "{route}");

    wire.cut();
    // Whoever needs the registry next finds out. That one question may fail, in words.
    if let Err(failure) = session.ask::<Raw>(manifest(&inventory)?).await? {
        ensure!(failure.code == Code::RegistryUnreachable && failure.retryable, "{failure:#?}");
    }
    session
        .status(|view| {
            let route = view.registry.as_ref()?.route.as_ref()?;
            route.contains("proxy").then_some(())
        })
        .await?;
    session.done::<Raw>(manifest(&inventory)?).await?;
    session.ready().await?;
    ensure!(everything_is_listed(&mut session).await? as usize == inventory.repositories.len());
    Ok(())
}

/// The pod that the port-forward leads to is replaced.
#[tokio::test]
async fn a_pod_that_is_replaced() -> Result<()> {
    let options = ["--no-public", "--no-service-proxy"];
    let cluster = Cluster::start_with(Face::Plain, true, &options)?;
    let inventory = Inventory::read_inside(&cluster).await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    let route = session.reached().await?;
    ensure!(route.contains("port-forward"), "{route}");

    let pod = cluster.ready.pods.first().context("no pod")?;
    let pods = format!("/api/v1/namespaces/{}/pods", pod.namespace);
    let url = format!("{}{pods}/{}", cluster.ready.api, pod.name);
    let answer = cluster.curl("sarah").delete(&url).await?;
    ensure!(answer.is_good(), "{}", answer.text());
    wait::until("another pod", async || {
        let list = cluster.api("sarah", &pods).await?;
        let pods = list["items"].as_array().cloned().unwrap_or_default();
        let is_new = |other: &Value| {
            let ready = other["status"]["conditions"].as_array().is_some_and(|conditions| {
                conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
            });
            other["metadata"]["name"] != *pod.name && ready
        };
        Ok(pods.iter().any(is_new).then_some(()))
    })
    .await?;
    wait::until("an answer of the new pod", async || {
        let answer = session.ask::<Raw>(manifest(&inventory)?).await?;
        match answer {
            Ok(_) => Ok(Some(())),
            Err(failure) => anyhow::bail!("{failure:#?}"),
        }
    })
    .await?;
    let route = session.reached().await?;
    ensure!(route.contains("port-forward"), "{route}");
    Ok(())
}

/// The image API is up and the registry goes down: what the API tells is still there, what only
/// the registry has is refused in words, and the status heals by itself.
#[tokio::test]
async fn a_registry_that_goes_down_and_comes_back() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    session.reached().await?;
    let before = everything_is_listed(&mut session).await?;

    cluster.registry_state("crashing").await?;
    let failure = session.refused::<Raw>(manifest(&inventory)?).await?;
    // What stands in front of the registry may answer in its place.
    ensure!(matches!(failure.code, Code::RegistryUnreachable | Code::Busy), "{failure:#?}");
    ensure!(failure.retryable, "{failure:#?}");
    let failure = session.unreachable().await?;
    ensure!(failure.message.contains("crashes"), "{failure:#?}");
    ensure!(everything_is_listed(&mut session).await? == before, "something is gone");
    let digest = inventory.tags.values().next().context("the seed is empty")?;
    let params = images_proto::image::Params { digest: digest.parse()?, repository: None };
    session
        .look::<images_proto::image::Image, _>(params, |view| (!view.tags.is_empty()).then_some(()))
        .await?;

    cluster.registry_state("running").await?;
    session.reached().await?;
    session.done::<Raw>(manifest(&inventory)?).await?;
    Ok(())
}
