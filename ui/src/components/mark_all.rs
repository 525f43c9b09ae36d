// SPDX-License-Identifier: LGPL-2.1-or-later

//! Marks every tag that a filter finds, not only those of the page that is shown.

use std::cell::RefCell;
use std::rc::Rc;

use images_proto::delete::{self, Target};
use images_proto::repository::{Params, Repository, TagRow};
use images_proto::search;
use yew::prelude::*;

use super::button::{Button, Look};
use super::quick_delete::QuickDelete;
use crate::bridge::{Question, Report, ask};
use crate::part::part;
use crate::state::target;
use crate::text::{plural, tr_with};

/// A button that reads one window after the other and marks what is in it.
#[derive(PartialEq)]
pub struct MarkAll {
    /// The tags that are shown.
    pub shown: Params,
    /// How many there are in all.
    pub total: u32,
    /// Where they are marked.
    pub quick: QuickDelete,
}

part!(MarkAll, use_mark_all, "mark-all");

#[hook]
fn use_mark_all(props: &MarkAll) -> Html {
    let busy = use_state_eq(|| false);
    let reading = use_mut_ref(|| None::<Question>);
    let total = u64::from(props.total);
    let onclick = {
        let (busy, quick) = (busy.clone(), props.quick.clone());
        let first = Params { offset: 0, limit: search::Params::MAX_LIMIT, ..props.shown.clone() };
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let busy = busy.clone();
            read(first.clone(), quick.clone(), &reading, Callback::from(move |()| busy.set(false)));
        })
    };
    html! {
        <Button look={Look::Link} busy={*busy} disabled={*busy} testid="mark-all" {onclick} label={match *busy {
            true => tr_with("Marked $0", &[&crate::browser::number(props.quick.marked() as u64)]),
            false => plural("Mark $0 tag", "Mark all $0 tags", total),
        }} />
    }
}

/// Reads a window and marks it, then the next; `done` hears the end.
fn read(
    params: Params,
    quick: QuickDelete,
    reading: &Rc<RefCell<Option<Question>>>,
    done: Callback<()>,
) {
    let asked = ask::<Repository>(params.clone(), {
        // What it is part of must not be kept by it: the reading ends with the page.
        let reading = Rc::downgrade(reading);
        move |report| match report {
            Report::Progress(_) => {}
            Report::End(Ok(view)) => {
                let target = |row: &TagRow| Rc::new(target::of_tag(&view.name, &row.tag));
                let left = delete::Params::MAX_TARGETS.saturating_sub(quick.marked());
                let targets: Vec<Rc<Target>> = view.tags.iter().map(target).take(left).collect();
                quick.mark_all(&targets, true);
                let next = view.offset.saturating_add(u32::try_from(view.tags.len()).unwrap_or(0));
                let is_full = quick.marked() >= delete::Params::MAX_TARGETS;
                match reading.upgrade() {
                    Some(reading) if !view.tags.is_empty() && next < view.total && !is_full => {
                        let params = Params { offset: next, ..params.clone() };
                        read(params, quick.clone(), &reading, done.clone());
                    }
                    _ => done.emit(()),
                }
            }
            // What was read is marked, and the number on the button says how many that are.
            Report::End(Err(_)) => done.emit(()),
        }
    });
    *reading.borrow_mut() = Some(asked);
}
