// SPDX-License-Identifier: LGPL-2.1-or-later

//! Lists of thousands of rows, of which the document has those that are seen.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::call::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::cockpit::Version;
use images_tests::curl::Curl;
use images_tests::page;
use images_tests::scene::{Scene, Stage};
use images_tests::wait;
use serde_json::json;

/// The most rows that may be in the document, whatever the list has.
const MOST_ROWS: u64 = 150;
/// Images of a load, and the repositories that they are in.
const LOAD: [&str; 2] = ["--load", "30000"];
const REPOSITORIES: usize = 3000;

fn loaded() -> Scene {
    let scene = Scene::new(Face::Openshift).empty();
    LOAD.into_iter().fold(scene, Scene::option)
}

/// Waits for the list of all repositories, and counts from now on the rows of the document.
async fn wait_list(browser: &Browser) -> Result<()> {
    browser.wait_text("[data-testid='found']", "3,000 repositories").await?;
    count_rows(browser).await
}

/// Keeps the largest number of table rows that the document ever had, and the smallest.
async fn count_rows(browser: &Browser) -> Result<()> {
    let script = "const count = () => document.querySelectorAll('tr').length;
        window.most = window.least = count();
        new MutationObserver(() => {
            window.most = Math.max(window.most, count());
            window.least = Math.min(window.least, count());
        }).observe(document, { subtree: true, childList: true })";
    browser.script(script, vec![]).await?;
    Ok(())
}

async fn ensure_few_rows(browser: &Browser) -> Result<()> {
    let most = browser.script("return window.most", vec![]).await?;
    let most = most.as_u64().context("nothing was counted")?;
    ensure!((20..=MOST_ROWS).contains(&most), "the document had {most} rows");
    Ok(())
}

/// What scrolls, in scripts.
const SCROLLER: &str = "let scroller = document.querySelector('main');
    while (scroller.scrollHeight <= scroller.clientHeight) scroller = scroller.parentElement;";

/// Scrolls so many pixels down.
async fn scroll(browser: &Browser, down: i32) -> Result<()> {
    browser
        .script(&format!("{SCROLLER} scroller.scrollBy(0, arguments[0])"), vec![down.into()])
        .await?;
    Ok(())
}

/// Scrolls to a part of the whole height, as by dragging the bar.
async fn drag(browser: &Browser, part: f64) -> Result<()> {
    let script = format!("{SCROLLER} scroller.scrollTop = scroller.scrollHeight * arguments[0]");
    browser.script(&script, vec![part.into()]).await?;
    Ok(())
}

/// Waits until rows are where the screen shows some, and gives the name of the one in its middle.
async fn row_in_the_middle(browser: &Browser) -> Result<String> {
    let script = "const row = document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('tr[data-row]');
        return row?.dataset.row ?? null";
    wait::until("a row in the middle of the screen", async || {
        Ok(browser.script(script, vec![]).await?.as_str().map(str::to_owned))
    })
    .await
}

/// Waits until a row is on the screen.
async fn wait_on_screen(browser: &Browser, name: &str) -> Result<()> {
    let script = "const box = document.querySelector(arguments[0])?.getBoundingClientRect();
        return !!box && box.bottom > 0 && box.top < innerHeight";
    browser
        .wait_script(&format!("{name} on the screen"), script, vec![page::row(name).into()])
        .await
}

/// All repositories by name as the cluster itself lists them, and how many tags each has.
async fn repositories(cluster: &Cluster) -> Result<BTreeMap<String, usize>> {
    let list = cluster.api("sarah", "/apis/image.openshift.io/v1/imagestreams").await?;
    let streams = list["items"].as_array().context("no streams")?;
    let named = streams.iter().map(|stream| {
        let (namespace, name) = (&stream["metadata"]["namespace"], &stream["metadata"]["name"]);
        let tags = stream["status"]["tags"].as_array().map_or(0, Vec::len);
        Some((format!("{}/{}", namespace.as_str()?, name.as_str()?), tags))
    });
    let all: BTreeMap<_, _> = named.collect::<Option<_>>().context("a stream without a name")?;
    ensure!(all.len() == REPOSITORIES, "the cluster lists {} streams", all.len());
    Ok(all)
}

