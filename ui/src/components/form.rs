// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is typed and chosen in a dialog. Enter is heard by the dialog around it.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::choice::{self, Choice};
use super::field::{self, Field};
use super::select::Select;

/// What was typed and chosen, by its place.
#[derive(Clone)]
pub struct Form(UseReducerHandle<Values>);

/// A form that begins with these texts.
#[hook]
pub fn use_form(first: &[&str]) -> Form {
    Form(use_reducer_eq(|| Values(first.iter().map(|text| (*text).to_owned()).collect())))
}

impl Form {
    /// The text at a place.
    pub fn get(&self, place: usize) -> &str {
        self.0.0.get(place).map_or("", |text| text.as_str())
    }

    /// The same without spaces around it.
    pub fn trimmed(&self, place: usize) -> &str {
        self.get(place).trim()
    }

    /// Sets the text at a place.
    pub fn set(&self, place: usize) -> Callback<String> {
        let dispatcher = self.0.dispatcher();
        Callback::from(move |text: String| dispatcher.dispatch((place, text)))
    }

    /// A line to type into; the first one has the focus. What is wrong with it stands in the place
    /// of the help, once something was typed.
    pub fn field(
        &self,
        place: usize,
        id: &'static str,
        label: String,
        mistake: Option<String>,
        help: Option<String>,
    ) -> Html {
        let value = self.get(place).to_owned();
        let mistake = mistake.filter(|_| !value.is_empty());
        let first = place == 0;
        field::field(
            Field { id, label, value, secret: false, first, mistake, help },
            self.set(place),
            Callback::noop(),
        )
    }

    /// A choice among a few.
    pub fn select(
        &self,
        place: usize,
        id: &'static str,
        label: String,
        choices: Vec<(AttrValue, AttrValue)>,
    ) -> Html {
        html! {
            <div class="images-field">
                <label class="images-fix" for={id}>{ &label }</label>
                <Select {id} {label} {choices} chosen={self.get(place).to_owned()}
                    onchange={self.set(place)} />
            </div>
        }
    }

    /// One of several things to choose; `value` is the text when it is chosen, and its name in
    /// tests after the group's.
    pub fn choice(
        &self,
        place: usize,
        group: &'static str,
        value: &'static str,
        label: String,
        note: Html,
    ) -> Html {
        let onchange = self.set(place).reform(move |_: Event| value.to_owned());
        choice::choice(
            Choice {
                group,
                label: html! { { label } },
                note,
                checked: self.get(place) == value,
                testid: [group, value].join("-"),
            },
            onchange,
        )
    }
}

/// For what is around the fields of a form: Enter in one of them does what the dialog is for.
pub fn on_enter(confirm: &Callback<()>) -> Callback<KeyboardEvent> {
    let confirm = confirm.clone();
    Callback::from(move |event: KeyboardEvent| {
        let typed = event.target().is_some_and(|target| target.has_type::<HtmlInputElement>());
        if typed && event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            confirm.emit(());
        }
    })
}

#[derive(Debug, PartialEq)]
struct Values(Vec<String>);

impl Reducible for Values {
    type Action = (usize, String);

    fn reduce(self: Rc<Self>, (place, text): Self::Action) -> Rc<Self> {
        let mut values = self.0.clone();
        if let Some(value) = values.get_mut(place) {
            *value = text;
        }
        Rc::new(Self(values))
    }
}
