// SPDX-License-Identifier: LGPL-2.1-or-later

//! A new token of a robot account, which is shown this once.

use std::rc::Rc;

use images_proto::robot::{IssueToken, Issued, NewToken, Token};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::browser::{self, full_time};
use crate::components::alert::{Alert, Severity};
use crate::components::command::command;
use crate::components::form::{on_enter, use_form};
use crate::components::question::{Question, question};
use crate::dialogs::objects::missing;
use crate::part::part;
use crate::state::robot::{DAYS, logins, seconds};
use crate::text::{plural, tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct TokenDialog {
    /// The project.
    pub project: AttrValue,
    /// The robot account.
    pub robot: AttrValue,
    /// The token that ends when the new one is there.
    pub replaces: Option<Token>,
    /// The dialog goes.
    pub on_close: Callback<()>,
}

part!(TokenDialog, use_token_dialog, "token-dialog");

#[hook]
fn use_token_dialog(props: &TokenDialog) -> Html {
    let TokenDialog { project, robot, replaces, on_close } = props;
    let purpose = replaces.as_ref().and_then(|token| token.purpose.as_deref());
    let form = use_form(&[purpose.unwrap_or_default(), "90"]);
    let issued = use_state(|| None::<Rc<Issued>>);
    let action = use_action::<IssueToken>({
        let issued = issued.clone();
        Callback::from(move |said| issued.set(Some(Rc::new(said))))
    });
    let shown = (*issued).clone();
    let over = shown.as_ref().is_some_and(|issued| issued.done);
    use_effect_with(over, |over| {
        if *over {
            browser::focus("dialog [data-testid=copy-robot-token]");
        }
    });
    let busy = action.is_busy();
    let confirm = {
        let wanted = seconds(form.get(1)).map(|seconds| NewToken {
            project: project.to_string(),
            robot: robot.to_string(),
            purpose: Some(form.trimmed(0).to_owned()).filter(|purpose| !purpose.is_empty()),
            seconds,
            replaces: replaces.as_ref().map(|token| token.name.clone()),
        });
        let start = action.start.clone();
        Callback::from(move |()| {
            if let Some(wanted) = wanted.clone().filter(|_| !busy && !over) {
                start.emit(wanted);
            }
        })
    };
    let days =
        DAYS.map(|days| (days.to_string().into(), plural("$0 day", "$0 days", days.into()).into()));
    let body = html! {
        <div class="images-plan" onkeydown={on_enter(&confirm)}>
            if let Some(issued) = shown.as_ref().filter(|_| over) {
                { token(issued) }
            } else {
                { form.field(0, "token-purpose", tr("What it is for"), None,
                    Some(tr("Such as the name of the program or machine that uses it; others see it, too."))) }
                { form.select(1, "token-days", tr("It is good for"), days.to_vec()) }
                if replaces.is_some() {
                    <p>{ tr("The old token is revoked as soon as the new one is there.") }</p>
                }
                if let Some(issued) = &shown { { missing(&issued.missing) }{ notes(&issued.notes) } }
            }
        </div>
    };
    let asked = Question {
        title: match (over, replaces) {
            (true, _) => tr_with("The new token of $0", &[robot]),
            (false, Some(_)) => tr_with("Replace a token of $0", &[robot]),
            (false, None) => tr_with("Create a token for $0", &[robot]),
        },
        label: (!over).then(|| match replaces {
            Some(_) => tr("Replace it"),
            None => tr("Create the token"),
        }),
        enabled: true,
        busy,
        failure: action.failure,
        steps: &[],
        testid: "dialog-token",
    };
    question(asked, body, &confirm, on_close)
}

/// The token, and how one logs in with it.
fn token(issued: &Issued) -> Html {
    let logins = issued.host.as_deref().and_then(|host| logins(host, &issued.user));
    html! {
        <>
            <Alert severity={Severity::Warning} title={tr("Copy the token now: it is shown this once")}>
                <p>{ tr("Nobody can look it up later. Whoever has it can do what the robot account may.") }</p>
            </Alert>
            if let Some(token) = &issued.token {
                { command(token.expose(), tr("Copy the token"), "robot-token") }
            }
            <p>
                { tr_with("User: $0.", &[&issued.user]) }
                if let Some(expires) = issued.expires {
                    { " " }{ tr_with("It works until $0.", &[&full_time(expires)]) }
                }
            </p>
            if let Some([asks, script]) = logins {
                <div>
                    <div>{ tr("Log in; paste the token when it asks for the password:") }</div>
                    { command(&asks, tr("Copy the command"), "robot-login") }
                    <div>{ tr("In a script, with the token in a file:") }</div>
                    { command(&script, tr("Copy the command"), "robot-login-script") }
                </div>
            } else {
                <p class="images-secondary">{ tr("No address is known by which clients reach the registry.") }</p>
            }
            { notes(&issued.notes) }
        </>
    }
}

fn notes(notes: &[String]) -> Html {
    html! { <>{ for notes.iter().map(|note| html! { <p class="images-break">{ note }</p> }) }</> }
}
