// SPDX-License-Identifier: LGPL-2.1-or-later

//! Saving the record of a change, with its receipt, as files.

use std::rc::Rc;

use images_proto::Failure;
use images_proto::history::{ShowRecord, Which};
use yew::prelude::*;

use super::button::{Button, Look};
use super::failure;
use crate::bridge::{Question, ask_as_is};
use crate::browser;
use crate::text::tr;

/// See [`Save`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The name of the record.
    pub id: AttrValue,
}

/// The forms of a file.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Json,
    Text,
}

/// The buttons that save it. It is asked for once more, so that all of it is saved as it is kept.
#[component]
pub fn Save(props: &Props) -> Html {
    let question = use_mut_ref(|| None::<Question>);
    let problem = use_state_eq(|| None::<Rc<Failure>>);
    let save = |form: Form, label: String, testid: &'static str| {
        let (question, problem, id) = (question.clone(), problem.clone(), props.id.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            let (problem, name) = (problem.clone(), id.to_string());
            problem.set(None);
            let which = Which { id: name.clone() };
            let asked = ask_as_is::<ShowRecord>(which, move |answer| match answer {
                Ok(message) => write(form, &name, &message),
                Err(failure) => problem.set(Some(Rc::new(failure))),
            });
            *question.borrow_mut() = Some(asked);
        });
        html! { <Button look={Look::Link} {label} {testid} {onclick} /> }
    };
    html! {
        <>
            { save(Form::Json, tr("Save as JSON"), "save-json") }
            { save(Form::Text, tr("Save as text"), "save-text") }
            if let Some(problem) = &*problem { { failure::told(problem, Some("save-failure")) } }
        </>
    }
}

/// Writes the file that a message of the bridge is about.
fn write(form: Form, id: &str, message: &str) {
    let name = format!("cockpit-images-{id}");
    match form {
        Form::Json => {
            let text = browser::json_part(message, &["result"]).unwrap_or_default();
            browser::save(&format!("{name}.json"), "application/json", &text);
        }
        Form::Text => {
            let text = browser::json_part(message, &["result", "text"]).unwrap_or_default();
            browser::save(&format!("{name}.txt"), "text/plain", &text);
        }
    }
}
