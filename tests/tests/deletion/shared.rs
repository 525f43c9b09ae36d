// SPDX-License-Identifier: LGPL-2.1-or-later

//! What others need is not taken from under them: hidden projects, pushes at that moment, young
//! images.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Delete, Fate, Outcome, Params, PlanDelete, Reason, Target};
use images_tests::cluster::{Cluster, Face};
use images_tests::layout::Layout;
use images_tests::session::Session;
use images_tests::wait::PATIENCE;
use serde_json::json;

use crate::hold::Hold;
use crate::support::{World, collect, delete, digest, plan, purge, repository, tag};

use Face::{Openshift, Plain};

/// All of an image that can be pulled.
async fn ensure_whole(cluster: &Cluster, image: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pulled = cluster.skopeo("sarah")?.pull(image, &folder.path().join("image")).await;
    pulled.with_context(|| format!("{image} is broken"))
}

/// Gives a user what pruning takes, and no sight of projects.
async fn make_pruner(cluster: &Cluster, user: &str) -> Result<()> {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": { "name": format!("{user}-prunes") },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "system:image-pruner",
        },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user,
        }],
    });
    let url =
        format!("{}/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", cluster.ready.api);
    let answer = cluster.curl("sarah").post(&url, &binding).await?;
    ensure!(answer.is_good(), "{}", answer.text());
    Ok(())
}

/// Whoever prunes, but does not see the project vault, deletes every other image with its layers.
#[tokio::test]
async fn a_hidden_project_keeps_its_layers() -> Result<()> {
    let cluster = Cluster::start_with(Openshift, true, &["--vault"])?;
    make_pruner(&cluster, "scruffy").await?;
    let before = World::look(&cluster).await?;
    let ledger = before.digest("vault/ledger:1.0")?.to_owned();
    let shared = before.disk.layers(&ledger)?;
    let targets = ["skyfield/api", "skyfield/worker"].into_iter();
    let targets: Vec<_> =
        targets.map(|name| Ok(Target::Repository(repository(name)?))).collect::<Result<_>>()?;
    let planned = plan(&cluster, "scruffy", &purge(targets.clone())).await?;
    for layer in &shared[..2] {
        let fate = planned.layers.iter().find(|fate| fate.digest.to_string() == *layer);
        ensure!(fate.is_some_and(|fate| fate.fate == Fate::Stays), "{layer}: {planned:#?}");
    }
    let (all_gone, receipt) = delete(&cluster, "scruffy", &purge(targets)).await?;
    ensure!(all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    let lost = before.disk.lost(&after.disk);
    ensure!(!lost.is_empty(), "nothing was removed");
    ensure!(lost.is_disjoint(&before.disk.blobs_of([&ledger])), "it lost {lost:?}");
    ensure!(receipt.space.freed == before.disk.bytes(&lost), "{:?}", receipt.space);
    ensure_whole(&cluster, "vault/ledger:1.0").await
}

/// Whoever may not ask for everything in the cluster removes no data at all.
#[tokio::test]
async fn who_does_not_see_everything_removes_nothing() -> Result<()> {
    let cluster = Cluster::start_with(Openshift, true, &["--vault"])?;
    let before = World::look(&cluster).await?;
    let ledger = before.digest("vault/ledger:1.0")?;
    let python = before.disk.layers(ledger)?[1].clone();
    let targets = vec![Target::Layer(digest(&python)?)];
    let refused = plan(&cluster, "scruffy", &purge(targets.clone())).await?;
    ensure!(
        refused.items[0].refused.is_some() || !refused.missing.is_empty(),
        "no word of a missing right: {refused:#?}"
    );
    let (all_gone, _) = delete(&cluster, "scruffy", &purge(targets.clone())).await?;
    ensure!(!all_gone);
    ensure!(World::look(&cluster).await?.disk == before.disk, "the disk is another one");
    // As everybody expects it, what she sees goes.
    let (_, receipt) = delete(&cluster, "scruffy", &Params::of(targets)).await?;
    let after = World::look(&cluster).await?;
    ensure!(after.disk == before.disk, "the disk is another one: {receipt:#?}");
    ensure!(after.tags.contains_key("vault/ledger:1.0"), "the hidden tag is gone");
    ensure!(!after.tags.contains_key("skyfield/api:1.0"), "{receipt:#?}");
    ensure_whole(&cluster, "vault/ledger:1.0").await
}

/// Somebody pushes the very image to another repository, while its removal has begun.
#[tokio::test]
async fn the_image_is_pushed_elsewhere_meanwhile() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("shop/database:13")?.to_owned();
    let hold = json!({
        "on": "api", "path": "/apis/image.openshift.io/", "method": "DELETE",
        "kind": "hold",
    });
    let hold = Hold::order(&cluster, "removal", vec![hold]).await?;
    let params = purge(vec![tag("shop/database:13")?]);
    let removal = delete(&cluster, "sarah", &params);
    let meanwhile = async {
        hold.wait(PATIENCE).await?;
        cluster.skopeo("sarah")?.copy("shop/database:13", "tools/archive:13").await?;
        cluster.heal().await
    };
    let (removal, meanwhile) = tokio::join!(removal, meanwhile);
    meanwhile?;
    let (_, receipt) = removal?;
    let after = World::look(&cluster).await?;
    let lost = before.disk.lost(&after.disk);
    ensure!(lost.is_empty(), "{lost:?} of an image with a new tag: {receipt:#?}");
    ensure!(after.images.contains(&image), "the cluster forgot it");
    ensure!(receipt.space.freed == 0, "{:?}", receipt.space);
    ensure_whole(&cluster, "tools/archive:13").await
}

