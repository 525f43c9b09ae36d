// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which cluster the page shows, and as whom: contexts, an unchecked certificate, this host's own
//! kubeconfig.

use anyhow::{Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::kubeconfig::{Kubeconfig, by_token, server};
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::json;

/// Replaces the kubeconfig of the running session.
fn write(cluster: &Cluster, kubeconfig: &Kubeconfig) -> Result<()> {
    kubeconfig.write(&cluster.kubeconfig("sarah")?)
}

async fn choose(stage: &Stage, opener: &str, context: &str) -> Result<()> {
    let browser = &stage.browser;
    browser.click(&format!("[data-testid='{opener}']")).await?;
    browser.click(&format!("[data-testid='context-{context}']")).await?;
    browser.click(&page::named("dialog-context-confirm")).await?;
    browser.wait_gone("dialog[open]").await
}

/// Nothing of the old cluster is left when another is chosen, and the way back is offered.
#[tokio::test]
async fn another_cluster() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("connection-context", async |stage| {
            let cluster = stage.cluster()?;
            stage.browser.wait("[data-row]").await?;
            ensure!(stage.browser.texts(&page::named("context-menu")).await?.is_empty());
            let both = Kubeconfig::of("work", server(cluster), by_token(cluster, "sarah")?).and(
                "other",
                server(cluster),
                by_token(cluster, "nobody")?,
            );
            write(cluster, &both)?;

            // The changed file is picked up by itself.
            stage.browser.wait_text(&page::named("context-menu"), "work").await?;
            stage.browser.wait("[data-row]").await?;
            choose(stage, "context-menu", "other").await?;
            stage.browser.wait(&page::state("forbidden")).await?;
            stage.browser.wait_count("[data-row]", 0).await?;
            stage.browser.wait_text(&page::named("source"), "nobody").await?;
            choose(stage, "offer-choose-context", "work").await?;
            stage.browser.wait("[data-row]").await?;
            stage.browser.wait_text(&page::named("source"), "sarah").await
        })
        .await
}

#[tokio::test]
async fn an_unchecked_certificate() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("connection-insecure", async |stage| {
            let cluster = stage.cluster()?;
            stage.browser.wait("[data-row]").await?;
            ensure!(stage.browser.texts(&page::named("insecure")).await?.is_empty());
            let server = json!({ "server": cluster.ready.api, "insecure-skip-tls-verify": true });
            write(cluster, &Kubeconfig::of("work", server, by_token(cluster, "sarah")?))?;
            let notice = page::named("insecure");
            stage.browser.wait_text(&notice, "insecure-skip-tls-verify").await?;
            stage.browser.wait("[data-row]").await
        })
        .await
}

/// What is found depends on the machine; that something is said does not.
#[tokio::test]
async fn this_hosts_kubeconfig() -> Result<()> {
    Scene::without_cluster()
        .play("connection-host", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::state("no-cluster")).await?;
            browser.click(&page::named("offer-host-kubeconfig")).await?;
            let said = ["host-kubeconfig-0", "host-kubeconfig-none", "host-kubeconfig-denied"];
            let said = said.map(|name| format!("dialog [data-testid='{name}']")).join(", ");
            browser.wait(&said).await?;
            let words = browser.texts("dialog[open]").await?.join(" ");
            ensure!(
                words.contains("/etc/kubernetes/admin.conf")
                    || words.contains("until you log out")
                    || words.contains("administrative access"),
                "the dialog says: {words}"
            );
            page::close_dialog(browser).await
        })
        .await
}
