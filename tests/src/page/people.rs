// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users and groups on the page.

use anyhow::Result;

use super::{close_dialog, press, words};
use crate::browser::Browser;

/// Types into the fields of the open dialog, each by its name, and presses its button.
///
/// # Errors
/// When there is no such field, or the button cannot be pressed.
pub async fn fill_in(browser: &Browser, fields: &[(&str, &str)]) -> Result<()> {
    browser.wait("dialog[open][data-testid='dialog-people']").await?;
    for (field, text) in fields {
        browser.type_into(&format!("dialog[open] #{field}"), text).await?;
    }
    browser.wait("dialog[open] [data-testid='dialog-people-confirm']:enabled").await?;
    press(browser, "dialog-people-confirm").await
}

/// Reads what the dialog tells afterwards, and closes it.
///
/// # Errors
/// When it tells nothing.
pub async fn told(browser: &Browser) -> Result<String> {
    let words = words(browser, "told").await?;
    close_dialog(browser).await?;
    Ok(words)
}

/// Waits until the dialog goes by itself, or closes it after it told something.
///
/// # Errors
/// When it does neither.
pub async fn told_or_gone(browser: &Browser) -> Result<()> {
    let over = "return !document.querySelector('dialog[open]')
        || document.querySelector('dialog[open] [data-testid=told]') !== null";
    browser.wait_script("the end of the change", over, vec![]).await?;
    if browser.script("return document.querySelector('dialog[open]') !== null", vec![]).await?
        == true
    {
        close_dialog(browser).await?;
    }
    Ok(())
}
