// SPDX-License-Identifier: LGPL-2.1-or-later

//! A dialog that asks for one thing and then does it.

use std::rc::Rc;

use images_proto::{Failure, Offer};
use yew::prelude::*;

use super::button::{Button, Look, is_repeated};
use super::dialog::Dialog;
use super::failure;
use crate::state::offers;
use crate::text::tr;

/// A question.
pub struct Question {
    /// Its title.
    pub title: String,
    /// The words on the button that does it; `None` when there is nothing to do.
    pub label: Option<String>,
    /// Whether it can be done as things stand.
    pub enabled: bool,
    /// Whether it is being done.
    pub busy: bool,
    /// Why it failed.
    pub failure: Option<Rc<Failure>>,
    /// The steps that this dialog is.
    pub steps: &'static [Offer],
    /// The dialog's name in tests; the button is called the same with `-confirm` behind it.
    pub testid: &'static str,
}

/// Draws the dialog: what failed stands above the rest, which keeps what was typed.
pub fn question(
    question: Question,
    body: Html,
    confirm: &Callback<()>,
    onclose: &Callback<()>,
) -> Html {
    with_look(Look::Primary, close(&question), question, body, confirm, onclose)
}

/// The same for what cannot be undone.
pub fn dangerous(
    question: Question,
    body: Html,
    confirm: &Callback<()>,
    onclose: &Callback<()>,
) -> Html {
    with_look(Look::Danger, close(&question), question, body, confirm, onclose)
}

/// The same for what changes nothing, so that there is nothing to cancel.
pub fn harmless(
    question: Question,
    body: Html,
    confirm: &Callback<()>,
    onclose: &Callback<()>,
) -> Html {
    with_look(Look::Primary, tr("Close"), question, body, confirm, onclose)
}

/// What the button is called that leaves all as it is.
fn close(question: &Question) -> String {
    if question.label.is_some() { tr("Cancel") } else { tr("Close") }
}

fn with_look(
    look: Look,
    close: String,
    question: Question,
    body: Html,
    confirm: &Callback<()>,
    onclose: &Callback<()>,
) -> Html {
    let Question { title, label, enabled, busy, failure, steps, testid } = question;
    let confirm = {
        let confirm = confirm.clone();
        Callback::from(move |event: MouseEvent| {
            if !is_repeated(&event) {
                confirm.emit(());
            }
        })
    };
    let footer = html! {
        <>
            if let Some(label) = label {
                <Button {look} {label} {busy} disabled={busy || !enabled}
                    onclick={confirm} testid={format!("{testid}-confirm")} />
            }
            <Button look={Look::Link} label={close} testid="close-dialog"
                onclick={onclose.reform(|_: MouseEvent| ())} />
        </>
    };
    // What is being done is not broken off by accident: there is a button for that.
    let onclose = if busy { Callback::noop() } else { onclose.clone() };
    html! {
        <Dialog {title} {testid} step={if busy { "busy" } else { "asking" }} {footer}
            {onclose} afterwards="#heading">
            <div class="images-more">
                if let Some(failure) = failure {
                    { failure::told(&offers::without(&failure, steps), Some("dialog-failure")) }
                }
                { body }
            </div>
        </Dialog>
    }
}
