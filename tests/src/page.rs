// SPDX-License-Identifier: LGPL-2.1-or-later

//! What several tests do on the page, in its own words: rows, searches, dialogs.

pub mod people;
pub mod project;
pub mod stages;

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::browser::Browser;
use crate::scene::Stage;

/// The selector of the row of a repository, a tag, an image.
pub fn row(name: &str) -> String {
    attribute("data-row", name)
}

/// The selector of the bin of `repository:tag`.
pub fn bin(name: &str) -> String {
    attribute("data-delete", name)
}

/// The selector of the checkbox of `repository:tag`.
pub fn mark(name: &str) -> String {
    attribute("data-select", name)
}

/// The selector of the screen for a state.
pub fn state(name: &str) -> String {
    attribute("data-state", name)
}

/// The selector of an element by the name that it has for tests.
pub fn named(name: &str) -> String {
    attribute("data-testid", name)
}

/// The selector of an open dialog in one of its steps.
pub fn step(dialog: &str, step: &str) -> String {
    format!("dialog[open]{}{}", named(dialog), attribute("data-step", step))
}

/// The selector of a kind of routes on the page of the registry, with what came of it.
pub fn rung(kind: &str, outcome: &str) -> String {
    format!("{}{}", named(&format!("rung-{kind}")), attribute("data-outcome", outcome))
}

fn attribute(name: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', "\\\"");
    format!("[{name}=\"{value}\"]")
}

/// Waits for a button by its name for tests, and presses it.
///
/// # Errors
/// When it does not come, or cannot be pressed.
pub async fn press(browser: &Browser, name: &str) -> Result<()> {
    browser.wait(&named(name)).await?;
    browser.click(&named(name)).await
}

/// Waits for an element by its name for tests, and gives its text.
///
/// # Errors
/// When it does not come.
pub async fn words(browser: &Browser, name: &str) -> Result<String> {
    browser.wait(&named(name)).await?;
    browser.texts(&named(name)).await?.pop().with_context(|| format!("{name} is gone again"))
}

/// Waits for a button of a row by its name for tests, and presses it.
///
/// # Errors
/// When it does not come, or cannot be pressed.
pub async fn press_in_row(browser: &Browser, name: &str, button: &str) -> Result<()> {
    let button = format!("{} {}", row(name), named(button));
    browser.wait(&button).await?;
    browser.click(&button).await
}

/// Chooses in one of the browser's own lists, as its user does.
///
/// # Errors
/// When there is no such list.
pub async fn choose(browser: &Browser, id: &str, value: &str) -> Result<()> {
    browser.wait(&named(id)).await?;
    let script = "const list = document.getElementById(arguments[0]);
        list.value = arguments[1];
        list.dispatchEvent(new Event('change', { bubbles: true }));";
    browser.script(script, vec![id.into(), value.into()]).await?;
    Ok(())
}

/// Waits until no dialog is open.
///
/// # Errors
/// When one stays.
pub async fn wait_closed(browser: &Browser) -> Result<()> {
    browser.wait_gone("dialog[open]").await
}

/// Types into the search box.
///
/// # Errors
/// When there is none.
pub async fn search(browser: &Browser, query: &str) -> Result<()> {
    browser.type_into("#search", query).await
}

/// The names of all rows.
///
/// # Errors
/// When the browser is gone.
pub async fn rows(browser: &Browser) -> Result<BTreeSet<String>> {
    Ok(browser.attributes("[data-row]", "data-row").await?.into_iter().collect())
}

/// Waits until the rows are these and no others.
///
/// # Errors
/// When there are others.
pub async fn wait_rows(browser: &Browser, expected: &BTreeSet<String>) -> Result<()> {
    let script = "return JSON.stringify([...document.querySelectorAll('[data-row]')].map(
        row => row.dataset.row).sort()) === JSON.stringify(arguments[0].sort())";
    let names = expected.iter().map(String::as_str).collect::<Vec<_>>();
    browser.wait_script(&format!("the rows {names:?}"), script, vec![names.clone().into()]).await
}

/// Waits until the row's document holds a text, such as a digest that is shown in short.
///
/// # Errors
/// When it does not.
pub async fn wait_in_row(browser: &Browser, name: &str, text: &str) -> Result<()> {
    let script = "return document.querySelector(arguments[0])?.outerHTML.includes(arguments[1])";
    let what = format!("{text} in the row {name}");
    browser.wait_script(&what, script, vec![row(name).into(), text.into()]).await
}

/// Waits until a script that looks at the address of the page says so. The address is the hash of
/// the frame, which Cockpit's shell copies into its own.
///
/// # Errors
/// When the page stays elsewhere.
pub async fn wait_address(browser: &Browser, part: &str) -> Result<()> {
    let script = "return decodeURIComponent(location.hash).includes(arguments[0])";
    browser.wait_script(&format!("the address {part}"), script, vec![part.into()]).await
}

/// The delete dialog while a plan stands that belongs to what is chosen.
pub const PLANNED: &str = "dialog[open][data-step='planned']";

/// The deletion's receipt.
pub const RECEIPT: &str = "dialog[open][data-step='done'] [data-testid='receipt']";

/// Goes to an address of the page, such as `repository/shop%2Fcheckout`.
///
/// # Errors
/// When the page does not come.
pub async fn open(stage: &Stage, address: &str) -> Result<()> {
    stage.browser.go(&stage.cockpit.url(&format!("/images#/{address}"))).await?;
    stage.browser.enter_page().await
}

/// Goes to the page of a repository, and waits for its heading.
///
/// # Errors
/// When it does not come.
pub async fn open_repository(stage: &Stage, repository: &str) -> Result<()> {
    open(stage, &format!("repository/{}", repository.replace('/', "%2F"))).await?;
    stage.browser.wait_text("#heading", repository).await
}

/// In the delete dialog: waits for a plan that can be confirmed, and says that it is known if
/// something that goes is running.
///
/// # Errors
/// When there is no such plan.
pub async fn agree(browser: &Browser) -> Result<()> {
    browser.wait(&format!("{PLANNED} #confirm-delete")).await?;
    let is_running = "return document.querySelector('#known-in-use:not(:checked)') !== null";
    if browser.script(is_running, vec![]).await? == true {
        browser.click("#known-in-use").await?;
    }
    browser.wait(&format!("{PLANNED} #confirm-delete:enabled")).await
}

/// In the delete dialog: chooses that the data goes too, and waits for the plan of that.
///
/// # Errors
/// When it cannot be chosen.
pub async fn choose_purge(browser: &Browser) -> Result<()> {
    browser.wait(PLANNED).await?;
    browser.click("#purge").await?;
    browser.wait(&format!("{PLANNED} #purge:checked")).await
}

/// In the open dialog: waits for the plan, confirms it and waits until everything is done.
///
/// # Errors
/// When one of it does not happen.
pub async fn confirm_deletion(browser: &Browser) -> Result<()> {
    agree(browser).await?;
    browser.click("dialog[open] #confirm-delete").await?;
    browser.wait(RECEIPT).await
}

/// Closes the dialog.
///
/// # Errors
/// When it stays.
pub async fn close_dialog(browser: &Browser) -> Result<()> {
    browser.click("dialog[open] [data-testid='close-dialog']").await?;
    wait_closed(browser).await
}
