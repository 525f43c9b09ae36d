// SPDX-License-Identifier: LGPL-2.1-or-later

//! A registry for a cluster that has none: where it keeps its images, what would be created,
//! creating it, and removing it again.

mod removal;
mod storage;

use std::rc::Rc;

use images_proto::installation::{AddRegistry, Params, Plan, PlanRegistry, Receipt, Storage};
use yew::prelude::*;

use self::removal::Removal;
use self::storage::storage;
use super::objects::{missing, objects};
use crate::bridge::use_action;
use crate::browser::{self, Timer};
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::dialog::Dialog;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::progress::progress;
use crate::part::{Part, part};
use crate::session::Session;
use crate::state::installation::Form;
use crate::text::tr;

/// Milliseconds after the last change until it is asked what that would create.
const PAUSE: u32 = 300;

/// The dialog. It asks at once what would be created, and creates nothing before it was agreed to.
#[derive(PartialEq)]
pub struct InstallationDialog {
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(InstallationDialog, use_installation_dialog, "installation-dialog");

#[hook]
fn use_installation_dialog(props: &InstallationDialog) -> Html {
    let form = use_state_eq(Form::default);
    // The plan, and the storage that it is for.
    let plan = use_state(|| None::<Rc<Plan>>);
    let planned = use_state_eq(|| None::<Storage>);
    let receipt = use_state(|| None::<Rc<Receipt>>);
    let stopped = use_state_eq(|| false);
    // Whether it is about removing one; not known before the first plan.
    let removes = use_state_eq(|| None::<bool>);
    let wait = use_mut_ref(|| None::<Timer>);

    let session = use_context::<Session>().unwrap_or_default();
    let in_use = session.status.as_ref().is_some_and(|status| status.registry.is_some());
    let planning = use_action::<PlanRegistry>({
        let (plan, removes) = (plan.clone(), removes.clone());
        Callback::from(move |answer: Plan| {
            // Nobody wants to add again what is in use.
            removes.set(Some(removes.unwrap_or(answer.added && in_use)));
            plan.set(Some(Rc::new(answer)));
        })
    });
    let adding = use_action::<AddRegistry>({
        let receipt = receipt.clone();
        Callback::from(move |answer| receipt.set(Some(Rc::new(answer))))
    });
    let make_plan = {
        let (planned, start) = (planned.clone(), planning.start.clone());
        Callback::from(move |storage: Storage| {
            planned.set(Some(storage.clone()));
            start.emit(Params { storage });
        })
    };
    let wanted = form.storage();
    use_effect_with(wanted.clone(), {
        let (make_plan, planned) = (make_plan.clone(), planned.clone());
        move |wanted: &Option<Storage>| {
            let Some(wanted) = wanted.clone() else { return };
            *wait.borrow_mut() = match *planned {
                None => {
                    make_plan.emit(wanted);
                    None
                }
                Some(_) => Timer::after(PAUSE, move || make_plan.emit(wanted)),
            };
        }
    });
    // Something may have been created before it failed.
    use_effect_with(adding.failure.is_some(), {
        let (make_plan, wanted) = (make_plan.clone(), wanted.clone());
        move |failed| {
            if let Some(wanted) = wanted.filter(|_| *failed) {
                make_plan.emit(wanted);
            }
        }
    });
    // The button that had the focus is gone; Enter closes the dialog now.
    use_effect_with(receipt.is_some(), |over| {
        if *over {
            browser::focus("dialog [data-testid=close-dialog]");
        }
    });

    if *removes == Some(true) {
        return Removal { on_close: props.on_close.clone() }.part();
    }

    let close = props.on_close.reform(|_: MouseEvent| ());
    let again = {
        let wanted = wanted.clone();
        Callback::from(move |_: MouseEvent| {
            make_plan.emit(wanted.clone().unwrap_or_default());
        })
    };
    let add = {
        let (wanted, start, stopped) = (wanted.clone(), adding.start.clone(), stopped.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(storage) = wanted.clone() else { return };
            stopped.set(false);
            start.emit(Params { storage });
        })
    };
    let stop = {
        let (stop, stopped, again) = (adding.stop.clone(), stopped.clone(), again.clone());
        Callback::from(move |event: MouseEvent| {
            stop.emit(());
            stopped.set(true);
            again.emit(event);
        })
    };
    let remove = Callback::from(move |_: MouseEvent| removes.set(Some(true)));

