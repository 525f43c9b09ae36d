// SPDX-License-Identifier: LGPL-2.1-or-later

//! The clean-up page: what nothing leads to, and the space that it holds.

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::page;
use images_tests::scene::{Scene, Stage};

/// Deletes tags as somebody does who uses the API alone.
async fn delete_tags(cluster: &Cluster, project: &str, tags: &[&str]) -> Result<()> {
    for tag in tags {
        let path = format!("namespaces/{project}/imagestreamtags/{tag}");
        let url = format!("{}/apis/image.openshift.io/v1/{path}", cluster.ready.api);
        let answer = cluster.curl("sarah").delete(&url).await?;
        ensure!(answer.is_good(), "{tag}: {}", answer.text());
    }
    Ok(())
}

fn card(name: &str, total: usize) -> String {
    format!("{}[data-total='{total}']", page::named(name))
}

/// Deletes all that a card lists, and waits until it lists nothing.
async fn delete_all(browser: &Browser, name: &str, total: usize) -> Result<()> {
    browser.wait(&card(name, total)).await?;
    browser.click(&format!("{} [data-testid='delete-all']", page::named(name))).await?;
    page::confirm_deletion(browser).await?;
    browser.wait_count("dialog[open] [data-outcome='deleted']", 1).await?;
    page::close_dialog(browser).await?;
    browser.wait(&card(name, 0)).await
}

/// Images in no stream: with their data, since nothing else of them is left.
#[tokio::test]
async fn images_that_no_stream_names() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("cleanup-images", async |stage| {
            let cluster = stage.cluster()?;
            let inventory = Inventory::read(cluster, "sarah").await?;
            let image = inventory.digest("shop/database:13").context("no image")?;
            let layers = inventory.layers(image);
            delete_tags(cluster, "shop", &["database:13"]).await?;
            let browser = &stage.browser;
            page::open(stage, "").await?;
            page::press(browser, "clean-up-link").await?;
            browser.wait(&page::row(&format!("image:{image}"))).await?;
            delete_all(browser, "orphan-images", 1).await?;

            let (base, own) = (layers.first().context("no base")?, layers.last());
            ensure!(!cluster.has_blob_file(image), "its manifest is on the disk");
            ensure!(!cluster.has_blob_file(own.context("no layer")?), "its layer is on the disk");
            ensure!(cluster.has_blob_file(base), "a layer that others use is gone");
            let images = cluster.api("sarah", "/apis/image.openshift.io/v1/images").await?;
            ensure!(!images.to_string().contains(&format!("\"name\":\"{image}\"")), "it is known");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn signatures_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).path("/system").play("cleanup-signatures-plain", signatures).await
}

#[tokio::test]
async fn signatures_on_openshift() -> Result<()> {
    let scene = Scene::new(Face::Openshift).path("/system");
    scene.play("cleanup-signatures-openshift", signatures).await
}

/// Signatures whose image somebody else deleted.
async fn signatures(stage: &mut Stage) -> Result<()> {
    let cluster = stage.cluster()?;
    let skopeo = cluster.skopeo("sarah")?;
    let image = skopeo.digest("skyfield/api:1.1").await?.context("no image")?;
    let signature = format!("skyfield/api:{}.sig", image.replace(':', "-"));
    ensure!(skopeo.digest(&signature).await?.is_some(), "the seed has no {signature}");
    match cluster.face {
        Face::Plain => skopeo.delete("skyfield/api:1.1").await?,
        Face::Openshift => delete_tags(cluster, "skyfield", &["api:1.1", "api:latest"]).await?,
    }
    let browser = &stage.browser;
    page::open(stage, "clean-up").await?;
    browser.wait(&page::row(&signature)).await?;
    delete_all(browser, "orphan-signatures", 1).await?;
    ensure!(skopeo.digest(&signature).await?.is_none(), "the signature is still there");
    ensure!(skopeo.digest("skyfield/api:1.0").await?.is_some(), "an image went");
    Ok(())
}

/// What nothing leads to is on the disk until the garbage is collected, in the registry's own pod.
#[tokio::test]
async fn garbage() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/system")
        .play("cleanup-garbage", async |stage| {
            let cluster = stage.cluster()?;
            let inventory = Inventory::read(cluster, "sarah").await?;
            let image = inventory.digest("shop/database:13").context("no image")?;
            let layers = inventory.layers(image);
            let (base, own) = (layers.first().context("no base")?, layers.last());
            let own = own.context("no layer")?;
            cluster.skopeo("sarah")?.delete("shop/database:13").await?;
            ensure!(cluster.has_blob_file(own), "it went without a collection");

            let browser = &stage.browser;
            page::open(stage, "clean-up").await?;
            page::press(browser, "look").await?;
            let found = page::words(browser, "would-free").await?;
            ensure!(found.contains('3'), "manifest, config and layer: {found}");
            ensure!(cluster.has_blob_file(own), "a look removed it");
            page::press(browser, "collect").await?;
            page::press(browser, "collect-confirm").await?;
            browser.wait("dialog[open] [data-testid='collected']").await?;
            browser.wait_count("dialog[open] [data-testid='collect-failure']", 0).await?;
            page::close_dialog(browser).await?;
            for blob in [image, own, inventory.config(image).context("no config")?] {
                ensure!(!cluster.has_blob_file(blob), "{blob} is on the disk");
            }
            ensure!(cluster.has_blob_file(base), "a layer that others use is gone");
            // The registry takes pushes again.
            cluster.skopeo("sarah")?.copy("shop/database:14", "shop/database:again").await
        })
        .await
}

/// OpenShift collects its garbage by pruning, and says when.
#[tokio::test]
async fn pruning() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/images#/clean-up")
        .play("cleanup-pruning", async |stage: &mut Stage| {
            let browser = &stage.browser;
            let words = page::words(browser, "prune").await?;
            ensure!(words.contains("60") || words.contains("hour"), "{words}");
            browser.wait_count(&page::named("collect"), 0).await
        })
        .await
}
