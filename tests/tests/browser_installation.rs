// SPDX-License-Identifier: LGPL-2.1-or-later

//! What somebody with the rights adds to a cluster from the page: a service account that the
//! registry knows, and a registry where there is none; and taking the registry away again.

use anyhow::{Result, ensure};
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::{Scene, Stage};

/// The status with which the API server answers for an object.
async fn status(stage: &Stage, path: &str) -> Result<u16> {
    let cluster = stage.cluster()?;
    let answer = cluster.curl("sarah").get(&format!("{}{path}", cluster.ready.api)).await?;
    Ok(answer.status)
}

const ACCOUNT: &str = "/api/v1/namespaces/openshift-infra/serviceaccounts/registry-admin";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/cockpit-images-registry/deployments/registry";

#[tokio::test]
async fn a_client_certificate_gets_a_service_account_after_a_yes() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("system-admin")
        .play("account", async |stage| {
            let browser = &stage.browser;
            page::press(browser, "offer-account").await?;
            browser.wait(&page::step("dialog-account", "known")).await?;
            browser.wait_text(&page::named("account-object-0"), "ServiceAccount").await?;
            ensure!(status(stage, ACCOUNT).await? == 404, "it was created before the yes");

            page::press(browser, "account-create").await?;
            browser.wait(&page::step("dialog-account", "done")).await?;
            ensure!(status(stage, ACCOUNT).await? == 200, "it was not created");
            page::close_dialog(browser).await?;
            browser.wait_gone(&page::named("offer-account")).await
        })
        .await
}

#[tokio::test]
async fn a_look_that_failed_is_said_and_can_be_repeated() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("system-admin")
        .play("account-again", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::named("offer-account")).await?;
            stage
                .cluster()?
                .fault(serde_json::json!({
                    "on": "api",
                    "path": "/api/v1/namespaces/openshift-infra/serviceaccounts",
                    "kind": "status",
                    "status": 403,
                }))
                .await?;
            page::press(browser, "offer-account").await?;
            browser.wait(&page::named("account-failure")).await?;
            browser.wait(&page::named("look-again")).await?;
            stage.cluster()?.heal().await?;
            page::press(browser, "look-again").await?;
            browser.wait(&page::step("dialog-account", "known")).await
        })
        .await
}

#[tokio::test]
async fn a_registry_is_added_and_removed() -> Result<()> {
    Scene::new(Face::Plain)
        .user("system-admin")
        .empty()
        .option("--registry-state")
        .option("absent")
        .play("installation", async |stage| {
            let browser = &stage.browser;
            page::press(browser, "offer-add-registry").await?;
            browser.wait(&page::step("dialog-installation", "planned")).await?;
            let claim = "PersistentVolumeClaim";
            browser.wait_text(&page::step("dialog-installation", "planned"), claim).await?;

            // What is no size is said while typing, and nothing can be added with it.
            let add = page::named("installation-add");
            browser.type_into(&page::named("storage-size"), "x").await?;
            browser.wait(&format!("{}[aria-invalid]", page::named("storage-size"))).await?;
            browser.wait(&format!("{add}:disabled")).await?;

            // Another storage, another plan.
            page::press(browser, "storage-pod").await?;
            browser.wait(&page::step("dialog-installation", "planned")).await?;
            let plan = browser.texts("dialog[open]").await?.concat();
            ensure!(!plan.contains(claim), "a volume for a registry without one: {plan}");
            ensure!(status(stage, DEPLOYMENT).await? == 404, "it was added before the yes");

            page::press(browser, "installation-add").await?;
            browser.wait(&page::step("dialog-installation", "added")).await?;
            ensure!(status(stage, DEPLOYMENT).await? == 200, "it was not added");
            page::close_dialog(browser).await?;
            browser.wait(&page::state("empty")).await?;

            // The page of the registry offers to take it away again, not at the first click.
            browser.go(&stage.cockpit.url("/images#/registry")).await?;
            browser.enter_page().await?;
            page::press(browser, "remove-added").await?;
            browser.wait(&page::step("dialog-installation", "remove-planned")).await?;
            let confirm = page::named("installation-remove-confirm");
            browser.wait(&format!("{confirm}:disabled")).await?;
            browser.wait_text(&confirm, "cockpit-images-registry/registry").await?;
            page::press(browser, "installation-agree").await?;
            browser.wait(&format!("{confirm}:enabled")).await?;
            browser.click(&confirm).await?;
            browser.wait(&page::step("dialog-installation", "removed")).await?;
            ensure!(status(stage, DEPLOYMENT).await? == 404, "it is still there");
            page::close_dialog(browser).await
        })
        .await
}
