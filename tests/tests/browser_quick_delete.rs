// SPDX-License-Identifier: LGPL-2.1-or-later

//! Quick delete by keyboard alone, and with more than a thousand marks.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use images_tests::browser::{Browser, Key};
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::Scene;
use images_tests::wait;

/// The longest that a registry may take for more than a thousand tags.
const SLOW: Duration = Duration::from_secs(120);

/// Waits until this has the focus.
async fn wait_focus(browser: &Browser, selector: &str) -> Result<()> {
    let script = "return document.activeElement?.matches(arguments[0]) ?? false";
    browser.wait_script(&format!("the focus on {selector}"), script, vec![selector.into()]).await
}

/// Presses Tab until something has the focus.
async fn tab_to(browser: &Browser, selector: &str) -> Result<()> {
    let script = "return document.activeElement?.matches(arguments[0]) ?? false";
    wait::until(&format!("{selector} by Tab"), async || {
        if browser.script(script, vec![selector.into()]).await? == true {
            return Ok(Some(()));
        }
        browser.press_focused(Key::Tab).await?;
        Ok(None)
    })
    .await
}

/// Nobody touches the mouse from here to the receipt.
#[tokio::test]
async fn by_keyboard_alone() -> Result<()> {
    Scene::new(Face::Openshift)
        .play("delete-keyboard", async |stage| {
            let repository = "skyfield/nightly";
            let browser = &stage.browser;
            page::open_repository(stage, repository).await?;
            browser.wait("[data-row]").await?;
            let rows = browser.attributes("[data-row]", "data-row").await?;
            let check = |row: usize| format!("[data-select='{repository}:{}']", rows[row]);
            tab_to(browser, "#quick-delete").await?;
            browser.press_focused(Key::Enter).await?;
            browser.wait("#quick-delete[aria-pressed='true']").await?;

            // The cursor, one mark, then a range of three.
            browser.press_chord(&[], "j").await?;
            wait_focus(browser, &check(0)).await?;
            browser.press_chord(&[], "x").await?;
            browser.wait_text("#delete-selected", "1").await?;
            browser.press_focused(Key::Down).await?;
            browser.press_chord(&[], "j").await?;
            wait_focus(browser, &check(2)).await?;
            for _ in 0..2 {
                let down = char::from(Key::Down).to_string();
                browser.press_chord(&[Key::Shift], &down).await?;
            }
            wait_focus(browser, &check(4)).await?;
            browser.wait_text("#delete-selected", "4").await?;

            browser.press_focused(Key::Delete).await?;
            browser.wait(&format!("{} #confirm-delete:enabled", page::PLANNED)).await?;
            browser.wait_count("dialog[open] [data-testid='goes'] [data-plan]", 4).await?;
            tab_to(browser, "#confirm-delete").await?;
            browser.press_focused(Key::Enter).await?;
            browser.wait(page::RECEIPT).await?;
            browser.wait_count("dialog[open] [data-outcome='deleted']", 4).await?;
            wait_focus(browser, "[data-testid='close-dialog']").await?;
            browser.press_focused(Key::Enter).await?;
            browser.wait_gone("dialog[open]").await?;

            let left = stage.cluster()?.skopeo("sarah")?.tags(repository).await?;
            let left: BTreeSet<_> = left.into_iter().collect();
            for (row, tag) in rows.iter().enumerate().take(6) {
                let stays = row == 1 || row == 5;
                ensure!(left.contains(tag) == stays, "{tag}: {left:?}");
            }

            // All of the list, seen or not, but Escape takes it back and leaves the mode.
            let all = left.len().to_string();
            browser.wait(&page::row(&rows[1])).await?;
            browser.press_chord(&[], "j").await?;
            browser.press_chord(&[Key::Control], "a").await?;
            browser.wait_text("#delete-selected", &all).await?;
            browser.press_focused(Key::Delete).await?;
            browser.wait(page::PLANNED).await?;
            browser.press_focused(Key::Escape).await?;
            browser.wait_gone("dialog[open]").await?;
            browser.wait_text("#delete-selected", &all).await?;
            browser.press_focused(Key::Escape).await?;
            browser.wait("#quick-delete[aria-pressed='false']").await?;
            wait_focus(browser, "#quick-delete").await
        })
        .await
}

