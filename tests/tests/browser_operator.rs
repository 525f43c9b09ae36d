// SPDX-License-Identifier: LGPL-2.1-or-later

//! What an administrator of OpenShift changes in the cluster from the page, compared object by
//! object with what the API server has then: the operator that switches the registry on and off,
//! and the service account that the registry knows.

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::page;
use images_tests::scene::Scene;
use serde_json::{Value, json};

const OPERATOR: &str = "/apis/imageregistry.operator.openshift.io/v1/configs/cluster";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

async fn operator(cluster: &Cluster) -> Result<Value> {
    Ok(cluster.api("sarah", OPERATOR).await?["spec"].clone())
}

#[tokio::test]
async fn the_registry_is_switched_on_and_off() -> Result<()> {
    let scene = Scene::new(Face::Openshift).option("--registry-state").option("removed");
    scene
        .play("operator", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            // The image API goes on: there are rows.
            browser.wait("[data-row]").await?;
            browser.wait_text(&page::named("notice"), "switched off").await?;
            page::press(browser, "offer-add-registry").await?;
            browser.wait(&page::step("dialog-installation", "planned")).await?;
            page::press(browser, "storage-pod").await?;
            browser.wait(&page::step("dialog-installation", "planned")).await?;
            let object = page::named("installation-object-0");
            browser.click(&format!("{object} button")).await?;
            browser.wait_text(&object, "managementState: Managed").await?;
            browser.wait_text(&object, "emptyDir").await?;
            browser.wait_text(&page::named("installation-warnings"), "lost").await?;
            ensure!(operator(cluster).await?["managementState"] == "Removed", "not asked yet");

            page::press(browser, "installation-add").await?;
            browser.wait(&page::step("dialog-installation", "added")).await?;
            let spec = operator(cluster).await?;
            ensure!(spec["managementState"] == "Managed", "{spec}");
            ensure!(spec["storage"]["emptyDir"].is_object(), "{spec}");
            let url = format!("{}/v2/", cluster.ready.registry_url);
            let answer = cluster.registry_curl("sarah").get(&url).await?;
            ensure!(answer.status == 200, "{}", answer.status);
            page::close_dialog(browser).await?;
            browser.wait_gone(&page::named("notice")).await?;

            page::press(browser, "registry-link").await?;
            browser.wait(&page::rung("public", "in-use")).await?;
            page::press(browser, "remove-added").await?;
            browser.wait(&page::step("dialog-installation", "remove-planned")).await?;
            page::press(browser, "installation-agree").await?;
            page::press(browser, "installation-remove-confirm").await?;
            browser.wait(&page::step("dialog-installation", "removed")).await?;
            ensure!(operator(cluster).await?["managementState"] == "Removed", "it is still on");
            page::close_dialog(browser).await?;
            browser.wait(&page::named("notice")).await?;
            browser.wait_count(&page::named("reached"), 0).await?;
            browser.wait_count(&page::named("remove-added"), 0).await
        })
        .await
}

/// The cluster roles that the account has.
async fn roles(cluster: &Cluster) -> Result<Vec<String>> {
    let bindings = cluster.api("sarah", BINDINGS).await?;
    let bindings = bindings["items"].as_array().context("no bindings")?;
    let account = json!({
        "kind": "ServiceAccount", "namespace": "openshift-infra", "name": "registry-admin",
    });
    let names_it = |binding: &&Value| {
        let subjects = binding["subjects"].as_array();
        subjects.is_some_and(|subjects| {
            subjects.iter().any(|subject| {
                ["kind", "namespace", "name"].iter().all(|key| subject[key] == account[key])
            })
        })
    };
    let roles = bindings.iter().filter(names_it);
    Ok(roles.filter_map(|one| one["roleRef"]["name"].as_str().map(str::to_owned)).collect())
}

#[tokio::test]
async fn every_object_of_the_service_account_is_shown_first() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("system-admin")
        .play("operator-account", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            // The image API takes her certificate, the registry does not.
            browser.wait("[data-row]").await?;
            browser.wait_text(&page::named("notice"), "token").await?;
            page::press(browser, "offer-account").await?;
            browser.wait(&page::step("dialog-account", "known")).await?;
            let shown = browser.texts("[data-testid^='account-object-']").await?.concat();
            ensure!(
                shown.contains("ServiceAccount") && shown.contains("registry-admin"),
                "{shown}"
            );
            ensure!(shown.contains("ClusterRoleBinding"), "{shown}");
            ensure!(roles(cluster).await?.is_empty(), "it was created before the yes");

            page::press(browser, "account-create").await?;
            browser.wait(&page::step("dialog-account", "done")).await?;
            let roles = roles(cluster).await?;
            ensure!(roles.iter().any(|role| role == "system:image-pruner"), "{roles:?}");
            page::close_dialog(browser).await?;
            browser.wait_gone(&page::named("notice")).await?;
            page::press(browser, "registry-link").await?;
            browser.wait(&page::rung("public", "in-use")).await?;
            browser.wait_text(&page::named("identity"), "openshift-infra/registry-admin").await?;
            // Its token is short-lived, and that is said.
            browser.wait_text(&page::named("identity"), "until").await
        })
        .await
}

/// Somebody who may not create it learns which right is missing and which command grants it.
#[tokio::test]
async fn a_missing_right_is_told_with_its_command() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("system-admin")
        .play("operator-rights", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::named("offer-account")).await?;
            let no = json!({
                "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                "metadata": {}, "spec": {}, "status": { "allowed": false },
            });
            let fault = json!({
                "on": "api", "kind": "status", "status": 201, "body": no.to_string(),
                "path": "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            });
            stage.cluster()?.fault(fault).await?;
            page::press(browser, "offer-account").await?;
            browser.wait(&page::named("missing-rights")).await?;
            let commands = browser.texts(&page::named("grant-command")).await?.join("\n");
            ensure!(commands.contains("oc ") && commands.contains("system:admin"), "{commands}");
            browser.wait(&format!("{}:disabled", page::named("account-create"))).await?;

            // Once it is granted, a look is all that is needed.
            stage.cluster()?.heal().await?;
            page::press(browser, "look-again").await?;
            browser.wait(&format!("{}:enabled", page::named("account-create"))).await?;
            browser.wait_count(&page::named("missing-rights"), 0).await?;
            page::close_dialog(browser).await
        })
        .await
}
