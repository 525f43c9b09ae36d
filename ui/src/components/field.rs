// SPDX-License-Identifier: LGPL-2.1-or-later

//! A line to type into, with its label (patternfly.org: components/form).

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon::Icon;

/// A field.
pub struct Field {
    /// Its id.
    pub id: &'static str,
    /// What to type.
    pub label: String,
    /// What was typed.
    pub value: String,
    /// Whether what is typed is hidden.
    pub secret: bool,
    /// Whether it has the keyboard focus first.
    pub first: bool,
    /// What is wrong with it.
    pub mistake: Option<String>,
    /// More about it.
    pub help: Option<String>,
}

/// Draws a field; `oninput` hears every change, `onenter` the Enter key. The id is also its name in
/// tests.
pub fn field(field: Field, oninput: Callback<String>, onenter: Callback<()>) -> Html {
    let Field { id, label, value, secret, first, mistake, help } = field;
    let oninput = oninput.reform(|event: InputEvent| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        input.map(|input| input.value()).unwrap_or_default()
    });
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            onenter.emit(());
        }
    });
    let about = format!("{id}-about");
    let words = mistake.as_ref().or(help.as_ref());
    html! {
        <div class="images-field">
            <label class="images-fix" for={id}>{ label }</label>
            <span class={classes!("pf-v6-c-form-control", mistake.is_some().then_some("pf-m-error"))}>
                <input {id} type={if secret { "password" } else { "text" }} {value} autofocus={first}
                    autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="65536"
                    data-testid={id} aria-invalid={mistake.is_some().then_some("true")}
                    aria-describedby={words.map(|_| about.clone())} {oninput} {onkeydown} />
                if mistake.is_some() {
                    <span class="pf-v6-c-form-control__utilities">
                        <span class="pf-v6-c-form-control__icon pf-m-status">{ Icon::Danger.draw() }</span>
                    </span>
                }
            </span>
            if let Some(words) = words {
                <span id={about} class="images-secondary" role={mistake.is_some().then_some("alert")}>{ words }</span>
            }
        </div>
    }
}
