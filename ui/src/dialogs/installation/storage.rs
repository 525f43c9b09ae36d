// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where the new registry keeps its images.

use images_proto::installation::Plan;
use yew::prelude::*;

use crate::components::choice::{Choice, choice};
use crate::components::field::{Field, field};
use crate::components::select::Select;
use crate::state::installation::{Form, Unit};
use crate::text::{tr, tr_with};

/// The choices, with the storage classes of the plan once there is one. `mistaken`: the size is
/// none.
pub(super) fn storage(form: &UseStateHandle<Form>, plan: Option<&Plan>, mistaken: bool) -> Html {
    let set = |change: fn(&mut Form, String)| {
        let form = form.clone();
        Callback::from(move |text: String| {
            let mut changed = (*form).clone();
            change(&mut changed, text);
            form.set(changed);
        })
    };
    let in_pod = |in_pod: bool| {
        let form = form.clone();
        Callback::from(move |_: Event| form.set(Form { in_pod, ..(*form).clone() }))
    };
    let claim = Choice {
        group: "storage",
        label: html! { tr("On a volume of its own") },
        note: html! { tr("The images outlive the registry's pod.") },
        checked: !form.in_pod,
        testid: "storage-claim".to_owned(),
    };
    let pod = Choice {
        group: "storage",
        label: html! { tr("In the pod") },
        note: html! {
            <strong>{ tr("All images are lost when the pod ends: by an update, a restart or a failure of its node. For trying out only.") }</strong>
        },
        checked: form.in_pod,
        testid: "storage-pod".to_owned(),
    };
    html! {
        <div class="images-plan" role="radiogroup" aria-label={tr("Where the images are kept")}>
            <p class="images-fix">{ tr("Where the images are kept") }</p>
            { choice(claim, in_pod(false)) }
            if !form.in_pod {
                <div class="images-consequences images-buttons">
                    { field(Field {
                        id: "storage-size",
                        label: tr("Size"),
                        value: form.size.clone(),
                        secret: false,
                        first: false,
                        mistake: mistaken.then(|| tr("Type a whole number from 1 up.")),
                        help: None,
                    }, set(|form, text| form.size = text), Callback::noop()) }
                    <div class="images-field">
                        <label class="images-fix" for="storage-unit">{ tr("Unit") }</label>
                        <Select id="storage-unit" label={tr("Unit of the size")} chosen={form.unit.name()}
                            choices={Unit::ALL.map(|unit| (unit.name().into(), unit.name().into())).to_vec()}
                            onchange={set(|form, name| form.unit = Unit::of(&name))} />
                    </div>
                    <div class="images-field">
                        <label class="images-fix" for="storage-class">{ tr("Storage class") }</label>
                        <Select id="storage-class" label={tr("Storage class")} chosen={form.class.clone()}
                            choices={classes(plan)} onchange={set(|form, class| form.class = class)} />
                    </div>
                </div>
            }
            { choice(pod, in_pod(true)) }
        </div>
    }
}

/// The cluster's classes; the empty name stands for its default.
fn classes(plan: Option<&Plan>) -> Vec<(AttrValue, AttrValue)> {
    let classes = plan.and_then(|plan| plan.classes.as_deref()).unwrap_or_default();
    let default = classes.iter().find(|class| class.is_default);
    let words = match default {
        Some(class) => tr_with("The default: $0", &[&class.name]),
        None => tr("The cluster's default"),
    };
    let named = classes.iter().map(|class| {
        let name = AttrValue::from(class.name.clone());
        (name.clone(), name)
    });
    [(AttrValue::default(), words.into())].into_iter().chain(named).collect()
}
