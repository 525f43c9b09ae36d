// SPDX-License-Identifier: LGPL-2.1-or-later

//! Servers that hang, lie and talk nonsense. Each ends in one clear failure of the request that
//! met it; the process lives, other requests work, and nothing that was read is lost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::peer::Peer;
use images_tests::wait;
use images_tests::wire::Wire;
use serde_json::{Value, json};

/// More than the bridge's own limits for a request.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bridge's memory may not follow the size of what it is sent.
const MEMORY: u64 = 100 * 1024 * 1024;

/// Where the API server lists and watches image streams.
const STREAMS: &str = "/apis/image.openshift.io/v1/imagestreams";

async fn bridge(cluster: &Cluster) -> Result<Peer> {
    Peer::greeted(&[("KUBECONFIG", cluster.kubeconfig("sarah")?.into())]).await
}

/// Waits until everything is read and tells how many repositories there are.
async fn filled(peer: &mut Peer) -> Result<u64> {
    peer.open("status", "status", json!({})).await?;
    let count = peer
        .until("status", |message| {
            (message["view"]["phase"] == "ready")
                .then(|| message.pointer("/view/counts/repositories").and_then(Value::as_u64))
        })
        .await?;
    count.context("no count")
}

/// The total of an empty search, on a channel of its own.
async fn total(peer: &mut Peer) -> Result<u64> {
    peer.open("total", "search", json!({})).await?;
    let total = peer.until("total", |message| message["view"]["total"].as_u64()).await?;
    peer.close("total").await?;
    peer.expect("close", "total").await?;
    Ok(total)
}

/// Asks for a raw manifest and gives its failure, or the document.
async fn raw(peer: &mut Peer, repository: &str, digest: &str) -> Result<Result<Value, Value>> {
    let params = json!({ "repository": repository, "digest": digest, "what": "manifest" });
    peer.open("raw", "raw", params).await?;
    let answer = wait::until_within(PATIENCE, "an answer to raw", async || {
        let message = peer.receive("raw").await?;
        Ok(match (message.get("result"), message.get("failed")) {
            (Some(document), _) => Some(Ok(document.clone())),
            (_, Some(failure)) => Some(Err(failure.clone())),
            _ => None,
        })
    })
    .await?;
    peer.expect("close", "raw").await?;
    Ok(answer)
}

/// What is ordered, and with which code the request may fail.
fn registry_faults() -> Vec<(Value, &'static [&'static str])> {
    let bad: &[&str] = &["bad-answer"];
    let broken: &[&str] = &["bad-answer", "registry-unreachable"];
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let manifest = r#"{"schemaVersion":2,"config":{"digest":"x"},"layers":[{"size":-1}]}"#;
    vec![
        (json!({ "kind": "html" }), bad),
        (json!({ "kind": "lie-length" }), broken),
        (json!({ "kind": "truncate" }), broken),
        (json!({ "kind": "status", "status": 200, "bytes": 104_857_600 }), bad),
        (json!({ "kind": "status", "status": 200, "body": "{" }), bad),
        (json!({ "kind": "status", "status": 200, "body": deep }), bad),
        (json!({ "kind": "status", "status": 200, "body": manifest }), bad),
        (json!({ "kind": "status", "status": 200, "body": "" }), bad),
        (json!({ "kind": "status", "status": 500, "body": "oops" }), &["busy", "bad-answer"]),
        (json!({ "kind": "status", "status": 418, "body": "{\"errors\":5}" }), bad),
    ]
}

#[tokio::test]
async fn a_registry_that_talks_nonsense_openshift() -> Result<()> {
    a_registry_that_talks_nonsense(Face::Openshift).await
}

#[tokio::test]
async fn a_registry_that_talks_nonsense_plain() -> Result<()> {
    a_registry_that_talks_nonsense(Face::Plain).await
}

