// SPDX-License-Identifier: LGPL-2.1-or-later

//! An audit found secrets. Amy finds the images by a digest, looks, and deletes them for sure.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_tests::call::call;
use images_tests::cluster::Face;
use images_tests::inventory::Inventory;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::{Value, json};

#[tokio::test]
async fn plain() -> Result<()> {
    Scene::new(Face::Plain).play("amy-plain", amy).await
}

#[tokio::test]
async fn openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("amy-openshift", amy).await
}

async fn amy(stage: &mut Stage) -> Result<()> {
    let cluster = stage.cluster()?;
    let inventory = Inventory::read(cluster, "sarah").await?;
    let browser = &stage.browser;
    browser.wait("[data-row]").await?;

    // The layer with the secret, in images of two repositories.
    let layer = inventory.layer_made_by("COPY .aws")?;
    let images = inventory.leading_to(&layer);
    ensure!(images.len() > 2, "the seed has only {images:?} with the secret");
    let image = images.first().context("no image")?;
    let digest = inventory.digest(image).context("no digest")?;

    // A manifest's digest leads to its tags, and says that it is a manifest's.
    page::search(browser, digest).await?;
    wait_hits(stage, &inventory.leading_to(digest), "manifest").await?;

    // The layer's digest, whole and its first twelve digits.
    for query in [layer.as_str(), &layer["sha256:".len()..][..12]] {
        page::search(browser, query).await?;
        wait_hits(stage, &images, "layer").await?;
    }

    // The terminal says the same as the page, older revisions and untagged images included.
    let called = call(cluster, "sarah", "search", json!({ "query": layer, "limit": 500 })).await?;
    let hits =
        called.answer()?.pointer("/rows/hits").and_then(Value::as_array).context("no hits")?;
    page::wait_rows(browser, &hits.iter().map(row_name).collect()).await?;

    // She looks at one: its layers, with the one in question among them.
    browser.click(&format!("{} [data-testid='digest']", page::row(image))).await?;
    page::wait_address(browser, digest).await?;
    browser.wait(&page::row(&layer)).await?;
    let skopeo = cluster.skopeo("sarah")?;
    let config = skopeo.config(image).await?;
    for step in config["history"].as_array().into_iter().flatten() {
        let command = step["created_by"].as_str().unwrap_or_default();
        if step["empty_layer"] != true {
            let start: String = command.chars().take(30).collect();
            browser.wait_text("#app", &start).await?;
        }
    }
    browser.back().await?;
    browser.enter_page().await?;
    wait_hits(stage, &images, "layer").await?;

    // All hits at once; first she thinks better of it.
    browser.click("#quick-delete").await?;
    browser.click("#select-all").await?;
    browser.click("#delete-selected").await?;
    browser.wait("dialog[open] [data-testid='plan']").await?;
    for image in &images {
        browser.wait(&format!("dialog[open] [data-plan='{image}']")).await?;
    }
    page::close_dialog(browser).await?;
    for image in &images {
        ensure!(skopeo.digest(image).await?.is_some(), "{image} is gone though nobody agreed");
    }

    browser.click("#delete-selected").await?;
    page::confirm_deletion(browser).await?;
    browser.wait_count("[data-outcome='deleted'], [data-outcome='absent']", images.len()).await?;
    page::close_dialog(browser).await?;

    // The registry serves none of them, and the page has read the list again.
    for image in &images {
        ensure!(skopeo.digest(image).await?.is_none(), "the registry still serves {image}");
    }
    browser.wait(&page::state("nothing-found")).await
}

/// What the page calls the row of a hit.
fn row_name(hit: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (repository, digest) = (text(&hit["repository"]), text(&hit["digest"]));
    match (&hit["tag"]["name"], &hit["tag"]["age"]) {
        (Value::Null, _) => format!("{repository}@{digest}"),
        (tag, age) if *age == 0 => format!("{repository}:{}", text(tag)),
        (tag, _) => format!("{repository}:{}@{digest}", text(tag)),
    }
}

/// Waits until the rows of tags as they are now are these, and something says what matched.
async fn wait_hits(stage: &Stage, expected: &BTreeSet<String>, matched: &str) -> Result<()> {
    let browser = &stage.browser;
    let script = "return JSON.stringify([...document.querySelectorAll('[data-row]')]
        .map(row => row.dataset.row).filter(name => !name.includes('@')).sort())
        === JSON.stringify(arguments[0].sort())";
    let names: Vec<_> = expected.iter().map(String::as_str).collect();
    browser.wait_script(&format!("the hits {names:?}"), script, vec![names.into()]).await?;
    browser.wait_text("[data-testid='matched']", matched).await
}
