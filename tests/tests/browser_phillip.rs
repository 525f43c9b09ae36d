// SPDX-License-Identifier: LGPL-2.1-or-later

//! Phillip wants to know whether the required tag is there, and its hash.

use anyhow::{Context, Result, ensure};
use images_tests::browser::Key;
use images_tests::cluster::Face;
use images_tests::inventory::Inventory;
use images_tests::page;
use images_tests::scene::{Scene, Stage};

#[tokio::test]
async fn plain() -> Result<()> {
    Scene::new(Face::Plain).play("phillip-plain", phillip).await
}

#[tokio::test]
async fn openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("phillip-openshift", phillip).await
}

async fn phillip(stage: &mut Stage) -> Result<()> {
    let cluster = stage.cluster()?;
    let inventory = Inventory::read(cluster, "sarah").await?;
    let browser = &stage.browser;
    // A repository with few tags, so that all of them are on one screen.
    let repository = inventory.repositories.iter().find(|name| {
        let tags = inventory.tags_of(name);
        (2..20).contains(&tags.len()) && tags.iter().all(|tag| !tag.starts_with("sha256-"))
    });
    let repository = repository.context("the seed has no repository with a few tags")?;
    let tag = *inventory.tags_of(repository).first().context("no tag")?;
    let name = format!("{repository}:{tag}");
    let digest = cluster.skopeo("sarah")?.digest(&name).await?.context("skopeo finds no tag")?;

    // The whole list, then what he types, as he types it.
    browser.wait(&page::row(repository)).await?;
    page::search(browser, repository).await?;
    browser.wait(&page::row(repository)).await?;
    page::wait_address(browser, repository).await?;

    // Enter opens the one repository that has this name.
    browser.press("#search", Key::Enter).await?;
    browser.wait_text("#heading", repository).await?;
    for tag in inventory.tags_of(repository) {
        browser.wait(&page::row(tag)).await?;
    }
    page::wait_in_row(browser, tag, &digest).await?;
    if let Some(top) = inventory.layers(&digest).last() {
        page::wait_in_row(browser, tag, top).await?;
    }
    browser.wait_text("[data-testid='pull-command']", repository).await?;

    // The back button leads to what he had searched for; a deep link leads here again.
    browser.back().await?;
    browser.enter_page().await?;
    browser
        .wait_script(
            "the search as it was",
            "return document.querySelector('#search')?.value === arguments[0]",
            vec![repository.as_str().into()],
        )
        .await?;
    let encoded = repository.replace('/', "%2F");
    browser.go(&stage.cockpit.url(&format!("/images#/repository/{encoded}"))).await?;
    browser.enter_page().await?;
    browser.wait_text("#heading", repository).await?;
    page::wait_in_row(browser, tag, &digest).await?;

    // A tag's name in the query: the page goes to that tag.
    browser.go(&stage.cockpit.url("/images")).await?;
    browser.enter_page().await?;
    page::search(browser, &name).await?;
    browser.press("#search", Key::Enter).await?;
    browser.wait_text("#heading", repository).await?;
    page::wait_in_row(browser, tag, &digest).await?;

    // What is not there is said in words, with a way back.
    browser.go(&stage.cockpit.url("/images")).await?;
    browser.enter_page().await?;
    page::search(browser, "no-such-image").await?;
    browser.wait(&page::state("nothing-found")).await?;
    browser.click("[data-testid='show-all']").await?;
    browser.wait(&page::row(repository)).await?;

    // Whoever goes on at once comes back to what was typed.
    browser.type_into("#search", repository).await?;
    browser.click(&format!("{} a", page::row(repository))).await?;
    browser.wait_text("#heading", repository).await?;
    browser.script("history.back()", vec![]).await?;
    let script = "return document.querySelector('#search')?.value === arguments[0]";
    browser.wait_script("what was typed", script, vec![repository.as_str().into()]).await
}

/// The same without a mouse.
#[tokio::test]
async fn by_keyboard() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("phillip-keyboard", async |stage| {
            let browser = &stage.browser;
            browser.wait("[data-row]").await?;
            let focused = "return document.activeElement?.id === 'search'";
            browser.wait_script("the focus on the search box", focused, vec![]).await?;
            // From the search box on with the tabulator key to the first row's link.
            let on_row = "return document.activeElement?.closest('[data-row]')?.dataset.row ?? ''";
            let mut row = String::new();
            for _ in 0..30 {
                browser.press_focused(Key::Tab).await?;
                let found = browser.script(on_row, vec![]).await?;
                found.as_str().unwrap_or_default().clone_into(&mut row);
                if !row.is_empty() {
                    break;
                }
            }
            ensure!(!row.is_empty(), "the tabulator key leads to no row");
            browser.press_focused(Key::Enter).await?;
            browser.wait_text("#heading", &row).await?;
            let heading = "return document.activeElement?.id === 'heading'";
            browser.wait_script("the focus on the heading", heading, vec![]).await
        })
        .await
}
