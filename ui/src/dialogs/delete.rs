// SPDX-License-Identifier: LGPL-2.1-or-later

//! The delete dialog: what would go, doing it, and what became of it.

mod plan;
mod receipt;

use std::rc::Rc;

use images_proto::Progress;
use images_proto::delete::{Delete, Params, Plan, PlanDelete, Target};
use yew::prelude::*;

use crate::bridge::{Question, Report, ask};
use crate::browser;
use crate::components::alert::Severity;
use crate::components::button::{Button, Look};
use crate::components::dialog::Dialog;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::progress::progress;
use crate::session::{Deletion, Session};
use crate::state::deletion::{self, Step};
use crate::state::target;
use crate::text::{plural, plural_with, tr, tr_with};

/// See [`DeleteDialog`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What the user wants deleted.
    pub deletion: Deletion,
    /// The dialog is done.
    pub onclose: Callback<()>,
}

/// The dialog; it asks for a plan as soon as it is there.
#[component]
pub fn DeleteDialog(props: &Props) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let step = use_state(|| Step::Planning);
    let question = use_mut_ref(|| None::<Question>);

    let make_plan = {
        let (step, question) = (step.clone(), question.clone());
        use_callback(props.deletion.targets.clone(), move |(), targets| {
            step.set(Step::Planning);
            let params = Params { targets: targets.to_vec(), agreed: vec![], planned: vec![] };
            let step = step.clone();
            let asked = ask::<PlanDelete>(params, move |report| match report {
                Report::Progress(_) => {}
                Report::End(Ok(plan)) => step.set(Step::Planned(Rc::new(plan))),
                Report::End(Err(failure)) => step.set(Step::PlanFailed(Rc::new(failure))),
            });
            *question.borrow_mut() = Some(asked);
        })
    };
    use_effect_with(props.deletion.targets.clone(), {
        let make_plan = make_plan.clone();
        move |_| make_plan.emit(())
    });

    let confirm = {
        let (now, question) = (step.clone(), question.clone());
        let (changed, gone) = (props.deletion.changed.clone(), props.deletion.gone.clone());
        Callback::from(move |event: MouseEvent| {
            let Step::Planned(plan) = &*now else { return };
            if is_repeated(&event) {
                return;
            }
            let Some(params) = now.request() else { return };
            let (plan, step) = (plan.clone(), now.clone());
            let (changed, gone) = (changed.clone(), gone.clone());
            step.set(Step::Deleting(Progress { text: tr("Deleting"), ..Progress::default() }));
            let asked = ask::<Delete>(params, move |report| match report {
                Report::Progress(progress) => step.set(Step::Deleting(progress)),
                Report::End(Ok(receipt)) => {
                    gone.emit(deletion::gone(&receipt));
                    step.set(Step::Done(plan.clone(), Rc::new(receipt)));
                    changed.emit(());
                }
                Report::End(Err(failure)) => {
                    step.set(Step::DeleteFailed(plan.clone(), Rc::new(failure)));
                    changed.emit(());
                }
            });
            *question.borrow_mut() = Some(asked);
        })
    };
    let stop = {
        let (step, changed) = (step.clone(), props.deletion.changed.clone());
        Callback::from(move |event: MouseEvent| {
            if is_repeated(&event) {
                return;
            }
            question.borrow_mut().take();
            step.set(Step::Stopped);
            changed.emit(());
        })
    };
    let onclose = {
        let (onclose, is_working) = (props.onclose.clone(), step.is_working());
        // Escape by accident must not hide what is being deleted: there is a button to stop it.
        Callback::from(move |()| {
            if !is_working {
                onclose.emit(());
            }
        })
    };
    // The red button that had the focus is gone; Enter closes the dialog now.
    use_effect_with(matches!(*step, Step::Stopped | Step::Done(..)), |over| {
        if *over {
            browser::focus("dialog [data-testid=close-dialog]");
        }
    });
    let close = props.onclose.reform(|_: MouseEvent| ());
    let again = make_plan.reform(|_: MouseEvent| ());

    html! {
        <Dialog title={title(&step, &props.deletion.targets)} step={name(&step)} severity={severity(&step)}
            {onclose} afterwards="#quick-delete" footer={footer(&step, confirm, stop, close, again)}>
            <div aria-live="polite">{ body(&step, &session) }</div>
        </Dialog>
    }
}

