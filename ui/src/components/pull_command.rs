// SPDX-License-Identifier: LGPL-2.1-or-later

//! A command to copy.

use yew::prelude::*;

use super::command;
use crate::text::tr;

/// The command that pulls an image; without a known host it says what is missing.
pub fn pull_command(command: &str, host_is_known: bool) -> Html {
    html! {
        <div>
            { command::command(command, tr("Copy the pull command"), "pull-command") }
            if !host_is_known {
                <div class="images-secondary">
                    { tr("The registry's address for clients is not known: put it in front of the name.") }
                </div>
            }
        </div>
    }
}
