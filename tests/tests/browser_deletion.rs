// SPDX-License-Identifier: LGPL-2.1-or-later

//! Everything that can be deleted, from the page: what the dialog says before, what skopeo, the API
//! and the registry's disk say afterwards.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use serde_json::json;

/// The images that an audit found to hold a secret.
const LEAKED: [&str; 3] =
    ["shop/checkout:beta", "skyfield/worker:2026-06", "skyfield/worker:rollback"];

const UNDO: &str = "dialog[open] button[data-testid='undo']";

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn is_served(cluster: &Cluster, image: &str) -> Result<bool> {
    Ok(cluster.skopeo("sarah")?.digest(image).await?.is_some())
}

/// Whether a layer can be pulled from a repository.
async fn has_layer(cluster: &Cluster, repository: &str, layer: &str) -> Result<bool> {
    let (registry, curl) = cluster.inside().await?;
    let url = format!("{registry}/v2/{repository}/blobs/{layer}");
    Ok(curl.head(&url).await?.status == 200)
}

/// Waits until the plan names exactly these tags as those that go.
async fn wait_goes(browser: &Browser, expected: &BTreeSet<String>) -> Result<()> {
    browser.wait(page::PLANNED).await?;
    let shown = browser.texts("dialog[open] [data-testid='goes']").await?.concat();
    let missing: Vec<_> = expected.iter().filter(|tag| !shown.contains(*tag)).collect();
    ensure!(missing.is_empty(), "the plan does not name {missing:?}: {shown}");
    let count = expected.len();
    browser.wait_text("dialog[open] [data-testid='verdict']", &format!("{count} tag")).await
}

/// The receipt says that each digest of these was asked for again and is gone, or waits.
async fn ensure_proved(browser: &Browser, digests: &[&str]) -> Result<()> {
    browser.click("dialog[open] [data-testid='digests'] button").await?;
    for digest in digests {
        let line = format!("dialog[open] [data-digest='{digest}']");
        browser.wait(&line).await?;
        let said = browser.texts(&line).await?.concat();
        ensure!(said.contains("Gone") || said.contains("Unreachable"), "{digest}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn an_image_everywhere_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("delete-image-plain", an_image_everywhere).await
}

#[tokio::test]
async fn an_image_everywhere_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("delete-image-openshift", an_image_everywhere).await
}

/// From the image's page, in all repositories and with the data.
async fn an_image_everywhere(stage: &mut Stage) -> Result<()> {
    let cluster = stage.cluster()?;
    let skopeo = cluster.skopeo("sarah")?;
    // The page knew the repositories before this one was made.
    stage.browser.wait("[data-row]").await?;
    skopeo.copy("skyfield/api:1.1", "shop/api:promoted").await?;
    let inventory = Inventory::read(cluster, "sarah").await?;
    let image = inventory.digest("skyfield/api:1.1").context("no image")?;
    let layers = inventory.layers(image);
    let (base, own) = (layers.first().context("no base")?, layers.last().context("no layer")?);
    let config = inventory.config(image).context("no config")?;
    let signature = format!("skyfield/api:{}.sig", image.replace(':', "-"));
    let goes = names(&["skyfield/api:1.1", "skyfield/api:latest", "shop/api:promoted", &signature]);

    let browser = &stage.browser;
    page::open(stage, &format!("image/{image}?repository=skyfield%2Fapi")).await?;
    page::press(browser, "delete-everywhere").await?;
    wait_goes(browser, &goes).await?;
    page::choose_purge(browser).await?;
    wait_goes(browser, &goes).await?;
    page::confirm_deletion(browser).await?;
    browser.wait_count("dialog[open] [data-outcome='deleted']", 1).await?;
    ensure_proved(browser, &[image, own]).await?;
    // What is gone from the disk does not come back.
    browser.wait_count(UNDO, 0).await?;
    page::close_dialog(browser).await?;

    for tag in &goes {
        ensure!(!is_served(cluster, tag).await?, "the registry still serves {tag}");
    }
    for repository in ["skyfield/api", "shop/api"] {
        for blob in [own.as_str(), config] {
            ensure!(!has_layer(cluster, repository, blob).await?, "{repository} serves {blob}");
        }
    }
    if cluster.face == Face::Openshift {
        for blob in [image, own, config] {
            ensure!(!cluster.has_blob_file(blob), "{blob} is on the disk");
        }
    }
    ensure!(cluster.has_blob_file(base), "the layer that others use is gone from the disk");
    ensure!(is_served(cluster, "skyfield/api:1.0").await?, "another image went");
    Ok(())
}

#[tokio::test]
async fn a_whole_repository_and_back_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("delete-repository-plain", a_whole_repository).await
}

