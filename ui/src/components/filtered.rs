// SPDX-License-Identifier: LGPL-2.1-or-later

//! A long list: a filter above it, how many rows there are, and the rows.

use yew::prelude::*;

use super::button::{Button, Look};
use super::empty_state::{EmptyState, Picture};
use super::icon::Icon;
use super::search_box::SearchBox;
use crate::filtered::UseFiltered;
use crate::text::tr;

/// A list and the window of it that is there.
pub struct List {
    /// What the filter is called.
    pub filter: String,
    /// What stands beside the filter.
    pub tools: Html,
    /// How many rows fit the filter, in words.
    pub found: String,
    /// More is being read, so that none is not known to be none.
    pub reading: bool,
    /// The table; absent when it would have no row.
    pub table: Option<Html>,
    /// What is said when there is nothing, whatever the filter.
    pub nothing: Html,
}

/// Draws it.
pub fn list(list: List, filtered: &UseFiltered) -> Html {
    let List { filter, tools, found, reading, table, nothing } = list;
    let typed = &filtered.typed;
    let body = if let Some(table) = table {
        table
    } else if reading {
        html! { <EmptyState state="filling" picture={Picture::Spinner} title={tr("Reading")} /> }
    } else if typed.text.is_empty() {
        nothing
    } else {
        let all = typed.oninput.reform(|_: MouseEvent| String::new());
        html! {
            <EmptyState state="nothing-found" picture={Picture::Icon(Icon::Search)}
                title={tr("Nothing fits the filter")}
                actions={html! { <Button look={Look::Link} label={tr("Show all")} onclick={all} /> }} />
        }
    };
    html! {
        <div class="pf-v6-c-card images-card">
            <div class="pf-v6-c-toolbar">
                <div class="pf-v6-c-toolbar__content">
                    <div class="pf-v6-c-toolbar__content-section">
                        <div class="pf-v6-c-toolbar__item images-grow">
                            <SearchBox id="filter" label={filter.clone()} placeholder={filter}
                                value={typed.text.clone()} oninput={typed.oninput.clone()}
                                onleave={typed.onleave.clone()} />
                        </div>
                        { tools }
                    </div>
                </div>
            </div>
            <div class="images-summary">
                <span role="status" aria-live="polite" data-testid="found">{ found }</span>
            </div>
            { body }
        </div>
    }
}
