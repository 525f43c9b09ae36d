// SPDX-License-Identifier: LGPL-2.1-or-later

//! Garbage collection in the pod of a plain registry: what it would free, what it frees, and that
//! nobody pushes meanwhile.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Params, Target};
use images_proto::garbage::{Collected, View};
use images_proto::history::{Act, State};
use images_proto::{Code, Failure};
use images_tests::call::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::process::terminate;
use images_tests::wait::{PATIENCE, until};
use serde_json::{Value, json};

use crate::hold::Hold;
use crate::home::Home;
use crate::support::{World, answer, delete, failure, plan, repository, tag};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/kube-system/deployments/registry";

async fn look(cluster: &Cluster, user: &str, params: Value) -> Result<View> {
    let called = call(cluster, user, "garbage", params).await?;
    ensure!(called.status == Some(0), "{called:?}");
    answer(&called)
}

/// Makes sure that the registry takes pushes again, and that its deployment is as it was written.
async fn is_set_back(cluster: &Cluster, written: &[Value; 2]) -> Result<()> {
    ensure!(takes_pushes(cluster).await?, "it is still read-only");
    let left = deployment(cluster).await?;
    ensure!(left == *written, "the deployment is {left:?}, not {written:?}");
    Ok(())
}

/// What a collection changes of a deployment: annotations and variables.
async fn deployment(cluster: &Cluster) -> Result<[Value; 2]> {
    let mut object = cluster.api("sarah", DEPLOYMENT).await?;
    let environment = object["spec"]["template"]["spec"]["containers"][0]["env"].take();
    let annotations = object["metadata"]["annotations"].take();
    Ok([environment, annotations])
}

/// Whether a push is begun.
async fn takes_pushes(cluster: &Cluster) -> Result<bool> {
    let url = format!("{}/v2/shop/database/blobs/uploads/", cluster.ready.registry_url);
    let answer = cluster.registry_curl("sarah").post(&url, &Value::Null).await?;
    ensure!(matches!(answer.status, 202 | 405), "{}: {}", answer.status, answer.text());
    Ok(answer.status == 202)
}

/// The bytes that are really freed are those that plan, receipt and collection tell, and the
/// registry is as it was before.
#[tokio::test]
async fn frees_what_was_told() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let before = World::look(&cluster).await?;
    let written = deployment(&cluster).await?;
    let clean = look(&cluster, "sarah", json!({})).await?;
    ensure!(clean.failure.is_none() && clean.pod.is_some(), "{clean:#?}");
    let old = clean.bytes.context("nobody knows what is garbage")?;

    let targets = vec![
        Target::Repository(repository("skyfield/worker")?),
        Target::Repository(repository("tools/cli")?),
        tag("shop/database:13")?,
    ];
    let params = Params::of(targets);
    let planned = plan(&cluster, "sarah", &params).await?;
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(all_gone, "{receipt:#?}");
    let told = look(&cluster, "sarah", json!({})).await?;
    ensure!(told.read_only == Some(true), "{told:#?}");
    let called = call(&cluster, "sarah", "collect", json!({})).await?;
    ensure!(called.status == Some(0), "{called:?}");
    let collected: Collected = answer(&called)?;
    ensure!(collected.failure.is_none() && collected.id.is_some(), "{collected:#?}");
    let after = World::look(&cluster).await?;
    let lost = before.disk.lost(&after.disk);
    let bytes = before.disk.bytes(&lost);
    ensure!(bytes > 0, "nothing was freed");
    ensure!(collected.bytes == Some(bytes) && told.bytes == Some(bytes), "{bytes}: {told:#?}");
    ensure!(usize::try_from(collected.blobs)? == lost.len(), "{collected:#?}");
    ensure!(planned.space.later + old == bytes, "{bytes} and before {old}: {:?}", planned.space);
    ensure!(receipt.space == planned.space, "{:?}", receipt.space);
    ensure!(
        after.disk.bytes(after.disk.blobs.keys())
            == before.disk.bytes(before.disk.blobs.keys()) - bytes
    );

    let left = look(&cluster, "sarah", json!({})).await?;
    ensure!(left.blobs == Some(0) && left.bytes == Some(0), "{left:#?}");
    let left = deployment(&cluster).await?;
    ensure!(left == written, "the deployment is {left:?}, not {written:?}");
    ensure!(takes_pushes(&cluster).await?, "it is still read-only");
    let skopeo = cluster.skopeo("sarah")?;
    skopeo.copy("shop/database:14", "shop/database:copy").await?;
    for tag in after.tags.keys() {
        ensure!(skopeo.digest(tag).await?.is_some(), "{tag} is gone");
    }
    Ok(())
}

/// Waits until the program runs in a registry that takes no pushes.
async fn runs_read_only(cluster: &Cluster, hold: &Hold<'_>) -> Result<()> {
    until("a command in the pod of a read-only registry", async || {
        hold.wait(PATIENCE).await?;
        if !takes_pushes(cluster).await? {
            return Ok(Some(()));
        }
        hold.release_one().await?;
        Ok(None)
    })
    .await
}

