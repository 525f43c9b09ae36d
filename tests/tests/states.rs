// SPDX-License-Identifier: LGPL-2.1-or-later

//! Every state of the page has its own screen, with words and something to do.

use anyhow::{Result, ensure};
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::json;

/// Waits for a screen with words and a button, that claims nothing about what it does not know.
async fn screen(stage: &Stage, name: &str) -> Result<()> {
    let browser = &stage.browser;
    let screen = page::state(name);
    browser.wait(&screen).await?;
    browser.wait(&format!("{screen} button, {screen} a")).await?;
    let text = browser.texts(&screen).await?.join(" ");
    ensure!(text.split_whitespace().count() > 5, "too few words: {text}");
    let shown = browser.shown().await?;
    ensure!(name == "empty" || !shown.contains("0 repositories"), "it claims: {shown}");
    Ok(())
}

/// Presses "Try again", unless the bridge has tried again by itself already, and waits for rows.
async fn try_again(stage: &Stage) -> Result<()> {
    let press = "document.querySelector(`[data-testid='try-again']`)?.click()";
    stage.browser.script(press, vec![]).await?;
    stage.browser.wait("[data-row]").await
}

#[tokio::test]
async fn an_empty_plain_registry() -> Result<()> {
    let scene = Scene::new(Face::Plain).empty();
    scene.play("state-empty-plain", async |stage| screen(stage, "empty").await).await
}

#[tokio::test]
async fn an_empty_openshift_registry() -> Result<()> {
    let scene = Scene::new(Face::Openshift).empty();
    scene.play("state-empty-openshift", async |stage| screen(stage, "empty").await).await
}

#[tokio::test]
async fn no_permission() -> Result<()> {
    let scene = Scene::new(Face::Openshift).user("nobody");
    scene.play("state-forbidden", async |stage| screen(stage, "forbidden").await).await
}

#[tokio::test]
async fn no_cluster() -> Result<()> {
    let scene = Scene::without_cluster();
    scene.play("state-no-cluster", async |stage| screen(stage, "no-cluster").await).await
}

#[tokio::test]
async fn a_cluster_that_ended() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("state-unreachable", async |stage| {
            stage.cluster_mut()?.end()?;
            stage.browser.go(&stage.cockpit.url("/images")).await?;
            stage.browser.enter_page().await?;
            screen(stage, "unreachable").await
        })
        .await
}

/// A cluster that refuses the token; once it takes it again, "Try again" is all that is needed.
#[tokio::test]
async fn credentials_that_are_refused_and_mended() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("state-unauthenticated", async |stage| {
            let refusal = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
            });
            let fault = json!({
                "on": "api", "path": "/", "kind": "status", "status": 401,
                "body": refusal.to_string(),
            });
            stage.cluster()?.fault(fault).await?;
            stage.browser.go(&stage.cockpit.url("/images")).await?;
            stage.browser.enter_page().await?;
            screen(stage, "unauthenticated").await?;
            stage.cluster()?.heal().await?;
            try_again(stage).await
        })
        .await
}

/// An API server that answers nonsense is a failure with a way out, too.
#[tokio::test]
async fn an_api_that_answers_html() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("state-failed", async |stage| {
            let fault = json!({ "on": "api", "path": "/", "kind": "html" });
            stage.cluster()?.fault(fault).await?;
            stage.browser.go(&stage.cockpit.url("/images")).await?;
            stage.browser.enter_page().await?;
            screen(stage, "failed").await?;
            stage.cluster()?.heal().await?;
            try_again(stage).await
        })
        .await
}

/// Nothing has answered yet: that is said, and nothing is claimed.
#[tokio::test]
async fn a_cluster_that_does_not_answer_yet() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("state-connecting", async |stage| {
            stage.cluster()?.fault(json!({ "on": "api", "path": "/", "kind": "hang" })).await?;
            stage.browser.go(&stage.cockpit.url("/images")).await?;
            stage.browser.enter_page().await?;
            stage.browser.wait(&page::state("connecting")).await?;
            stage.cluster()?.heal().await?;
            stage.browser.wait("[data-row]").await
        })
        .await
}

/// What is there can be used while the rest is being read, and the page says how far it is.
#[tokio::test]
async fn a_catalog_that_is_being_filled() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("state-filling", async |stage| {
            let layers = "/apis/image.openshift.io/v1/namespaces/*/imagestreams/*/layers";
            stage.cluster()?.fault(json!({ "on": "api", "path": layers, "kind": "hang" })).await?;
            stage.browser.go(&stage.cockpit.url("/images")).await?;
            stage.browser.enter_page().await?;
            stage.browser.wait("[data-row]").await?;
            stage.browser.wait("[data-testid='filling']").await?;
            page::search(&stage.browser, "frontend").await?;
            stage.browser.wait(&page::row("skyfield/frontend")).await?;
            stage.cluster()?.heal().await?;
            stage.browser.wait_gone("[data-testid='filling']").await
        })
        .await
}
