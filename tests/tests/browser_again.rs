// SPDX-License-Identifier: LGPL-2.1-or-later

//! What comes back by itself, and what is remembered: nobody presses "Try again" here.

use std::ffi::OsString;

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::{Cluster, Face};
use images_tests::cockpit::{Cockpit, Version};
use images_tests::inventory::Inventory;
use images_tests::kubeconfig::{Kubeconfig, by_token, server};
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::{Value, json};

/// Marks the document, to see later that it is the same one.
async fn mark(browser: &Browser) -> Result<()> {
    browser.script("window.visited = true", vec![]).await?;
    Ok(())
}

async fn ensure_not_reloaded(browser: &Browser) -> Result<()> {
    let visited = browser.script("return window.visited ?? false", vec![]).await?;
    ensure!(visited == Value::Bool(true), "the page was reloaded");
    Ok(())
}

async fn enter(browser: &Browser, cockpit: &Cockpit) -> Result<()> {
    browser.go(&cockpit.url("/images")).await?;
    browser.enter_page().await
}

#[tokio::test]
async fn a_kubeconfig_that_is_repaired() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("again-kubeconfig", async |stage| {
            let cluster = stage.cluster()?;
            let path = cluster.kubeconfig("sarah")?;
            let good = std::fs::read_to_string(&path)?;
            let refused = json!({ "token": "of-yesterday" });
            Kubeconfig::of("work", server(cluster), refused).write(&path)?;
            let browser = &stage.browser;
            enter(browser, &stage.cockpit).await?;
            browser.wait(&page::state("unauthenticated")).await?;
            mark(browser).await?;
            images_tests::kubeconfig::replace(&path, &good)?;
            browser.wait("[data-row]").await?;
            browser.wait_gone(&page::state("unauthenticated")).await?;
            ensure_not_reloaded(browser).await
        })
        .await
}

/// The cluster that was chosen is the one after a reload, and in the next session.
#[tokio::test]
async fn a_chosen_context() -> Result<()> {
    Scene::without_cluster()
        .path("/system")
        .play("again-context", async |stage| {
            let cluster = Cluster::start(Face::Openshift)?;
            let folder = tempfile::tempdir()?;
            let kubeconfig = folder.path().join("kubeconfig");
            let both = Kubeconfig::of("work", server(&cluster), by_token(&cluster, "nobody")?).and(
                "other",
                server(&cluster),
                by_token(&cluster, "sarah")?,
            );
            both.write(&kubeconfig)?;
            let environment: [(&str, OsString); 2] = [
                ("KUBECONFIG", kubeconfig.clone().into()),
                ("XDG_CONFIG_HOME", folder.path().join("config").into()),
            ];
            let browser = &stage.browser;

            let first = Cockpit::local(Version::Installed, 0, &environment).await?;
            enter(browser, &first).await?;
            browser.wait(&page::state("forbidden")).await?;
            page::press(browser, "context-menu").await?;
            browser.wait_text("dialog[open]", cluster.ready.api.as_str()).await?;
            page::press(browser, "context-other").await?;
            page::press(browser, "dialog-context-confirm").await?;
            browser.wait_gone("dialog[open]").await?;
            browser.wait("[data-row]").await?;

            enter(browser, &first).await?;
            browser.wait("[data-row]").await?;
            browser.wait_text(&page::named("context-menu"), "other").await?;

            let second = Cockpit::local(Version::Installed, 0, &environment).await?;
            enter(browser, &second).await?;
            drop(first);
            browser.wait("[data-row]").await?;
            browser.wait_text(&page::named("context-menu"), "other").await?;
            // The file belongs to other programs too.
            ensure!(std::fs::read_to_string(&kubeconfig)? == both.text(), "it was changed");

            // Back to the one that the kubeconfig names.
            page::press(browser, "context-menu").await?;
            page::press(browser, "context-of-kubeconfig").await?;
            page::press(browser, "dialog-context-confirm").await?;
            browser.wait_text(&page::named("context-menu"), "work").await?;
            browser.leave_page().await?;
            browser.go("about:blank").await?;
            Ok(())
        })
        .await
}

/// What the image API tells is there although the registry is not, and the page says so.
async fn goes_on_without_a_registry(stage: &Stage, inventory: &Inventory) -> Result<()> {
    let browser = &stage.browser;
    browser.wait_text(&page::named("notice"), "crash").await?;
    browser.wait(&format!("{} {}", page::named("notice"), page::named("offer-routes"))).await?;
    browser.wait_count("[data-row]", inventory.repositories.len()).await?;
    page::search(browser, "skyfield/api").await?;
    browser.wait(&page::row("skyfield/api")).await?;
    page::search(browser, "").await?;
    browser.wait_count("[data-row]", inventory.repositories.len()).await
}

#[tokio::test]
async fn a_registry_that_was_down() -> Result<()> {
    let scene = Scene::new(Face::Openshift).option("--registry-state").option("crashing");
    scene
        .play("again-registry", async |stage| {
            let cluster = stage.cluster()?;
            let browser = &stage.browser;
            mark(browser).await?;
            browser.wait_text(&page::named("notice"), "crash").await?;
            browser.wait(&page::row("skyfield/api")).await?;
            page::search(browser, "frontend").await?;
            browser.wait(&page::row("skyfield/frontend")).await?;
            browser.wait_gone(&page::row("skyfield/api")).await?;

            page::press(browser, "offer-routes").await?;
            browser.wait(&page::rung("public", "failed")).await?;
            browser.wait_count(&page::named("reached"), 0).await?;
            cluster.registry_state("running").await?;
            browser.wait(&page::rung("public", "in-use")).await?;
            browser.wait(&page::named("reached")).await?;
            browser.wait_gone(&page::named("notice")).await?;
            ensure_not_reloaded(browser).await
        })
        .await
}

/// It goes down while somebody looks at an image: what only the registry has is refused in words.
#[tokio::test]
async fn a_registry_that_goes_down() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("again-registry-down", async |stage| {
            let cluster = stage.cluster()?;
            let inventory = Inventory::read(cluster, "sarah").await?;
            let browser = &stage.browser;
            browser.wait_count("[data-row]", inventory.repositories.len()).await?;
            mark(browser).await?;
            let mut images = inventory.tags.iter();
            let image = images.find(|(_, digest)| !inventory.layers(digest).is_empty());
            let ((repository, _), digest) = image.context("no image")?;
            cluster.registry_state("crashing").await?;
            let repository = repository.replace('/', "%2F");
            let address = format!("location.hash = '#/image/{digest}?repository={repository}'");
            browser.script(&address, vec![]).await?;
            page::press(browser, "raw-manifest").await?;
            browser.wait(&page::named("notice")).await?;
            browser.script("location.hash = '#/'", vec![]).await?;
            goes_on_without_a_registry(stage, &inventory).await?;
            cluster.registry_state("running").await?;
            browser.wait_gone(&page::named("notice")).await?;
            ensure_not_reloaded(browser).await
        })
        .await
}