async fn a_registry_that_talks_nonsense(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let ((repository, _), digest) =
        inventory.tags.iter().next().context("the seed has no images")?;
    let mut peer = bridge(&cluster).await?;
    let repositories = filled(&mut peer).await?;
    for (mut fault, codes) in registry_faults() {
        fault["on"] = "registry".into();
        fault["path"] = "/v2/*/manifests/*".into();
        cluster.fault(fault.clone()).await?;
        let failure = raw(&mut peer, repository, digest).await?.err();
        let fault = fault.to_string().chars().take(120).collect::<String>();
        let failure = failure.with_context(|| format!("{fault}: it was believed"))?;
        let code = failure["code"].as_str().unwrap_or_default();
        ensure!(codes.contains(&code), "{fault}: {failure}");
        ensure!(failure["message"].as_str().is_some_and(|text| text.len() > 10), "{failure}");
        ensure!(failure.to_string().len() < 10_000, "{fault}: the failure is endless");
        ensure!(total(&mut peer).await? == repositories, "{fault}: something was lost");
        cluster.heal().await?;
        let document = raw(&mut peer, repository, digest).await?;
        ensure!(document.is_ok(), "after {fault}: {document:?}");
    }
    let resident = resident(peer.id().context("the bridge ended")?)?;
    ensure!(resident < MEMORY, "{resident} bytes are resident");
    ensure!(peer.end().await?.success(), "the bridge ended badly");
    Ok(())
}

/// One request hangs; the others do not wait for it, and it can be given up.
#[tokio::test]
async fn a_registry_that_hangs() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let ((repository, _), digest) =
        inventory.tags.iter().next().context("the seed has no images")?;
    let mut peer = bridge(&cluster).await?;
    let repositories = filled(&mut peer).await?;
    cluster.fault(json!({ "on": "registry", "path": "/v2/*/manifests/*", "kind": "hang" })).await?;

    let params = json!({ "repository": repository, "digest": digest, "what": "manifest" });
    peer.open("given-up", "raw", params).await?;
    peer.expect("ready", "given-up").await?;
    ensure!(total(&mut peer).await? == repositories, "others wait");
    peer.close("given-up").await?;
    peer.expect("close", "given-up").await?;

    // It ends by itself, too.
    let failure = raw(&mut peer, repository, digest).await?.err().context("it was answered")?;
    ensure!(failure["code"] == "registry-unreachable", "{failure}");
    ensure!(failure["retryable"] == true, "{failure}");
    ensure!(total(&mut peer).await? == repositories, "something was lost");
    cluster.heal().await?;
    ensure!(raw(&mut peer, repository, digest).await?.is_ok(), "it does not recover");
    Ok(())
}

/// The first look at the cluster meets a fault; afterwards everything is there, without a restart.
async fn api_fault(fault: Value) -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let mut sick = fault;
    sick["on"] = "api".into();
    sick["path"] = STREAMS.into();
    cluster.fault(sick.clone()).await?;
    let mut peer = bridge(&cluster).await?;
    peer.open("status", "status", json!({})).await?;
    let failure = peer
        .until("status", |message| {
            let view = message.get("view")?;
            view.pointer("/phase/failed").or_else(|| view.pointer("/problems/0")).cloned()
        })
        .await
        .with_context(|| format!("{sick}"))?;
    ensure!(failure["retryable"] == true, "{failure}");
    ensure!(failure["message"].as_str().is_some_and(|text| text.len() > 10), "{failure}");
    ensure!(failure.to_string().len() < 10_000, "the failure is endless");
    peer.control(&json!({ "command": "ping", "channel": "lives" })).await?;
    peer.expect("pong", "lives").await?;
    cluster.heal().await?;
    peer.message("status", &json!({ "params": { "retry": 1 } })).await?;
    peer.until("status", |message| (message["view"]["phase"] == "ready").then_some(())).await?;
    let streams = cluster.api("sarah", STREAMS).await?;
    let streams = streams["items"].as_array().context("no items")?.len();
    ensure!(total(&mut peer).await? == streams as u64, "something was lost");
    let resident = resident(peer.id().context("the bridge ended")?)?;
    ensure!(resident < MEMORY, "{resident} bytes are resident");
    Ok(())
}

#[tokio::test]
async fn an_api_that_answers_html() -> Result<()> {
    api_fault(json!({ "kind": "html" })).await
}

#[tokio::test]
async fn an_api_that_breaks_off() -> Result<()> {
    api_fault(json!({ "kind": "truncate" })).await
}

#[tokio::test]
async fn an_api_that_lies_about_length() -> Result<()> {
    api_fault(json!({ "kind": "lie-length" })).await
}

#[tokio::test]
async fn an_api_that_sends_100_megabytes() -> Result<()> {
    api_fault(json!({ "kind": "status", "status": 200, "bytes": 104_857_600 })).await
}

#[tokio::test]
async fn an_api_that_sends_no_json() -> Result<()> {
    api_fault(json!({ "kind": "status", "status": 200, "body": "{\"items\":[{" })).await
}

