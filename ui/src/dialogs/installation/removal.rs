// SPDX-License-Identifier: LGPL-2.1-or-later

//! Removing a registry that was added: what goes, and a yes to losing all images in it.

use std::rc::Rc;

use images_proto::installation::{Receipt, RemoveParams, RemoveRegistry};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::browser;
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::dialog::Dialog;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::progress::progress;
use crate::dialogs::objects::objects;
use crate::part::part;
use crate::state::installation::name;
use crate::text::{tr, tr_with};

/// The dialog. It asks at once what would go.
#[derive(PartialEq)]
pub(super) struct Removal {
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(Removal, use_removal, "removal");

#[hook]
fn use_removal(props: &Removal) -> Html {
    let goes = use_state(|| None::<Rc<Receipt>>);
    let gone = use_state(|| None::<Rc<Receipt>>);
    let agreed = use_state_eq(|| false);
    // Whether the answer that comes is that of the removal itself.
    let doing = use_mut_ref(|| false);
    let action = use_action::<RemoveRegistry>({
        let (goes, gone, doing) = (goes.clone(), gone.clone(), doing.clone());
        Callback::from(move |receipt| {
            let place = if *doing.borrow() { &gone } else { &goes };
            place.set(Some(Rc::new(receipt)));
        })
    });
    let ask = {
        let start = action.start.clone();
        Callback::from(move |agreed: bool| {
            doing.replace(agreed);
            start.emit(RemoveParams { agreed });
        })
    };
    use_effect_with((), {
        let ask = ask.clone();
        move |()| ask.emit(false)
    });

    let close = props.on_close.reform(|_: MouseEvent| ());
    let again = {
        let (goes, ask) = (goes.clone(), ask.clone());
        Callback::from(move |_: MouseEvent| {
            goes.set(None);
            ask.emit(false);
        })
    };
    let remove = ask.reform(|_: MouseEvent| true);
    let toggle = {
        let agreed = agreed.clone();
        Callback::from(move |_: Event| agreed.set(!*agreed))
    };
    let stop = {
        let (stop, again) = (action.stop.clone(), again.clone());
        Callback::from(move |event: MouseEvent| {
            stop.emit(());
            again.emit(event);
        })
    };

    let step = match (&*gone, &*goes, &action.failure) {
        (Some(receipt), ..) if receipt.done => "removed",
        (Some(_), ..) => "unproved",
        (None, _, Some(_)) => "remove-failed",
        (None, Some(_), None) if action.is_busy() => "removing",
        (None, Some(_), None) => "remove-planned",
        (None, None, None) => "remove-planning",
    };
    let called = goes.as_ref().and_then(|goes| name(&goes.objects)).unwrap_or_default();
    // The button that had the focus is gone; Enter closes the dialog now.
    use_effect_with(gone.is_some(), |over| {
        if *over {
            browser::focus("dialog [data-testid=close-dialog]");
        }
    });
    let title = match step {
        "removed" => tr("The registry is gone"),
        _ if called.is_empty() => tr("Remove the registry that was added?"),
        _ => tr_with("Remove the registry $0?", &[&called]),
    };
    let footer = match step {
        "removed" | "unproved" => html! {
            <Button look={Look::Primary} label={tr("Close")} onclick={close} testid="close-dialog" />
        },
        "removing" => html! {
            <Button label={tr("Stop")} onclick={stop} testid="installation-stop" />
        },
        _ => html! {
            <>
                if step == "remove-failed" {
                    <Button look={Look::Primary} label={tr("Look again")} onclick={again} testid="look-again" />
                } else {
                    <Button look={Look::Danger} label={tr_with("Remove $0 and all its images", &[&called])} onclick={remove}
                        disabled={!*agreed || step != "remove-planned"} testid="installation-remove-confirm" />
                }
                <Button look={Look::Link} label={tr("Cancel")} onclick={close} testid="close-dialog" />
            </>
        },
    };
    let body = match (&*gone, &*goes) {
        (Some(receipt), _) => super::receipt(receipt),
        (None, Some(goes)) => html! {
            <>
                if step == "removing" {
                    if let Some(done) = &action.progress {
                        { progress(done, "installation-progress") }
                    }
                } else {
                    // What is lost the bridge says: it knows where the images are kept.
                    <Alert severity={Severity::Danger} title={tr("This cannot be undone")}>
                        { for goes.notes.iter().map(|note| html! { <p>{ note }</p> }) }
                        <p>{ tr("Pods that run an image of it cannot start again.") }</p>
                    </Alert>
                }
                <div>
                    <p class="images-fix">{ tr("This goes:") }</p>
                    { objects("removal", &goes.objects) }
                </div>
                if step == "remove-planned" {
                    <label class="pf-v6-c-check">
                        <input class="pf-v6-c-check__input" type="checkbox" checked={*agreed}
                            onchange={toggle} data-testid="installation-agree" />
                        <span class="pf-v6-c-check__label">{ tr("I do not need the images in it any more.") }</span>
                    </label>
                }
            </>
        },
        (None, None) if action.failure.is_none() => html! {
            <div class="images-asking" role="status">
                { spinner() }
                <span>{ tr("Looking at what would go") }</span>
            </div>
        },
        (None, None) => html! {},
    };
    let onclose = {
        let (onclose, is_working) = (props.on_close.clone(), step == "removing");
        Callback::from(move |()| {
            if !is_working {
                onclose.emit(());
            }
        })
    };
    html! {
        <Dialog {title} {step} {footer} {onclose} severity={(step != "removed").then_some(Severity::Danger)} afterwards="#heading"
            testid="dialog-installation">
            <div class="images-plan">
                if let Some(failure) = &action.failure {
                    { failure::told(failure, Some("installation-failure")) }
                }
                { body }
            </div>
        </Dialog>
    }
}
