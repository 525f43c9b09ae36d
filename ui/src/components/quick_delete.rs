// SPDX-License-Identifier: LGPL-2.1-or-later

//! Quick delete: the mode, the marks, and the cells that it adds to rows.

mod keyboard;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use images_proto::delete::{List, Params, Target};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use self::keyboard::use_keyboard;
use super::button::{Button, Look};
use super::icon::Icon;
use super::tick::is_checked;
use crate::browser;
use crate::part::Part;
use crate::session::{Deletion, Session};
use crate::state::selection::{Extent, Mark, Rows, Selection};
use crate::state::target::{self, Undeletable};
use crate::text::{plural, tr, tr_with};

/// The mode of a page.
#[derive(Clone)]
pub struct QuickDelete {
    /// Whether rows show how to delete them.
    pub on: bool,
    /// Opens the dialog that deletes these.
    pub delete: Callback<Vec<Target>>,
    /// Switches the mode.
    pub toggle: Callback<()>,
    marks: Rc<Marks>,
    /// How often the marks had changed when this was drawn.
    changes: u32,
}

impl PartialEq for QuickDelete {
    fn eq(&self, other: &Self) -> bool {
        // The rest is the same as long as the page is.
        self.on == other.on
            && self.changes == other.changes
            && self.toggle == other.toggle
            && Rc::ptr_eq(&self.marks, &other.marks)
    }
}

/// What is marked. It is changed in place, and only how often says that it was.
struct Marks {
    selection: RefCell<Selection>,
    changes: Cell<u32>,
    /// A key is extending the range, which a click does when shift is held.
    extending: Cell<bool>,
    draw: Callback<()>,
}

impl Marks {
    fn change(&self, change: impl FnOnce(&mut Selection)) {
        change(&mut self.selection.borrow_mut());
        self.changes.set(self.changes.get().wrapping_add(1));
        self.draw.emit(());
    }
}

impl QuickDelete {
    /// How many are marked.
    pub fn marked(&self) -> usize {
        self.marks.selection.borrow().len()
    }

    fn extent(&self, rows: &Rows) -> Extent {
        self.marks.selection.borrow().extent(rows)
    }
}

/// The quick delete mode of a page that shows a list of so many rows. `changed` is told when things
/// may have been deleted.
#[hook]
pub fn use_quick_delete(list: List, total: u32, changed: Callback<()>) -> QuickDelete {
    let session = use_context::<Session>().unwrap_or_default();
    let on = use_state_eq(|| false);
    let update = use_force_update();
    let marks = use_memo((), |()| Marks {
        selection: RefCell::default(),
        changes: Cell::new(0),
        extending: Cell::new(false),
        draw: Callback::from(move |()| update.force_update()),
    });
    let toggle = {
        let (on, marks) = (on.clone(), marks.clone());
        use_callback(*on, move |(), was| {
            marks.change(|selection| *selection = Selection::default());
            on.set(!was);
        })
    };
    let delete = {
        let marks = marks.clone();
        let gone = Callback::from(move |gone: Vec<Target>| {
            marks.change(|selection| selection.forget(gone));
        });
        session.delete.reform(move |targets: Vec<Target>| Deletion {
            targets: Rc::new(targets),
            changed: changed.clone(),
            gone: gone.clone(),
        })
    };
    use_effect_with((list, total), {
        let marks = marks.clone();
        move |(list, total): &(List, u32)| {
            if marks.selection.borrow().has_rules() {
                marks.change(|selection| selection.show(list, *total));
            }
        }
    });
    let quick = QuickDelete { on: *on, delete, toggle, changes: marks.changes.get(), marks };
    use_keyboard(&quick);
    quick
}

