// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sarah's registry from its first user on: people, a project, who may pull and push, and an image
//! on its way from development to production and back. Each step is done on the page, and looked at
//! with another client: curl at the API, skopeo at the registry.

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::{Cluster, Face};
use images_tests::layout::Layout;
use images_tests::page::people::{fill_in, told_or_gone};
use images_tests::page::stages::{self, agree, cell, press_in_cell};
use images_tests::page::{self, project};
use images_tests::scene::{Scene, Stage};
use images_tests::skopeo::Skopeo;
use images_tests::wait;

const USERS: &str = "/apis/user.openshift.io/v1";
const PROJECTS: &str = "/apis/project.openshift.io/v1/projects";
/// The project that everybody works in, and the stages after it.
const PROJECT: &str = "skyfield";
const TEST: &str = "skyfield-test";
const PROD: &str = "skyfield-prod";
/// What Jane pushes, and what it is called on the board of the stages.
const IMAGE: &str = "skyfield/api:1.0";
const REPOSITORY: &str = "skyfield/api";
const TAG: &str = "1.0";
const ROW: &str = "api:1.0";

#[tokio::test]
async fn sarahs_registry() -> Result<()> {
    // The page comes only after the cluster has become a new one.
    Scene::new(Face::Openshift).empty().path("/system").play("story", story).await
}

async fn story(stage: &mut Stage) -> Result<()> {
    forget_everybody(stage.cluster()?).await.context("a cluster that knows only Sarah")?;

    users(stage, &["josh", "eric", "jane"]).await.context("Sarah creates Josh, Eric and Jane")?;
    make_project(stage, PROJECT, "Skyfield").await.context("Sarah creates the project")?;
    give(stage, "user", "josh, eric, jane", "push", "registry-editor", &["eric", "jane", "josh"])
        .await
        .context("Sarah lets Josh, Eric and Jane pull and push")?;
    users(stage, &["greg", "frank"]).await.context("Sarah creates Greg and Frank")?;
    group(stage).await.context("Sarah creates the group QA")?;
    give(stage, "group", "QA", "pull", "registry-viewer", &["QA"])
        .await
        .context("Sarah lets the group QA pull")?;

    let first = Layout::small()?;
    jane_pushes(stage, &first).await.context("Jane logs in and pushes")?;
    for who in ["josh", "eric"] {
        pulls(stage.cluster()?, who, &first).await.with_context(|| format!("{who} pulls"))?;
    }
    let second = Layout::small()?;
    eric_pushes(stage, &second).await.context("Eric pushes a change")?;
    for who in ["greg", "frank"] {
        pulls(stage.cluster()?, who, &second).await.with_context(|| format!("{who} pulls"))?;
    }
    is_refused(stage, &second).await.context("Greg's push is refused by the registry")?;

    make_project(stage, TEST, "Skyfield, test").await.context("Sarah creates the test stage")?;
    make_project(stage, PROD, "Skyfield, production").await.context("Sarah creates production")?;
    stages::choose(stage, "stages-by-project", &format!("{PROJECT} {TEST} {PROD}"))
        .await
        .context("Sarah chooses the stages")?;
    promote(stage, "missing", &second).await.context("Sarah promotes to test and production")?;
    let third = Layout::small()?;
    eric_pushes(stage, &third).await.context("Eric pushes another change")?;
    page::open(stage, "stages").await?;
    promote(stage, "behind", &third).await.context("Sarah promotes again")?;
    roll_back(stage, &second, &third).await.context("Sarah takes production back")?;
    who_did_it(stage).await.context("The history tells who promoted what")
}

/// Removes the people and the project that this cluster begins with.
async fn forget_everybody(cluster: &Cluster) -> Result<()> {
    let people = ["jane", "eric", "greg"];
    let objects = people.iter().flat_map(|name| {
        [format!("{USERS}/users/{name}"), format!("{USERS}/identities/htpasswd:{name}")]
    });
    for path in objects.chain([format!("{PROJECTS}/{PROJECT}")]) {
        let url = format!("{}{path}", cluster.ready.api);
        let sarah = cluster.curl("sarah");
        let answer = sarah.delete(&url).await?;
        ensure!(answer.is_good(), "{path}: {}", answer.text());
        let gone = async || Ok((sarah.get(&url).await?.status == 404).then_some(()));
        wait::until(&format!("the end of {path}"), gone).await?;
    }
    Ok(())
}

