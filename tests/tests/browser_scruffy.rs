// SPDX-License-Identifier: LGPL-2.1-or-later

//! Scruffy, the janitor, deletes tags one by one. What shares the digest stays.

use anyhow::{Result, ensure};
use images_tests::browser::Key;
use images_tests::cluster::Face;
use images_tests::inventory::{Inventory, Siblings};
use images_tests::page;
use images_tests::scene::{Scene, Stage};

async fn siblings(stage: &Stage, project: &str) -> Result<Siblings> {
    Inventory::read(stage.cluster()?, "sarah").await?.siblings(project)
}

#[tokio::test]
async fn a_tag_goes_and_its_sibling_stays_on_openshift() -> Result<()> {
    let scene = Scene::new(Face::Openshift).user("scruffy");
    scene.play("scruffy-openshift", async |stage| a_tag_alone(stage, "scruffy").await).await
}

/// A registry that can delete only manifests, with all their tags.
#[tokio::test]
async fn a_tag_goes_and_its_sibling_stays_on_a_plain_registry() -> Result<()> {
    let scene = Scene::new(Face::Plain);
    scene.play("scruffy-plain", async |stage| a_tag_alone(stage, "sarah").await).await
}

async fn a_tag_alone(stage: &Stage, user: &str) -> Result<()> {
    let found = siblings(stage, "shop/").await?;
    let (full, twin) = (found.name(), found.sibling_name());
    let Siblings { repository, tag, sibling, digest } = found;
    let browser = &stage.browser;
    page::open_repository(stage, &repository).await?;
    browser.wait(&page::row(&tag)).await?;
    browser.click("#quick-delete").await?;

    // Escape is no.
    browser.click(&page::bin(&full)).await?;
    browser.wait_text("dialog[open] [data-testid='stays']", &sibling).await?;
    browser.press_focused(Key::Escape).await?;
    browser.wait_gone("dialog[open]").await?;
    let skopeo = stage.cluster()?.skopeo(user)?;
    ensure!(skopeo.digest(&full).await?.as_ref() == Some(&digest), "Escape deleted it");

    browser.click(&page::bin(&full)).await?;
    page::confirm_deletion(browser).await?;
    browser.wait("[data-outcome='deleted']").await?;
    page::close_dialog(browser).await?;
    browser.wait_gone(&page::row(&tag)).await?;
    browser.wait(&page::row(&sibling)).await?;
    ensure!(skopeo.digest(&full).await?.is_none(), "the registry still serves {full}");
    ensure!(skopeo.digest(&twin).await?.as_ref() == Some(&digest), "{twin} went along");
    Ok(())
}

/// Greg may look only: whatever the page offers him, nothing is deleted, and he is told why.
#[tokio::test]
async fn who_may_not_delete_is_told_so() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("greg")
        .play("scruffy-greg", async |stage| {
            let found = siblings(stage, "skyfield/").await?;
            let full = found.name();
            let Siblings { repository, tag, digest, .. } = found;
            let browser = &stage.browser;
            page::open_repository(stage, &repository).await?;
            browser.wait(&page::row(&tag)).await?;
            browser.click("#quick-delete").await?;
            browser.click(&page::bin(&full)).await?;
            // Either the plan knows already, or the attempt is refused.
            let script = "return document.querySelector(
                `dialog[open] [data-testid='refused'], dialog[open] #confirm-delete`) !== null";
            browser.wait_script("a plan", script, vec![]).await?;
            let known = "return document.querySelector(`[data-testid='refused']`) !== null";
            if browser.script(known, vec![]).await? == false {
                page::confirm_deletion(browser).await?;
                browser.wait("[data-outcome='kept']").await?;
            }
            let shown = browser.shown().await?;
            ensure!(!shown.lines().any(|line| line.trim() == "1 item is gone"), "{shown}");
            let skopeo = stage.cluster()?.skopeo("greg")?;
            ensure!(skopeo.digest(&full).await?.as_ref() == Some(&digest), "Greg deleted it");
            Ok(())
        })
        .await
}

/// Somebody else pushes and deletes meanwhile: the page follows without a reload, and the rows
/// stay where they are until asked.
#[tokio::test]
async fn what_others_do_is_seen() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("scruffy-live", async |stage| {
            let Siblings { repository, tag, .. } = siblings(stage, "shop/").await?;
            let browser = &stage.browser;
            let skopeo = stage.cluster()?.skopeo("sarah")?;
            page::open_repository(stage, &repository).await?;
            browser.wait(&page::row(&tag)).await?;
            let new = format!("{tag}-again");
            skopeo.copy(&format!("{repository}:{tag}"), &format!("{repository}:{new}")).await?;
            browser.click("#changes").await?;
            browser.wait(&page::row(&new)).await
        })
        .await
}

/// From the list: a repository's row opens to its tags.
#[tokio::test]
async fn from_the_list() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("scruffy")
        .play("scruffy-list", async |stage| {
            let found = siblings(stage, "shop/").await?;
            let (full, twin) = (found.name(), found.sibling_name());
            let browser = &stage.browser;
            browser.wait(&page::row(&found.repository)).await?;
            browser.click("#quick-delete").await?;
            let expand = format!("{} [data-testid='expand']", page::row(&found.repository));
            browser.click(&expand).await?;
            browser.click(&page::mark(&full)).await?;
            browser.wait_text("#delete-selected", "1").await?;
            browser.click("#delete-selected").await?;
            page::confirm_deletion(browser).await?;
            browser.wait("[data-outcome='deleted']").await?;
            page::close_dialog(browser).await?;
            browser.wait_gone(&page::bin(&full)).await?;
            browser.wait(&page::bin(&twin)).await?;
            let skopeo = stage.cluster()?.skopeo("scruffy")?;
            ensure!(skopeo.digest(&full).await?.is_none(), "the registry still serves {full}");
            ensure!(skopeo.digest(&twin).await? == Some(found.digest), "{twin} went along");
            Ok(())
        })
        .await
}
