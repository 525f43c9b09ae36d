// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the page shows of an image, an index, a layer, and of many tags, against skopeo.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::cluster::Face;
use images_tests::inventory::Inventory;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::Value;

#[tokio::test]
async fn an_image_plain() -> Result<()> {
    Scene::new(Face::Plain).play("image-plain", an_image).await
}

#[tokio::test]
async fn an_image_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("image-openshift", an_image).await
}

async fn open(stage: &Stage, address: &str) -> Result<()> {
    stage.browser.go(&stage.cockpit.url(&format!("/images#/{address}"))).await?;
    stage.browser.enter_page().await
}

/// The text of the fact with this name.
async fn wait_fact(browser: &Browser, name: &str, text: &str) -> Result<()> {
    browser.wait_text(&format!("[data-testid='{name}']"), text).await
}

async fn an_image(stage: &mut Stage) -> Result<()> {
    let name = "skyfield/api:1.1";
    let cluster = stage.cluster()?;
    let skopeo = cluster.skopeo("sarah")?;
    let digest = skopeo.digest(name).await?.context("skopeo finds no image")?;
    let (manifest, config) = (skopeo.manifest(name).await?, skopeo.config(name).await?);
    let browser = &stage.browser;
    open(stage, &format!("image/{digest}?repository=skyfield%2Fapi")).await?;

    wait_fact(browser, "image-digest", &digest).await?;
    wait_fact(browser, "image-id", text(&manifest["config"]["digest"])?).await?;
    wait_fact(browser, "image-tags", name).await?;
    wait_fact(browser, "platform", text(&config["architecture"])?).await?;
    wait_fact(browser, "author", text(&config["author"])?).await?;
    wait_fact(browser, "user", text(&config["config"]["User"])?).await?;
    wait_fact(browser, "working-dir", text(&config["config"]["WorkingDir"])?).await?;
    let list = |key: &str| config["config"][key].clone();
    for word in list("Cmd").as_array().context("no command")? {
        wait_fact(browser, "command", text(word)?).await?;
    }
    for variable in list("Env").as_array().context("no environment")? {
        wait_fact(browser, "env", text(variable)?).await?;
    }
    for (label, value) in list("Labels").as_object().context("no labels")? {
        wait_fact(browser, "labels", label).await?;
        wait_fact(browser, "labels", text(value)?).await?;
    }
    for (port, _) in list("ExposedPorts").as_object().context("no ports")? {
        wait_fact(browser, "ports", port).await?;
    }
    for (volume, _) in list("Volumes").as_object().context("no volumes")? {
        wait_fact(browser, "volumes", volume).await?;
    }

    // The layers in their order, each with the command that made it.
    let layers = manifest["layers"].as_array().context("no layers")?;
    let layers: Vec<_> = layers.iter().filter_map(|layer| layer["digest"].as_str()).collect();
    for layer in &layers {
        browser.wait(&page::row(layer)).await?;
    }
    let shown = browser.attributes("[data-row]", "data-row").await?;
    ensure!(shown == layers, "the layers are {layers:?}, the page shows {shown:?}");
    let steps = config["history"].as_array().context("no history")?;
    for (layer, step) in layers.iter().zip(steps.iter().filter(|step| step["empty_layer"] != true))
    {
        browser.wait_text(&page::row(layer), text(&step["created_by"])?).await?;
    }

    // The documents themselves.
    for (button, expected) in [("raw-manifest", &manifest), ("raw-config", &config)] {
        browser.click(&format!("[data-testid='{button}']")).await?;
        let script = "const text = document.querySelector(`[data-testid='document']`)?.innerText;
            try { return JSON.stringify(Object.keys(JSON.parse(text)).sort()) === arguments[0] }
            catch { return false }";
        let mut keys: Vec<_> = expected.as_object().context("no object")?.keys().collect();
        keys.sort();
        let keys = serde_json::to_string(&keys)?;
        browser.wait_script(&format!("{button} as JSON"), script, vec![keys.into()]).await?;
        browser.click(&format!("[data-testid='{button}']")).await?;
    }

    // The base layer leads to all that contain it.
    let base = layers.first().context("no layers")?;
    let expected = Inventory::read(cluster, "sarah").await?.leading_to(base);
    open(stage, &format!("layer/{base}")).await?;
    browser.wait("[data-row]").await?;
    let total = browser.texts("[data-testid='found']").await?.join(" ");
    ensure!(expected.len() > 50, "the seed shares the base layer {} times", expected.len());
    ensure!(total.chars().any(|char| char.is_ascii_digit()), "it does not say how many: {total}");
    for row in page::rows(browser).await?.iter().filter(|row| !row.contains('@')) {
        // A tag that the registry does not serve is known from the cluster's API alone.
        let known = expected.contains(row) || skopeo.digest(row).await?.is_none();
        ensure!(known, "{row} does not contain {base}");
    }
    Ok(())
}

