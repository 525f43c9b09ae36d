// SPDX-License-Identifier: LGPL-2.1-or-later

//! Each screen and dialog, wide and narrow, light and dark: nothing is wider than a narrow window,
//! and all of it follows the theme. The pictures are kept, for people to look at: in
//! `evidence/pictures` beside the build.

use anyhow::{Context, Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::cluster::Face;
use images_tests::evidence;
use images_tests::kubeconfig::{Kubeconfig, by_token, server};
use images_tests::page;
use images_tests::page::stages::{cell, press_in_cell};
use images_tests::scene::{Scene, Stage};
use serde_json::json;

/// The narrowest window that has to work (WCAG 2.2, 1.4.10 Reflow).
const NARROW: u32 = 320;

/// How bright the background is behind the dialog or the page, from 0 to 1.
async fn luminance(browser: &Browser) -> Result<f64> {
    let script = "
        const start = document.querySelector('dialog[open] h1, dialog[open] h2')
            ?? document.querySelector('#heading, [data-state], main, body');
        for (let element = start; element; element = element.parentElement) {
            const color = getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).map(Number);
            if (color.length < 4 || color[3] > 0.5)
                return (color[0] + color[1] + color[2]) / 765;
        }
        return -1";
    browser.script(script, vec![]).await?.as_f64().context("no colour")
}

/// What is there now, four times.
async fn look(browser: &Browser, name: &str) -> Result<()> {
    let folder = evidence::folder("pictures")?;
    for (theme, dark) in [("light", false), ("dark", true)] {
        browser.prefer_dark(dark).await?;
        let is_so = format!(
            "return document.documentElement.classList.contains('pf-v6-theme-dark') === {dark}"
        );
        browser.wait_script(theme, &is_so, vec![]).await?;
        let bright = luminance(browser).await?;
        ensure!((bright < 0.4) == dark, "{name}, {theme}: brightness {bright}");
        for (kind, width, height) in [("wide", 1280, 1400), ("narrow", NARROW, 2600)] {
            browser.resize(width, height).await?;
            let fits = "const dialog = document.querySelector('dialog[open]');
                return window.top.innerWidth === arguments[0]
                    && document.documentElement.scrollWidth <= innerWidth
                    && (!dialog || dialog.scrollWidth <= dialog.clientWidth)";
            let what = format!("{name}, {kind}: nothing that is too wide");
            browser.wait_script(&what, fits, vec![width.into()]).await?;
            let file = folder.join(format!("{name}-{theme}-{kind}.png"));
            browser.screenshot(&file).await?;
        }
    }
    browser.prefer_dark(false).await?;
    browser.resize(1280, 900).await
}

#[tokio::test]
async fn without_a_cluster() -> Result<()> {
    Scene::without_cluster()
        .play("pictures-no-cluster", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::state("no-cluster")).await?;
            look(browser, "no-cluster").await?;
            page::press(browser, "offer-host-kubeconfig").await?;
            let said = ["host-kubeconfig-0", "host-kubeconfig-none", "host-kubeconfig-denied"];
            browser.wait(&said.map(page::named).join(", ")).await?;
            look(browser, "host-kubeconfig").await?;
            page::close_dialog(browser).await
        })
        .await
}

/// A list of which most rows are not in the document, all of them marked but one.
#[tokio::test]
async fn a_long_list() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/system")
        .play("pictures-long-list", async |stage| {
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            let repository = "skyfield/nightly";
            let image = cluster.skopeo("sarah")?.digest("skyfield/nightly:2026-05-01").await?;
            cluster.add_tags(repository, &image.context("no image")?, 1200)?;
            page::open_repository(stage, repository).await?;
            browser.wait("[data-row]").await?;
            look(browser, "long-list").await?;
            browser.click("#quick-delete").await?;
            browser.click("#select-all").await?;
            browser.press("#select-all", Key::End).await?;
            browser.click(&page::mark(&format!("{repository}:many-1199"))).await?;
            look(browser, "long-list-marked").await
        })
        .await
}

