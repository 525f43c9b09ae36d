// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users and groups, made and changed in the page, and what the API server says of each step.

use anyhow::{Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::page::people::{fill_in, told, told_or_gone};
use images_tests::scene::{Scene, Stage};
use images_tests::{page, wait};
use serde_json::Value;

const API: &str = "/apis/user.openshift.io/v1";

/// Waits until a user or group is as it has to be, `None` when there is none.
async fn until(
    cluster: &Cluster,
    path: &str,
    is_so: impl Fn(Option<&Value>) -> bool,
) -> Result<()> {
    let url = format!("{}{API}/{path}", cluster.ready.api);
    wait::until(path, async || {
        let answer = cluster.curl("sarah").get(&url).await?;
        let object = match answer.status {
            404 => None,
            _ => Some(answer.json()?),
        };
        Ok(is_so(object.as_ref()).then_some(()))
    })
    .await
}

#[tokio::test]
async fn users_and_groups_are_made_and_changed() -> Result<()> {
    Scene::new(Face::Openshift).play("people", made_and_changed).await
}

async fn made_and_changed(stage: &mut Stage) -> Result<()> {
    let (browser, cluster) = (&stage.browser, stage.cluster()?);
    page::open(stage, "people").await?;
    page::press(browser, "create").await?;
    // A name that no user can have is told while it is typed.
    browser.type_into("dialog[open] #person-name", "a/b").await?;
    browser.wait("dialog[open] #person-name[aria-invalid='true']").await?;
    browser.wait("dialog[open] [data-testid='dialog-people-confirm']:disabled").await?;
    fill_in(browser, &[("person-name", "walter"), ("person-full-name", "Walter White")]).await?;
    // Without an identity somebody should know what the first login does.
    let words = told(browser).await?;
    ensure!(words.contains("identity"), "nobody speaks of the missing identity: {words}");
    browser.wait_text(&page::row("walter"), "Walter White").await?;
    until(cluster, "users/walter", |user| {
        user.is_some_and(|user| user["fullName"] == "Walter White")
    })
    .await?;

    page::press(browser, "tab-groups").await?;
    page::press(browser, "create").await?;
    fill_in(browser, &[("person-name", "QA"), ("person-others", "walter, gus")]).await?;
    let words = told(browser).await?;
    ensure!(words.contains("gus"), "nobody says that gus is not known: {words}");
    browser.wait(&page::row("QA")).await?;
    let users = |names: &'static [&str]| {
        move |group: Option<&Value>| {
            group.is_some_and(|group| {
                group["users"].as_array().is_some_and(|users| users.iter().eq(names))
            })
        }
    };
    until(cluster, "groups/QA", users(&["walter", "gus"])).await?;

    // Who has not logged in yet is made from the row.
    page::open(stage, "person/group/QA").await?;
    browser.wait(&format!("{} {}", page::row("gus"), page::named("unknown"))).await?;
    page::press_in_row(browser, "gus", "create-known").await?;
    fill_in(browser, &[]).await?;
    told(browser).await?;
    browser.wait_gone(&format!("{} {}", page::row("gus"), page::named("unknown"))).await?;
    until(cluster, "users/gus", |user| user.is_some()).await?;

    page::press_in_row(browser, "walter", "leave").await?;
    fill_in(browser, &[]).await?;
    told_or_gone(browser).await?;
    browser.wait_gone(&page::row("walter")).await?;
    until(cluster, "groups/QA", users(&["gus"])).await?;
    page::press(browser, "add").await?;
    fill_in(browser, &[("person-others", "walter, jane")]).await?;
    told_or_gone(browser).await?;
    browser.wait(&page::row("jane")).await?;
    until(cluster, "groups/QA", users(&["gus", "walter", "jane"])).await?;

    // An identity, and what goes with the user.
    page::open(stage, "person/user/gus").await?;
    browser.wait(&page::row("QA")).await?;
    page::press(browser, "add-identity").await?;
    fill_in(browser, &[("person-provider", "htpasswd"), ("person-login", "gustavo")]).await?;
    told_or_gone(browser).await?;
    browser.wait_text(&page::named("person-identities"), "gustavo").await?;
    until(cluster, "identities/htpasswd:gustavo", |identity| {
        identity.is_some_and(|identity| identity["user"]["name"] == "gus")
    })
    .await?;
    page::press(browser, "rename").await?;
    fill_in(browser, &[("person-full-name", "Gustavo Fring")]).await?;
    told_or_gone(browser).await?;
    browser.wait_text(&page::named("person-full-name"), "Gustavo Fring").await?;

    page::press(browser, "delete-person").await?;
    let goes = page::words(browser, "goes").await?;
    ensure!(goes.contains("gustavo") && goes.contains("QA"), "more goes than is told: {goes}");
    page::press(browser, "dialog-delete-person-confirm").await?;
    told_or_gone(browser).await?;
    page::wait_address(browser, "/people").await?;
    until(cluster, "users/gus", |user| user.is_none()).await?;
    until(cluster, "identities/htpasswd:gustavo", |identity| identity.is_none()).await?;
    until(cluster, "groups/QA", users(&["walter", "jane"])).await
}

/// What somebody reaches is what the cluster answers.
#[tokio::test]
async fn what_somebody_reaches_is_what_the_cluster_says() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("people-reach", async |stage| {
            let browser = &stage.browser;
            page::open(stage, "person/user/jane?tab=projects").await?;
            browser.wait("[data-row]").await?;
            page::press(browser, "why").await?;
            browser.type_into("dialog[open] #why-project", "skyfield").await?;
            page::press(browser, "dialog-why-confirm").await?;
            browser.wait("dialog[open] [data-testid='why-answer']").await?;
            page::close_dialog(browser).await
        })
        .await
}

/// A cluster without users says so, and offers nothing that it cannot do.
#[tokio::test]
async fn plain_kubernetes_has_no_users() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/images#/people")
        .play("people-plain", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::named("no-users")).await?;
            browser.wait_count(&page::named("create"), 0).await
        })
        .await
}
