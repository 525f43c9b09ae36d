// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sarah makes a project, shares it, gives and takes roles, has a robot account pull, and deletes it
//! again: each step on the page, and looked at with another client.

use anyhow::{Context, Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::cluster::{Cluster, Face};
use images_tests::curl::Curl;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use images_tests::wait;
use serde_json::Value;

const PROJECT: &str = "orbit-dev";

/// The names of those who have a role by bindings of the project, as curl reads them.
async fn holders(cluster: &Cluster, role: &str) -> Result<Vec<String>> {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{PROJECT}/rolebindings");
    let list = cluster.api("sarah", &path).await?;
    let bindings = list["items"].as_array().context("no list")?.clone();
    let of_role = bindings.into_iter().filter(|binding| binding["roleRef"]["name"] == role);
    let subjects = of_role.flat_map(|binding| match &binding["subjects"] {
        Value::Array(subjects) => subjects.clone(),
        _ => Vec::new(),
    });
    let mut names: Vec<String> =
        subjects.filter_map(|subject| subject["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}

/// Chooses in one of the browser's own lists, as its user does.
async fn choose(browser: &Browser, id: &str, value: &str) -> Result<()> {
    browser.wait(&page::named(id)).await?;
    let script = "const list = document.getElementById(arguments[0]);
        list.value = arguments[1];
        list.dispatchEvent(new Event('change', { bubbles: true }));";
    browser.script(script, vec![id.into(), value.into()]).await?;
    Ok(())
}

/// The button of a row.
fn in_row(name: &str, button: &str) -> String {
    format!("{} {}", page::row(name), page::named(button))
}

async fn closed(browser: &Browser) -> Result<()> {
    browser.wait_gone("dialog[open]").await
}

/// Makes the project, by a name that is one.
async fn create(stage: &Stage) -> Result<()> {
    let browser = &stage.browser;
    page::press(browser, "create-project").await?;
    browser.type_into("#project-name", "Orbit").await?;
    browser.wait_text("#project-name-about", "small letters").await?;
    browser.wait(&format!("{}:disabled", page::named("dialog-create-project-confirm"))).await?;
    browser.type_into("#project-name", PROJECT).await?;
    browser.type_into("#project-display-name", "Orbit").await?;
    browser.press("#project-display-name", Key::Enter).await?;
    browser.wait_text("#heading", PROJECT).await?;
    page::wait_address(browser, &format!("project/{PROJECT}")).await?;
    let path = format!("/apis/project.openshift.io/v1/projects/{PROJECT}");
    let made = stage.cluster()?.api("sarah", &path).await?;
    let name = &made["metadata"]["annotations"]["openshift.io/display-name"];
    ensure!(name == "Orbit", "it is called {name}");
    browser.wait_text(&page::named("display-name"), "Orbit").await
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

            page::press(browser, "add-members").await?;
            browser.type_into("#member-names", "jane, newcomer").await?;
            choose(browser, "member-role", "push").await?;
            browser.press("#member-names", Key::Enter).await?;
            closed(browser).await?;
            browser.wait(&page::row("newcomer")).await?;
            browser.wait_text(&page::row("newcomer"), "has not logged in yet").await?;
            let pushing = holders(cluster, "registry-editor").await?;
            ensure!(pushing == ["jane", "newcomer"], "{pushing:?} may push");

            browser.click(&in_row("jane", "change-role")).await?;
            page::press(browser, "role-pull").await?;
            page::press(browser, "dialog-role-confirm").await?;
            closed(browser).await?;
            browser.wait_text(&page::row("jane"), "Pull").await?;
            ensure!(holders(cluster, "registry-viewer").await? == ["jane"], "jane may not pull");

            browser.click(&in_row("newcomer", "remove-member")).await?;
            page::press(browser, "dialog-remove-member-confirm").await?;
            browser.wait_gone(&page::row("newcomer")).await?;
            ensure!(holders(cluster, "registry-editor").await?.is_empty(), "somebody may push");

            page::press(browser, "share").await?;
            page::press(browser, "sharing-anonymous").await?;
            browser.wait(&page::named("anonymous-warning")).await?;
            page::press(browser, "dialog-share-confirm").await?;
            closed(browser).await?;
            browser.wait_text(&page::named("who-may-pull"), "Anonymous").await?;
            let pulling = holders(cluster, "registry-viewer").await?;
            let all = ["jane", "system:authenticated", "system:unauthenticated"];
            ensure!(pulling == all, "{pulling:?} may pull");

            page::press(browser, "tab-access").await?;
            browser.wait(&page::row("system:unauthenticated")).await?;
            browser.wait_text(&page::row("jane"), "registry-viewer").await?;
            browser.click(&in_row("jane", "why")).await?;
            choose(browser, "why-verb", "push").await?;
            page::press(browser, "dialog-why-confirm").await?;
            browser.wait_text(&page::named("why-answer"), "not allowed").await?;
            let command = page::words(browser, "why-command").await?;
            ensure!(command.contains("jane") && command.contains(PROJECT), "{command}");
            browser.press_focused(Key::Escape).await?;
            closed(browser).await?;

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
            closed(browser).await?;
            browser.wait_text(&page::row("ci"), "Pull").await?;

            browser.click(&in_row("ci", "new-token")).await?;
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
            browser.click(&in_row("ci", "revoke")).await?;
            page::press(browser, "dialog-revoke-confirm").await?;
            browser.wait(&page::named("told")).await?;
            page::close_dialog(browser).await?;
            wait::until("the end of the token", async || {
                Ok((!is_good(cluster, &token).await?).then_some(()))
            })
            .await?;

            browser.click(&in_row("ci", "delete-robot")).await?;
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
