// SPDX-License-Identifier: LGPL-2.1-or-later

//! Choosing the stages: projects or tags, in the order in which images move.

use images_proto::context::Done;
use images_proto::project::Window;
use images_proto::stage::{By, Params, SetStages, Setting, Stages, StagesError};
use images_proto::status::Source;
use yew::prelude::*;

use crate::bridge::{use_action, use_view};
use crate::components::button::Button;
use crate::components::choice::{Choice, choice};
use crate::components::field::{Field, field};
use crate::components::question::{Question, question};
use crate::part::part;
use crate::session::Session;
use crate::state::stages::{names, toggled};
use crate::text::{capitalized, tr, tr_with};

/// How many names are proposed.
const PROPOSED: usize = 24;

/// The dialog.
#[derive(PartialEq)]
pub(super) struct ChooseDialog {
    /// The stages until now.
    pub setting: Setting,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(ChooseDialog, use_choose_dialog, "choose-dialog");

#[hook]
fn use_choose_dialog(props: &ChooseDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let by = use_state_eq(|| props.setting.by);
    let typed = use_state_eq(|| props.setting.stages.join(" "));
    let window = Window { limit: 1, ..Window::default() };
    let view = use_view::<Stages>(Params { window, by: Some(*by), ..Params::default() });
    let action = use_action::<SetStages>(props.on_close.reform(|_: Done| ()));
    let wanted = Setting { by: *by, stages: names(&typed) };
    let stages = &wanted.stages;
    let wrong = wanted.check().err();
    let (enabled, busy) = (wrong.is_none() && !stages.is_empty(), action.is_busy());
    let confirm = {
        let (start, wanted) = (action.start.clone(), wanted.clone());
        Callback::from(move |()| {
            if enabled && !busy {
                start.emit(wanted.clone());
            }
        })
    };
    let one = |of: By, label: String, note: String, testid: &str| {
        let (checked, by, typed) = (*by == of, by.clone(), typed.clone());
        let of_before = props.setting.clone();
        choice(
            Choice {
                group: "stages-by",
                label: html! { { label } },
                note: html! { { note } },
                checked,
                testid: testid.to_owned(),
            },
            Callback::from(move |_: Event| {
                by.set(of);
                // Names of projects are no names of tags.
                let is_before = of == of_before.by;
                typed.set(if is_before { of_before.stages.join(" ") } else { String::new() });
            }),
        )
    };
    let is_plain = session.source() == Some(Source::Distribution);
    let projects = match is_plain {
        true => {
            tr("The first part of a repository's name is the stage, such as dev/api and prod/api.")
        }
        false => tr(
            "The same repository and tag is in several projects, such as dev/api:1.0 and prod/api:1.0.",
        ),
    };
    let choices = view.state.answer.as_ref().map_or(&[][..], |answer| answer.choices.as_slice());
    let propose = |name: &String| {
        let pressed = stages.contains(name);
        let (typed, label) = (typed.clone(), name.clone());
        let onclick = {
            let name = name.clone();
            Callback::from(move |_: MouseEvent| typed.set(toggled(&typed, &name)))
        };
        let label = if pressed { tr_with("$0 (chosen)", &[&label]) } else { label };
        html! { <Button small=true {label} testid={["stage-choice-", name].concat()} {onclick} /> }
    };
    let help = match stages.len() {
        0 | 1 => {
            tr("Two to eight names with a space between them. Images are pushed to the first one.")
        }
        _ => stages.join(" → "),
    };
    // Nobody is told while the second one is still to be typed.
    let wrong = wrong.filter(|wrong| *wrong != StagesError::One);
    let wrong = wrong.map(|wrong| tr_with("$0.", &[&capitalized(&wrong.to_string())]));
    let input = {
        let typed = typed.clone();
        Callback::from(move |text: String| typed.set(text))
    };
    let body = html! {
        <>
            <fieldset class="images-choices">
                <legend>{ tr("The choice is remembered for you and this registry.") }</legend>
                { one(By::Project, tr("Each stage is a project"), projects, "stages-by-project") }
                { one(By::Tag, tr("Each stage is a tag"),
                    tr("A repository has a tag for each stage, such as api:dev and api:prod."), "stages-by-tag") }
            </fieldset>
            { field(Field {
                id: "stages",
                label: tr("Stages, in order"),
                value: (*typed).clone(),
                secret: false,
                first: true,
                mistake: wrong,
                help: Some(help),
            }, input, confirm.clone()) }
            if !choices.is_empty() {
                <div class="images-buttons" role="group" aria-label={tr("Names to choose from")}>
                    { for choices.iter().take(PROPOSED).map(propose) }
                </div>
            }
        </>
    };
    let asked = Question {
        title: tr("Choose the stages"),
        label: Some(tr("Use these stages")),
        enabled,
        busy,
        failure: action.failure,
        steps: &[],
        testid: "dialog-stages",
    };
    question(asked, body, &confirm, &props.on_close)
}