/// Somebody pushes another image on a layer of one that is being removed: until the registry is
/// asked for the blob itself, that is seen.
async fn a_layer_is_used_meanwhile(on: &str, path: &str) -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("shop/database:13")?.to_owned();
    let layer = before.disk.layers(&image)?.pop().context("no layer")?;
    let hold = json!({
        "on": on, "path": path, "method": "DELETE", "kind": "hold",
    });
    let hold = Hold::order(&cluster, "removal", vec![hold]).await?;
    let params = purge(vec![tag("shop/database:13")?]);
    let removal = delete(&cluster, "sarah", &params);
    let meanwhile = async {
        hold.wait(PATIENCE).await?;
        push_on(&cluster, &layer, "shop/database", "tools/derived", "1").await?;
        cluster.heal().await
    };
    let (removal, meanwhile) = tokio::join!(removal, meanwhile);
    meanwhile?;
    let (_, receipt) = removal?;
    let after = World::look(&cluster).await?;
    ensure!(after.disk.blobs.contains_key(&layer), "its layer is gone: {receipt:#?}");
    // The layer has its own image by now, so that pruning needs the old one no more.
    ensure!(!after.images.contains(&image), "the old image is there: {receipt:#?}");
    ensure_whole(&cluster, "tools/derived:1").await?;
    let lost = before.disk.lost(&after.disk);
    ensure!(receipt.space.freed == before.disk.bytes(&lost), "{:?}: {lost:?}", receipt.space);
    Ok(())
}

#[tokio::test]
async fn a_layer_is_used_before_the_tag_goes() -> Result<()> {
    a_layer_is_used_meanwhile("api", "/apis/image.openshift.io/").await
}

/// The links go first: the push cannot mount the layer from there any more, but brings it.
#[tokio::test]
async fn a_layer_is_used_before_its_links_go() -> Result<()> {
    a_layer_is_used_meanwhile("registry", "/v2/shop/database/manifests/").await
}

/// Pushes an image of one layer that the registry has, as clients do: it is mounted from elsewhere,
/// or uploaded where that is refused.
async fn push_on(cluster: &Cluster, layer: &str, from: &str, to: &str, tag: &str) -> Result<()> {
    let hex = layer.trim_start_matches("sha256:");
    let folder = cluster.storage().join("blobs/sha256").join(&hex[..2]).join(hex);
    let layout = Layout::on(layer, &folder.join("data"))?;
    let (registry, curl) = cluster.inside().await?;
    layout.push_mounting(&curl, &registry, from, to, tag).await
}

