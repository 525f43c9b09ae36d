// SPDX-License-Identifier: LGPL-2.1-or-later

//! Using the administrator's kubeconfig of this host: the page reads it as administrator and hands
//! it to the bridge.

use std::rc::Rc;

use images_proto::context::{Done, HandOver, HandedOver};
use images_proto::{Offer, Secret};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::bridge::use_action;
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::choice::{Choice, choice};
use crate::components::empty_state::spinner;
use crate::components::question::{Question, question};
use crate::host::{self, Refused};
use crate::part::part;
use crate::state::host_kubeconfig::{Found, LONGEST, PLACES, Place, Reading, Search, search};
use crate::text::{tr, tr_with};

/// The dialog; it looks as soon as it is there.
#[derive(PartialEq)]
pub struct HostKubeconfigDialog {
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(HostKubeconfigDialog, use_host_kubeconfig_dialog, "host-kubeconfig-dialog");

#[hook]
fn use_host_kubeconfig_dialog(props: &HostKubeconfigDialog) -> Html {
    let searched = use_state(|| Rc::new(Search::Looking));
    let chosen = use_state_eq(|| 0_usize);
    let action = use_action::<HandOver>(props.on_close.reform(|_: Done| ()));
    let look = {
        let searched = searched.clone();
        use_callback((), move |(), ()| {
            let searched = searched.clone();
            searched.set(Rc::new(Search::Looking));
            spawn_local(async move {
                let mut readings = Vec::new();
                for place in PLACES {
                    readings.push((place, read(place).await));
                }
                searched.set(Rc::new(search(readings)));
            });
        })
    };
    use_effect_with((), {
        let look = look.clone();
        move |()| look.emit(())
    });
    let found: &[Found] = match &**searched {
        Search::Over { found, .. } => found,
        _ => &[],
    };
    let confirm = {
        let handed = found.get(*chosen).map(|found| HandedOver {
            path: found.place.path.to_owned(),
            kubeconfig: found.text.clone(),
        });
        let start = action.start.clone();
        Callback::from(move |()| {
            if let Some(handed) = handed.clone() {
                start.emit(handed);
            }
        })
    };
    let again = html! {
        <Button look={Look::Link} label={tr("Look again")} testid="look-again"
            onclick={look.reform(|_: MouseEvent| ())} />
    };
    let body = match &**searched {
        Search::Looking => html! {
            <div class="images-asking" role="status">
                { spinner() }<span>{ tr("Looking for it, as administrator") }</span>
            </div>
        },
        Search::Denied => html! {
            <Alert severity={Severity::Warning} testid="host-kubeconfig-denied" actions={again}
                title={tr("Administrative access is needed")}>
                <p>{ tr("Turn on administrative access in Cockpit's top bar, then look again.") }</p>
            </Alert>
        },
        Search::Over { found, failed } => html! {
            <>
                if found.is_empty() {
                    <Alert severity={Severity::Info} testid="host-kubeconfig-none" actions={again}
                        title={tr("This host has no administrator's kubeconfig")}>
                        <p>{ tr("It was looked for in these places. Copy one from a control plane node to ~/.kube/config, or log in with oc login.") }</p>
                        <ul class="images-items">
                            { for PLACES.iter().map(|place| html! {
                                <li>{ place.product }{ ": " }<code class="images-break">{ place.path }</code></li>
                            }) }
                        </ul>
                    </Alert>
                } else {
                    { choices(found, &chosen) }
                    <p>{ tr("With it you act as the cluster's administrator until you log out of Cockpit. It stays in memory and is written nowhere.") }</p>
                }
                { for failed.iter().map(|(place, why)| html! {
                    <p class="images-secondary images-break">
                        { tr_with("$0 is there, but could not be read: $1", &[place.path, why]) }
                    </p>
                }) }
            </>
        },
    };
    let asked = Question {
        title: tr("Use this host's kubeconfig"),
        label: (!found.is_empty()).then(|| tr("Use it until logout")),
        enabled: true,
        busy: action.is_busy(),
        failure: action.failure,
        steps: &[Offer::HostKubeconfig],
        testid: "dialog-host-kubeconfig",
    };
    question(asked, body, &confirm, &props.on_close)
}

fn choices(found: &[Found], chosen: &UseStateHandle<usize>) -> Html {
    html! {
        <fieldset class="images-choices">
            <legend>{ tr("This host's administrator kubeconfig:") }</legend>
            { for found.iter().enumerate().map(|(idx, found)| {
                let set = chosen.clone();
                choice(
                    Choice {
                        group: "host-kubeconfig",
                        label: html! { { found.place.product } },
                        note: html! { { found.place.path } },
                        checked: **chosen == idx,
                        testid: format!("host-kubeconfig-{idx}"),
                    },
                    Callback::from(move |_: Event| set.set(idx)),
                )
            }) }
        </fieldset>
    }
}

async fn read(place: Place) -> Reading {
    match host::read(place.path, LONGEST).await {
        Ok(Some(file)) => Reading::Text(Secret::new(file.text)),
        Ok(None) => Reading::Absent,
        Err(Refused::Denied) => Reading::Denied,
        Err(Refused::Other(why)) => Reading::Failed(why),
        Err(Refused::Changed) => Reading::Failed(tr("It is being changed just now.")),
    }
}