/// More than a thousand tags are marked at once: no more rows are drawn for that than are seen, one
/// mark more or less changes a handful of nodes, and the dialog stays short.
#[tokio::test]
async fn many_marks() -> Result<()> {
    const MORE: usize = 1200;
    Scene::new(Face::Plain)
        .path("/system")
        .play("delete-many", async |stage| {
            let cluster = stage.cluster()?;
            let repository = "skyfield/nightly";
            let before = cluster.skopeo("sarah")?.tags(repository).await?;
            let image = cluster.skopeo("sarah")?.digest("skyfield/nightly:2026-05-01").await?;
            cluster.add_tags(repository, &image.context("no image")?, MORE)?;
            let all = MORE + before.len();
            let browser = &stage.browser;
            page::open_repository(stage, repository).await?;
            browser.wait_text("[data-testid='found']", &format!("{} tags", grouped(all))).await?;
            browser.wait("tr[data-row]").await?;
            browser.click("#quick-delete").await?;
            browser.click("#select-all").await?;
            browser.wait_text("#delete-selected", &grouped(all)).await?;
            let script = "const count = (what) => document.querySelectorAll(what).length;
                const rows = count('tr[data-row]');
                return rows > 10 && rows < 150 && count('[data-select]:checked') === rows";
            browser.wait_script("all rows that are seen marked", script, vec![]).await?;

            // What one mark costs does not depend on how many there are.
            count_changes(browser).await?;
            browser.click(&page::mark(&format!("{repository}:{}", before[0]))).await?;
            browser.wait_text("#delete-selected", &grouped(all - 1)).await?;
            let changes = changes(browser).await?;
            ensure!(changes < 20, "{changes} nodes changed for one mark");
            browser.click(&page::mark(&format!("{repository}:{}", before[0]))).await?;

            browser.click("#delete-selected").await?;
            browser.wait(page::PLANNED).await?;
            browser.wait_text("dialog[open] [data-testid='verdict']", &grouped(all)).await?;
            let script = "return document.querySelectorAll('dialog[open] *').length";
            let nodes = browser.script(script, vec![]).await?.as_u64().context("no number")?;
            ensure!(nodes < 3000, "the dialog has {nodes} elements");
            page::agree(browser).await?;
            browser.click("dialog[open] #confirm-delete").await?;
            // docker-registry looks at all tags for each that goes with its manifest.
            wait::until_within(SLOW, "the receipt", async || {
                let script = "return document.querySelector(arguments[0]) !== null";
                let receipt = browser.script(script, vec![page::RECEIPT.into()]).await?;
                Ok((receipt == true).then_some(()))
            })
            .await?;
            browser.wait_text("dialog[open] h2", &grouped(all)).await?;
            page::close_dialog(browser).await?;
            let left = stage.cluster()?.skopeo("sarah")?.tags(repository).await;
            ensure!(left.as_ref().map_or(true, Vec::is_empty), "{left:?}");
            Ok(())
        })
        .await
}

/// A number of four digits as the page writes it.
fn grouped(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}

/// Counts from now on what changes in the document.
async fn count_changes(browser: &Browser) -> Result<()> {
    let script = "window.changes = 0;
        new MutationObserver(records => { window.changes += records.length })
            .observe(document, { subtree: true, childList: true, attributes: true, characterData: true })";
    browser.script(script, vec![]).await?;
    Ok(())
}

async fn changes(browser: &Browser) -> Result<u64> {
    let changes = browser.script("return window.changes", vec![]).await?;
    changes.as_u64().context("nothing was counted")
}
