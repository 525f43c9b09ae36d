// SPDX-License-Identifier: LGPL-2.1-or-later

//! The table of repositories. In quick delete mode a row opens to its tags, and can itself be
//! deleted as a whole.

use std::rc::Rc;

use images_proto::RepositoryName;
use images_proto::delete::{List, Target};
use images_proto::repository::{self, Repository};
use images_proto::search::{RepositoryRow, Sort};
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::bridge::use_view;
use crate::components::bytes::{bytes, unknown};
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::quick_delete::{
    QuickDelete, RowTargets, marked, td_check, td_trash, th_all,
};
use crate::components::table::{Order, long_table, td, td_toggle, th_sort, th_unseen};
use crate::components::waiting;
use crate::location;
use crate::pages::tags::Tags;
use crate::part::{Part, part};
use crate::scrolled::{Shown, use_scrolled};
use crate::state::route::Route;
use crate::state::set::Set;
use crate::text::{plural, tr, tr_with};

/// The table.
#[derive(PartialEq)]
pub(super) struct Repositories {
    pub(super) rows: Vec<RepositoryRow>,
    pub(super) shown: Shown,
    pub(super) list: List,
    pub(super) order: (Sort, bool),
    pub(super) knows_pushes: bool,
    pub(super) quick: QuickDelete,
    pub(super) sort: Callback<Sort>,
    pub(super) refresh: u32,
}

part!(Repositories, use_repositories, "repositories");

#[hook]
fn use_repositories(props: &Repositories) -> Html {
    let open = use_state(|| Rc::new(Set::<RepositoryName>::default()));
    let Repositories { rows, shown, quick, knows_pushes, .. } = props;
    let all = rows.iter().map(|row| Ok(Target::Repository(row.name.clone())));
    let targets = RowTargets::of(props.list.clone(), shown.total(), all);
    let head = html! {
        <>
            { th_all(quick, &targets, false) }
            if quick.on { { th_unseen(tr("Tags")) } }
            { column(props, Sort::Name, tr("Name")) }
            { column(props, Sort::Tags, tr("Tags")) }
            { column(props, Sort::Size, tr("Size")) }
            { column(props, Sort::Newest, newest_name(*knows_pushes)) }
            if quick.on { { th_unseen(tr("Delete")) } }
        </>
    };
    let body = rows.iter().enumerate().map(|(idx, row)| {
        let is_open = quick.on && open.contains(&row.name);
        let toggle = {
            let (open, name) = (open.clone(), row.name.clone());
            Callback::from(move |event: MouseEvent| {
                event.stop_propagation();
                open.set(Rc::new((**open).clone().toggled(name.clone())));
            })
        };
        html! {
            <tbody class={classes!("pf-v6-c-table__tbody", is_open.then_some("pf-m-expanded"))}
                key={row.name.to_string()}>
                { repository(row, *knows_pushes, (quick, &targets, idx), quick.on.then_some((is_open, toggle)), shown.row_index(idx)) }
                if is_open {
                    <tr class="pf-v6-c-table__tr pf-v6-c-table__expandable-row pf-m-expanded">
                        <td class="pf-v6-c-table__td" colspan="7">
                            <div class="pf-v6-c-table__expandable-row-content">
                                { TagsOfRow { name: row.name.clone(), quick: quick.clone(), refresh: props.refresh }.part() }
                            </div>
                        </td>
                    </tr>
                }
            </tbody>
        }
    });
    let body = html! { <>{ for body }</> };
    html! { <>{ marked(quick, &targets) }{ long_table(tr("Repositories"), head, body, shown) }</> }
}

fn newest_name(knows_pushes: bool) -> String {
    if knows_pushes { tr("Newest push") } else { tr("Built") }
}

fn column(props: &Repositories, by: Sort, name: String) -> Html {
    let order = match props.order {
        (sort, _) if sort != by => Order::Other,
        (_, false) => Order::Ascending,
        (_, true) => Order::Descending,
    };
    th_sort(name, order, props.sort.reform(move |_: MouseEvent| by))
}

