// SPDX-License-Identifier: LGPL-2.1-or-later

//! The history of what was changed: going on with what was broken off, taking back, and saving.

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::{Cluster, Face};
use images_tests::scene::{Scene, Stage};
use images_tests::{page, process, wait};
use serde_json::{Value, json};

const TAGS: [&str; 4] = [
    "skyfield/worker:2026-06",
    "skyfield/worker:2026-10",
    "skyfield/worker:latest",
    "skyfield/worker:rollback",
];

async fn served(cluster: &Cluster) -> Result<Vec<&'static str>> {
    let skopeo = cluster.skopeo("sarah")?;
    let mut served = Vec::new();
    for tag in TAGS {
        if skopeo.digest(tag).await?.is_some() {
            served.push(tag);
        }
    }
    Ok(served)
}

/// Marks all tags of the repository on its page and opens the dialog.
async fn mark_all(stage: &Stage) -> Result<()> {
    let browser = &stage.browser;
    page::open_repository(stage, "skyfield/worker").await?;
    browser.wait_count("[data-row]", TAGS.len()).await?;
    browser.click("#quick-delete").await?;
    browser.click("#select-all").await?;
    browser.click("#delete-selected").await?;
    page::agree(browser).await
}

/// The name of the only change.
async fn only_change(browser: &Browser) -> Result<String> {
    browser.wait_count("tr[data-row]", 1).await?;
    let names = browser.attributes("tr[data-row]", "data-row").await?;
    names.into_iter().next().context("no change")
}

#[tokio::test]
async fn what_was_broken_off_goes_on_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("history-go-on-plain", go_on).await
}

#[tokio::test]
async fn what_was_broken_off_goes_on_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("history-go-on-openshift", go_on).await
}

/// The bridge is killed in the middle of a deletion; the page finds it in the history.
async fn go_on(stage: &mut Stage) -> Result<()> {
    mark_all(stage).await?;
    let (browser, cluster) = (&stage.browser, stage.cluster()?);
    // One of the requests for a deletion never gets an answer.
    let (on, path) = match cluster.face {
        Face::Plain => {
            let latest = cluster.skopeo("sarah")?.digest("skyfield/worker:latest").await?;
            let digest = latest.context("there is no such tag")?;
            ("registry", format!("/v2/skyfield/worker/manifests/{digest}"))
        }
        Face::Openshift => {
            let tags = "/apis/image.openshift.io/v1/namespaces/skyfield/imagestreamtags";
            ("api", format!("{tags}/worker:rollback"))
        }
    };
    let fault = json!({ "on": on, "path": path, "method": "DELETE", "kind": "hang" });
    cluster.fault(fault).await?;
    cluster.forget_requests().await?;
    browser.click("dialog[open] #confirm-delete").await?;
    wait::until("a request for a deletion", async || {
        let requests = cluster.requests().await?;
        let is_deletion =
            |request: &Value| request["method"] == "DELETE" && request["path"] == path.as_str();
        Ok(requests.iter().any(is_deletion).then_some(()))
    })
    .await?;
    let killed = *stage.cockpit.bridges()?.first().context("no bridge runs")?;
    process::crash(killed);
    // The page does not say that it is deleted.
    browser.wait("dialog[open][data-step='delete-failed']").await?;
    browser.wait_count("dialog[open] [data-testid='receipt']", 0).await?;
    cluster.heal().await?;
    page::close_dialog(browser).await?;

    page::open(stage, "history").await?;
    browser.wait(&page::named("interrupted")).await?;
    let id = only_change(browser).await?;
    let left = served(cluster).await?;
    ensure!(!left.is_empty(), "nothing was broken off");
    page::press(browser, "go-on").await?;
    browser.wait("dialog[open] [data-testid='plan']").await?;
    page::press(browser, "go-on-confirm").await?;
    browser.wait("dialog[open] [data-testid='receipt']").await?;
    browser.wait_count("dialog[open] [data-receipt]", TAGS.len()).await?;
    let left = "dialog[open] [data-outcome='kept'], dialog[open] [data-outcome='untried'],
        dialog[open] [data-outcome='unproved']";
    browser.wait_count(left, 0).await?;
    page::close_dialog(browser).await?;
    browser.wait(&format!("{} [data-testid='done']", page::row(&id))).await?;
    ensure!(only_change(browser).await? == id, "another change is told of");
    let served = served(cluster).await?;
    ensure!(served.is_empty(), "the registry still serves {served:?}");
    Ok(())
}

#[tokio::test]
async fn a_change_is_kept_saved_and_taken_back_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("history-plain", kept_saved_and_taken_back).await
}

#[tokio::test]
async fn a_change_is_kept_saved_and_taken_back_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("history-openshift", kept_saved_and_taken_back).await
}

async fn kept_saved_and_taken_back(stage: &mut Stage) -> Result<()> {
    let reason = "a customer asked \"why\"";
    let tag = "skyfield/api:1.1";
    let cluster = stage.cluster()?;
    let skopeo = cluster.skopeo("sarah")?;
    let digest = skopeo.digest(tag).await?.context("there is no such tag")?;
    let browser = &stage.browser;
    page::open_repository(stage, "skyfield/api").await?;
    browser.wait(&page::row("1.1")).await?;
    browser.click("#quick-delete").await?;
    browser.click(&page::bin(tag)).await?;
    browser.wait(page::PLANNED).await?;
    browser.type_into("dialog[open] #reason", reason).await?;
    page::confirm_deletion(browser).await?;

    // The receipt as files.
    page::press(browser, "save-json").await?;
    let json: Value = serde_json::from_str(&browser.saved(".json").await?)?;
    page::press(browser, "save-text").await?;
    let text = browser.saved(".txt").await?;
    ensure!(text.contains(tag) && text.contains(reason) && text.contains(&digest), "{text}");
    page::close_dialog(browser).await?;

    page::open(stage, "").await?;
    page::press(browser, "history-link").await?;
    browser.wait(&page::named("done")).await?;
    let id = only_change(browser).await?;
    ensure!(json["change"]["id"] == id.as_str(), "{json}");
    ensure!(json["change"]["reason"] == reason, "{json}");
    ensure!(json.pointer("/receipt/items/0/outcome").is_some(), "{json}");
    browser.wait_text(&page::row(&id), tag).await?;
    browser.wait_text(&page::row(&id), reason).await?;

    // Its own page.
    browser.click(&format!("{} a", page::row(&id))).await?;
    browser.wait_text(&page::named("record-result"), "Done").await?;
    browser.wait_text(&page::named("record-reason"), reason).await?;
    browser.wait("[data-testid='receipt'] [data-outcome='deleted']").await?;
    browser.click("[data-testid='record-plan'] button").await?;
    browser.wait_text("[data-testid='record-plan']", tag).await?;

    browser.click("button[data-testid='undo']").await?;
    page::press(browser, "undo-confirm").await?;
    browser.wait(&format!("dialog[open] [data-undone='{tag}'][data-back='true']")).await?;
    page::close_dialog(browser).await?;
    ensure!(skopeo.digest(tag).await? == Some(digest), "the tag is not back");
    // Once is enough, and both are told.
    browser.wait(&page::named("record-undone-by")).await?;
    browser.wait_count("button[data-testid='undo']", 0).await?;
    page::open(stage, "history").await?;
    browser.wait_count("tr[data-row]", 2).await?;
    browser.wait_text(&page::row(&id), "Undone").await
}
