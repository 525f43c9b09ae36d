// SPDX-License-Identifier: LGPL-2.1-or-later

//! Quick delete: the mode, the marks, and the cells that it adds to rows.

use std::rc::Rc;

use images_proto::delete::Target;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::button::{Button, Look};
use super::icon::Icon;
use crate::session::{Deletion, Session};
use crate::state::selection::{Extent, Selection};
use crate::state::target::{self, Undeletable};
use crate::text::{plural, tr, tr_with};

/// The mode of a page.
#[derive(Clone, PartialEq)]
pub struct QuickDelete {
    /// Whether rows show how to delete them.
    pub on: bool,
    /// What is marked.
    pub selection: Rc<Selection>,
    /// Marks these or takes the marks away.
    pub mark: Callback<(Vec<Target>, bool)>,
    /// Opens the dialog that deletes these.
    pub delete: Callback<Vec<Target>>,
    /// Switches the mode.
    pub toggle: Callback<()>,
}

/// The quick delete mode of a page. `changed` is told when things may have been deleted.
#[hook]
pub fn use_quick_delete(changed: Callback<()>) -> QuickDelete {
    let session = use_context::<Session>().unwrap_or_default();
    let on = use_state_eq(|| false);
    let selection = use_state_eq(|| Rc::new(Selection::default()));

    let mark = {
        let selection = selection.clone();
        Callback::from(move |(targets, marked): (Vec<Target>, bool)| {
            selection.set(Rc::new((**selection).clone().with_all(&targets, marked)));
        })
    };
    let toggle = {
        let (on, selection) = (on.clone(), selection.clone());
        Callback::from(move |()| {
            selection.set(Rc::default());
            on.set(!*on);
        })
    };
    let delete = {
        let selection = selection.clone();
        let gone = Callback::from(move |gone: Vec<Target>| {
            selection.set(Rc::new((**selection).clone().with_all(&gone, false)));
        });
        session.delete.reform(move |targets: Vec<Target>| Deletion {
            targets: Rc::new(targets),
            changed: changed.clone(),
            gone: gone.clone(),
        })
    };
    QuickDelete { on: *on, selection: (*selection).clone(), mark, delete, toggle }
}

/// The toggle and the button for what is marked, for a toolbar.
pub fn tools(quick: &QuickDelete) -> Html {
    let toggle = quick.toggle.reform(|_: MouseEvent| ());
    let marked = quick.selection.len();
    let onclick = {
        let (delete, selection) = (quick.delete.clone(), quick.selection.clone());
        Callback::from(move |_: MouseEvent| delete.emit(selection.targets()))
    };
    html! {
        <>
            if quick.on {
                <div class="pf-v6-c-toolbar__item">
                    <Button id="delete-selected" look={Look::Danger} disabled={marked == 0}
                        label={delete_label(marked)}
                        title={(marked == 0).then(|| AttrValue::from(tr("Nothing is marked")))} {onclick} />
                </div>
            }
            <div class="pf-v6-c-toolbar__item">
                <div class="pf-v6-c-toggle-group">
                    <div class="pf-v6-c-toggle-group__item">
                        <button type="button" id="quick-delete" aria-pressed={quick.on.to_string()}
                            title={tr("Show a delete button and a checkbox in each row")}
                            class={classes!("pf-v6-c-toggle-group__button", quick.on.then_some("pf-m-selected"))}
                            onclick={toggle}>
                            <span class="pf-v6-c-toggle-group__icon">{ Icon::Trash.draw() }</span>
                            <span class="pf-v6-c-toggle-group__text">{ tr("Quick delete") }</span>
                        </button>
                    </div>
                </div>
            </div>
        </>
    }
}

fn delete_label(marked: usize) -> String {
    match marked {
        0 => tr("Delete"),
        _ => plural("Delete $0", "Delete $0", marked as u64),
    }
}

/// The head cell that marks all rows.
pub fn th_all(quick: &QuickDelete, targets: Vec<Target>) -> Html {
    if !quick.on {
        return html! {};
    }
    let extent = quick.selection.extent(&targets);
    let disabled = targets.is_empty();
    let onchange = quick.mark.reform(move |event: Event| (targets.clone(), is_checked(&event)));
    html! {
        <th class="pf-v6-c-table__th pf-v6-c-table__check" scope="col">
            <label class="pf-v6-c-check pf-m-standalone">
                <input class="pf-v6-c-check__input" type="checkbox" id="select-all" {disabled}
                    checked={extent == Extent::All} aria-label={tr("Mark all rows of this page")}
                    title={tr("Mark all rows of this page")} {onchange} />
            </label>
        </th>
    }
}

/// The cell with the checkbox of a row.
pub fn td_check(quick: &QuickDelete, target: Result<&Target, Undeletable>) -> Html {
    if !quick.on {
        return html! {};
    }
    let input = target.ok().map(|target| {
        let name = target::name(target);
        let marks = vec![target.clone()];
        let onchange = quick.mark.reform(move |event: Event| (marks.clone(), is_checked(&event)));
        html! {
            <label class="pf-v6-c-check pf-m-standalone">
                <input class="pf-v6-c-check__input" type="checkbox" data-select={name.clone()}
                    checked={quick.selection.contains(target)}
                    aria-label={tr_with("Mark $0", &[&name])} {onchange} />
            </label>
        }
    });
    html! {
        <td class="pf-v6-c-table__td pf-v6-c-table__check" role="gridcell" onclick={not_the_row()}>{ input }</td>
    }
}

/// The cell with the bin of a row.
pub fn td_trash(quick: &QuickDelete, target: Result<&Target, Undeletable>) -> Html {
    if !quick.on {
        return html! {};
    }
    html! {
        <td class="pf-v6-c-table__td pf-v6-c-table__action" role="gridcell" onclick={not_the_row()}>
            { trash(quick, target) }
        </td>
    }
}

/// The bin itself.
pub fn trash(quick: &QuickDelete, target: Result<&Target, Undeletable>) -> Html {
    match target {
        Ok(target) => {
            let name = target::name(target);
            let targets = vec![target.clone()];
            let onclick = quick.delete.reform(move |_: MouseEvent| targets.clone());
            html! {
                <Button look={Look::Plain} icon={Icon::Trash} label={tr_with("Delete $0", &[&name])}
                    deletes={name} {onclick} />
            }
        }
        Err(why) => html! {
            <Button look={Look::Plain} icon={Icon::Trash} label={tr("Delete")} disabled=true
                title={reason(why)} onclick={Callback::noop()} />
        },
    }
}

fn reason(why: Undeletable) -> String {
    match why {
        Undeletable::WaitsForPrune => {
            tr("No tag leads to this image: it goes when the registry is pruned.")
        }
        Undeletable::NoHistory => tr("This registry keeps no older revisions of tags."),
        Undeletable::Unknown => tr("It is not known yet what kind of registry this is."),
    }
}

fn is_checked(event: &Event) -> bool {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    input.is_some_and(|input| input.checked())
}

/// A click into these cells does not open the row.
fn not_the_row() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| event.stop_propagation())
}
