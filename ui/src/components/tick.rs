// SPDX-License-Identifier: LGPL-2.1-or-later

//! A checkbox with words (patternfly.org: components/check).

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// A checkbox.
pub struct Tick {
    /// Its id.
    pub id: &'static str,
    /// What it says.
    pub label: String,
    /// More about it, in a second line.
    pub note: Option<String>,
    /// Whether it is ticked.
    pub checked: bool,
}

/// Draws a checkbox.
pub fn tick(tick: Tick, onchange: Callback<bool>) -> Html {
    let Tick { id, label, note, checked } = tick;
    let onchange = onchange.reform(|event: Event| is_checked(&event));
    html! {
        <label class="pf-v6-c-check">
            <input class="pf-v6-c-check__input" type="checkbox" {id} {checked} {onchange} />
            <span class="pf-v6-c-check__label">{ label }</span>
            if let Some(note) = note {
                <span class="pf-v6-c-check__description">{ note }</span>
            }
        </label>
    }
}

/// Whether the checkbox that an event happened to is ticked.
pub fn is_checked(event: &Event) -> bool {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    input.is_some_and(|input| input.checked())
}
