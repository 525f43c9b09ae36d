// SPDX-License-Identifier: LGPL-2.1-or-later

//! Stages: chosen, compared, promoted from one to the next, and set back; skopeo looks at each step.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::page::stages::{agree, cell, choose, press_in_cell};
use images_tests::scene::{Scene, Stage};

#[tokio::test]
async fn an_image_moves_from_stage_to_stage_and_back_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("stages-openshift", moves_and_goes_back).await
}

#[tokio::test]
async fn an_image_moves_from_stage_to_stage_and_back_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("stages-plain", moves_and_goes_back).await
}

async fn moves_and_goes_back(stage: &mut Stage) -> Result<()> {
    choose(stage, "stages-by-project", "skyfield shop").await?;
    let (browser, cluster) = (&stage.browser, stage.cluster()?);
    let skopeo = cluster.skopeo("sarah")?;
    let digest = async |image: &str| skopeo.digest(image).await;
    let old = digest("skyfield/api:1.0").await?.context("no such tag")?;
    let new = digest("skyfield/api:1.1").await?.context("no such tag")?;

    // One, with its signature.
    let missing = cell("api:1.1", "shop", "missing");
    press_in_cell(browser, &missing, "promote").await?;
    browser.wait("dialog[open] [data-change='shop/api:1.1']").await?;
    browser.type_into("dialog[open] #reason", "all tests passed").await?;
    agree(browser, &["shop/api:1.1"]).await?;
    browser.wait(&cell("api:1.1", "shop", "equal")).await?;
    ensure!(digest("shop/api:1.1").await?.as_ref() == Some(&new), "another image is there");
    let signature = format!("shop/api:{}.sig", new.replace(':', "-"));
    ensure!(digest(&signature).await?.is_some(), "the signature did not go along");

    // Many: all that differs.
    browser.click(&page::mark("api:1.0")).await?;
    browser.click(&page::mark("api:latest")).await?;
    page::press(browser, "promote-marked-shop").await?;
    agree(browser, &["shop/api:1.0", "shop/api:latest"]).await?;
    browser.wait(&cell("api:1.0", "shop", "equal")).await?;
    browser.wait(&cell("api:latest", "shop", "equal")).await?;
    ensure!(digest("shop/api:1.0").await? == Some(old), "another image is there");

    // All of an index moves.
    page::open(stage, "stages").await?;
    page::press(browser, "choose-stages").await?;
    browser.type_into("dialog[open] #stages", "tools shop").await?;
    page::press(browser, "dialog-stages-confirm").await?;
    let missing = cell("probe:latest", "shop", "missing");
    press_in_cell(browser, &missing, "promote").await?;
    agree(browser, &["shop/probe:latest"]).await?;
    let whole = tempfile::tempdir()?;
    skopeo.pull("shop/probe:latest", &whole.path().join("image")).await?;

    // Who, what and when.
    page::open(stage, "history").await?;
    browser.wait_count("tr[data-row]", 3).await?;
    browser.wait_text("tr[data-row]:last-child", "all tests passed").await?;
    browser.click("tr[data-row]:last-child a").await?;
    browser.wait("[data-promoted='shop/api:1.1'][data-outcome='done']").await
}

/// Stages that are tags of one repository, of which one has an earlier version to go back to.
#[tokio::test]
async fn a_tag_goes_back_to_what_it_named_before() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("stages-back", async |stage| {
            choose(stage, "stages-by-tag", "latest stable").await?;
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            let skopeo = cluster.skopeo("sarah")?;
            let before = skopeo.digest("skyfield/frontend:stable").await?;
            let latest = skopeo.digest("skyfield/frontend:latest").await?;
            let behind = cell("skyfield/frontend", "stable", "behind");
            press_in_cell(browser, &behind, "promote").await?;
            agree(browser, &["skyfield/frontend:stable"]).await?;
            let equal = cell("skyfield/frontend", "stable", "equal");
            browser.wait(&equal).await?;
            ensure!(skopeo.digest("skyfield/frontend:stable").await? == latest, "not promoted");

            press_in_cell(browser, &equal, "versions").await?;
            browser.wait("dialog[open] [data-testid='go-back']").await?;
            browser.click("dialog[open] [data-testid='go-back']").await?;
            agree(browser, &["skyfield/frontend:stable"]).await?;
            browser.wait(&behind).await?;
            ensure!(skopeo.digest("skyfield/frontend:stable").await? == before, "not back");
            Ok(())
        })
        .await
}

/// Who may only pull is told of the right that is missing, and nothing is done.
#[tokio::test]
async fn a_missing_right_is_told_before_anything_is_done() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("greg")
        .play("stages-missing", async |stage| {
            choose(stage, "stages-by-tag", "latest stable").await?;
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            press_in_cell(browser, &cell("skyfield/frontend", "stable", "behind"), "promote")
                .await?;
            browser.wait("dialog[open] [data-testid='missing-rights']").await?;
            browser.wait("dialog[open] [data-testid='promote-confirm']:disabled").await?;
            page::close_dialog(browser).await?;
            let skopeo = cluster.skopeo("sarah")?;
            let stable = skopeo.digest("skyfield/frontend:stable").await?;
            ensure!(stable != skopeo.digest("skyfield/frontend:latest").await?, "it was promoted");
            Ok(())
        })
        .await
}
