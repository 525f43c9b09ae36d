// SPDX-License-Identifier: LGPL-2.1-or-later

//! What was changed from this machine, newest first.

pub mod record;

mod words;

use images_proto::history::{Act, Change, History as Method, Params, View};
use yew::prelude::*;

use self::words::{result, what};
use crate::bridge::use_view;
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::bytes::unknown;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::table::{long_table, rows, td, th};
use crate::components::waiting;
use crate::location;
use crate::part::part;
use crate::scrolled::{Shown, use_scrolled};
use crate::session::{Session, Work};
use crate::state::history::{may_go_on, may_undo};
use crate::state::route::Route;
use crate::text::{tr, tr_with};

/// The page.
#[derive(PartialEq)]
pub struct History {
    /// The first change that is seen.
    pub from: u32,
}

part!(History, use_history, "history");

#[hook]
fn use_history(props: &History) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let tell = Callback::from(|from| location::replace(&Route::History(from)));
    let scrolled = use_scrolled(props.from, "", tell);
    let view =
        use_view::<Method>(Params { offset: scrolled.window.offset, limit: scrolled.window.limit });
    html! {
        <>
            { breadcrumb(vec![(Route::home(), tr("Images"))], tr("History")) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={tr("History")} />
                <div class="pf-v6-c-card images-card">
                    { waiting::show(&view.state, &view.retry, |answer| {
                        let shown = scrolled.show(answer.offset, answer.changes.len(), answer.total);
                        changes(answer, &session, &shown)
                    }) }
                </div>
            </section>
        </>
    }
}

fn changes(view: &View, session: &Session, shown: &Shown) -> Html {
    if view.reading && view.total == 0 {
        return html! { <EmptyState state="loading" picture={Picture::Spinner} title={tr("Reading")} /> };
    }
    if view.total == 0 {
        return html! {
            <EmptyState state="empty" picture={Picture::Icon(Icon::Again)} title={tr("Nothing was changed yet")}>
                <p>{ tr("What you delete or promote is listed here, with its receipt and the way to undo it.") }</p>
            </EmptyState>
        };
    }
    let head = html! {
        <>
            { th(tr("What")) }{ th(tr("When")) }{ th(tr("Who, at which registry")) }
            { th(tr("Result")) }{ th(tr("Undo")) }
        </>
    };
    let body = view.changes.iter().enumerate();
    let body = body.map(|(idx, change)| row(change, session, shown.row_index(idx)));
    html! {
        <>
            { long_table(tr("Changes"), head, rows(body), shown) }
            <p class="images-secondary images-inset images-break">
                { tr_with("The records are in $0 on this host. Each change is in its journal, too.", &[&view.folder]) }
            </p>
        </>
    }
}

fn row(change: &Change, session: &Session, index: Option<String>) -> Html {
    let who = match &change.user {
        Some(user) => html! { <span class="images-break">{ user }</span> },
        None => unknown(tr("The registry does not say who.")),
    };
    html! {
        <tr class="pf-v6-c-table__tr" key={change.id.clone()} data-row={change.id.clone()} aria-rowindex={index}>
            { td(tr("What"), html! {
                <>
                    <Link to={Route::Record(change.id.clone())} class="images-break">{ what(change) }</Link>
                    if let Some(reason) = &change.reason {
                        <div class="images-secondary images-break">{ reason }</div>
                    }
                </>
            }) }
            { td(tr("When"), moment(change.started)) }
            { td(tr("Who, at which registry"), html! {
                <div>
                    { who }
                    <div class="images-secondary images-break">{ &change.registry }</div>
                </div>
            }) }
            // Narrow screens lay the children of a cell out as a grid.
            { td(tr("Result"), html! {
                <div>
                    { result(change) }
                    if may_go_on(change) { { go_on(&change.id, session, true) } }
                </div>
            }) }
            { td(tr("Undo"), undo(change, session)) }
        </tr>
    }
}

/// Whether and how long it can be undone, and the button.
fn undo(change: &Change, session: &Session) -> Html {
    if let Some(id) = &change.undone_by {
        return html! { <Link to={Route::Record(id.clone())}>{ tr("Undone") }</Link> };
    }
    if change.act != Act::Delete {
        return html! {};
    }
    if !may_undo(change) {
        return html! {
            <span class="images-secondary" title={change.undo.words.clone()}>{ tr("Not possible") }</span>
        };
    }
    html! {
        <>
            { undo_button(&change.id, session, true) }
            if let Some(until) = change.undo.until {
                <div class="images-secondary">{ tr_with("until $0", &[&crate::browser::full_time(until)]) }</div>
            }
        </>
    }
}

/// The button that opens the dialog of an undo.
fn undo_button(id: &str, session: &Session, in_row: bool) -> Html {
    let work = Work::Undo(id.to_owned());
    let onclick = session.work.reform(move |_: MouseEvent| work.clone());
    let look = if in_row { Look::Link } else { Look::Secondary };
    html! { <Button {look} label={tr("Undo")} testid="undo" {onclick} /> }
}

/// The button that opens the dialog that goes on.
fn go_on(id: &str, session: &Session, in_row: bool) -> Html {
    let work = Work::GoOn(id.to_owned());
    let onclick = session.work.reform(move |_: MouseEvent| work.clone());
    let look = if in_row { Look::Link } else { Look::Primary };
    html! { <>{ " " }<Button {look} label={tr("Go on")} testid="go-on" {onclick} /></> }
}