fn repository(
    row: &RepositoryRow,
    knows_pushes: bool,
    (quick, targets, idx): (&QuickDelete, &RowTargets, usize),
    toggle: Option<(bool, Callback<MouseEvent>)>,
    index: Option<String>,
) -> Html {
    let route = Route::repository(&row.name);
    // A click beside the link does what the row is there for in this mode.
    let onclick = {
        let (route, toggle) = (route.clone(), toggle.as_ref().map(|(_, toggle)| toggle.clone()));
        Callback::from(move |event: MouseEvent| match &toggle {
            _ if is_control(&event) => {}
            Some(toggle) => toggle.emit(event),
            None => location::go(&route),
        })
    };
    html! {
        <tr class="pf-v6-c-table__tr pf-m-clickable" data-row={row.name.to_string()} aria-rowindex={index} {onclick}>
            { td_check(quick, targets, idx) }
            if let Some((is_open, toggle)) = toggle {
                { td_toggle(is_open, tr_with("Tags of $0", &[row.name.as_str()]), toggle) }
            }
            { td(tr("Name"), html! {
                <Link to={route} class="images-break">{ name(&row.name) }</Link>
            }) }
            { td(tr("Tags"), tags(row)) }
            { td(tr("Size"), bytes(row.size)) }
            { td(newest_name(knows_pushes), newest(row, knows_pushes)) }
            { td_trash(quick, targets, idx) }
        </tr>
    }
}

/// The name with its project in the background.
fn name(name: &RepositoryName) -> Html {
    match name.project() {
        Some(project) => html! {
            <><span class="images-project">{ project }{ "/" }</span><wbr />{ name.name_in_project() }</>
        },
        None => html! { { name.as_str() } },
    }
}

fn tags(row: &RepositoryRow) -> Html {
    let Some(count) = row.tag_count else {
        return unknown(tr("Not known yet: the tags have not been read."));
    };
    let others = u64::from(count).saturating_sub(row.tags.len() as u64);
    let names = row.tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ");
    html! {
        <span class="images-break">
            if count == 0 {
                <span class="images-secondary">{ tr("no tags") }</span>
            } else {
                { names }
            }
            if others > 0 && !row.tags.is_empty() {
                <span class="images-secondary">
                    { " " }{ plural("and $0 other", "and $0 others", others) }
                </span>
            } else if others > 0 {
                { plural("$0 tag", "$0 tags", others) }
            }
        </span>
    }
}

fn newest(row: &RepositoryRow, knows_pushes: bool) -> Html {
    match (row.newest, row.built) {
        (Some(newest), _) if knows_pushes => moment(newest),
        (None, _) if knows_pushes => unknown(tr("No push is known.")),
        (_, Some(built)) => moment(built),
        (_, None) => unknown(tr("Not known yet, or the images do not say when they were built.")),
    }
}

/// Whether the click was for something in the row that does something itself.
fn is_control(event: &MouseEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    element.is_some_and(|element| element.closest("a, button, input").ok().flatten().is_some())
}

/// The tags of an opened row.
#[derive(PartialEq)]
struct TagsOfRow {
    name: RepositoryName,
    quick: QuickDelete,
    refresh: u32,
}

part!(TagsOfRow, use_tags_of_row, "tags-of-row");

#[hook]
fn use_tags_of_row(props: &TagsOfRow) -> Html {
    let scrolled = use_scrolled(0, "", Callback::noop());
    let view = use_view::<Repository>(repository::Params {
        repository: props.name.clone(),
        filter: String::new(),
        attachments: true,
        offset: scrolled.window.offset,
        limit: scrolled.window.limit,
        refresh: props.refresh,
    });
    waiting::show(&view.state, &view.retry, |answer| {
        let shown = scrolled.show(answer.offset, answer.tags.len(), answer.total);
        let list =
            List::Tags { repository: props.name.clone(), filter: String::new(), attachments: true };
        Tags { view: answer.clone(), shown, list, quick: props.quick.clone(), brief: true }.part()
    })
}
