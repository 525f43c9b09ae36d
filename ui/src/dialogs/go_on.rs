// SPDX-License-Identifier: LGPL-2.1-or-later

//! Going on with a deletion that was broken off.

use std::rc::Rc;

use images_proto::delete::Receipt;
use images_proto::history::{Record, Resume, ShowRecord, State, Which};
use yew::prelude::*;

use crate::bridge::{use_action, use_view};
use crate::components::progress::progress;
use crate::components::question::{Question, dangerous};
use crate::components::receipt::receipt;
use crate::components::waiting;
use crate::dialogs::delete::plan::ShownPlan;
use crate::part::{Part, part};
use crate::session::Session;
use crate::state::history::{as_of_now, may_go_on};
use crate::text::{tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct GoOnDialog {
    /// The name of the deletion's record.
    pub id: String,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(GoOnDialog, use_go_on_dialog, "go-on-dialog");

#[hook]
fn use_go_on_dialog(props: &GoOnDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let which = Which { id: props.id.clone() };
    let record = use_view::<ShowRecord>(which.clone());
    let done = use_state(|| None::<Rc<Receipt>>);
    let action = use_action::<Resume>({
        let done = done.clone();
        Callback::from(move |receipt| done.set(Some(Rc::new(receipt))))
    });
    let may = record.state.answer.as_ref().is_some_and(|record| may_go_on(&record.change));
    let asked = Question {
        title: match &*done {
            Some(_) => tr("The deletion has ended"),
            None => tr("Go on with the deletion?"),
        },
        label: (done.is_none() && may).then(|| tr("Delete the rest")),
        enabled: true,
        busy: action.is_busy(),
        failure: action.failure.clone(),
        steps: &[],
        testid: "go-on",
    };
    let source = session.source();
    let body = match (&*done, &action.progress) {
        (Some(done), _) => receipt(done, source),
        (None, Some(done)) => progress(done, "go-on-progress"),
        (None, None) => waiting::show(&record.state, &record.retry, |record| {
            html! {
                <>
                    <p>{ how_far(record) }</p>
                    if let Some(plan) = &record.plan {
                        { ShownPlan { broken_off: true, ..ShownPlan::of(Rc::new(as_of_now(plan, &record.change)), source) }.part() }
                    }
                </>
            }
        }),
    };
    let confirm = action.start.reform(move |()| which.clone());
    dangerous(asked, body, &confirm, &props.on_close)
}

fn how_far(record: &Record) -> String {
    match record.change.state {
        State::Interrupted { done, total } => tr_with(
            "It was broken off after $0 of $1 steps. What is left is done as it was planned then; each step is checked again before.",
            &[&done.to_string(), &total.to_string()],
        ),
        State::Running => tr("It is being done right now."),
        State::Ended { .. } => tr("It came to its end meanwhile."),
    }
}