#[tokio::test]
async fn a_whole_repository_and_back_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("delete-repository-openshift", a_whole_repository).await
}

/// From the list by one click, and back from the receipt.
async fn a_whole_repository(stage: &mut Stage) -> Result<()> {
    let name = "skyfield/worker";
    let tags = ["2026-06", "2026-10", "latest", "rollback"].map(|tag| format!("{name}:{tag}"));
    let cluster = stage.cluster()?;
    let skopeo = cluster.skopeo("sarah")?;
    let mut before = Vec::new();
    for tag in &tags {
        before.push(skopeo.digest(tag).await?.with_context(|| format!("there is no {tag}"))?);
    }
    let browser = &stage.browser;
    browser.wait(&page::row(name)).await?;
    browser.click("#quick-delete").await?;
    browser.click(&page::bin(name)).await?;
    // It runs, and that has to be known before.
    browser.wait(&format!("{} #confirm-delete:disabled", page::PLANNED)).await?;
    browser.wait_text("dialog[open] [data-testid='used']", "CronJob skyfield/report").await?;
    wait_goes(browser, &tags.iter().cloned().collect()).await?;
    page::confirm_deletion(browser).await?;
    browser.wait_count("dialog[open] [data-outcome='deleted']", 1).await?;
    for tag in &tags {
        ensure!(!is_served(cluster, tag).await?, "the registry still serves {tag}");
    }

    browser.click(UNDO).await?;
    page::press(browser, "undo-confirm").await?;
    browser.wait("dialog[open] [data-testid='undone']").await?;
    browser.wait_count("dialog[open] [data-undone][data-back='true']", tags.len()).await?;
    page::close_dialog(browser).await?;
    for (tag, digest) in tags.iter().zip(&before) {
        ensure!(skopeo.digest(tag).await?.as_ref() == Some(digest), "{tag} is not as it was");
    }
    let folder = tempfile::tempdir()?;
    skopeo.pull(&tags[0], &folder.path().join("image")).await?;
    page::search(browser, name).await?;
    browser.wait(&page::row(name)).await
}

#[tokio::test]
async fn every_image_with_a_layer_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("delete-layer-plain", every_image_with_a_layer).await
}

#[tokio::test]
async fn every_image_with_a_layer_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("delete-layer-openshift", every_image_with_a_layer).await
}

/// From the page of the layer with the secret: no image with it is left, nor the layer.
async fn every_image_with_a_layer(stage: &mut Stage) -> Result<()> {
    let cluster = stage.cluster()?;
    let secret = Inventory::read(cluster, "sarah").await?.layer_made_by("COPY .aws")?;
    let browser = &stage.browser;
    page::open(stage, &format!("layer/{secret}")).await?;
    browser.wait("[data-row]").await?;
    page::press(browser, "delete-layer").await?;
    wait_goes(browser, &names(&LEAKED)).await?;
    page::choose_purge(browser).await?;
    page::confirm_deletion(browser).await?;
    ensure_proved(browser, &[&secret]).await?;
    page::close_dialog(browser).await?;
    browser.wait(&page::state("empty")).await?;
    for image in LEAKED {
        ensure!(!is_served(cluster, image).await?, "the registry still serves {image}");
    }
    for repository in ["shop/checkout", "skyfield/worker"] {
        ensure!(!has_layer(cluster, repository, &secret).await?, "{repository} serves the secret");
    }
    if cluster.face == Face::Openshift {
        ensure!(!cluster.has_blob_file(&secret), "the secret is on the disk");
    }
    ensure!(is_served(cluster, "skyfield/worker:latest").await?, "an image without it went");
    Ok(())
}

/// The layer that was left when its only image went.
async fn left_layer(cluster: &Cluster) -> Result<String> {
    let inventory = Inventory::read(cluster, "sarah").await?;
    let image = inventory.digest("shop/database:13").context("no image")?;
    match cluster.face {
        Face::Plain => cluster.skopeo("sarah")?.delete("shop/database:13").await?,
        Face::Openshift => {
            for path in [
                "namespaces/shop/imagestreamtags/database:13".to_owned(),
                format!("images/{image}"),
            ] {
                let url = format!("{}/apis/image.openshift.io/v1/{path}", cluster.ready.api);
                let answer = cluster.curl("sarah").delete(&url).await?;
                ensure!(answer.is_good(), "{}", answer.text());
            }
        }
    }
    inventory.layers(image).pop().context("no layer")
}