#[tokio::test]
async fn the_registry_and_its_choices() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("pictures-registry", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            let both = Kubeconfig::of("work", server(cluster), by_token(cluster, "sarah")?).and(
                "other",
                server(cluster),
                by_token(cluster, "nobody")?,
            );
            both.write(&cluster.kubeconfig("sarah")?)?;
            browser.wait("[data-row]").await?;
            browser.wait_text(&page::named("context-menu"), "work").await?;
            look(browser, "list").await?;
            page::press(browser, "context-menu").await?;
            browser.wait(&page::named("context-other")).await?;
            look(browser, "context").await?;
            page::close_dialog(browser).await?;

            page::press(browser, "registry-link").await?;
            browser.wait(&page::rung("public", "in-use")).await?;
            browser.wait(&page::named("access-push")).await?;
            page::press(browser, "access-show-token").await?;
            browser.wait(&page::named("access-token")).await?;
            look(browser, "registry").await?;
            page::press(browser, "trust-open").await?;
            browser.wait(&page::named("trust-file-0")).await?;
            look(browser, "trust").await?;
            page::close_dialog(browser).await?;
            page::press(browser, "offer-set-registry").await?;
            browser.type_into("#registry-address", "127.0.0.1:9/shop").await?;
            browser.wait_text("#registry-address-about", "no path").await?;
            look(browser, "set-registry").await?;
            page::close_dialog(browser).await
        })
        .await
}

#[tokio::test]
async fn every_way_is_closed() -> Result<()> {
    let scene = Scene::new(Face::Plain).option("--no-service-proxy").option("--no-port-forward");
    scene
        .play("pictures-closed", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::state("unreachable")).await?;
            look(browser, "closed").await?;
            page::press(browser, "registry-link").await?;
            browser.wait(&page::rung("port-forward", "failed")).await?;
            look(browser, "ladder").await
        })
        .await
}

#[tokio::test]
async fn the_service_account() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("system-admin")
        .play("pictures-account", async |stage| {
            let browser = &stage.browser;
            browser.wait("[data-row]").await?;
            browser.wait(&page::named("notice")).await?;
            look(browser, "notice").await?;
            page::press(browser, "offer-account").await?;
            browser.wait(&page::step("dialog-account", "known")).await?;
            browser.click(&format!("{} button", page::named("account-object-0"))).await?;
            look(browser, "account").await?;
            page::close_dialog(browser).await
        })
        .await
}

#[tokio::test]
async fn no_registry() -> Result<()> {
    let scene = Scene::new(Face::Plain).empty().option("--registry-state").option("absent");
    scene
        .play("pictures-installation", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::state("no-registry")).await?;
            look(browser, "no-registry").await?;
            page::press(browser, "offer-add-registry").await?;
            browser.wait(&page::step("dialog-installation", "planned")).await?;
            browser.click(&format!("{} button", page::named("installation-object-1"))).await?;
            look(browser, "installation").await?;
            page::press(browser, "storage-pod").await?;
            browser.wait_text(&page::named("installation-warnings"), "lost").await?;
            browser.wait(&page::step("dialog-installation", "planned")).await?;
            page::press(browser, "installation-add").await?;
            browser.wait(&page::step("dialog-installation", "added")).await?;
            look(browser, "installation-added").await?;
            page::close_dialog(browser).await?;
            browser.wait(&page::state("empty")).await?;
            page::press(browser, "registry-link").await?;
            page::press(browser, "remove-added").await?;
            browser.wait(&page::step("dialog-installation", "remove-planned")).await?;
            look(browser, "removal").await?;
            page::close_dialog(browser).await
        })
        .await
}

#[tokio::test]
async fn a_login() -> Result<()> {
    let scene = Scene::new(Face::Plain).option("--registry-auth").option("htpasswd");
    scene
        .play("pictures-login", async |stage| {
            let browser = &stage.browser;
            page::press(browser, "offer-login").await?;
            browser.type_into("#login-user", "sarah").await?;
            browser.type_into("#login-password", "wrong").await?;
            page::press(browser, "dialog-login-confirm").await?;
            browser.wait(&page::named("dialog-failure")).await?;
            look(browser, "login").await?;
            page::close_dialog(browser).await
        })
        .await
}

#[tokio::test]
async fn a_choice_of_registries() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--second-registry")
        .path("/images#/registry")
        .play("pictures-choice", async |stage| {
            let browser = &stage.browser;
            browser.wait(&page::rung("proxy", "in-use")).await?;
            page::press(browser, "offer-choose-registry").await?;
            browser.wait(&page::named("registry-found-1")).await?;
            look(browser, "choose-registry").await?;
            page::close_dialog(browser).await
        })
        .await
}

