// SPDX-License-Identifier: LGPL-2.1-or-later

//! Choosing the context of the kubeconfig: which cluster, and as whom.

use images_proto::Offer;
use images_proto::context::{ChooseContext, ContextChoice, Done};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::components::choice::{Choice, choice};
use crate::components::question::{Question, question};
use crate::part::part;
use crate::session::Session;
use crate::text::{tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct ContextDialog {
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(ContextDialog, use_context_dialog, "context-dialog");

#[hook]
fn use_context_dialog(props: &ContextDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let chosen = use_state_eq(|| {
        let context = session.kubeconfig().and_then(|kubeconfig| kubeconfig.context.clone());
        ContextChoice { context }
    });
    let action = use_action::<ChooseContext>(props.on_close.reform(|_: Done| ()));
    let confirm = {
        let (chosen, start) = (chosen.clone(), action.start.clone());
        Callback::from(move |()| start.emit((*chosen).clone()))
    };
    let one = |context: Option<String>, note: String| {
        let testid = format!("context-{}", context.as_deref().unwrap_or("of-kubeconfig"));
        let label = match &context {
            Some(name) => html! { { name } },
            None => html! { { tr("The one that the kubeconfig names") } },
        };
        let checked = chosen.context == context;
        let chosen = chosen.clone();
        choice(
            Choice { group: "context", label, note: html! { { note } }, checked, testid },
            Callback::from(move |_: Event| chosen.set(ContextChoice { context: context.clone() })),
        )
    };
    let contexts = session.kubeconfig().map_or(&[][..], |kubeconfig| &kubeconfig.contexts);
    let body = html! {
        <fieldset class="images-choices">
            <legend>{ tr("Your kubeconfig knows these clusters. The choice is remembered.") }</legend>
            { for contexts.iter().map(|context| {
                let server = context.server.as_deref().unwrap_or_default();
                let note = match &context.user {
                    Some(user) => tr_with("$0 as $1", &[server, user]),
                    None => server.to_owned(),
                };
                one(Some(context.name.clone()), note)
            }) }
            { one(None, tr("Follows kubectl config use-context and oc project.")) }
        </fieldset>
    };
    let asked = Question {
        title: tr("Choose the cluster"),
        label: Some(tr("Use this cluster")),
        enabled: true,
        busy: action.is_busy(),
        failure: action.failure,
        steps: &[Offer::ChooseContext],
        testid: "dialog-context",
    };
    question(asked, body, &confirm, &props.on_close)
}