#[tokio::test]
async fn a_layer_itself_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/system")
        .play("delete-blob-plain", async |stage| {
            let cluster = stage.cluster()?;
            let layer = left_layer(cluster).await?;
            ensure!(has_layer(cluster, "shop/database", &layer).await?, "it is not served");
            let browser = &stage.browser;
            page::open(stage, &format!("layer/{layer}")).await?;
            browser.wait(&page::state("empty")).await?;
            page::press(browser, "delete-layer").await?;
            browser.wait(&format!("{} #purge:checked", page::PLANNED)).await?;
            page::confirm_deletion(browser).await?;
            browser.wait("dialog[open] [data-outcome='deleted']").await?;
            ensure!(!has_layer(cluster, "shop/database", &layer).await?, "it is still served");
            page::close_dialog(browser).await
        })
        .await
}

/// No pruning finds it. Nobody knows its age, so somebody has to insist.
#[tokio::test]
async fn a_layer_itself_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift)
        .path("/system")
        .play("delete-blob-openshift", async |stage| {
            let cluster = stage.cluster()?;
            let layer = left_layer(cluster).await?;
            let browser = &stage.browser;
            page::open(stage, &format!("layer/{layer}")).await?;
            browser.wait(&page::state("empty")).await?;
            page::press(browser, "delete-layer").await?;
            browser.wait(&format!("{} [data-testid='refused']", page::PLANNED)).await?;
            browser.wait_count("dialog[open] #confirm-delete", 0).await?;
            browser.click("dialog[open] #insist").await?;
            page::confirm_deletion(browser).await?;
            browser.wait("dialog[open] [data-outcome='deleted']").await?;
            ensure!(!cluster.has_blob_file(&layer), "it is on the disk");
            page::close_dialog(browser).await
        })
        .await
}

#[tokio::test]
async fn everything_found_on_a_plain_registry() -> Result<()> {
    Scene::new(Face::Plain).play("delete-found-plain", everything_found).await
}

#[tokio::test]
async fn everything_found_on_openshift() -> Result<()> {
    Scene::new(Face::Openshift).play("delete-found-openshift", everything_found).await
}

/// A search finds more than its rows show; all of it goes, and nothing else.
async fn everything_found(stage: &mut Stage) -> Result<()> {
    let cluster = stage.cluster()?;
    let skopeo = cluster.skopeo("sarah")?;
    let before = skopeo.tags("skyfield/nightly").await?;
    let (goes, stays): (Vec<_>, Vec<_>) =
        before.into_iter().partition(|tag| tag.starts_with("2026-07"));
    ensure!(goes.len() == 11 && !stays.is_empty(), "{goes:?}");
    let browser = &stage.browser;
    browser.wait("[data-row]").await?;
    page::search(browser, "nightly 2026-07").await?;
    browser.wait_count("[data-row]", 1).await?;
    browser.click("#quick-delete").await?;
    page::press(browser, "delete-found").await?;
    browser.wait(page::PLANNED).await?;
    browser.wait_text("dialog[open] [data-testid='verdict']", "11 tags").await?;
    page::confirm_deletion(browser).await?;
    browser.wait_count("dialog[open] [data-outcome='deleted']", 1).await?;
    page::close_dialog(browser).await?;
    ensure!(skopeo.tags("skyfield/nightly").await? == stays, "others went, or not all");
    browser.wait(&page::state("nothing-found")).await
}

/// One older revision of a tag: the tag stays where it is, with the rest of its history.
#[tokio::test]
async fn an_older_revision() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("delete-revision", async |stage| {
            let cluster = stage.cluster()?;
            let before = history(cluster).await?;
            ensure!(before.len() == 3, "{before:?}");
            let target = format!("skyfield/frontend:latest@{}", before[1]);
            let browser = &stage.browser;
            page::open_repository(stage, "skyfield/frontend").await?;
            browser.wait(&page::row("latest")).await?;
            browser.click("#quick-delete").await?;
            browser.click(&format!("{} [data-testid='expand']", page::row("latest"))).await?;
            browser.click(&page::bin(&target)).await?;
            page::confirm_deletion(browser).await?;
            browser.wait("dialog[open] [data-outcome='deleted']").await?;
            page::close_dialog(browser).await?;
            browser.wait_gone(&page::row(&target)).await?;
            browser.wait(&page::row("latest")).await?;
            let after = history(cluster).await?;
            ensure!(after == [before[0].clone(), before[2].clone()], "{after:?}");
            let now = cluster.skopeo("sarah")?.digest("skyfield/frontend:latest").await?;
            ensure!(now.as_ref() == Some(&before[0]), "the tag moved");
            Ok(())
        })
        .await
}

