// SPDX-License-Identifier: LGPL-2.1-or-later

//! One of several things to choose (patternfly.org: components/radio, whose look is that of
//! components/check).

use yew::prelude::*;

/// A choice of a group of radio buttons.
pub struct Choice {
    /// The name of the group, one in a document.
    pub group: &'static str,
    /// What is chosen here.
    pub label: Html,
    /// More about it, in a second line.
    pub note: Html,
    /// Whether it is chosen.
    pub checked: bool,
    /// Its name in tests.
    pub testid: String,
}

/// Draws a choice.
pub fn choice(choice: Choice, onchange: Callback<Event>) -> Html {
    let Choice { group, label, note, checked, testid } = choice;
    html! {
        <label class="pf-v6-c-check">
            <input class="pf-v6-c-check__input" type="radio" name={group} {checked} {onchange}
                data-testid={testid} />
            <span class="pf-v6-c-check__label images-break">{ label }</span>
            if note != Html::default() {
                <span class="pf-v6-c-check__description images-break">{ note }</span>
            }
        </label>
    }
}