#[tokio::test]
async fn to_the_end_of_thousands_of_rows() -> Result<()> {
    loaded()
        .play("scroll-far", async |stage| {
            let (cluster, browser) = (stage.cluster()?, &stage.browser);
            wait_list(browser).await?;
            // Screen by screen.
            let mut seen = Vec::new();
            for _ in 0..12 {
                seen.push(row_in_the_middle(browser).await?);
                scroll(browser, 600).await?;
            }
            ensure!(seen.is_sorted() && seen.first() != seen.last(), "{seen:?}");
            // By the bar.
            for part in [0.5, 0.1, 0.9, 0.3] {
                drag(browser, part).await?;
                row_in_the_middle(browser).await?;
            }
            // And by the key.
            browser.press("tr[data-row] a", Key::End).await?;
            let all = repositories(cluster).await?;
            let (last, _) = all.last_key_value().context("no last one")?;
            wait_on_screen(browser, last).await?;
            let index = browser.attributes(&page::row(last), "aria-rowindex").await?;
            ensure!(index == [(REPOSITORIES + 1).to_string()], "the last row is {index:?}");
            let count = browser.attributes("table", "aria-rowcount").await?;
            ensure!(count == [(REPOSITORIES + 1).to_string()], "{count:?} rows");
            browser.press_focused(Key::Home).await?;
            let (first, _) = all.first_key_value().context("no first one")?;
            wait_on_screen(browser, first).await?;
            ensure_few_rows(browser).await
        })
        .await
}

/// Order and filter are those of the whole list, not of the rows that are there.
#[tokio::test]
async fn all_rows_are_sorted_and_found() -> Result<()> {
    loaded()
        .play("scroll-order", async |stage| {
            let (cluster, browser) = (stage.cluster()?, &stage.browser);
            wait_list(browser).await?;
            let all = repositories(cluster).await?;
            let most = *all.values().max().context("no repositories")?;
            let before = page::rows(browser).await?;
            ensure!(before.iter().any(|row| all[row] < most), "no other order is to be seen");
            let click = "[...document.querySelectorAll('th button')]
                .find(button => button.innerText.includes('Tags')).click()";
            browser.script(click, vec![]).await?;
            browser.wait("th[aria-sort='descending']").await?;
            // All that are there have the most tags then, those of anywhere in the list.
            let largest = all.iter().filter(|(_, tags)| **tags == most).map(|(name, _)| name.as_str());
            let largest: Vec<_> = largest.collect();
            let script = "const rows = [...document.querySelectorAll('tr[data-row]')].map(row => row.dataset.row);
                return rows.slice(0, arguments[0].length).every(row => arguments[0].includes(row))";
            browser.wait_script("the largest first", script, vec![largest.into()]).await?;

            // Far down in the list, something else is searched for: its first row is on the screen.
            drag(browser, 0.7).await?;
            row_in_the_middle(browser).await?;
            let middle = all.keys().nth(REPOSITORIES / 2).context("no middle one")?;
            browser
                .script("document.getElementById('search').focus({ preventScroll: true })", vec![])
                .await?;
            page::search(browser, middle).await?;
            wait_on_screen(browser, middle).await?;
            ensure_few_rows(browser).await
        })
        .await
}

/// The way back leads to where the list was left, also after a reload.
#[tokio::test]
async fn back_to_where_it_was_left() -> Result<()> {
    loaded()
        .play("scroll-back", async |stage| {
            let browser = &stage.browser;
            wait_list(browser).await?;
            drag(browser, 0.4).await?;
            let row = row_in_the_middle(browser).await?;
            let from = "return /from=(\\d+)/.exec(location.hash)?.[1] > 1000";
            browser.wait_script("an address with the row", from, vec![]).await?;
            browser.click(&format!("{} a", page::row(&row))).await?;
            browser.wait_text("#heading", &row).await?;
            browser.back().await?;
            browser.enter_page().await?;
            wait_on_screen(browser, &row).await?;
            let hash = browser.script("return location.hash", vec![]).await?;
            let address = hash.as_str().context("no address")?.trim_start_matches("#/").to_owned();
            stage.browser.go("about:blank").await?;
            page::open(stage, &address).await?;
            wait_on_screen(browser, &row).await?;
            // From the row of links above, the list begins at its top.
            page::press(browser, "images-link").await?;
            browser
                .wait_script("the top", "return !location.hash.includes('from=')", vec![])
                .await?;
            browser.wait("tr[data-row]").await?;
            let top = "return document.querySelector('table').getBoundingClientRect().top >= 0";
            browser.wait_script("the table's head", top, vec![]).await
        })
        .await
}

