// SPDX-License-Identifier: LGPL-2.1-or-later

//! A search box (patternfly.org: components/text-input-group).

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon::Icon;
use crate::browser;
use crate::text::tr;

/// See [`SearchBox`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Its id.
    pub id: AttrValue,
    /// What it is for, for screen readers.
    pub label: AttrValue,
    /// What it takes.
    pub placeholder: AttrValue,
    /// What was typed.
    pub value: AttrValue,
    /// Hears every change.
    pub oninput: Callback<String>,
    /// Enter.
    #[prop_or_default]
    pub onenter: Callback<()>,
    /// The keyboard focus goes elsewhere.
    pub onleave: Callback<()>,
    /// It takes the keyboard focus when it appears.
    #[prop_or_default]
    pub autofocus: bool,
    /// The id of the text that says what is wrong.
    #[prop_or_default]
    pub mistake: Option<AttrValue>,
}

/// A search box.
#[component]
pub fn SearchBox(props: &Props) -> Html {
    use_effect_with((props.id.clone(), props.autofocus), |(id, autofocus)| {
        if *autofocus {
            browser::focus(&format!("#{id}"));
        }
    });
    let oninput = props.oninput.reform(|event: InputEvent| typed(&event).unwrap_or_default());
    let onblur = props.onleave.reform(|_: FocusEvent| ());
    let onkeydown = {
        let (onenter, clear) = (props.onenter.clone(), props.oninput.clone());
        let is_empty = props.value.is_empty();
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            // The Enter that ends the input of a composed character is not ours.
            "Enter" if !event.is_composing() => onenter.emit(()),
            "ArrowDown" if browser::focus_row(1) => event.prevent_default(),
            "Escape" if !is_empty => {
                event.prevent_default();
                clear.emit(String::new());
            }
            _ => {}
        })
    };
    let clear = {
        let (oninput, id) = (props.oninput.clone(), props.id.clone());
        Callback::from(move |_: MouseEvent| {
            oninput.emit(String::new());
            browser::focus(&format!("#{id}"));
        })
    };
    html! {
        <div class={classes!("pf-v6-c-text-input-group", "images-search", props.mistake.is_some().then_some("pf-m-error"))}>
            <div class="pf-v6-c-text-input-group__main pf-m-icon">
                <span class="pf-v6-c-text-input-group__text">
                    <span class="pf-v6-c-text-input-group__icon">{ Icon::Search.draw() }</span>
                    <input class="pf-v6-c-text-input-group__text-input" type="search"
                        id={props.id.clone()} aria-label={props.label.clone()}
                        placeholder={props.placeholder.clone()} value={props.value.clone()}
                        autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1024"
                        aria-invalid={props.mistake.is_some().then_some("true")}
                        aria-describedby={props.mistake.clone()} {oninput} {onkeydown} {onblur} />
                </span>
            </div>
            if !props.value.is_empty() {
                <div class="pf-v6-c-text-input-group__utilities">
                    <button type="button" class="pf-v6-c-button pf-m-plain" aria-label={tr("Clear")}
                        title={tr("Clear")} onclick={clear}>
                        <span class="pf-v6-c-button__icon">{ Icon::Close.draw() }</span>
                    </button>
                </div>
            }
        </div>
    }
}

fn typed(event: &InputEvent) -> Option<String> {
    Some(event.target()?.dyn_into::<HtmlInputElement>().ok()?.value())
}