/// Creates users who log in by htpasswd.
async fn users(stage: &Stage, names: &[&str]) -> Result<()> {
    let (browser, cluster) = (&stage.browser, stage.cluster()?);
    page::open(stage, "people").await?;
    for name in names {
        page::press(browser, "create").await?;
        fill_in(browser, &[("person-name", name), ("person-provider", "htpasswd")]).await?;
        told_or_gone(browser).await?;
        browser.wait_text(&page::row(name), "htpasswd").await?;
        let user = cluster.api("sarah", &format!("{USERS}/users/{name}")).await?;
        let identity = format!("htpasswd:{name}");
        ensure!(user["identities"][0] == identity.as_str(), "{user}");
        let identity = cluster.api("sarah", &format!("{USERS}/identities/{identity}")).await?;
        ensure!(identity["user"]["uid"] == user["metadata"]["uid"], "{identity} is not of {user}");
    }
    Ok(())
}

async fn group(stage: &Stage) -> Result<()> {
    let browser = &stage.browser;
    page::press(browser, "tab-groups").await?;
    page::press(browser, "create").await?;
    fill_in(browser, &[("person-name", "QA"), ("person-others", "greg, frank")]).await?;
    told_or_gone(browser).await?;
    browser.wait(&page::row("QA")).await?;
    let group = stage.cluster()?.api("sarah", &format!("{USERS}/groups/QA")).await?;
    let users = group["users"].as_array().context("no users")?;
    ensure!(users.iter().eq(["greg", "frank"]), "{group}");
    Ok(())
}

async fn make_project(stage: &Stage, name: &str, display_name: &str) -> Result<()> {
    page::open(stage, "projects").await?;
    project::create(&stage.browser, name, display_name).await?;
    let made = stage.cluster()?.api("sarah", &format!("{PROJECTS}/{name}")).await?;
    let annotations = &made["metadata"]["annotations"];
    ensure!(annotations["openshift.io/requester"] == "sarah", "{made}");
    ensure!(annotations["openshift.io/display-name"] == display_name, "{made}");
    Ok(())
}

/// Gives a role of the page, which is a role of OpenShift's, that these hold afterwards.
async fn give(
    stage: &Stage,
    kind: &str,
    names: &str,
    role: &str,
    openshift: &str,
    holders: &[&str],
) -> Result<()> {
    page::open(stage, &format!("project/{PROJECT}")).await?;
    project::add_members(&stage.browser, kind, names, role).await?;
    for name in holders {
        stage.browser.wait(&page::row(name)).await?;
    }
    let found = project::holders(stage.cluster()?, PROJECT, openshift).await?;
    ensure!(found == holders, "{found:?} have {openshift}");
    Ok(())
}

/// skopeo with the token of somebody who logs in now.
async fn log_in(cluster: &Cluster, who: &str) -> Result<Skopeo> {
    cluster.skopeo_by(&cluster.log_in(who).await?)
}

/// The list, which is open, shows the new repository by itself.
async fn jane_pushes(stage: &Stage, layout: &Layout) -> Result<()> {
    page::open(stage, "").await?;
    stage.browser.wait(&page::state("empty")).await?;
    log_in(stage.cluster()?, "jane").await?.push(layout.path(), IMAGE).await?;
    stage.browser.wait(&page::row(REPOSITORY)).await?;
    page::open_repository(stage, REPOSITORY).await?;
    page::wait_in_row(&stage.browser, TAG, &layout.manifest).await
}

