// SPDX-License-Identifier: LGPL-2.1-or-later

//! A command to copy.

use yew::prelude::*;

use super::copy::CopyButton;
use crate::text::tr;

/// The command that pulls an image; without a known host it says what is missing.
pub fn pull_command(command: &str, host_is_known: bool) -> Html {
    html! {
        <div>
            <div class="images-command">
                <code class="images-break" data-testid="pull-command">{ command }</code>
                <CopyButton text={command.to_owned()} label={tr("Copy the pull command")} testid="copy-pull-command" />
            </div>
            if !host_is_known {
                <div class="images-secondary">
                    { tr("The registry's address for clients is not known: put it in front of the name.") }
                </div>
            }
        </div>
    }
}