#[tokio::test]
async fn an_index_shows_its_images_by_platform() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("image-index", async |stage| {
            let name = "tools/cli:latest";
            let skopeo = stage.cluster()?.skopeo("sarah")?;
            let digest = skopeo.digest(name).await?.context("skopeo finds no index")?;
            let index = skopeo.manifest(name).await?;
            let browser = &stage.browser;
            open(stage, &format!("image/{digest}?repository=tools%2Fcli")).await?;
            let children = index["manifests"].as_array().context("no index")?;
            for child in children {
                let row = page::row(text(&child["digest"])?);
                let architecture = text(&child["platform"]["architecture"])?;
                browser.wait_text(&row, architecture).await?;
            }
            browser.wait_count("[data-row]", children.len()).await?;

            // One of them, and what it runs on.
            let child = children.last().context("an empty index")?;
            let link = format!("{} a", page::row(text(&child["digest"])?));
            browser.click(&link).await?;
            wait_fact(browser, "image-digest", text(&child["digest"])?).await?;
            wait_fact(browser, "platform", text(&child["platform"]["architecture"])?).await?;
            wait_fact(browser, "indexes", &digest["sha256:".len()..][..12]).await
        })
        .await
}

#[tokio::test]
async fn many_tags_are_all_within_reach() -> Result<()> {
    Scene::new(Face::Plain)
        .play("many-tags", async |stage| {
            let repository = "skyfield/nightly";
            let tags = stage.cluster()?.skopeo("sarah")?.tags(repository).await?;
            let tags: BTreeSet<_> = tags.into_iter().collect();
            ensure!(tags.len() > 50 && tags.len() < 100, "{} tags", tags.len());
            let browser = &stage.browser;
            open(stage, "repository/skyfield%2Fnightly").await?;
            browser.wait("[data-row]").await?;
            let mut seen = page::rows(browser).await?;
            ensure!(seen.len() < tags.len(), "all {} tags are in the document", seen.len());
            browser.press("tr[data-row] a", Key::End).await?;
            let last = tags.last().context("no tags")?;
            browser.wait(&page::row(last)).await?;
            seen.append(&mut page::rows(browser).await?);
            // In between.
            open(stage, "repository/skyfield%2Fnightly?from=24").await?;
            browser.wait(&page::row(tags.iter().nth(24).context("no 24 tags")?)).await?;
            seen.append(&mut page::rows(browser).await?);
            ensure!(seen == tags, "the list shows {seen:?}");

            // Each place of the list has an address, too.
            page::wait_address(browser, "from=").await?;
            open(stage, "repository/skyfield%2Fnightly?from=10").await?;
            let first = tags.iter().nth(10).context("no 10 tags")?;
            let script =
                "const box = document.querySelector(arguments[0])?.getBoundingClientRect();
                return !!box && Math.abs(box.top) < 2";
            let arguments = vec![page::row(first).into()];
            browser.wait_script("row 10 at the upper edge", script, arguments).await
        })
        .await
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("no text: {value}"))
}
