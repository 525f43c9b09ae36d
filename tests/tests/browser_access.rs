// SPDX-License-Identifier: LGPL-2.1-or-later

//! Jane and Josh push and pull with their own programs: the page tells them how, shows their token
//! when they ask for it, and has the host trust the registry.

use std::path::Path;

use anyhow::{Result, ensure};
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::Scene;

#[tokio::test]
async fn each_program_has_its_commands_and_none_has_the_token() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("jane")
        .path("/images#/registry")
        .play("access", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            let (host, token) = (cluster.ready.registry.clone(), cluster.token("jane")?);
            for tool in ["podman", "docker", "skopeo"] {
                page::press(browser, &format!("access-tool-{tool}")).await?;
                browser.wait_text(&page::named("access-login"), tool).await?;
                for command in ["login", "pull", "push"] {
                    let command = page::words(browser, &format!("access-{command}")).await?;
                    ensure!(command.contains(tool) && command.contains(&host), "{command}");
                    ensure!(!command.contains("tls-verify"), "it goes unchecked: {command}");
                }
            }
            ensure!(!browser.html().await?.contains(token), "the token is in the page unasked");

            page::press(browser, "access-show-token").await?;
            ensure!(page::words(browser, "access-token").await? == token, "another token");
            let lines = browser.texts("code:not([data-testid='access-token'])").await?.concat();
            ensure!(!lines.contains(token), "the token is in a command: {lines}");
            page::press(browser, "access-hide-token").await?;
            browser.wait_gone(&page::named("access-token")).await?;
            ensure!(!browser.html().await?.contains(token), "the hidden token is in the page");
            Ok(())
        })
        .await
}

/// Needs root, as what it writes does: files of this very run's address under `/etc`, which it
/// takes away again.
#[tokio::test]
async fn this_host_trusts_the_registry_and_takes_it_back() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("jane")
        .path("/images#/registry")
        .play("trust", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            let folder = Path::new("/etc/containers/certs.d").join(&cluster.ready.registry);
            let file = folder.join("ca.crt");
            page::press(browser, "trust-open").await?;
            browser.wait_text(&page::named("trust-file-0"), &file.display().to_string()).await?;
            ensure!(!file.exists(), "it was written before the yes");

            page::press(browser, "trust-apply").await?;
            browser.wait(&page::named("trust-done")).await?;
            let written = std::fs::read_to_string(&file)?;
            let authority = std::fs::read_to_string(&cluster.ready.ca)?;
            // Before it stands the line by which the page knows its own files.
            ensure!(written.trim().ends_with(authority.trim()), "not the authority: {written}");

            // What somebody changed meanwhile is not ours to remove.
            std::fs::write(&file, "changed")?;
            page::press(browser, "trust-remove").await?;
            browser.wait(&page::named("trust-failure")).await?;
            ensure!(std::fs::read_to_string(&file)? == "changed", "it was not left alone");
            page::press(browser, "look-again").await?;
            browser.wait(&format!("{}:disabled", page::named("trust-apply"))).await?;
            page::press(browser, "trust-replace").await?;
            page::press(browser, "trust-apply").await?;
            browser.wait(&page::named("trust-done")).await?;
            ensure!(std::fs::read_to_string(&file)? == written, "it was not replaced");

            page::press(browser, "trust-remove").await?;
            browser.wait(&page::named("trust-apply")).await?;
            ensure!(!file.exists(), "it is still there");
            page::close_dialog(browser).await?;
            for folder in [folder, Path::new("/etc/docker/certs.d").join(&cluster.ready.registry)] {
                if folder.exists() {
                    std::fs::remove_dir(folder)?;
                }
            }
            Ok(())
        })
        .await
}
