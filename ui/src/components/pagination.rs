// SPDX-License-Identifier: LGPL-2.1-or-later

//! Pages of a long list (patternfly.org: components/pagination).

use yew::prelude::*;

use super::icon::Icon;
use super::select::Select;
use crate::browser::number;
use crate::state::paging::{PAGE_SIZES, Window};
use crate::text::{tr, tr_with};

/// See [`Pagination`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is shown.
    pub window: Window,
    /// How many rows there are in all.
    pub total: u32,
    /// Hears of another window.
    pub onchange: Callback<Window>,
}

/// Which rows are shown, and the way to the others. There is nothing to show for a list that fits
/// the smallest page.
#[component]
pub fn Pagination(props: &Props) -> Html {
    let Props { window, total, onchange } = props;
    let (window, total) = (*window, *total);
    // The last rows of the last page were deleted.
    use_effect_with((window, total), {
        let onchange = onchange.clone();
        move |(window, total)| {
            let last_page = window.last_page(*total);
            if *total > 0 && window.page > last_page {
                onchange.emit(window.at(last_page));
            }
        }
    });
    if total <= PAGE_SIZES[0] && window.page == 1 {
        return html! {};
    }
    let last_page = window.last_page(total);
    let last = window.offset().saturating_add(window.per_page).min(total);
    let first = (window.offset() + 1).min(last);
    let go = |page: u32, icon: Icon, label: String, id: &'static str| {
        let onclick = onchange.reform(move |_: MouseEvent| window.at(page));
        html! {
            <div class="pf-v6-c-pagination__nav-control">
                <button type="button" class="pf-v6-c-button pf-m-plain" {id} aria-label={label.clone()}
                    title={label} disabled={page == window.page || page > last_page} {onclick}>
                    <span class="pf-v6-c-button__icon">{ icon.draw() }</span>
                </button>
            </div>
        }
    };
    let sizes = PAGE_SIZES
        .map(|size| (size.to_string().into(), tr_with("$0 per page", &[&size.to_string()]).into()));
    let resize =
        onchange.reform(move |size: String| window.resized(size.parse().unwrap_or(PAGE_SIZES[0])));
    let (previous, next) = (window.page.saturating_sub(1).clamp(1, last_page), window.page + 1);
    html! {
        <div class="pf-v6-c-pagination pf-m-bottom pf-m-static images-pagination">
            <span data-testid="shown-rows">
                { tr_with("$0 - $1 of $2", &[&number(first.into()), &number(last.into()), &number(total.into())]) }
            </span>
            <Select id="per-page" label={tr("Rows per page")} choices={sizes.to_vec()}
                chosen={window.per_page.to_string()} onchange={resize} />
            <nav class="pf-v6-c-pagination__nav" aria-label={tr("Pages")}>
                { go(1, Icon::First, tr("First page"), "first-page") }
                { go(previous, Icon::Back, tr("Previous page"), "previous-page") }
                <span class="images-nowrap" aria-current="page">
                    { tr_with("Page $0 of $1", &[&number(window.page.into()), &number(last_page.into())]) }
                </span>
                { go(next, Icon::Forward, tr("Next page"), "next-page") }
                { go(last_page, Icon::Last, tr("Last page"), "last-page") }
            </nav>
        </div>
    }
}