/// The images of `skyfield/frontend:latest`, newest first.
async fn history(cluster: &Cluster) -> Result<Vec<String>> {
    let path = "/apis/image.openshift.io/v1/namespaces/skyfield/imagestreams/frontend";
    let stream = cluster.api("sarah", path).await?;
    let tags = stream["status"]["tags"].as_array().context("no tags")?;
    let latest = tags.iter().find(|tag| tag["tag"] == "latest").context("no latest")?;
    let items = latest["items"].as_array().context("no history")?;
    Ok(items.iter().filter_map(|item| item["image"].as_str().map(str::to_owned)).collect())
}

/// A pod was started from a tag that has moved since: it uses the image that it runs, and that is
/// said on the image's page and before its last tags go.
#[tokio::test]
async fn who_runs_it() -> Result<()> {
    let user = "[data-user='Pod skyfield/frontend-debug'][data-how='running']";
    Scene::new(Face::Openshift)
        .play("delete-in-use", async |stage| {
            let image = "skyfield/frontend:v2";
            let digest = stage.cluster()?.skopeo("sarah")?.digest(image).await?;
            let digest = digest.context("there is no such tag")?;
            let browser = &stage.browser;
            page::open(stage, &format!("image/{digest}?repository=skyfield%2Ffrontend")).await?;
            browser.click("[data-testid='used-by'] button").await?;
            browser.wait_text(user, "skyfield/frontend:latest").await?;
            browser.wait_text(user, "another image by now").await?;
            page::press(browser, "delete-everywhere").await?;
            browser.wait(&format!("{} #confirm-delete:disabled", page::PLANNED)).await?;
            browser.wait_text(&format!("dialog[open] {user}"), "another image by now").await?;
            page::agree(browser).await?;
            page::close_dialog(browser).await
        })
        .await
}

/// A registry that says "Accepted" and does nothing: the page does not believe it.
#[tokio::test]
async fn what_was_only_accepted() -> Result<()> {
    Scene::new(Face::Plain)
        .play("delete-pretended", async |stage| {
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            let tag = "shop/database:13";
            page::open_repository(stage, "shop/database").await?;
            browser.wait(&page::row("13")).await?;
            browser.click("#quick-delete").await?;
            browser.click(&page::bin(tag)).await?;
            page::agree(browser).await?;
            let path = "/v2/shop/database/manifests/*";
            let fault = json!({
                "on": "registry", "path": path, "method": "DELETE", "kind": "pretend",
            });
            cluster.fault(fault).await?;
            browser.click("dialog[open] #confirm-delete").await?;
            browser.wait(page::RECEIPT).await?;
            browser.wait_text("dialog[open] h2", "NOT deleted").await?;
            browser.wait_count("dialog[open] [data-outcome='kept']", 1).await?;
            ensure!(is_served(cluster, tag).await?, "it was deleted after all");
            page::close_dialog(browser).await?;
            browser.wait(&page::row("13")).await
        })
        .await
}

/// It is stopped half way: nothing is deleted after that, and the history can go on with it.
#[tokio::test]
async fn what_was_stopped() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("delete-stopped", async |stage| {
            let (browser, cluster) = (&stage.browser, stage.cluster()?);
            page::open_repository(stage, "shop/database").await?;
            browser.wait(&page::row("13")).await?;
            browser.click("#quick-delete").await?;
            browser.click("#select-all").await?;
            browser.click("#delete-selected").await?;
            page::agree(browser).await?;
            let path = "/apis/image.openshift.io/v1/namespaces/shop/imagestreamtags/database:13";
            let fault = json!({ "on": "api", "path": path, "method": "DELETE", "kind": "hang" });
            cluster.fault(fault).await?;
            browser.click("dialog[open] #confirm-delete").await?;
            // Escape is not enough.
            browser.wait("dialog[open][data-step='deleting']").await?;
            browser.press_focused(Key::Escape).await?;
            page::press(browser, "stop-deleting").await?;
            browser.wait("dialog[open][data-step='stopped']").await?;
            cluster.heal().await?;
            page::close_dialog(browser).await?;
            ensure!(is_served(cluster, "shop/database:13").await?, "it went on");
            page::open(stage, "history").await?;
            browser.wait(&page::named("interrupted")).await?;
            browser.wait(&page::named("go-on")).await
        })
        .await
}
