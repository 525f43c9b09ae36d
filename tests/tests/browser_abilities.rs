// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the page says that a registry can do, and by which way it is reached, where the usual ways
//! are closed.

use anyhow::{Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::Scene;

/// Waits until an ability is known, and gives its words.
async fn ability(browser: &Browser, name: &str, known: &str) -> Result<String> {
    let fact = page::named(&format!("ability-{name}"));
    let script = "return [...document.querySelectorAll(arguments[0])].some(
        fact => fact.innerText.split('\\n').some(line => line.trim() === arguments[1]))";
    let what = format!("{name}: {known}");
    browser.wait_script(&what, script, vec![fact.as_str().into(), known.into()]).await?;
    Ok(browser.texts(&fact).await?.concat())
}

#[tokio::test]
async fn by_port_forward() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--no-service-proxy")
        .path("/images#/registry")
        .play("abilities-port-forward", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::rung("port-forward", "in-use")).await?;
            browser.wait(&page::rung("proxy", "failed")).await?;
            browser.wait(&page::rung("service", "failed")).await?;
            let pod = stage.cluster()?.ready.pods[0].name.clone();
            let route = page::words(browser, "route-in-use").await?;
            ensure!(route.contains("registry") && route.contains("kube-system"), "{route} {pod}");
            for name in ["lists", "writes", "deletes"] {
                ability(browser, name, "Yes").await?;
            }
            ability(browser, "referrers", "No").await?;
            browser.go(&stage.cockpit.url("/images")).await?;
            browser.enter_page().await?;
            browser.wait("[data-row]").await
        })
        .await
}

#[tokio::test]
async fn by_the_service_proxy() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/images#/registry")
        .play("abilities-proxy", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::rung("proxy", "in-use")).await?;
            browser.wait(&page::rung("port-forward", "skipped")).await?;
            // Why the ways above are not the one is said in sentences.
            let rungs = browser.texts("[data-testid^='rung-']").await?;
            let silent = rungs.iter().find(|rung| !rung.contains('.') && !rung.contains("In use"));
            ensure!(silent.is_none(), "{silent:?}");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn on_a_node() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--node")
        .path("/images#/registry")
        .play("abilities-node", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::rung("service", "in-use")).await?;
            browser.wait(&page::rung("proxy", "skipped")).await?;
            browser.wait(&page::rung("port-forward", "skipped")).await?;
            let address = stage.cluster()?.ready.service_address.clone();
            let ip = address.split(':').next().unwrap_or_default();
            browser.wait_text(&page::named("route-in-use"), ip).await?;
            // The commands warn of an address that only nodes reach.
            browser.wait(&page::named("access-internal")).await
        })
        .await
}

#[tokio::test]
async fn a_registry_in_maintenance() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--read-only")
        .path("/images#/registry")
        .play("abilities-read-only", async |stage| {
            let browser = &stage.browser;
            let words = ability(browser, "writes", "No").await?;
            ensure!(words.contains("read-only"), "{words}");
            let words = ability(browser, "deletes", "No").await?;
            ensure!(words.contains("read-only"), "{words}");
            ability(browser, "lists", "Yes").await?;
            Ok(())
        })
        .await
}

#[tokio::test]
async fn a_registry_that_does_not_delete() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--no-delete")
        .path("/images#/registry")
        .play("abilities-no-delete", async |stage| {
            let browser = &stage.browser;
            let words = ability(browser, "deletes", "No").await?;
            ensure!(words.contains("REGISTRY_STORAGE_DELETE_ENABLED"), "{words}");
            ability(browser, "writes", "Yes").await?;
            Ok(())
        })
        .await
}
