// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page in each Cockpit: it is in the sidebar, comes up, is light enough, and follows the theme.

use anyhow::{Result, ensure};
use images_tests::cluster::Face;
use images_tests::cockpit::Version;
use images_tests::evidence;
use images_tests::scene::{Scene, Stage};

/// The budget for all that the page loads, in bytes over the wire.
const WEIGHT: u64 = 500 * 1024;

#[tokio::test]
async fn installed_cockpit() -> Result<()> {
    let scene = Scene::new(Face::Openshift).version(Version::Installed);
    scene
        .path("/system")
        .play("smoke-installed", async |stage| smoke(stage, "installed").await)
        .await
}

#[tokio::test]
async fn cockpit_337() -> Result<()> {
    let scene = Scene::new(Face::Openshift).version(Version::V337);
    scene.path("/system").play("smoke-337", async |stage| smoke(stage, "337").await).await
}

async fn smoke(stage: &mut Stage, cockpit: &str) -> Result<()> {
    let browser = &stage.browser;
    browser.click_images().await?;
    browser.wait("[data-row]").await?;
    // Only told: a machine that runs other tests beside this one says nothing of a budget.
    let first_row = browser.first_row().await?;
    let weight = browser.weight().await?;
    let pictures = evidence::folder(&format!("smoke-{cockpit}"))?;
    let numbers = format!("first row after {first_row:?}\n{weight} bytes over the wire\n");
    std::fs::write(pictures.join("numbers.txt"), numbers)?;
    ensure!(weight <= WEIGHT, "the page weighs {weight} bytes");

    browser.screenshot(&pictures.join("light.png")).await?;
    ensure!(luminance(stage).await? > 0.8, "the light page is dark");
    browser.prefer_dark(true).await?;
    browser
        .wait_script(
            "the dark theme",
            "return document.documentElement.classList.contains('pf-v6-theme-dark')",
            vec![],
        )
        .await?;
    ensure!(luminance(stage).await? < 0.3, "the dark page is light");
    browser.screenshot(&pictures.join("dark.png")).await?;
    browser.prefer_dark(false).await?;

    browser.resize(400, 900).await?;
    browser
        .wait_script(
            "nothing wider than a narrow window",
            "return document.documentElement.scrollWidth <= window.innerWidth",
            vec![],
        )
        .await?;
    browser.screenshot(&pictures.join("narrow.png")).await
}

/// How bright the page's background is, from 0 to 1.
async fn luminance(stage: &Stage) -> Result<f64> {
    let script = "
        for (let element = document.querySelector('[data-row]'); element; element = element.parentElement) {
            const color = getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).map(Number);
            if (color.length < 4 || color[3] > 0.5)
                return (color[0] + color[1] + color[2]) / 765;
        }
        return 1";
    Ok(stage.browser.script(script, vec![]).await?.as_f64().unwrap_or(-1.0))
}
