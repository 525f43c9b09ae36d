// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge crashes in the middle of a session, and the page goes on.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::Face;
use images_tests::cockpit::Version;
use images_tests::scene::{Scene, Stage};
use images_tests::{page, process, wait};

/// The bridge in C never starts a program of a package again in the same session.
#[tokio::test]
async fn installed_cockpit() -> Result<()> {
    let scene = Scene::new(Face::Openshift).version(Version::Installed);
    scene.play("crash-installed", crash).await
}

/// The Python bridge does.
#[tokio::test]
async fn cockpit_337() -> Result<()> {
    Scene::new(Face::Openshift).version(Version::V337).play("crash-337", crash).await
}

async fn crash(stage: &mut Stage) -> Result<()> {
    let browser = &stage.browser;
    browser.wait("[data-row]").await?;
    let before = page::rows(browser).await?;
    let name = before.first().context("no rows")?;

    // Twice: what replaced the first one may crash too.
    for _ in 0..2 {
        let crashed = *stage.cockpit.bridges()?.first().context("no bridge runs")?;
        process::crash(crashed);
        wait::until("another bridge", async || {
            let others = stage.cockpit.bridges()?;
            Ok(others.iter().any(|pid| *pid != crashed).then_some(()))
        })
        .await?;
        browser.wait_gone(&page::state("disconnected")).await?;
        page::wait_rows(browser, &before).await?;

        // It is not only the old picture: a new question gets its answer.
        page::search(browser, "no-such-image").await?;
        browser.wait(&page::state("nothing-found")).await?;
        page::search(browser, name).await?;
        browser.wait(&page::row(name)).await?;
        browser.wait_count("[data-row]", 1).await?;
        page::search(browser, "").await?;
        page::wait_rows(browser, &before).await?;
    }
    ensure!(stage.cockpit.bridges()?.len() == 1, "{:?}", stage.cockpit.bridges()?);
    Ok(())
}