/// Somebody puts another tag on the manifest between the plan and its removal.
#[tokio::test]
async fn a_sibling_is_tagged_meanwhile_plain() -> Result<()> {
    let cluster = Cluster::start(Plain)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    let params = Params::of(vec![tag("shop/database:13")?]);
    let planned = session.done::<PlanDelete>(params.clone()).await?;
    cluster.skopeo("sarah")?.copy("shop/database:13", "shop/database:keep").await?;
    let agreed = Params { agreed: Some(planned.fingerprint), ..params };
    let done = session.ask::<Delete>(agreed).await?;
    let after = World::look(&cluster).await?;
    ensure!(after.tags.contains_key("shop/database:keep"), "a sibling went: {done:#?}");
    if let Ok(receipt) = &done {
        let kept = matches!(receipt.items[0].outcome, Outcome::Kept(_));
        ensure!(kept == after.tags.contains_key("shop/database:13"), "{receipt:#?}");
    }
    ensure_whole(&cluster, "shop/database:keep").await
}

/// Somebody pushes another image on a layer to the repository from which the layer is taken.
#[tokio::test]
async fn a_layer_is_used_meanwhile_plain() -> Result<()> {
    let cluster = Cluster::start(Plain)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("shop/database:13")?.to_owned();
    let layer = before.disk.layers(&image)?.pop().context("no layer")?;
    let hold = json!({
        "on": "registry", "path": "/v2/shop/database/manifests/", "method": "DELETE",
        "kind": "hold",
    });
    let hold = Hold::order(&cluster, "removal", vec![hold]).await?;
    let params = purge(vec![tag("shop/database:13")?]);
    let removal = delete(&cluster, "sarah", &params);
    let meanwhile = async {
        hold.wait(PATIENCE).await?;
        push_on(&cluster, &layer, "shop/database", "shop/database", "derived").await?;
        cluster.heal().await
    };
    let (removal, meanwhile) = tokio::join!(removal, meanwhile);
    meanwhile?;
    let (_, receipt) = removal?;
    ensure_whole(&cluster, "shop/database:derived")
        .await
        .with_context(|| format!("{receipt:#?}"))?;
    collect(&cluster).await?;
    ensure_whole(&cluster, "shop/database:derived").await
}

/// An image that is younger than an hour stays, unless somebody insists.
#[tokio::test]
async fn a_young_image_waits() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("shop/database:13")?.to_owned();
    cluster.order("images/age", &json!({ "image": image, "minutes": 50 })).await?;
    let own: BTreeSet<_> = {
        let others: BTreeSet<_> =
            before.images.iter().filter(|other| **other != image).cloned().collect();
        let needed = before.disk.blobs_of(&others);
        before.disk.blobs_of([&image]).difference(&needed).cloned().collect()
    };

    let params = purge(vec![tag("shop/database:13")?]);
    let planned = plan(&cluster, "sarah", &params).await?;
    let fate = planned.images.iter().find(|fate| fate.digest.to_string() == image);
    let fate = fate.context("no word of the image")?;
    ensure!(fate.fate == Fate::Waits, "{planned:#?}");
    ensure!(fate.because.iter().any(|reason| matches!(reason, Reason::Young(_))), "{fate:?}");
    ensure!(planned.space.freed == 0, "{:?}", planned.space);
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(all_gone, "the tag has to go: {receipt:#?}");
    let after = World::look(&cluster).await?;
    ensure!(!after.tags.contains_key("shop/database:13") && after.images.contains(&image));
    ensure!(after.disk.blobs == before.disk.blobs, "blobs went");

    // It is nowhere now; whoever insists removes it all the same.
    let orphan = vec![Target::Image(digest(&image)?)];
    let (_, timid) = delete(&cluster, "sarah", &purge(orphan.clone())).await?;
    ensure!(timid.space.freed == 0, "{timid:#?}");
    ensure!(World::look(&cluster).await?.disk.blobs == before.disk.blobs, "blobs went");
    let insisting = Params { insist: true, ..purge(orphan) };
    let (all_gone, receipt) = delete(&cluster, "sarah", &insisting).await?;
    ensure!(all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    ensure!(before.disk.lost(&after.disk) == own, "{receipt:#?}");
    // The repository that it was pushed to tells how large its blobs are, but not its manifest, which is
    // in no stream any more.
    ensure!(receipt.space.unknown == 1, "{:?}", receipt.space);
    let sized = own.iter().filter(|blob| **blob != image);
    ensure!(receipt.space.freed == before.disk.bytes(sized), "{:?}", receipt.space);
    Ok(())
}