/// The keyboard goes from row to row as far as the list goes, and whoever scrolls away from the row
/// with the focus finds it again.
#[tokio::test]
async fn the_focus_outlives_its_row() -> Result<()> {
    const DOWN: usize = 120;
    loaded()
        .play("scroll-keys", async |stage| {
            let (cluster, browser) = (stage.cluster()?, &stage.browser);
            wait_list(browser).await?;
            let names: Vec<_> = repositories(cluster).await?.into_keys().take(DOWN + 1).collect();
            browser.script("document.querySelector('tr[data-row] a').focus()", vec![]).await?;
            for name in &names[1..] {
                browser.press_focused(Key::Down).await?;
                wait_focus(browser, name).await?;
            }
            let last = names.last().context("no rows")?;
            wait_on_screen(browser, last).await?;
            drag(browser, 0.9).await?;
            row_in_the_middle(browser).await?;
            browser.wait_count(&page::row(last), 0).await?;
            let kept = "return document.activeElement.tagName === 'TABLE'";
            browser.wait_script("the focus on the table", kept, vec![]).await?;
            scroll(browser, -10_000_000).await?;
            scroll(browser, 41 * DOWN as i32).await?;
            wait_focus(browser, last).await?;
            ensure_few_rows(browser).await
        })
        .await
}

async fn wait_focus(browser: &Browser, name: &str) -> Result<()> {
    let script =
        "return document.activeElement.closest('tr[data-row]')?.dataset.row === arguments[0]";
    browser.wait_script(&format!("the focus on {name}"), script, vec![name.into()]).await
}

/// All rows are marked, also those that were never there, and one is taken out again far from where
/// that was done.
#[tokio::test]
async fn all_rows_but_one() -> Result<()> {
    const MORE: usize = 1200;
    Scene::new(Face::Plain)
        .path("/system")
        .play("scroll-marks", async |stage| {
            let cluster = stage.cluster()?;
            let repository = "skyfield/nightly";
            let before: BTreeSet<_> =
                cluster.skopeo("sarah")?.tags(repository).await?.into_iter().collect();
            let image = cluster.skopeo("sarah")?.digest("skyfield/nightly:2026-05-01").await?;
            cluster.add_tags(repository, &image.context("no image")?, MORE)?;
            let all = MORE + before.len();
            let browser = &stage.browser;
            page::open_repository(stage, repository).await?;
            let words = format!("{} tags", grouped(all));
            browser.wait_text("[data-testid='found']", &words).await?;
            count_rows(browser).await?;
            browser.click("#quick-delete").await?;
            browser.click("#select-all").await?;
            browser.wait_text("#delete-selected", &grouped(all)).await?;
            browser.wait_text("[data-testid='marked']", &grouped(all)).await?;
            browser.press("#select-all", Key::End).await?;
            let last = format!("{repository}:many-{:04}", MORE - 1);
            browser.wait(&format!("{}:checked", page::mark(&last))).await?;
            browser.click(&page::mark(&last)).await?;
            browser.wait_text("#delete-selected", &grouped(all - 1)).await?;
            ensure_few_rows(browser).await?;

            // The plan knows them all, and so does whoever asks for the same from a terminal.
            browser.click("#delete-selected").await?;
            browser.wait(page::PLANNED).await?;
            browser.wait_text("dialog[open] [data-testid='verdict']", &grouped(all - 1)).await?;
            let list = json!({ "tags": { "repository": repository } });
            let except = json!([{ "tag": { "repository": repository, "tag": format!("many-{:04}", MORE - 1) } }]);
            let targets = json!({ "targets": [{ "rows": { "list": list, "except": except } }] });
            let plan = call(cluster, "sarah", "plan", targets).await?;
            let goes = plan.answer()?["items"][0]["goes"].as_array().context("no tags")?.len();
            ensure!(goes == all - 1, "{goes} tags go");
            page::close_dialog(browser).await?;

            // With another filter that list is no more, and with it what was marked of it.
            browser.type_into("#filter", "2026").await?;
            let fit = before.iter().filter(|tag| tag.contains("2026")).count();
            browser.wait_text("[data-testid='found']", &format!("{fit} tags")).await?;
            browser.wait("#delete-selected:disabled").await
        })
        .await
}

/// A number of four digits as the page writes it.
fn grouped(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}

/// The requests that the cluster holds.
async fn held(cluster: &Cluster) -> Result<usize> {
    let answer = Curl::new().get(&format!("{}/holds", cluster.ready.control)).await?;
    Ok(answer.json()?.as_array().context("no list")?.len())
}

