// SPDX-License-Identifier: LGPL-2.1-or-later

//! The login at a registry that has users of its own.

use images_proto::context::Done;
use images_proto::route::{Login, LoginParams, Params, Routes};
use images_proto::{Offer, Secret};
use yew::prelude::*;

use crate::bridge::{use_action, use_view};
use crate::components::alert::{Alert, Severity};
use crate::components::field::{Field, field};
use crate::components::question::{Question, question};
use crate::part::part;
use crate::state::registry::is_in_the_clear;
use crate::text::tr;

/// The dialog.
#[derive(PartialEq)]
pub struct LoginDialog {
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(LoginDialog, use_login_dialog, "login-dialog");

#[hook]
fn use_login_dialog(props: &LoginDialog) -> Html {
    let user = use_state_eq(String::new);
    let password = use_state_eq(Secret::default);
    let action = use_action::<Login>(props.on_close.reform(|_: Done| ()));
    let enabled = !user.trim().is_empty() && !password.expose().is_empty();
    let confirm = {
        let (user, password, start) = (user.clone(), password.clone(), action.start.clone());
        let busy = action.is_busy();
        Callback::from(move |()| {
            if enabled && !busy {
                let user = user.trim().to_owned();
                start.emit(LoginParams { user, password: (*password).clone() });
            }
        })
    };
    let routes = use_view::<Routes>(Params {}).state.answer;
    let place = routes.as_ref().and_then(|routes| routes.wants_login.as_ref());
    let body = html! {
        <>
            if let Some(place) = place {
                <p>
                    { tr("Log in at") }{ " " }
                    <strong class="images-break" data-testid="login-place">{ place }</strong>
                </p>
            }
            <p>{ tr("The registry has users of its own. The password goes there alone, and stays in memory until you log out of Cockpit.") }</p>
            if routes.as_ref().is_some_and(|routes| is_in_the_clear(routes)) {
                <Alert severity={Severity::Warning} testid="login-in-the-clear"
                    title={tr("The password is sent without encryption")}>
                    <p>{ tr("The registry speaks plain HTTP, so anybody on the way to it can read the password.") }</p>
                </Alert>
            }
            { field(
                Field {
                    id: "login-user",
                    label: tr("User"),
                    value: (*user).clone(),
                    secret: false,
                    first: true,
                    mistake: None,
                    help: None,
                },
                Callback::from(move |typed: String| user.set(typed)),
                confirm.clone(),
            ) }
            { field(
                Field {
                    id: "login-password",
                    label: tr("Password or token"),
                    value: password.expose().to_owned(),
                    secret: true,
                    first: false,
                    mistake: None,
                    help: None,
                },
                Callback::from(move |typed: String| password.set(Secret::new(typed))),
                confirm.clone(),
            ) }
        </>
    };
    let asked = Question {
        title: tr("Log in to the registry"),
        label: Some(tr("Log in")),
        enabled,
        busy: action.is_busy(),
        failure: action.failure,
        steps: &[Offer::Login],
        testid: "dialog-login",
    };
    question(asked, body, &confirm, &props.on_close)
}