/// The second click of a double click was meant for the button that stood there before.
fn is_repeated(event: &MouseEvent) -> bool {
    event.detail() > 1
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::Planning => "planning",
        Step::PlanFailed(_) => "plan-failed",
        Step::Planned(_) => "planned",
        Step::Deleting(_) => "deleting",
        Step::Stopped => "stopped",
        Step::DeleteFailed(..) => "delete-failed",
        Step::Done(..) => "done",
    }
}

fn severity(step: &Step) -> Severity {
    match step {
        Step::Done(_, receipt) if deletion::tally(receipt).gone == receipt.items.len() => {
            Severity::Success
        }
        Step::Done(..) | Step::Stopped => Severity::Warning,
        _ => Severity::Danger,
    }
}

fn title(step: &Step, targets: &[Target]) -> String {
    match (step, targets) {
        (Step::Done(_, receipt), _) => {
            let (gone, all) = (deletion::tally(receipt).gone, receipt.items.len());
            match gone == all {
                true => plural("$0 item is gone", "$0 items are gone", gone as u64),
                false => plural_with(
                    "$0 of $1 item is gone",
                    "$0 of $1 items are gone",
                    all as u64,
                    &[&gone.to_string(), &all.to_string()],
                ),
            }
        }
        (Step::Stopped, _) => tr("Stopped"),
        (_, [target]) => tr_with("Delete $0?", &[&target::short_name(target)]),
        _ => plural("Delete $0 item?", "Delete $0 items?", targets.len() as u64),
    }
}

fn body(step: &Step, session: &Session) -> Html {
    match step {
        Step::Planning => html! {
            <div class="images-asking" role="status">
                { spinner() }
                <span>{ tr("Looking at what would go") }</span>
            </div>
        },
        Step::PlanFailed(failure) => failure::told(failure, None),
        Step::Planned(plan) => plan::plan(plan, session.source()),
        Step::Deleting(done) => progress(done, "delete-progress"),
        Step::Stopped => html! {
            <p>{ tr("The rest was not tried. What had been deleted before stays deleted.") }</p>
        },
        Step::DeleteFailed(plan, failure) => html! {
            <>
                { failure::told(failure, Some("delete-failure")) }
                { plan::plan(plan, session.source()) }
            </>
        },
        Step::Done(plan, receipt) => receipt::receipt(plan, receipt),
    }
}

fn footer(
    step: &Step,
    confirm: Callback<MouseEvent>,
    stop: Callback<MouseEvent>,
    close: Callback<MouseEvent>,
    again: Callback<MouseEvent>,
) -> Html {
    let cancel = |label: String| html! { <Button look={Look::Link} {label} onclick={close.clone()} testid="close-dialog" /> };
    match step {
        // Each button has its place from the start: none appears under the pointer.
        Step::Planning => html! {
            <>
                <Button look={Look::Danger} label={tr("Delete")} disabled=true onclick={Callback::noop()} />
                { cancel(tr("Cancel")) }
            </>
        },
        // After a failure nobody knows what is left of the plan.
        Step::PlanFailed(_) | Step::DeleteFailed(..) => html! {
            <>
                <Button look={Look::Primary} label={tr("Look again")} onclick={again} testid="look-again" />
                { cancel(tr("Cancel")) }
            </>
        },
        Step::Planned(plan) => match confirm_label(plan) {
            Some(label) => html! {
                <>
                    <Button id="confirm-delete" look={Look::Danger} {label} onclick={confirm} />
                    { cancel(tr("Cancel")) }
                </>
            },
            None => cancel(tr("Close")),
        },
        Step::Deleting(_) => html! {
            <Button look={Look::Secondary} label={tr("Stop")} onclick={stop} testid="stop-deleting" />
        },
        Step::Stopped | Step::Done(..) => html! {
            <Button look={Look::Primary} label={tr("Close")} onclick={close} testid="close-dialog" />
        },
    }
}

/// The words on the red button: they name what goes. `None` when everything is refused.
fn confirm_label(plan: &Plan) -> Option<String> {
    let summary = deletion::summary(plan);
    let mut accepted = plan.items.iter().filter(|item| item.refused.is_none());
    let only = accepted.next()?;
    let goes = summary.targets + summary.along;
    Some(match (summary.targets, summary.along) {
        (1, 0) => tr_with("Delete $0", &[&target::short_name(&only.target)]),
        (1, along) => plural_with(
            "Delete $0 and $1 more tag",
            "Delete $0 and $1 more tags",
            along as u64,
            &[&target::short_name(&only.target), &along.to_string()],
        ),
        _ => plural("Delete $0 item", "Delete $0 items", goes as u64),
    })
}
