// SPDX-License-Identifier: LGPL-2.1-or-later

//! The service account by which this page speaks to OpenShift's registry: what would be created,
//! and creating it after a yes.

use std::rc::Rc;

use images_proto::Offer;
use images_proto::account::{Account, Params, UseAccount};
use yew::prelude::*;

use super::objects::{missing, objects};
use crate::bridge::use_action;
use crate::browser;
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::dialog::Dialog;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::progress::progress;
use crate::part::part;
use crate::state::offers;
use crate::text::{tr, tr_with};

/// The dialog; it looks as soon as it is there, and creates nothing before it was agreed to.
#[derive(PartialEq)]
pub struct AccountDialog {
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(AccountDialog, use_account_dialog, "account-dialog");

#[hook]
fn use_account_dialog(props: &AccountDialog) -> Html {
    let account = use_state(|| None::<Rc<Account>>);
    let action = use_action::<UseAccount>({
        let account = account.clone();
        Callback::from(move |answer| account.set(Some(Rc::new(answer))))
    });
    use_effect_with((), {
        let look = action.start.clone();
        move |()| look.emit(Params { agreed: false })
    });

    let close = props.on_close.reform(|_: MouseEvent| ());
    let look = {
        let (account, look) = (account.clone(), action.start.clone());
        Callback::from(move |_: MouseEvent| {
            account.set(None);
            look.emit(Params { agreed: false });
        })
    };
    let agree = action.start.reform(|_: MouseEvent| Params { agreed: true });
    let step = match (&*account, &action.failure) {
        (None, Some(_)) => "look-failed",
        (None, None) => "looking",
        (Some(_), Some(_)) => "failed",
        (Some(_), None) if action.is_busy() => "working",
        (Some(account), None) if account.in_use => "done",
        (Some(_), None) => "known",
    };
    // The button that had the focus is gone; Enter closes the dialog now.
    use_effect_with(step == "done", |over| {
        if *over {
            browser::focus("dialog [data-testid=close-dialog]");
        }
    });
    let busy = step == "working";
    let lacks = account.as_ref().is_some_and(|account| !account.missing.is_empty());
    let label = match account.as_ref().is_some_and(|account| account.creates.is_empty()) {
        true => tr("Use it"),
        false => tr("Create the service account and use it"),
    };
    let footer = match step {
        "done" => html! {
            <Button look={Look::Primary} label={tr("Close")} onclick={close} testid="close-dialog" />
        },
        _ => html! {
            <>
                <Button look={Look::Primary} {label} onclick={agree} testid="account-create" {busy}
                    disabled={account.is_none() || lacks || busy}
                    title={lacks.then(|| tr("You lack a right that this needs."))} />
                if lacks || action.failure.is_some() {
                    <Button label={tr("Look again")} onclick={look} testid="look-again" />
                }
                <Button look={Look::Link} label={tr("Cancel")} onclick={close} testid="close-dialog" />
            </>
        },
    };
    let title = match step {
        "done" => tr("The service account is in use"),
        _ => tr("Use a service account for the registry?"),
    };
    // What is being done is not broken off by accident: there is a button for that.
    let onclose = if busy { Callback::noop() } else { props.on_close.clone() };
    html! {
        <Dialog {title} {step} {footer} {onclose} afterwards="#heading" testid="dialog-account">
            <div class="images-plan">
                if let Some(failure) = &action.failure {
                    { failure::told(&offers::without(failure, &[Offer::Account]), Some("account-failure")) }
                }
                if let Some(account) = &*account {
                    { body(account) }
                } else if action.failure.is_none() {
                    <div class="images-asking" role="status">
                        { spinner() }
                        <span>{ tr("Looking at what is there") }</span>
                    </div>
                }
                if let Some(done) = action.progress.as_ref().filter(|_| busy) {
                    { progress(done, "account-progress") }
                }
            </div>
        </Dialog>
    }
}

fn body(account: &Account) -> Html {
    let name = format!("{}/{}", account.namespace, account.name);
    if account.in_use {
        return html! {
            <Alert severity={Severity::Success} testid="account-in-use"
                title={tr_with("The registry is spoken to as $0", &[&name])}>
                <p>{ tr("Its token is renewed by itself and stays in memory.") }</p>
            </Alert>
        };
    }
    html! {
        <>
            <p>
                { tr("You are logged in with a client certificate, which the registry does not accept: it wants a token.") }
                { " " }
                { tr_with("Instead, this page can speak to it as the service account $0, which may look at all images and delete them (cluster role $1). Its token lives for a short time and is kept in memory only.",
                    &[&name, &account.role]) }
            </p>
            if account.creates.is_empty() {
                <p>{ tr("The account is there and has all that it needs; nothing is created.") }</p>
            } else {
                <div>
                    <p class="images-fix">{ tr("This is created in the cluster, and stays there:") }</p>
                    { objects("account", &account.creates) }
                </div>
            }
            { missing(&account.missing) }
        </>
    }
}
