// SPDX-License-Identifier: LGPL-2.1-or-later

//! Tables (patternfly.org: components/table) that turn into cards on narrow screens.

use yew::prelude::*;

use super::icon::Icon;
use crate::browser;

/// A table with its name for screen readers; `head` is the row of column heads.
pub fn table(label: String, head: Html, body: Html) -> Html {
    let onkeydown = Callback::from(|event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        // With shift the arrows mark rows, where rows can be marked.
        if event.shift_key() {
            return;
        }
        if browser::focus_row(step) {
            event.prevent_default();
            // A table within a table moves once.
            event.stop_propagation();
        }
    });
    html! {
        <table class="pf-v6-c-table pf-m-grid-md pf-m-compact images-table" role="grid" aria-label={label}
            {onkeydown}>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">{ head }</tr>
            </thead>
            { body }
        </table>
    }
}

/// The rows of a table without expandable ones.
pub fn rows(rows: impl IntoIterator<Item = Html>) -> Html {
    html! { <tbody class="pf-v6-c-table__tbody" role="rowgroup">{ for rows }</tbody> }
}

/// A whole table whose rows have a name and a cell for each column; `columns` are their heads.
/// Nothing when there is no row.
pub fn grid(label: String, columns: &[String], body: Vec<(String, Vec<Html>)>) -> Option<Html> {
    if body.is_empty() {
        return None;
    }
    let row = |(name, cells): (String, Vec<Html>)| {
        let cells = columns.iter().zip(cells).map(|(column, cell)| td(column.clone(), cell));
        html! { <tr class="pf-v6-c-table__tr" key={name.clone()} data-row={name}>{ for cells }</tr> }
    };
    let head = columns.iter().map(|column| th(column.clone())).collect();
    Some(table(label, head, rows(body.into_iter().map(row))))
}

/// The head of a column.
pub fn th(name: String) -> Html {
    html! { <th class="pf-v6-c-table__th pf-m-nowrap" scope="col">{ name }</th> }
}

/// The head of a column whose cells speak for themselves.
pub fn th_unseen(name: String) -> Html {
    html! {
        <th class="pf-v6-c-table__th pf-m-fit-content" scope="col">
            <span class="pf-v6-screen-reader">{ name }</span>
        </th>
    }
}

/// How a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Not by this column.
    Other,
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// The head of a column that sorts.
pub fn th_sort(name: String, order: Order, onclick: Callback<MouseEvent>) -> Html {
    let (icon, sorted) = match order {
        Order::Other => (Icon::Sort, None),
        Order::Ascending => (Icon::Ascending, Some("ascending")),
        Order::Descending => (Icon::Descending, Some("descending")),
    };
    html! {
        <th class={classes!("pf-v6-c-table__th", "pf-v6-c-table__sort", "pf-m-nowrap", sorted.map(|_| "pf-m-selected"))}
            scope="col" aria-sort={sorted}>
            <button type="button" class="pf-v6-c-table__button" {onclick}>
                <span class="pf-v6-c-table__button-content">
                    <span class="pf-v6-c-table__text">{ name }</span>
                    <span class="pf-v6-c-table__sort-indicator">{ icon.draw() }</span>
                </span>
            </button>
        </th>
    }
}

/// A cell; `column` names it on narrow screens.
pub fn td(column: String, content: Html) -> Html {
    html! { <td class="pf-v6-c-table__td" role="gridcell" data-label={column}>{ content }</td> }
}

/// The cell with the button that opens a row.
pub fn td_toggle(open: bool, label: String, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <td class="pf-v6-c-table__td pf-v6-c-table__toggle" role="gridcell">
            <button type="button" class={classes!("pf-v6-c-button", "pf-m-plain", open.then_some("pf-m-expanded"))}
                aria-label={label.clone()} title={label} aria-expanded={open.to_string()}
                data-testid="expand" {onclick}>
                <span class="pf-v6-c-button__icon">
                    <div class="pf-v6-c-table__toggle-icon">{ Icon::Down.draw() }</div>
                </span>
            </button>
        </td>
    }
}
