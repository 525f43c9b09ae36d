// SPDX-License-Identifier: LGPL-2.1-or-later

//! Choosing the registry: one that was found, or an address typed by hand.

use images_proto::Offer;
use images_proto::context::Done;
use images_proto::route::{self, ChooseRegistry, Routes};
use yew::prelude::*;

use crate::bridge::{use_action, use_view};
use crate::components::choice::{Choice, choice};
use crate::components::field::{Field, field};
use crate::components::question::{Question, question};
use crate::part::part;
use crate::state::address::{self, Mistake};
use crate::state::registry::{Chosen, address_before};
use crate::text::tr;

/// The dialog.
#[derive(PartialEq)]
pub struct RegistryDialog {
    /// Whether the user came to type an address.
    pub by_hand: bool,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(RegistryDialog, use_registry_dialog, "registry-dialog");

#[hook]
fn use_registry_dialog(props: &RegistryDialog) -> Html {
    let view = use_view::<Routes>(route::Params {});
    let answer = view.state.answer.clone().unwrap_or_default();
    // `None` until something was chosen here.
    let chosen = use_state_eq(|| props.by_hand.then_some(Chosen::Typed));
    let typed = use_state_eq(|| None::<String>);
    let action = use_action::<ChooseRegistry>(props.on_close.reform(|_: Done| ()));

    let now = (*chosen).clone().unwrap_or_else(|| Chosen::present(&answer));
    let address = typed.as_deref().unwrap_or_else(|| address_before(&answer)).to_owned();
    let mistake = address::check(&address).err().and_then(words);
    let request = now.request(&address).filter(|_| !answer.configured);
    let enabled = request.is_some();
    let confirm = {
        let (start, busy) = (action.start.clone(), action.is_busy());
        Callback::from(move |()| {
            if let Some(request) = request.clone().filter(|_| !busy) {
                start.emit(request);
            }
        })
    };
    let one = |of: Chosen, label: String, note: String, testid: String| {
        let (checked, chosen) = (now == of, chosen.clone());
        choice(
            Choice {
                group: "registry",
                label: html! { { label } },
                note: html! { { note } },
                checked,
                testid,
            },
            Callback::from(move |_: Event| chosen.set(Some(of.clone()))),
        )
    };
    let body = if answer.configured {
        html! { <p>{ tr("An administrator of this host set the registry's address, so it cannot be changed here.") }</p> }
    } else {
        html! {
            <>
                <fieldset class="images-choices">
                    <legend>{ tr("The choice is remembered for this cluster.") }</legend>
                    { for answer.found.iter().enumerate().map(|(idx, found)| one(
                        Chosen::Found(found.choice.clone()),
                        found.words.clone(),
                        String::new(),
                        format!("registry-found-{idx}"),
                    )) }
                    { one(Chosen::Automatic, tr("Find it automatically"),
                        tr("OpenShift's registry, the one that the cluster announces, or a service that answers as one."),
                        "registry-automatic".to_owned()) }
                    { one(Chosen::Typed, tr("An address"), String::new(), "registry-typed".to_owned()) }
                </fieldset>
                if now == Chosen::Typed {
                    { field(
                        Field {
                            id: "registry-address",
                            label: tr("Address of the registry"),
                            value: address,
                            secret: false,
                            first: props.by_hand,
                            mistake,
                            help: Some(tr("Such as registry.example.com:5000. Without http:// or https:// both are tried.")),
                        },
                        Callback::from(move |text: String| typed.set(Some(text))),
                        confirm.clone(),
                    ) }
                }
            </>
        }
    };
    let asked = Question {
        title: tr("Choose the registry"),
        label: (!answer.configured).then(|| tr("Use this registry")),
        enabled,
        busy: action.is_busy(),
        failure: action.failure,
        steps: &[Offer::ChooseRegistry, Offer::SetRegistry],
        testid: "dialog-registry",
    };
    question(asked, body, &confirm, &props.on_close)
}

/// What is wrong, once something was typed.
fn words(mistake: Mistake) -> Option<String> {
    Some(match mistake {
        Mistake::Empty => return None,
        Mistake::Scheme => tr("A registry is reached by http:// or https:// only."),
        Mistake::Extra => tr("Only host and port belong here: no user, no path, no image."),
        Mistake::Host => tr("This is no name and no address of a host."),
        Mistake::Port => tr("The port is a number from 1 to 65535."),
    })
}
