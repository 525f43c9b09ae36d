// SPDX-License-Identifier: LGPL-2.1-or-later

//! The board of the stages, and the dialog of a promotion.

use anyhow::Result;

use super::{attribute, close_dialog, named, open, press, row, state, wait_closed};
use crate::browser::Browser;
use crate::scene::Stage;

/// The selector of a stage in a row, in a state.
pub fn cell(name: &str, stage: &str, state: &str) -> String {
    format!("{} {}{}", row(name), attribute("data-stage", stage), attribute("data-state", state))
}

/// Chooses the stages on the page that has none yet; `by` is the button of their kind. A single
/// stage is refused before.
///
/// # Errors
/// When they are not taken.
pub async fn choose(stage: &Stage, by: &str, stages: &str) -> Result<()> {
    let browser = &stage.browser;
    open(stage, "stages").await?;
    browser.wait(&state("no-stages")).await?;
    press(browser, "choose-stages").await?;
    press(browser, by).await?;
    browser.type_into("dialog[open] #stages", "alone").await?;
    browser.wait("dialog[open] [data-testid='dialog-stages-confirm']:disabled").await?;
    browser.type_into("dialog[open] #stages", stages).await?;
    press(browser, "dialog-stages-confirm").await?;
    wait_closed(browser).await
}

/// Presses a button in a cell.
///
/// # Errors
/// When it does not come, or cannot be pressed.
pub async fn press_in_cell(browser: &Browser, cell: &str, name: &str) -> Result<()> {
    let button = format!("{cell} {}", named(name));
    browser.wait(&button).await?;
    browser.click(&button).await
}

/// In the dialog of a promotion: agrees to it, and waits until it is proved for all these tags.
///
/// # Errors
/// When it is not.
pub async fn agree(browser: &Browser, to: &[&str]) -> Result<()> {
    browser.wait("dialog[open] [data-testid='promote-confirm']:enabled").await?;
    press(browser, "promote-confirm").await?;
    for to in to {
        let done = format!("dialog[open] [data-promoted='{to}'][data-outcome='done']");
        browser.wait(&done).await?;
    }
    close_dialog(browser).await
}
