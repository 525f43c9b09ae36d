// SPDX-License-Identifier: LGPL-2.1-or-later

//! The delete dialog: what would go, doing it, and what became of it.

pub mod plan;

mod choices;
mod steps;
mod words;

use std::rc::Rc;

use images_proto::Progress;
use images_proto::delete::{Delete, Plan, PlanDelete};
use yew::prelude::*;

use self::choices::{choices, in_use};
use self::plan::ShownPlan;
use crate::bridge::{Question, Report, ask};
use crate::browser;
use crate::components::alert::Severity;
use crate::components::button::{Button, Look, is_repeated};
use crate::components::dialog::Dialog;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::progress::progress;
use crate::components::receipt::receipt;
use crate::components::save::Save;
use crate::part::{Part, part};
use crate::session::{Deletion, Session};
use crate::state::deletion::{self, Choices, Step};
use crate::text::tr;

/// The dialog; it asks for a plan as soon as it is there.
#[derive(PartialEq)]
pub struct DeleteDialog {
    /// What the user wants deleted.
    pub deletion: Deletion,
    /// The dialog is done.
    pub onclose: Callback<()>,
}

part!(DeleteDialog, use_delete_dialog, "delete-dialog");

#[hook]
fn use_delete_dialog(props: &DeleteDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let step = use_state(|| Step::Planning(None));
    let Deletion { targets, changed, gone } = props.deletion.clone();
    let chosen = use_state_eq(|| Choices::of(&targets));
    let question = use_mut_ref(|| None::<Question>);

    let make_plan = {
        let (step, question, targets) = (step.clone(), question.clone(), targets.clone());
        Callback::from(move |chosen: Choices| {
            step.set(Step::Planning(step.plan().cloned()));
            let step = step.clone();
            let asked = ask::<PlanDelete>(chosen.question(&targets), move |report| match report {
                Report::Progress(_) => {}
                Report::End(Ok(plan)) => step.set(Step::planned(plan)),
                Report::End(Err(failure)) => step.set(Step::PlanFailed(Rc::new(failure))),
            });
            *question.borrow_mut() = Some(asked);
        })
    };
    use_effect_with(targets.clone(), {
        let (make_plan, chosen) = (make_plan.clone(), chosen.clone());
        move |_| make_plan.emit((*chosen).clone())
    });
    let choose = {
        let (chosen, make_plan) = (chosen.clone(), make_plan.clone());
        Callback::from(move |next: Choices| {
            let changes = (next.extent, next.insist) != (chosen.extent, chosen.insist);
            chosen.set(next.clone());
            if changes {
                make_plan.emit(next);
            }
        })
    };

    let order = step.confirmable().map(|plan| chosen.order(&targets, plan));
    let may_confirm = order.is_some();
    let confirm = {
        let (step, question) = (step.clone(), question.clone());
        let changed = changed.clone();
        Callback::from(move |event: MouseEvent| {
            let (Some(plan), Some(order)) = (step.plan().cloned(), order.clone()) else { return };
            if is_repeated(&event) {
                return;
            }
            let (step, changed, gone) = (step.clone(), changed.clone(), gone.clone());
            step.set(Step::Deleting(Progress { text: tr("Deleting"), ..Progress::default() }));
            let asked = ask::<Delete>(order, move |report| match report {
                Report::Progress(progress) => step.set(Step::Deleting(progress)),
                Report::End(Ok(receipt)) => {
                    gone.emit(deletion::gone(&receipt));
                    step.set(Step::Done(Rc::new(receipt)));
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
        let (step, question) = (step.clone(), question.clone());
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
    let buttons = Buttons {
        confirm,
        stop,
        close: props.onclose.reform(|_: MouseEvent| ()),
        again: {
            let chosen = (*chosen).clone();
            make_plan.reform(move |_: MouseEvent| chosen.clone())
        },
        undo: {
            let (undo, onclose) = (session.undo.clone(), props.onclose.clone());
            Callback::from(move |id: String| {
                onclose.emit(());
                undo.emit(id);
            })
        },
    };
    let title = match &*step {
        Step::Done(receipt) => words::result(receipt),
        Step::Stopped => tr("Stopped"),
        _ => words::heading(&targets),
    };
    html! {
        <Dialog {title} step={name(&step)} severity={severity(&step)}
            {onclose} afterwards="#quick-delete" footer={footer(&step, may_confirm, buttons)}>
            <div aria-live="polite">{ body(&step, &session) }</div>
            if may_choose(&step) {
                { choices(&chosen, step.plan().map(Rc::as_ref), session.source(), &choose) }
            }
        </Dialog>
    }
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::Planning(_) => "planning",
        Step::PlanFailed(_) => "plan-failed",
        Step::Planned { .. } => "planned",
        Step::Deleting(_) => "deleting",
        Step::Stopped => "stopped",
        Step::DeleteFailed(..) => "delete-failed",
        Step::Done(..) => "done",
    }
}

fn severity(step: &Step) -> Severity {
    match step {
        Step::Done(receipt) if deletion::tally(receipt).gone == receipt.items.len() => {
            Severity::Success
        }
        Step::Done(..) | Step::Stopped => Severity::Warning,
        _ => Severity::Danger,
    }
}

/// Whether there are choices: not before the first plan, nor once it is done.
fn may_choose(step: &Step) -> bool {
    step.plan().is_some() || matches!(step, Step::PlanFailed(_))
}

fn body(step: &UseStateHandle<Step>, session: &Session) -> Html {
    let shown = |plan: &Rc<Plan>| ShownPlan::of(plan.clone(), session.source()).part();
    match &**step {
        Step::Planning(before) => html! {
            <>
                <div class="images-asking" role="status">
                    { spinner() }
                    <span>{ tr("Looking at what would go") }</span>
                </div>
                if let Some(before) = before { { shown(before) } }
            </>
        },
        Step::PlanFailed(failure) => failure::told(failure, None),
        Step::Planned { plan, known_in_use } => {
            let know = {
                let (step, plan) = (step.clone(), plan.clone());
                Callback::from(move |known_in_use: bool| {
                    step.set(Step::Planned { plan: plan.clone(), known_in_use });
                })
            };
            let in_use = in_use(*known_in_use, know);
            ShownPlan { in_use, ..ShownPlan::of(plan.clone(), session.source()) }.part()
        }
        Step::Deleting(done) => progress(done, "delete-progress"),
        Step::Stopped => html! {
            <p>{ tr("The rest was not tried. What had been deleted before stays deleted. The history knows how far it came and can go on with it.") }</p>
        },
        Step::DeleteFailed(plan, failure) => html! {
            <>
                { failure::told(failure, Some("delete-failure")) }
                { shown(plan) }
            </>
        },
        Step::Done(done) => receipt(done, session.source()),
    }
}

/// What the buttons do.
struct Buttons {
    confirm: Callback<MouseEvent>,
    stop: Callback<MouseEvent>,
    close: Callback<MouseEvent>,
    again: Callback<MouseEvent>,
    undo: Callback<String>,
}

fn footer(step: &Step, may_confirm: bool, buttons: Buttons) -> Html {
    let Buttons { confirm, stop, close, again, undo } = buttons;
    let cancel = |label: String| html! { <Button look={Look::Link} {label} onclick={close.clone()} testid="close-dialog" /> };
    match step {
        // Each button has its place from the start: none appears under the pointer.
        Step::Planning(_) => html! {
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
        Step::Planned { plan, .. } if plan.steps.is_empty() => cancel(tr("Close")),
        Step::Planned { plan, .. } => html! {
            <>
                <Button id="confirm-delete" look={Look::Danger} label={words::confirm(plan)}
                    disabled={!may_confirm}
                    title={(!may_confirm).then(|| AttrValue::from(tr("It is in use: say above that you know it")))}
                    onclick={confirm} />
                { cancel(tr("Cancel")) }
            </>
        },
        Step::Deleting(_) => html! {
            <Button look={Look::Secondary} label={tr("Stop")} onclick={stop} testid="stop-deleting" />
        },
        Step::Stopped => html! {
            <Button look={Look::Primary} label={tr("Close")} onclick={close} testid="close-dialog" />
        },
        Step::Done(receipt) => html! {
            <>
                <Button look={Look::Primary} label={tr("Close")} onclick={close} testid="close-dialog" />
                if let Some(id) = receipt.id.clone().filter(|_| receipt.undo.open) {
                    <Button label={tr("Undo")} testid="undo"
                        onclick={undo.reform(move |_: MouseEvent| id.clone())} />
                }
                if let Some(id) = receipt.id.clone() { <Save {id} /> }
            </>
        },
    }
}
