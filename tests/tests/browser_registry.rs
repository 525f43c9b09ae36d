// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page of the registry: the routes that were tried, what is at their end, and the choices.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::json;

async fn open(stage: &Stage) -> Result<()> {
    stage.browser.click(&page::named("registry-link")).await?;
    stage.browser.wait(&page::named("ladder")).await
}

#[tokio::test]
async fn what_is_in_use() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("registry-in-use", async |stage| {
            let registry = stage.cluster()?.ready.registry.clone();
            open(stage).await?;
            let browser = &stage.browser;
            browser.wait(&page::rung("public", "in-use")).await?;
            browser.wait(&page::rung("proxy", "skipped")).await?;
            browser.wait_text(&page::named("product"), "OpenShift").await?;
            browser.wait_text(&page::named("route-in-use"), &registry).await?;
            browser.wait_text(&page::named("identity"), "token").await?;
            browser.wait_text(&page::named("ability-writes"), "Yes").await
        })
        .await
}

#[tokio::test]
async fn every_way_is_closed() -> Result<()> {
    let scene = Scene::new(Face::Openshift).option("--no-public").option("--no-port-forward");
    scene
        .play("registry-closed", async |stage| {
            let browser = &stage.browser;
            // The list goes on without the registry.
            browser.wait("[data-row]").await?;
            browser.click("[data-testid='notice'] [data-testid='offer-routes']").await?;
            for kind in ["public", "service", "port-forward"] {
                browser.wait(&page::rung(kind, "failed")).await?;
            }
            // OpenShift's registry cannot be spoken to through it.
            browser.wait(&page::rung("proxy", "skipped")).await?;
            let rungs = browser.texts("[data-testid^='rung-']").await?;
            let silent = rungs.iter().find(|text| text.split_whitespace().count() < 10);
            ensure!(silent.is_none(), "too few words: {silent:?}");
            browser.wait_count(&page::named("reached"), 0).await
        })
        .await
}

#[tokio::test]
async fn an_address_by_hand() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("registry-by-hand", async |stage| {
            open(stage).await?;
            let browser = &stage.browser;
            browser.wait(&page::rung("public", "in-use")).await?;
            browser.click(&page::named("offer-set-registry")).await?;
            browser.type_into("#registry-address", "127.0.0.1:9/shop").await?;
            browser.wait_text("#registry-address-about", "no path").await?;
            browser.wait("[data-testid='dialog-registry-confirm']:disabled").await?;
            // Nothing listens on the port of the discard protocol.
            browser.type_into("#registry-address", "127.0.0.1:9").await?;
            page::press(browser, "dialog-registry-confirm").await?;
            browser.wait(&page::rung("configured", "failed")).await?;
            browser.wait_text(&page::named("choice"), "127.0.0.1:9").await?;
            browser.wait(&page::named("notice")).await?;

            browser.click(&page::named("offer-set-registry")).await?;
            browser.click(&page::named("registry-automatic")).await?;
            page::press(browser, "dialog-registry-confirm").await?;
            browser.wait(&page::rung("public", "in-use")).await?;
            browser.wait_gone(&page::named("notice")).await
        })
        .await
}

#[tokio::test]
async fn one_of_several() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--second-registry")
        .play("registry-several", async |stage| {
            open(stage).await?;
            let browser = &stage.browser;
            browser.wait_text(&page::named("registries"), "apps/team-registry").await?;
            browser.click(&page::named("offer-choose-registry")).await?;
            browser.wait_text("dialog[open] fieldset", "apps/team-registry").await?;
            let choices = browser.texts("dialog[open] fieldset label").await?;
            let team = choices.iter().position(|choice| choice.contains("apps/team-registry"));
            let team = team.context("the second registry cannot be chosen")?;
            browser.click(&format!("[data-testid='registry-found-{team}']")).await?;
            page::press(browser, "dialog-registry-confirm").await?;
            browser.wait_text(&page::named("choice"), "You chose one of them").await?;
            browser.wait_text(&page::named("route-in-use"), "team-registry").await
        })
        .await
}

/// A wrong password changes nothing of what was typed; the right one is all that is needed.
#[tokio::test]
async fn a_login() -> Result<()> {
    let scene = Scene::new(Face::Plain).option("--registry-auth").option("htpasswd");
    scene
        .play("registry-login", async |stage| {
            let passwords = &stage.cluster()?.ready.registry_passwords;
            let password = passwords.get("sarah").context("sarah has no password")?.clone();
            let browser = &stage.browser;
            browser.click(&page::named("offer-login")).await?;
            browser.type_into("#login-user", "sarah").await?;
            browser.type_into("#login-password", "wrong").await?;
            page::press(browser, "dialog-login-confirm").await?;
            browser.wait("dialog[open] [data-testid='dialog-failure']").await?;
            let typed =
                browser.script("return document.querySelector('#login-user').value", vec![]);
            ensure!(typed.await? == json!("sarah"));
            browser.type_into("#login-password", &password).await?;
            page::press(browser, "dialog-login-confirm").await?;
            browser.wait_gone("dialog[open]").await?;
            browser.wait("[data-row]").await
        })
        .await
}

/// A deletion that runs goes on when the user goes to another page, and can be stopped from there.
#[tokio::test]
async fn a_deletion_outlives_its_page() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/images#/repository/skyfield%2Fapi")
        .play("registry-deletion", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::row("1.1")).await?;
            browser.click("#quick-delete").await?;
            browser.click(&page::bin("skyfield/api:1.1")).await?;
            page::agree(browser).await?;
            let path = "/apis/image.openshift.io/v1/namespaces/*/imagestreamtags/*";
            stage.cluster()?.fault(json!({ "on": "api", "path": path, "kind": "hang" })).await?;
            browser.click("dialog[open] #confirm-delete").await?;
            browser.wait("dialog[data-step='deleting']").await?;
            browser.script("location.hash = '#/registry'", vec![]).await?;
            browser.wait(&page::named("ladder")).await?;
            browser.wait("dialog[data-step='deleting']").await?;
            stage.cluster()?.heal().await?;
            browser.wait("dialog[open] [data-testid='receipt']").await?;
            page::close_dialog(browser).await
        })
        .await
}