#[tokio::test]
async fn an_api_that_is_down() -> Result<()> {
    api_fault(json!({ "kind": "status", "status": 503, "body": "no" })).await
}

/// One stream whose layers cannot be read does not hide the others.
#[tokio::test]
async fn one_stream_that_cannot_be_read() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let repository = inventory.repositories.first().context("the seed is empty")?;
    let (project, name) = repository.split_once('/').context("no project")?;
    let path =
        format!("/apis/image.openshift.io/v1/namespaces/{project}/imagestreams/{name}/layers");
    cluster.fault(json!({ "on": "api", "path": path, "kind": "html" })).await?;
    let mut peer = bridge(&cluster).await?;
    filled(&mut peer).await?;
    let others: Vec<_> =
        inventory.tags.iter().filter(|((other, _), _)| other != repository).collect();
    let (_, digest) = others.last().context("only one repository has tags")?;
    peer.open("1", "search", json!({ "query": digest })).await?;
    peer.until("1", |message| {
        let hits = message.pointer("/view/rows/hits")?.as_array()?;
        (!hits.is_empty()).then_some(())
    })
    .await?;
    Ok(())
}

/// The connections break, and the bridge goes on where it stood.
#[tokio::test]
async fn a_network_that_breaks() -> Result<()> {
    after_a_break(async |_| Ok(())).await?;
    Ok(())
}

/// The connections break, and meanwhile the API server forgot what happened since the list was
/// read: the bridge reads everything again.
#[tokio::test]
async fn a_watch_that_is_too_old() -> Result<()> {
    let listed = after_a_break(async |cluster| cluster.forget_history().await).await?;
    ensure!(listed > 0, "it did not have to read everything again: this tested nothing");
    Ok(())
}

/// A tag is pushed while the network is broken, and is seen. Tells how often the image streams
/// were listed again.
async fn after_a_break(meanwhile: impl AsyncFnOnce(&Cluster) -> Result<()>) -> Result<usize> {
    let cluster = Cluster::start(Face::Openshift)?;
    let found = Inventory::read(&cluster, "sarah").await?.siblings("shop/")?;
    let wire = Wire::to(&cluster, "sarah").await?;
    let mut peer = Peer::greeted(&[("KUBECONFIG", wire.kubeconfig().into())]).await?;
    let repositories = filled(&mut peer).await?;
    let watches = |request: &Value| request["query"].to_string().contains("watch=");
    wait::until("a watch", async || {
        Ok(cluster.requests().await?.iter().any(watches).then_some(()))
    })
    .await?;

    cluster.forget_requests().await?;
    wire.cut();
    let new = format!("{}:after-a-while", found.repository);
    cluster.skopeo("sarah")?.copy(&found.name(), &new).await?;
    meanwhile(&cluster).await?;
    wire.mend();

    peer.open("new", "search", json!({ "query": new })).await?;
    peer.until("new", |message| (message["view"]["exact"]["tag"] == "after-a-while").then_some(()))
        .await?;
    ensure!(total(&mut peer).await? == repositories, "something was lost");
    let requests = cluster.requests().await?;
    ensure!(requests.iter().any(watches), "it does not watch any more");
    let lists = |request: &&Value| request["path"] == STREAMS && !watches(request);
    Ok(requests.iter().filter(lists).count())
}

/// A plain registry behind the service proxy: one repository answers nonsense, the rest is shown.
#[tokio::test]
async fn one_repository_of_a_plain_registry() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let sick = inventory.repositories.first().context("the seed is empty")?;
    let path = format!("/v2/{sick}/tags/list");
    cluster.fault(json!({ "on": "registry", "path": path, "kind": "html" })).await?;
    let mut peer = bridge(&cluster).await?;
    filled(&mut peer).await?;
    ensure!(total(&mut peer).await? == inventory.repositories.len() as u64, "something is missing");
    peer.open("problems", "status", json!({})).await?;
    let problem = peer.until("problems", |message| {
        message.pointer("/view/problems/0/message")?.as_str().map(str::to_owned)
    });
    let problem = problem.await?;
    ensure!(problem.contains(sick.as_str()), "it does not name the repository: {problem}");
    Ok(())
}

/// The bytes of a process that were in memory at most.
fn resident(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    Ok(kilobytes.unwrap_or_default().trim().parse::<u64>()? * 1024)
}
