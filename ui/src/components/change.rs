// SPDX-License-Identifier: LGPL-2.1-or-later

//! The dialog of every change: it asks, shows what has to be agreed to first, and tells what one
//! should know afterwards.

use std::rc::Rc;

use yew::prelude::*;

use super::alert::{Alert, Severity};
use super::form::on_enter;
use super::question::{Question, dangerous, question};
use crate::bridge::use_change;
use crate::browser;
use crate::dialogs::objects::{missing, objects};
use crate::part::part;
use crate::state::change::{Agreed, Outcome, Step, Wish};
use crate::text::{plural, tr};

/// The dialog.
#[derive(PartialEq)]
pub struct ChangeDialog {
    /// What it is about, as a question or an order.
    pub title: AttrValue,
    /// The words on the button that does it.
    pub label: AttrValue,
    /// What is asked for, with what was agreed to; `None` as long as something is missing or wrong.
    pub wish: Callback<Agreed, Option<Wish>>,
    /// What is filled in or read before.
    pub body: Html,
    /// The dialog goes.
    pub on_close: Callback<()>,
    /// It was done; heard before the dialog goes.
    pub on_done: Callback<()>,
    /// It takes something away.
    pub danger: bool,
    /// The dialog's name in tests; its button is called the same with `-confirm` behind it.
    pub testid: &'static str,
}

/// What came of a wish.
struct Heard {
    /// The wish without anything agreed to.
    wish: Option<Wish>,
    agreed: Agreed,
    outcome: Outcome,
}

part!(ChangeDialog, use_change_dialog, "change-dialog");

#[hook]
fn use_change_dialog(props: &ChangeDialog) -> Html {
    let heard = use_state(|| None::<Rc<Heard>>);
    let wanted = props.wish.emit(Agreed::default());
    // What was said of another wish is of no account any more.
    let now = (*heard).clone().filter(|heard| heard.wish == wanted || heard.outcome.done);
    let step = now.as_ref().map_or(Step::Ask, |heard| heard.outcome.step());
    let agreed = now.as_ref().map_or_else(Agreed::default, |heard| heard.agreed.after(step));
    let action = use_change({
        let (heard, wish) = (heard.clone(), wanted.clone());
        let (on_done, on_close) = (props.on_done.clone(), props.on_close.clone());
        Callback::from(move |outcome: Outcome| match outcome.step() {
            Step::Over => {
                on_done.emit(());
                on_close.emit(());
            }
            _ => heard.set(Some(Rc::new(Heard { wish: wish.clone(), agreed, outcome }))),
        })
    });
    use_effect_with(step == Step::Told, |told| {
        // The button that had the focus is gone; Enter closes the dialog now.
        if *told {
            browser::focus("dialog [data-testid=close-dialog]");
        }
    });
    let wish = props.wish.emit(agreed);
    let (enabled, busy) = (wish.is_some(), action.is_busy());
    let confirm = {
        let start = action.start.clone();
        Callback::from(move |()| {
            if let Some(wish) = wish.clone().filter(|_| !busy && step != Step::Told) {
                start.emit(wish);
            }
        })
    };
    let on_close = {
        let (on_close, on_done) = (props.on_close.clone(), props.on_done.clone());
        let done = now.as_ref().is_some_and(|heard| heard.outcome.done);
        Callback::from(move |()| {
            if done {
                on_done.emit(());
            }
            on_close.emit(());
        })
    };
    let label = match step {
        Step::Told | Step::Over => None,
        Step::Ask => Some(props.label.to_string()),
        Step::Lacks => Some(tr("Try again")),
        Step::Creates => Some(tr("Create the roles and go on")),
        Step::LastRight => Some(tr("Do it all the same")),
    };
    let body = html! {
        <div class="images-plan" onkeydown={on_enter(&confirm)}>
            if step != Step::Told { { props.body.clone() } }
            if let Some(heard) = &now { { told(&heard.outcome, step) } }
        </div>
    };
    let asked = Question {
        title: props.title.to_string(),
        label,
        enabled,
        busy,
        failure: action.failure.clone(),
        steps: &[],
        testid: props.testid,
    };
    let draw = if props.danger || step == Step::LastRight { dangerous } else { question };
    draw(asked, body, &confirm, &on_close)
}

/// What has to be agreed to, or is good to know.
fn told(outcome: &Outcome, step: Step) -> Html {
    let creates = &outcome.creates;
    html! {
        <>
            { missing(&outcome.missing) }
            if !creates.is_empty() {
                <Alert severity={Severity::Info} testid="creates"
                    title={plural("The cluster lacks $0 role that this needs", "The cluster lacks $0 roles that this needs", creates.len() as u64)}>
                    <p>{ tr("Once you agree, it is created as it stands here:") }</p>
                    { objects("role", creates) }
                </Alert>
            }
            if step == Step::LastRight {
                <Alert severity={Severity::Warning} testid="last-right"
                    title={tr("You would take your own last right to give roles here")}>
                    <p>{ tr("Afterwards somebody else has to give it back to you.") }</p>
                </Alert>
            }
            if step == Step::Told {
                <div role="status" class="images-plan" data-testid="told">
                    if !outcome.done {
                        <Alert severity={Severity::Warning} title={tr("It was not done")} />
                    }
                    { for outcome.notes.iter().map(|note| html! { <p class="images-break">{ note }</p> }) }
                </div>
            }
        </>
    }
}
