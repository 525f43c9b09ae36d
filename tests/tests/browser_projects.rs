// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sarah makes a project, shares it, gives and takes roles, has a robot account pull, and deletes it
//! again: each step on the page, and looked at with another client.

use anyhow::{Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::cluster::{Cluster, Face};
use images_tests::curl::Curl;
use images_tests::page::{self, project};
use images_tests::scene::{Scene, Stage};
use images_tests::wait;

const PROJECT: &str = "orbit-dev";

/// Makes the project, by a name that is one.
async fn create(stage: &Stage) -> Result<()> {
    let browser = &stage.browser;
    page::press(browser, "create-project").await?;
    browser.type_into("#project-name", "Orbit").await?;
    browser.wait_text("#project-name-about", "small letters").await?;
    browser.wait(&format!("{}:disabled", page::named("dialog-create-project-confirm"))).await?;
    page::close_dialog(browser).await?;
    project::create(browser, PROJECT, "Orbit").await?;
    let path = format!("/apis/project.openshift.io/v1/projects/{PROJECT}");
    let made = stage.cluster()?.api("sarah", &path).await?;
    let name = &made["metadata"]["annotations"]["openshift.io/display-name"];
    ensure!(name == "Orbit", "it is called {name}");
    Ok(())
}

#[tokio::test]
async fn a_project_from_its_creation_to_its_end() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/images#/projects")
        .play("projects", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::row("skyfield")).await?;
            create(stage).await?;
            let cluster = stage.cluster()?;
            let holders = async |role| project::holders(cluster, PROJECT, role).await;

            project::add_members(browser, "user", "jane, newcomer", "push").await?;
            browser.wait(&page::row("newcomer")).await?;
            browser.wait_text(&page::row("newcomer"), "has not logged in yet").await?;
            let pushing = holders("registry-editor").await?;
            ensure!(pushing == ["jane", "newcomer"], "{pushing:?} may push");

            page::press_in_row(browser, "jane", "change-role").await?;
            page::press(browser, "role-pull").await?;
            page::press(browser, "dialog-role-confirm").await?;
            page::wait_closed(browser).await?;
            browser.wait_text(&page::row("jane"), "Pull").await?;
            ensure!(holders("registry-viewer").await? == ["jane"], "jane may not pull");

            page::press_in_row(browser, "newcomer", "remove-member").await?;
            page::press(browser, "dialog-remove-member-confirm").await?;
            browser.wait_gone(&page::row("newcomer")).await?;
            ensure!(holders("registry-editor").await?.is_empty(), "somebody may push");

            page::press(browser, "share").await?;
            page::press(browser, "sharing-anonymous").await?;
            browser.wait(&page::named("anonymous-warning")).await?;
            page::press(browser, "dialog-share-confirm").await?;
            page::wait_closed(browser).await?;
            browser.wait_text(&page::named("who-may-pull"), "Anonymous").await?;
            let pulling = holders("registry-viewer").await?;
            let all = ["jane", "system:authenticated", "system:unauthenticated"];
            ensure!(pulling == all, "{pulling:?} may pull");

            page::press(browser, "tab-access").await?;
            browser.wait(&page::row("system:unauthenticated")).await?;
            browser.wait_text(&page::row("jane"), "registry-viewer").await?;
            page::press_in_row(browser, "jane", "why").await?;
            page::choose(browser, "why-verb", "push").await?;
            page::press(browser, "dialog-why-confirm").await?;
            browser.wait_text(&page::named("why-answer"), "not allowed").await?;
            let command = page::words(browser, "why-command").await?;
            ensure!(command.contains("jane") && command.contains(PROJECT), "{command}");
            browser.press_focused(Key::Escape).await?;
            page::wait_closed(browser).await?;

            delete(browser, cluster).await
        })
        .await
}

/// Deletes the project: not before its name was typed.
async fn delete(browser: &Browser, cluster: &Cluster) -> Result<()> {
    page::press(browser, "delete-project").await?;
    browser.wait(&page::named("goes")).await?;
    browser.type_into("#confirm-name", "orbit").await?;
    browser.wait(&format!("{}:disabled", page::named("dialog-delete-project-confirm"))).await?;
    browser.type_into("#confirm-name", PROJECT).await?;
    page::press(browser, "dialog-delete-project-confirm").await?;
    browser.wait(&page::named("project-gone")).await?;
    browser.click("dialog[open] [data-testid='close-dialog']").await?;
    browser.wait(&page::row("skyfield")).await?;
    browser.wait_gone(&page::row(PROJECT)).await?;
    let path = format!("{}/apis/project.openshift.io/v1/projects/{PROJECT}", cluster.ready.api);
    wait::until("the end of the project", async || {
        let status = cluster.curl("sarah").get(&path).await?.status;
        Ok((status == 404).then_some(()))
    })
    .await
}

/// Whether a token is good for the cluster.
async fn is_good(cluster: &Cluster, token: &str) -> Result<bool> {
    let url = format!("{}/apis/user.openshift.io/v1/users/~", cluster.ready.api);
    let curl = Curl::new().authority(&cluster.ready.ca).bearer(token);
    Ok(curl.get(&url).await?.status != 401)
}

#[tokio::test]
async fn a_robot_account_has_a_token_until_it_is_revoked() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/images#/project/skyfield?tab=robots")
        .play("robots", async |stage| {
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            page::press(browser, "create-robot").await?;
            browser.type_into("#robot-name", "ci").await?;
            browser.press("#robot-name", Key::Enter).await?;
            page::wait_closed(browser).await?;
            browser.wait_text(&page::row("ci"), "Pull").await?;

            page::press_in_row(browser, "ci", "new-token").await?;
            browser.type_into("#token-purpose", "night build").await?;
            page::press(browser, "dialog-token-confirm").await?;
            let token = page::words(browser, "robot-token").await?;
            let login = page::words(browser, "robot-login-script").await?;
            ensure!(login.contains("--password-stdin"), "{login}");
            ensure!(!login.contains(&token), "the token is in the command");
            ensure!(is_good(cluster, &token).await?, "the token is refused");
            page::close_dialog(browser).await?;
            ensure!(!browser.html().await?.contains(&token), "the token is still in the page");

            browser.wait_text(&page::row("ci"), "night build").await?;
            page::press_in_row(browser, "ci", "revoke").await?;
            page::press(browser, "dialog-revoke-confirm").await?;
            browser.wait(&page::named("told")).await?;
            page::close_dialog(browser).await?;
            wait::until("the end of the token", async || {
                Ok((!is_good(cluster, &token).await?).then_some(()))
            })
            .await?;

            page::press_in_row(browser, "ci", "delete-robot").await?;
            page::press(browser, "dialog-delete-robot-confirm").await?;
            browser.wait_gone(&page::row("ci")).await
        })
        .await
}

/// Jane sees what there is and is told what she lacks, before anything was tried.
#[tokio::test]
async fn what_one_may_not_do_is_not_offered() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("jane")
        .path("/images#/projects")
        .play("projects-rights", async |stage| {
            let browser = &stage.browser;
            browser.click(&format!("{} a", page::row("skyfield"))).await?;
            browser.wait(&format!("{}:disabled", page::named("share"))).await?;
            browser.wait(&format!("{}:disabled", page::named("delete-project"))).await?;
            page::press(browser, "tab-access").await?;
            page::press(browser, "ask-why").await?;
            page::press(browser, "dialog-why-confirm").await?;
            browser.wait(&page::named("why-answer")).await
        })
        .await
}