fn commands() -> Vec<Value> {
    vec![json!({
        "on": "api", "path": "/api/v1/namespaces/kube-system/pods/*/exec", "kind": "hold",
    })]
}

/// While it is collected nobody can push; pulls go on.
#[tokio::test]
async fn nobody_pushes_meanwhile() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    delete(&cluster, "sarah", &Params::of(vec![tag("shop/database:13")?])).await?;
    let hold = Hold::order(&cluster, "command", commands()).await?;
    let collecting = call(&cluster, "sarah", "collect", json!({}));
    let meanwhile = async {
        runs_read_only(&cluster, &hold).await?;
        let skopeo = cluster.skopeo("sarah")?;
        let pushed = skopeo.copy("shop/database:14", "shop/database:copy").await;
        ensure!(pushed.is_err(), "it takes pushes");
        ensure!(skopeo.digest("shop/database:14").await?.is_some(), "it serves nothing");
        cluster.heal().await
    };
    let (collected, meanwhile) = tokio::join!(collecting, meanwhile);
    meanwhile?;
    let collected = collected?;
    ensure!(collected.status == Some(0), "{collected:?}");
    ensure!(takes_pushes(&cluster).await?, "it is still read-only");
    Ok(())
}

/// A collection that is killed leaves the registry read-only; this is told, and the next one ends
/// it.
#[tokio::test]
async fn killed_while_read_only() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let home = Home::of(&cluster, "sarah")?;
    let written = deployment(&cluster).await?;
    home.delete(&Params::of(vec![tag("shop/database:13")?])).await?;
    let hold = Hold::order(&cluster, "command", commands()).await?;
    let mut collecting = home.spawn("collect", &json!({}))?;
    runs_read_only(&cluster, &hold).await?;
    collecting.kill().await?;
    hold.forget().await?;
    ensure!(!takes_pushes(&cluster).await?, "it is writable again by itself");

    let told: View = answer(&home.call("garbage", &json!({})).await?)?;
    let warned = told.warnings.iter().any(|warning| warning.contains("broken off"));
    ensure!(warned, "no word of it: {told:#?}");
    let called = home.call("collect", &json!({})).await?;
    ensure!(called.status == Some(0), "{called:?}");
    is_set_back(&cluster, &written).await?;
    Ok(())
}

/// A collection that is asked to end sets the registry back before it does, whatever it was doing.
#[tokio::test]
async fn ended_while_read_only() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let home = Home::of(&cluster, "sarah")?;
    let written = deployment(&cluster).await?;
    home.delete(&Params::of(vec![tag("shop/database:13")?])).await?;
    let hold = Hold::order(&cluster, "command", commands()).await?;
    let mut collecting = home.spawn("collect", &json!({}))?;
    runs_read_only(&cluster, &hold).await?;
    terminate(collecting.id().context("it ended by itself")?);
    let status = collecting.wait().await?;
    ensure!(status.code() == Some(143), "{status:?}");
    hold.forget().await?;
    is_set_back(&cluster, &written).await?;
    // It came to an end, and says which.
    let changes = home.history().await?;
    ensure!(changes[0].act == Act::Collect, "{changes:#?}");
    ensure!(matches!(changes[0].state, State::Ended { .. }), "{changes:#?}");
    Ok(())
}

/// One collects; another session of the same user, and another user's, are told so, and change
/// nothing.
#[tokio::test]
async fn one_at_a_time() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let (home, elsewhere) = (Home::of(&cluster, "sarah")?, Home::of(&cluster, "sarah")?);
    let written = deployment(&cluster).await?;
    home.delete(&Params::of(vec![tag("shop/database:13")?])).await?;
    let hold = Hold::order(&cluster, "command", commands()).await?;
    let none = json!({});
    let collecting = home.call("collect", &none);
    let meanwhile = async {
        runs_read_only(&cluster, &hold).await?;
        for (home, words) in [(&home, "right now"), (&elsewhere, "another collection")] {
            let refused = home.call("collect", &json!({})).await?;
            ensure!(refused.status == Some(1), "{refused:?}");
            let failure: Failure = serde_json::from_value(refused.failure()?.clone())?;
            ensure!(
                failure.code == Code::Conflict && failure.message.contains(words),
                "{failure:?}"
            );
        }
        ensure!(!takes_pushes(&cluster).await?, "it takes pushes before the first one is over");
        cluster.heal().await
    };
    let (collected, meanwhile) = tokio::join!(collecting, meanwhile);
    meanwhile?;
    let collected: Collected = answer(&collected?)?;
    ensure!(collected.failure.is_none() && collected.blobs > 0, "{collected:#?}");
    is_set_back(&cluster, &written).await?;
    Ok(())
}