    let step = match (&*receipt, &*plan) {
        (Some(receipt), _) if receipt.done => "added",
        (Some(_), _) => "unproved",
        _ if adding.is_busy() => "adding",
        _ if adding.failure.is_some() => "add-failed",
        _ if planning.failure.is_some() => "plan-failed",
        (None, Some(_)) if !planning.is_busy() && *planned == wanted => "planned",
        _ => "planning",
    };
    let title = match step {
        "added" => tr("The cluster has a registry now"),
        "unproved" => tr("The registry does not answer yet"),
        _ => tr("Add a registry to the cluster?"),
    };
    let cancel = html! { <Button look={Look::Link} label={tr("Cancel")} onclick={close.clone()} testid="close-dialog" /> };
    let lacks = plan.as_ref().is_some_and(|plan| !plan.missing.is_empty());
    let footer = match step {
        "added" | "unproved" => html! {
            <Button look={Look::Primary} label={tr("Close")} onclick={close} testid="close-dialog" />
        },
        "adding" => html! {
            <Button label={tr("Stop")} onclick={stop} testid="installation-stop" />
        },
        _ => html! {
            <>
                <Button look={Look::Primary} label={tr("Add the registry")} onclick={add} testid="installation-add"
                    disabled={lacks || !matches!(step, "planned" | "add-failed")}
                    title={lacks.then(|| tr("You lack a right that this needs."))} />
                if lacks || step == "plan-failed" {
                    <Button label={tr("Look again")} onclick={again} testid="look-again" />
                }
                { cancel }
            </>
        },
    };
    let failed = adding.failure.as_ref().or(planning.failure.as_ref());
    let body = match (&*receipt, &adding.progress) {
        (Some(receipt), _) => self::receipt(receipt),
        (None, Some(done)) => html! {
            <>
                { progress(done, "installation-progress") }
                <p class="images-secondary">{ tr("“Stop” leaves what was created until then; it can be removed here afterwards.") }</p>
            </>
        },
        (None, None) => html! {
            <>
                if let Some(failure) = failed {
                    { failure::told(failure, Some("installation-failure")) }
                }
                if *stopped {
                    <Alert severity={Severity::Warning} title={tr("Stopped")} testid="installation-stopped">
                        <p>{ tr("What had been created until then is still there.") }</p>
                    </Alert>
                }
                { storage(&form, plan.as_deref(), wanted.is_none()) }
                if let Some(plan) = &*plan {
                    { self::plan(plan, remove) }
                } else if failed.is_none() {
                    <div class="images-asking" role="status">
                        { spinner() }
                        <span>{ tr("Looking at what would be created") }</span>
                    </div>
                }
            </>
        },
    };
    let onclose = {
        let (onclose, is_working) = (props.on_close.clone(), step == "adding");
        // Escape by accident must not end the work: there is a button to stop it.
        Callback::from(move |()| {
            if !is_working {
                onclose.emit(());
            }
        })
    };
    html! {
        <Dialog {title} {step} {footer} {onclose} afterwards="#heading" testid="dialog-installation">
            <div class="images-plan">{ body }</div>
        </Dialog>
    }
}

fn plan(plan: &Plan, remove: Callback<MouseEvent>) -> Html {
    html! {
        <>
            if !plan.warnings.is_empty() {
                <Alert severity={Severity::Warning} title={tr("Before you agree")} testid="installation-warnings">
                    { for plan.warnings.iter().map(|warning| html! { <p>{ warning }</p> }) }
                </Alert>
            }
            { missing(&plan.missing) }
            <div>
                <p class="images-fix">{ tr("This is applied to the cluster, in this order:") }</p>
                { objects("installation", &plan.objects) }
            </div>
            if plan.added {
                <div>
                    <p class="images-fix">{ tr("A registry that was added from here is there already.") }</p>
                    <Button label={tr("Remove the registry that was added")} onclick={remove}
                        testid="installation-remove" />
                </div>
            }
        </>
    }
}

/// What became of the objects; whether all is done the title says.
fn receipt(receipt: &Receipt) -> Html {
    let (severity, title) = match receipt.done {
        true => (Severity::Info, tr("Good to know")),
        false => (Severity::Warning, tr("It is not sure that it is done")),
    };
    html! {
        <>
            if !receipt.done || !receipt.notes.is_empty() {
                <Alert {severity} {title} testid="installation-notes">
                    { for receipt.notes.iter().map(|note| html! { <p>{ note }</p> }) }
                </Alert>
            }
            <div data-testid="installation-receipt">{ objects("receipt", &receipt.objects) }</div>
        </>
    }
}
