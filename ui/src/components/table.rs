// SPDX-License-Identifier: LGPL-2.1-or-later

//! Tables (patternfly.org: components/table) that turn into cards on narrow screens.

use yew::prelude::*;

use super::icon::Icon;
use crate::browser;
use crate::scrolled::Shown;

/// A table with its name for screen readers; `head` is the row of column heads.
pub fn table(label: String, head: Html, body: Html) -> Html {
    draw(label, head, body, None)
}

/// A table of which only some rows may be in the document.
pub fn long_table(label: String, head: Html, body: Html, shown: &Shown) -> Html {
    draw(label, head, body, Some(shown))
}

fn draw(label: String, head: Html, body: Html, shown: Option<&Shown>) -> Html {
    let long = shown.filter(|shown| shown.is_part()).cloned();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let step = match (event.key().as_str(), &long) {
            ("ArrowDown", _) => 1,
            ("ArrowUp", _) => -1,
            // At once: on a long way there the browser would be held up by the rows that come.
            ("End", Some(shown)) => return shown.jump(&event, f64::from(i32::MAX)),
            ("Home", Some(shown)) => return shown.jump(&event, f64::from(i32::MIN)),
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
    let (above, below) = shown.map_or((0, 0), Shown::missing);
    let is_part = shown.is_some_and(Shown::is_part);
    html! {
        <table class="pf-v6-c-table pf-m-grid-md pf-m-compact images-table" role="grid" aria-label={label}
            ref={shown.map(Shown::table).unwrap_or_default()} tabindex={is_part.then_some("-1")}
            aria-rowcount={shown.and_then(Shown::row_count)} {onkeydown}>
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr" aria-rowindex={is_part.then_some("1")}>{ head }</tr>
            </thead>
            { missing(above) }
            { body }
            { missing(below) }
        </table>
    }
}

/// The place of rows that are not there. Cockpit's security policy allows no styles in attributes.
fn missing(height: u32) -> Html {
    if height == 0 {
        return html! {};
    }
    html! {
        <tbody class="images-missing" aria-hidden="true"><tr><td height={height.to_string()} /></tr></tbody>
    }
}

/// The rows of a table without expandable ones.
pub fn rows(rows: impl IntoIterator<Item = Html>) -> Html {
    html! { <tbody class="pf-v6-c-table__tbody" role="rowgroup">{ for rows }</tbody> }
}

/// A whole table whose rows have a name and a cell for each column; `columns` are their heads.
/// Nothing when there is no row. `shown` is absent where all rows are in the document.
pub fn grid(
    label: String,
    columns: &[String],
    body: Vec<(String, Vec<Html>)>,
    shown: Option<&Shown>,
) -> Option<Html> {
    if body.is_empty() {
        return None;
    }
    let row = |(idx, (name, cells)): (usize, (String, Vec<Html>))| {
        let cells = columns.iter().zip(cells).map(|(column, cell)| td(column.clone(), cell));
        html! {
            <tr class="pf-v6-c-table__tr" key={name.clone()} data-row={name} aria-rowindex={shown.and_then(|shown| shown.row_index(idx))}>
                { for cells }
            </tr>
        }
    };
    let head = columns.iter().map(|column| th(column.clone())).collect();
    Some(draw(label, head, rows(body.into_iter().enumerate().map(row)), shown))
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
