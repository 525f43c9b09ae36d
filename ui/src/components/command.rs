// SPDX-License-Identifier: LGPL-2.1-or-later

//! A command line to copy.

use yew::prelude::*;

use super::copy::CopyButton;

/// The command line, for somebody's shell; `label` is that of its copy button, whose name in tests
/// is the command's own with `copy-` before it.
pub fn command(text: &str, label: String, testid: &'static str) -> Html {
    html! {
        <div class="images-command">
            <code class="images-break" data-testid={testid}>{ text }</code>
            <CopyButton text={text.to_owned()} {label} testid={format!("copy-{testid}")} />
        </div>
    }
}