/// Marked rows, the plan with its users and choices, the receipt; then the history of it, the record
/// and what would come back.
#[tokio::test]
async fn a_deletion() -> Result<()> {
    Scene::new(Face::Openshift)
        .option("--vault")
        .play("pictures-deletion", async |stage| {
            let browser = &stage.browser;
            page::open_repository(stage, "skyfield/frontend").await?;
            browser.wait(&page::row("latest")).await?;
            browser.click("#quick-delete").await?;
            browser.click(&page::mark("skyfield/frontend:latest")).await?;
            browser.click(&page::mark("skyfield/frontend:v2")).await?;
            look(browser, "quick-delete").await?;
            browser.click("#delete-selected").await?;
            page::agree(browser).await?;
            look(browser, "plan").await?;
            browser.click("dialog[open] #confirm-delete").await?;
            browser.wait(page::RECEIPT).await?;
            browser.click("dialog[open] [data-testid='digests'] button").await?;
            look(browser, "receipt").await?;
            page::close_dialog(browser).await?;

            page::open(stage, "history").await?;
            browser.wait(&page::named("done")).await?;
            look(browser, "history").await?;
            browser.click("tr[data-row] a").await?;
            browser.wait(&page::named("receipt")).await?;
            look(browser, "record").await?;
            browser.click("button[data-testid='undo']").await?;
            browser.wait("dialog[open] [data-testid='comes-back']").await?;
            look(browser, "undo").await?;
            page::press(browser, "undo-confirm").await?;
            browser.wait("dialog[open] [data-testid='undone']").await?;
            look(browser, "undone").await?;
            page::close_dialog(browser).await
        })
        .await
}

/// Jane sees two projects, and no pods: what is not known is said.
#[tokio::test]
async fn a_deletion_with_less_rights() -> Result<()> {
    Scene::new(Face::Openshift)
        .option("--vault")
        .user("jane")
        .play("pictures-rights", async |stage| {
            let browser = &stage.browser;
            page::open_repository(stage, "skyfield/frontend").await?;
            browser.click("#quick-delete").await?;
            browser.click(&page::bin("skyfield/frontend:latest")).await?;
            page::choose_purge(browser).await?;
            look(browser, "plan-refused").await?;
            browser.click("#purge").await?;
            page::agree(browser).await?;
            look(browser, "plan-rights").await?;
            page::close_dialog(browser).await
        })
        .await
}

/// What nothing leads to and what it holds, the data of an image, and the garbage of a registry.
#[tokio::test]
async fn cleaning_up() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/images#/clean-up")
        .play("pictures-clean-up", async |stage| {
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            let image = cluster.skopeo("sarah")?.digest("skyfield/worker:2026-06").await?;
            let image = image.context("no image")?;
            browser.wait(&page::named("prune")).await?;
            browser.wait("[data-testid='orphan-images'][data-total]").await?;
            look(browser, "clean-up").await?;
            page::open(stage, &format!("image/{image}?repository=skyfield%2Fworker")).await?;
            page::press(browser, "delete-everywhere").await?;
            page::choose_purge(browser).await?;
            look(browser, "plan-purge").await?;
            page::close_dialog(browser).await
        })
        .await
}

#[tokio::test]
async fn garbage() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/system")
        .play("pictures-garbage", async |stage| {
            let browser = &stage.browser;
            stage.cluster()?.skopeo("sarah")?.delete("shop/database:13").await?;
            page::open(stage, "clean-up").await?;
            page::press(browser, "look").await?;
            browser.wait(&page::named("would-free")).await?;
            look(browser, "garbage").await?;
            page::press(browser, "collect").await?;
            browser.wait("dialog[open] [data-testid='collect-confirm']").await?;
            look(browser, "collect").await?;
            page::close_dialog(browser).await
        })
        .await
}

/// All that is about who may do what, and about stages.
#[tokio::test]
async fn projects_people_and_stages() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/images#/projects")
        .play("pictures-projects", async |stage| {
            projects(stage).await?;
            people(stage).await?;
            stages(stage).await
        })
        .await
}

/// The projects, one of them with its members, rights and robot accounts, and their dialogs.
async fn projects(stage: &Stage) -> Result<()> {
    let browser = &stage.browser;
    browser.wait(&page::row("skyfield")).await?;
    look(browser, "projects").await?;
    page::press(browser, "create-project").await?;
    browser.type_into("#project-name", "Orbit_1").await?;
    look(browser, "create-project").await?;
    page::close_dialog(browser).await?;

    page::open(stage, "project/skyfield").await?;
    browser.wait(&page::named("add-members")).await?;
    look(browser, "project").await?;
    page::press(browser, "share").await?;
    page::press(browser, "sharing-anonymous").await?;
    look(browser, "share").await?;
    page::close_dialog(browser).await?;
    page::press(browser, "add-members").await?;
    browser.wait("#member-names").await?;
    look(browser, "add-members").await?;
    page::close_dialog(browser).await?;
    page::press(browser, "delete-project").await?;
    browser.wait(&page::named("goes")).await?;
    look(browser, "delete-project").await?;
    page::close_dialog(browser).await?;

    page::press(browser, "tab-access").await?;
    browser.wait(".images-yes").await?;
    look(browser, "access").await?;
    page::press(browser, "ask-why").await?;
    page::press(browser, "dialog-why-confirm").await?;
    browser.wait(&page::named("why-answer")).await?;
    look(browser, "why").await?;
    page::close_dialog(browser).await?;

    page::press(browser, "tab-robots").await?;
    browser.wait(&page::row("builder")).await?;
    look(browser, "robots").await?;
    browser.click(&format!("{} [data-testid='new-token']", page::row("builder"))).await?;
    browser.wait("#token-purpose").await?;
    look(browser, "token").await?;
    page::close_dialog(browser).await
}