/// Two begin in the same moment, on two hosts: one of them collects, and no push is let in before that
/// one is over.
#[tokio::test]
async fn two_at_once() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let homes = [Home::of(&cluster, "sarah")?, Home::of(&cluster, "sarah")?];
    let written = deployment(&cluster).await?;
    let before = World::look(&cluster).await?;
    homes[0].delete(&Params::of(vec![tag("shop/database:13")?])).await?;
    let fault = json!({ "on": "api", "path": DEPLOYMENT, "method": "PATCH", "kind": "hold" });
    let hold = Hold::order(&cluster, "patch", vec![fault]).await?;
    let none = json!({});
    let meanwhile = async {
        hold.wait_for(2).await?;
        cluster.heal().await
    };
    let collecting = (homes[0].call("collect", &none), homes[1].call("collect", &none));
    let (one, other, meanwhile) = tokio::join!(collecting.0, collecting.1, meanwhile);
    meanwhile?;
    let good = [one?, other?].into_iter().filter(|called| called.status == Some(0)).count();
    ensure!(good <= 1, "both say that they collected");
    is_set_back(&cluster, &written).await?;
    let after = World::look(&cluster).await?;
    let needed = before.disk.blobs_of(&after.named());
    ensure!(before.disk.lost(&after.disk).is_disjoint(&needed), "an image lost its data");
    // Whoever comes next finds nothing in the way.
    let last = homes[0].call("collect", &none).await?;
    ensure!(last.status == Some(0), "{last:?}");
    Ok(())
}

/// Whoever may not run commands there gets the command for whoever may.
#[tokio::test]
async fn without_the_right() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let before = World::look(&cluster).await?;
    let view = look(&cluster, "jane", json!({})).await?;
    let command = view.command.as_deref().context("no command")?;
    ensure!(command.contains("garbage-collect"), "{command}");
    ensure!(view.failure.is_some() && view.bytes.is_none(), "{view:#?}");
    let refused = failure(&cluster, "jane", "collect", json!({})).await?;
    let command = refused.command.as_deref().unwrap_or_default();
    ensure!(command.contains("garbage-collect"), "{refused:#?}");
    ensure!(World::look(&cluster).await? == before, "something was changed");
    Ok(())
}

/// This version would take the images of indexes for untagged ones.
#[tokio::test]
async fn indexes_are_not_damaged() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let before = World::look(&cluster).await?;
    let view = look(&cluster, "sarah", json!({ "untagged": true })).await?;
    ensure!(view.failure.as_ref().is_some_and(|f| f.code == Code::Unsupported), "{view:#?}");
    ensure!(!view.warnings.is_empty(), "{view:#?}");
    let called = call(&cluster, "sarah", "collect", json!({ "untagged": true })).await?;
    ensure!(called.status == Some(1), "{called:?}");
    let after = World::look(&cluster).await?;
    let needed = before.disk.blobs_of(&before.named());
    let lost = before.disk.lost(&after.disk);
    ensure!(lost.is_disjoint(&needed), "{lost:?}");
    ensure!(after.whole() == before.whole(), "something cannot be pulled any more");
    ensure!(takes_pushes(&cluster).await?, "it is read-only");
    Ok(())
}

/// Manifests that lost their tag go, if that is wanted and harms nothing.
#[tokio::test]
async fn untagged_manifests_go() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    // Without indexes nothing is harmed.
    for name in ["tools/cli", "tools/probe"] {
        let target = Target::Repository(repository(name)?);
        ensure!(delete(&cluster, "sarah", &Params::of(vec![target])).await?.0);
    }
    let before = World::look(&cluster).await?;
    let lost_its_tag = before.digest("shop/database:13")?.to_owned();
    cluster.skopeo("sarah")?.copy("shop/database:14", "shop/database:13").await?;
    let view = look(&cluster, "sarah", json!({ "untagged": true })).await?;
    let named: BTreeSet<_> = view.manifests.iter().map(|(_, digest)| digest.as_str()).collect();
    ensure!(named.contains(lost_its_tag.as_str()), "{view:#?}");
    let called = call(&cluster, "sarah", "collect", json!({ "untagged": true })).await?;
    ensure!(called.status == Some(0), "{called:?}");
    let after = World::look(&cluster).await?;
    ensure!(!after.disk.blobs.contains_key(&lost_its_tag), "it is there");
    ensure!(after.whole().len() == before.tags.len(), "something cannot be pulled any more");
    Ok(())
}

/// OpenShift prunes instead.
#[tokio::test]
async fn openshift_prunes() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let view = look(&cluster, "sarah", json!({})).await?;
    let prune = view.prune.context("no word of pruning")?;
    ensure!(prune.until.is_some(), "{prune:?}");
    let refused = failure(&cluster, "sarah", "collect", json!({})).await?;
    ensure!(refused.code == Code::Unsupported, "{refused:?}");
    ensure!(refused.command.is_some_and(|command| command.contains("oc adm prune images")));
    Ok(())
}