/// The toggle and the button for what is marked, for a toolbar.
pub fn tools(quick: &QuickDelete) -> Html {
    let toggle = quick.toggle.reform(|_: MouseEvent| ());
    let (marked, too_many) = {
        let selection = quick.marks.selection.borrow();
        (selection.len(), selection.is_too_large())
    };
    let onclick = {
        let (delete, marks) = (quick.delete.clone(), quick.marks.clone());
        Callback::from(move |_: MouseEvent| delete.emit(marks.selection.borrow().targets()))
    };
    let why_not = match marked {
        0 => Some(tr("Nothing is marked")),
        _ if too_many => {
            Some(tr_with("At most $0 at a time", &[&browser::number(Params::MAX_TARGETS as u64)]))
        }
        _ => None,
    };
    html! {
        <>
            if quick.on {
                <div class="pf-v6-c-toolbar__item">
                    <Button id="delete-selected" look={Look::Danger} disabled={why_not.is_some()}
                        label={delete_label(marked)} title={why_not.map(AttrValue::from)} {onclick} />
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
            if quick.on {
                <div class="pf-v6-c-toolbar__item">{ keyboard::Keys.part() }</div>
            }
        </>
    }
}

fn delete_label(marked: usize) -> String {
    match marked {
        0 => tr("Delete"),
        _ => plural("Delete $0", "Delete $0", marked as u64),
    }
}

/// How many rows are marked, where some of them are not among those that are there.
pub fn marked(quick: &QuickDelete, targets: &RowTargets) -> Html {
    let selection = quick.marks.selection.borrow();
    let unseen = selection.unseen(&targets.rows);
    if !quick.on || unseen == 0 {
        return html! {};
    }
    let (all, unseen) = (browser::number(selection.len() as u64), browser::number(unseen as u64));
    html! {
        <div class="images-summary" role="status" data-testid="marked">
            { tr_with("$0 are marked, $1 of them elsewhere in the list or not in it", &[&all, &unseen]) }
        </div>
    }
}

/// What the rows of a table delete.
pub struct RowTargets {
    /// Those that can be deleted.
    rows: Rc<Rows>,
    /// For each row its place among them, or why it has none.
    places: Vec<Result<usize, Undeletable>>,
}

impl RowTargets {
    /// The target of this row and its place.
    fn get(&self, row: usize) -> Result<(usize, &Rc<Target>), Undeletable> {
        let place = self.places.get(row).copied().unwrap_or(Err(Undeletable::Unknown))?;
        self.rows.targets.get(place).map(|target| (place, target)).ok_or(Undeletable::Unknown)
    }
}

impl RowTargets {
    /// Those of a list of so many rows, of which these are there.
    pub fn of(
        list: List,
        total: u32,
        rows: impl IntoIterator<Item = Result<Target, Undeletable>>,
    ) -> Self {
        let mut targets = Vec::new();
        let place = |row: Result<Target, Undeletable>| {
            row.map(|target| {
                targets.push(Rc::new(target));
                targets.len() - 1
            })
        };
        let places: Vec<_> = rows.into_iter().map(place).collect();
        let is_part = places.len() < total as usize;
        Self { rows: Rc::new(Rows { targets, list, total, is_part }), places }
    }
}

/// The head cell that marks all rows. In a table within a row it is not what the keys mean.
pub fn th_all(quick: &QuickDelete, targets: &RowTargets, within: bool) -> Html {
    if !quick.on {
        return html! {};
    }
    let rows = &targets.rows;
    let extent = quick.extent(rows);
    let onchange = {
        let (marks, rows) = (quick.marks.clone(), rows.clone());
        Callback::from(move |event: Event| {
            marks.change(|selection| selection.mark_all(&rows, is_checked(&event)));
        })
    };
    html! {
        <th class="pf-v6-c-table__th pf-v6-c-table__check" scope="col">
            <label class="pf-v6-c-check pf-m-standalone">
                <input class="pf-v6-c-check__input" type="checkbox" id={(!within).then_some("select-all")}
                    disabled={rows.targets.is_empty()} checked={extent == Extent::All}
                    aria-checked={(extent == Extent::Some).then_some("mixed")}
                    aria-label={tr("Mark all rows")}
                    title={plural("Mark the row", "Mark all $0 rows", rows.total.into())} {onchange} />
            </label>
        </th>
    }
}

/// The cell with the checkbox of a row. Of all rows, one can be reached by Tab, and from there the
/// others by the arrow keys.
pub fn td_check(quick: &QuickDelete, targets: &RowTargets, row: usize) -> Html {
    if !quick.on {
        return html! {};
    }
    let input = targets.get(row).ok().map(|(at, target)| {
        let name = target::name(target);
        let checked = quick.marks.selection.borrow().contains(&targets.rows.list, target);
        let (marks, rows) = (quick.marks.clone(), targets.rows.clone());
        let onclick = Callback::from(move |event: MouseEvent| {
            let extending = marks.extending.get();
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            // A key that extends a range marks, whatever was marked of it before.
            let marked = extending || input.is_some_and(|input| input.checked());
            let range = extending || event.shift_key();
            marks.change(|selection| {
                selection.mark(&Mark { rows: rows.clone(), at, marked, range });
            });
        });
        let onfocus = Callback::from(|event: FocusEvent| browser::rove(&event));
        html! {
            <label class="pf-v6-c-check pf-m-standalone">
                <input class="pf-v6-c-check__input" type="checkbox" data-select={name.clone()} {checked}
                    tabindex={if at == 0 { "0" } else { "-1" }}
                    aria-label={tr_with("Mark $0", &[&name])} {onclick} {onfocus} />
            </label>
        }
    });
    html! {
        <td class="pf-v6-c-table__td pf-v6-c-table__check" role="gridcell" onclick={not_the_row()}>{ input }</td>
    }
}

/// The cell with the bin of a row.
pub fn td_trash(quick: &QuickDelete, targets: &RowTargets, row: usize) -> Html {
    if !quick.on {
        return html! {};
    }
    html! {
        <td class="pf-v6-c-table__td pf-v6-c-table__action" role="gridcell" onclick={not_the_row()}>
            { trash(quick, targets.get(row).map(|(_, target)| &**target)) }
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
        Undeletable::NoHistory => tr("This registry keeps no older revisions of tags."),
        Undeletable::Unknown => tr("It is not known yet what kind of registry this is."),
    }
}

/// A click into these cells does not open the row.
fn not_the_row() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| event.stop_propagation())
}
