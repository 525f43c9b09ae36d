// SPDX-License-Identifier: LGPL-2.1-or-later

//! A choice among a few (patternfly.org: components/form-control), by the browser's own element,
//! which keyboards and screen readers know.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::icon::Icon;

/// See [`Select`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is chosen here, for screen readers.
    pub label: AttrValue,
    /// Values and what they are called.
    pub choices: Vec<(AttrValue, AttrValue)>,
    /// The chosen value.
    pub chosen: AttrValue,
    /// Hears of another value.
    pub onchange: Callback<String>,
    /// Its id, which is also its name in tests.
    pub id: AttrValue,
}

/// A choice.
#[component]
pub fn Select(props: &Props) -> Html {
    let onchange = props.onchange.reform(|event: Event| {
        let element = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
        element.map(|element| element.value()).unwrap_or_default()
    });
    // The attribute of an option counts only until the user chooses; the property always does.
    let node = use_node_ref();
    use_effect_with((props.chosen.clone(), props.choices.clone()), {
        let node = node.clone();
        move |(chosen, _)| {
            if let Some(element) = node.cast::<HtmlSelectElement>() {
                element.set_value(chosen);
            }
        }
    });
    html! {
        <span class="pf-v6-c-form-control images-select">
            <select ref={node} aria-label={props.label.clone()} id={props.id.clone()}
                data-testid={props.id.clone()} {onchange}>
                { for props.choices.iter().map(|(value, name)| html! {
                    <option value={value.clone()}>{ name }</option>
                }) }
            </select>
            <span class="pf-v6-c-form-control__utilities">
                <span class="pf-v6-c-form-control__toggle-icon">{ Icon::Down.draw() }</span>
            </span>
        </span>
    }
}
