// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sarah sits at a host of the cluster and has no kubeconfig of her own: she uses the one that k3s
//! left for the administrator. Needs root, as writing at that place does.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::host_file::HostFile;
use images_tests::inventory::Inventory;
use images_tests::page;
use images_tests::scene::Scene;

const K3S: &str = "/etc/rancher/k3s/k3s.yaml";

#[tokio::test]
async fn the_kubeconfig_of_k3s() -> Result<()> {
    Scene::without_cluster()
        .play("host-k3s", async |stage| {
            let cluster = Cluster::start(Face::Plain)?;
            let expected = Inventory::read(&cluster, "sarah").await?.repositories.len();
            let file = HostFile::at(K3S)?;
            file.write(&std::fs::read_to_string(cluster.kubeconfig("system-admin")?)?)?;

            let browser = &stage.browser;
            browser.wait(&page::state("no-cluster")).await?;
            page::press(browser, "offer-host-kubeconfig").await?;
            // Other programs may have left other ones on this machine.
            browser.wait_text("dialog[open] fieldset", K3S).await?;
            let choices = browser.texts("dialog[open] fieldset label").await?;
            let ours = choices.iter().position(|choice| choice.contains(K3S));
            let ours = ours.with_context(|| format!("{choices:?}"))?;
            ensure!(choices[ours].contains("k3s"), "{choices:?}");
            browser.wait_text("dialog[open]", "It stays in memory").await?;
            page::press(browser, &format!("host-kubeconfig-{ours}")).await?;
            page::press(browser, "dialog-host-kubeconfig-confirm").await?;
            browser.wait_gone("dialog[open]").await?;

            browser.wait("[data-row]").await?;
            browser.wait_count("[data-row]", expected).await?;
            browser.wait_text(&page::named("origin"), K3S).await?;
            let server = cluster.ready.api.trim_start_matches("https://");
            browser.wait_text(&page::named("source"), server).await?;

            // It was handed over: nobody needs the file any more, a reload does not either.
            drop(file);
            browser.go(&stage.cockpit.url("/images")).await?;
            browser.enter_page().await?;
            browser.wait_text(&page::named("origin"), K3S).await?;
            browser.wait_count("[data-row]", expected).await?;

            // And back: she has none of her own.
            page::press(browser, "use-own-kubeconfig").await?;
            browser.wait(&page::state("no-cluster")).await?;
            browser.wait_count("[data-row]", 0).await
        })
        .await
}
