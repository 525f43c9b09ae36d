// SPDX-License-Identifier: LGPL-2.1-or-later

//! Quick delete by keyboard. The cursor is the focus, on the checkbox of a row.

use yew::prelude::*;

use super::QuickDelete;
use crate::browser::{self, KeyListener};
use crate::components::button::{Button, Look};
use crate::components::description::{Fact, facts};
use crate::components::dialog::Dialog;
use crate::part::part;
use crate::state::keys::{Act, Held, act};
use crate::text::tr;

/// The checkbox of a row.
const CHECK: &str = "input[data-select]";

/// Listens while the mode is on.
#[hook]
pub(super) fn use_keyboard(quick: &QuickDelete) {
    let quick = quick.clone();
    // The toggle is another one whenever the mode is.
    use_effect_with((quick.on, quick.toggle.clone()), move |(on, _)| {
        let listener = on.then(|| {
            KeyListener::new(move |event| {
                let held = Held {
                    shift: event.shift_key(),
                    control: event.ctrl_key() || event.meta_key(),
                    alt: event.alt_key(),
                };
                act(&event.key(), held).is_some_and(|act| do_it(&quick, act))
            })
        });
        move || drop(listener)
    });
}

/// Says whether there was something to do.
fn do_it(quick: &QuickDelete, act: Act) -> bool {
    match act {
        Act::Move(step) => browser::focus_row(step),
        Act::Extend(step) => {
            // The row where it begins belongs to the range.
            browser::click_in_row(&format!("{CHECK}:not(:checked)"));
            if browser::focus_row(step) {
                quick.marks.extending.set(true);
                browser::click_in_row(CHECK);
                quick.marks.extending.set(false);
            }
            true
        }
        Act::Toggle => browser::click_in_row(CHECK),
        Act::All => browser::click("#select-all:not(:checked)") || quick.marked() > 0,
        Act::Delete if quick.marked() > 0 => browser::click("#delete-selected"),
        Act::Delete => browser::click_in_row("[data-delete]"),
        Act::Leave => {
            quick.toggle.emit(());
            browser::focus("#quick-delete");
            true
        }
    }
}

/// The button that explains the keys.
#[derive(PartialEq)]
pub(super) struct Keys;

part!(Keys, use_keys, "keys");

#[hook]
fn use_keys(_part: &Keys) -> Html {
    let open = use_state_eq(|| false);
    let onclick = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(true))
    };
    let onclose = {
        let open = open.clone();
        Callback::from(move |()| open.set(false))
    };
    let key = |term: &str, what: String| Fact {
        term: term.to_owned(),
        value: html! { { what } },
        testid: "key",
    };
    html! {
        <>
            <Button look={Look::Link} label={tr("Keys")} testid="keys" {onclick} />
            if *open {
                <Dialog title={tr("Keys of quick delete")} step="open" testid="keys-help"
                    afterwards="#quick-delete" onclose={onclose.clone()} footer={html! {
                    <Button look={Look::Primary} label={tr("Close")} testid="close-dialog"
                        onclick={onclose.reform(|_: MouseEvent| ())} />
                }}>
                    { facts(vec![
                        key("j  k  ↓  ↑", tr("Next row, row before")),
                        key("x", tr("Mark the row or take its mark away; so does the space bar")),
                        key("Shift ↓  Shift ↑", tr("Mark a range; so does a click with Shift")),
                        key("Ctrl A", tr("Mark all rows")),
                        key("Delete", tr("Delete what is marked, or the row")),
                        key("Esc", tr("Leave quick delete")),
                    ]) }
                </Dialog>
            }
        </>
    }
}