/// Users and groups, one of each, and their dialogs.
async fn people(stage: &Stage) -> Result<()> {
    let (browser, cluster) = (&stage.browser, stage.cluster()?);
    let groups = format!("{}/apis/user.openshift.io/v1/groups", cluster.ready.api);
    for (name, server) in [("QA", None), ("astronomers", Some("ldap.example.org:389"))] {
        let annotations = server.map(|server| json!({ "openshift.io/ldap.url": server }));
        let group = json!({
            "metadata": { "name": name, "annotations": annotations },
            "users": ["greg", "frank"],
        });
        let made = cluster.curl("sarah").post(&groups, &group).await?;
        ensure!(made.is_good(), "{}", made.text());
    }
    page::open(stage, "people").await?;
    browser.wait_text(&page::row("greg"), "QA").await?;
    look(browser, "users").await?;
    page::press(browser, "create").await?;
    browser.type_into("dialog[open] #person-name", "frank/2").await?;
    look(browser, "create-user").await?;
    page::close_dialog(browser).await?;
    page::press(browser, "tab-groups").await?;
    browser.wait_text(&page::row("astronomers"), "LDAP").await?;
    look(browser, "groups").await?;

    page::open(stage, "person/group/QA").await?;
    browser.wait(&format!("{} {}", page::row("frank"), page::named("unknown"))).await?;
    look(browser, "group").await?;
    page::open(stage, "person/user/greg").await?;
    browser.wait(&page::row("QA")).await?;
    look(browser, "user").await?;
    page::press(browser, "tab-projects").await?;
    browser.wait(".images-yes").await?;
    look(browser, "user-projects").await?;
    page::press(browser, "delete-person").await?;
    browser.wait(&page::named("goes")).await?;
    look(browser, "delete-user").await?;
    page::close_dialog(browser).await
}

/// The board, a promotion from its plan to its record, and what a tag named before.
async fn stages(stage: &Stage) -> Result<()> {
    let browser = &stage.browser;
    page::open(stage, "stages").await?;
    browser.wait(&page::state("no-stages")).await?;
    look(browser, "no-stages").await?;
    page::press(browser, "choose-stages").await?;
    browser.wait(&page::named("stage-choice-shop")).await?;
    browser.type_into("dialog[open] #stages", "skyfield shop tools").await?;
    look(browser, "choose-stages").await?;
    page::press(browser, "dialog-stages-confirm").await?;
    for image in ["api:1.1", "api:latest"] {
        browser.wait(&cell(image, "shop", "missing")).await?;
        browser.click(&page::mark(image)).await?;
    }
    page::press(browser, "promote-marked-shop").await?;
    browser.wait("dialog[open] [data-change='shop/api:latest']").await?;
    browser.type_into("dialog[open] #reason", "all tests passed").await?;
    look(browser, "promote").await?;
    page::press(browser, "promote-confirm").await?;
    browser.wait("dialog[open] [data-promoted='shop/api:1.1'][data-outcome='done']").await?;
    look(browser, "promoted").await?;
    page::press(browser, "to-record").await?;
    page::wait_closed(browser).await?;
    browser.wait_text(&page::named("record-reason"), "all tests passed").await?;
    look(browser, "promotion-record").await?;
    // Something new is in the first stage.
    let skopeo = stage.cluster()?.skopeo("sarah")?;
    skopeo.copy("skyfield/api:1.0", "skyfield/api:1.1").await?;
    page::open(stage, "stages?filter=api").await?;
    let behind = cell("api:1.1", "shop", "behind");
    browser.wait(&behind).await?;
    look(browser, "stages").await?;
    press_in_cell(browser, &behind, "versions").await?;
    browser.wait("dialog[open] tbody tr").await?;
    look(browser, "versions").await?;
    page::close_dialog(browser).await
}