/// The repository, which is open, shows the change by itself.
async fn eric_pushes(stage: &Stage, layout: &Layout) -> Result<()> {
    page::open_repository(stage, REPOSITORY).await?;
    stage.browser.wait(&page::row(TAG)).await?;
    log_in(stage.cluster()?, "eric").await?.push(layout.path(), IMAGE).await?;
    page::wait_in_row(&stage.browser, TAG, &layout.manifest).await
}

async fn pulls(cluster: &Cluster, who: &str, layout: &Layout) -> Result<()> {
    let skopeo = log_in(cluster, who).await?;
    let folder = tempfile::tempdir()?;
    skopeo.pull(IMAGE, &folder.path().join("image")).await?;
    is_at(&skopeo, IMAGE, layout).await
}

/// With the login that pulls; the registry's own words, and what it has afterwards.
async fn is_refused(stage: &Stage, before: &Layout) -> Result<()> {
    let cluster = stage.cluster()?;
    let greg = log_in(cluster, "greg").await?;
    is_at(&greg, IMAGE, before).await?;
    let other = Layout::small()?;
    let refusal = greg.push(other.path(), IMAGE).await.err().context("it was taken")?.to_string();
    ensure!(refusal.contains("unauthorized: authentication required"), "{refusal}");
    is_at(&cluster.skopeo("sarah")?, IMAGE, before).await?;
    page::wait_in_row(&stage.browser, TAG, &before.manifest).await
}

async fn is_at(skopeo: &Skopeo, image: &str, layout: &Layout) -> Result<()> {
    let found = skopeo.digest(image).await?;
    ensure!(found.as_ref() == Some(&layout.manifest), "{image} is {found:?}");
    Ok(())
}

/// What a tag of the story is called in a stage.
fn tag(stage: &str) -> String {
    format!("{stage}/{ROW}")
}

/// From development to test, and from there to production, which both are in this state before.
async fn promote(stage: &Stage, before: &str, layout: &Layout) -> Result<()> {
    let browser = &stage.browser;
    let skopeo = stage.cluster()?.skopeo("sarah")?;
    for to in [TEST, PROD] {
        press_in_cell(browser, &cell(ROW, to, before), "promote").await?;
        browser.type_into("dialog[open] #reason", &format!("tested for {to}")).await?;
        agree(browser, &[&tag(to)]).await?;
        browser.wait(&cell(ROW, to, "equal")).await?;
        is_at(&skopeo, &tag(to), layout).await?;
    }
    is_at(&skopeo, &tag(PROJECT), layout).await
}

async fn roll_back(stage: &Stage, before: &Layout, now: &Layout) -> Result<()> {
    let browser = &stage.browser;
    press_in_cell(browser, &cell(ROW, PROD, "equal"), "versions").await?;
    let versions = "dialog[open][data-testid='dialog-versions'] tbody tr";
    // Both are told with who brought them, and from where.
    browser.wait_count(versions, 2).await?;
    for version in browser.texts(versions).await? {
        ensure!(version.contains("sarah") && version.contains(&tag(TEST)), "{version}");
    }
    page::press(browser, "go-back").await?;
    agree(browser, &[&tag(PROD)]).await?;
    browser.wait(&cell(ROW, PROD, "behind")).await?;
    let skopeo = stage.cluster()?.skopeo("sarah")?;
    is_at(&skopeo, &tag(PROD), before).await?;
    is_at(&skopeo, &tag(TEST), now).await
}

/// Two promotions to each stage and the way back, the newest first.
async fn who_did_it(stage: &Stage) -> Result<()> {
    let browser: &Browser = &stage.browser;
    page::open(stage, "history").await?;
    browser.wait_count("tr[data-row]", 5).await?;
    let changes = browser.texts("tr[data-row]").await?;
    let expected = [PROD, PROD, TEST, PROD, TEST];
    for (change, to) in changes.iter().zip(expected) {
        ensure!(change.contains("sarah") && change.contains(&tag(to)), "{to}: {change}");
    }
    for (change, to) in changes.iter().zip(expected).skip(1) {
        ensure!(change.contains(&format!("tested for {to}")), "{to}: {change}");
    }
    Ok(())
}