/// Leaves while the registry is being read, and expects that nobody asks for anything any more.
async fn ensure_that_leaving_ends_work(
    stage: &Stage,
    leave: impl AsyncFn(&Browser) -> Result<()>,
) -> Result<()> {
    let (cluster, browser) = (stage.cluster()?, &stage.browser);
    cluster
        .fault(
            json!({ "on": "registry", "path": "/v2/*/tags/list*", "kind": "hold", "name": "tags" }),
        )
        .await?;
    page::open(stage, "").await?;
    wait::until("a request that waits", async || Ok((held(cluster).await? > 0).then_some(())))
        .await?;
    leave(browser).await?;
    // Who gives up waits no longer.
    wait::until("no request that waits", async || Ok((held(cluster).await? == 0).then_some(())))
        .await?;
    cluster.forget_requests().await?;
    cluster.heal().await?;
    // What would have come next had half of a crawl been alive: the next tags.
    let version =
        cluster.registry_curl("sarah").get(&format!("{}/v2/", cluster.ready.registry_url)).await?;
    ensure!(version.is_good(), "{}", version.text());
    let asked: Vec<_> = cluster.requests().await?;
    let asked: Vec<_> = asked.iter().filter(|it| it["path"] != "/v2/").collect();
    ensure!(asked.is_empty(), "somebody still asks: {asked:?}");
    Ok(())
}

#[tokio::test]
async fn another_page_ends_the_work_in_the_installed_cockpit() -> Result<()> {
    another_page_ends_the_work(Version::Installed, "leave-page-installed").await
}

#[tokio::test]
async fn another_page_ends_the_work_in_cockpit_337() -> Result<()> {
    another_page_ends_the_work(Version::V337, "leave-page-337").await
}

async fn another_page_ends_the_work(version: Version, name: &str) -> Result<()> {
    Scene::new(Face::Plain)
        .version(version)
        .path("/system")
        .play(name, async |stage| {
            ensure_that_leaving_ends_work(stage, async |browser| {
                browser.leave_page().await?;
                browser.click("a[href='/system']").await
            })
            .await?;
            // Back again, it goes on by itself.
            stage.browser.click_images().await?;
            stage.browser.wait("tr[data-row]").await
        })
        .await
}

#[tokio::test]
async fn the_end_of_the_document_ends_the_work() -> Result<()> {
    Scene::new(Face::Plain)
        .path("/system")
        .play("leave-document", async |stage| {
            ensure_that_leaving_ends_work(stage, async |browser| browser.go("about:blank").await)
                .await
        })
        .await
}

/// A page that was hidden for a while is back as it was, without a moment in which it is empty, and
/// learns what happened meanwhile.
#[tokio::test]
async fn a_hidden_page_comes_back_as_it_was() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("hidden", async |stage| {
            let (cluster, browser) = (stage.cluster()?, &stage.browser);
            browser.wait(&page::row("skyfield/api")).await?;
            browser.wait_gone(&page::state("filling")).await?;
            count_rows(browser).await?;
            let rows = browser.script("return window.least", vec![]).await?;
            // The bridge has something to read, and does not get it.
            let layers = "/apis/image.openshift.io/v1/namespaces/*/imagestreams/*/layers";
            cluster
                .fault(json!({ "on": "api", "path": layers, "kind": "hold", "name": "layers" }))
                .await?;
            let skopeo = cluster.skopeo("sarah")?;
            let image = "skyfield/nightly:2026-05-01";
            skopeo.copy(image, "skyfield/api:once-more").await?;
            wait::until("a request that waits", async || {
                Ok((held(cluster).await? > 0).then_some(()))
            })
            .await?;
            browser.leave_page().await?;
            browser.click("a[href='/system']").await?;
            browser.wait("iframe[name='cockpit1:localhost/system']").await?;
            // Who gives up waits no longer.
            wait::until("no request that waits", async || {
                Ok((held(cluster).await? == 0).then_some(()))
            })
            .await?;
            cluster.heal().await?;
            skopeo.copy(image, "skyfield/while-away:v1").await?;
            browser.click("a[href='/images']").await?;
            browser.enter_page().await?;
            // What came meanwhile is held back as ever: rows move for nobody who did not ask.
            let ask = "document.querySelector('#changes')?.click();
                return document.querySelector(arguments[0]) !== null";
            let arguments = vec![page::row("skyfield/while-away").into()];
            browser.wait_script("what came meanwhile", ask, arguments).await?;
            let least = browser.script("return window.least", vec![]).await?;
            ensure!(least == rows, "it had {least} rows for a moment, before {rows}");
            Ok(())
        })
        .await
}
