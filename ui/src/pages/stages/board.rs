// SPDX-License-Identifier: LGPL-2.1-or-later

//! The table of the board.

use std::cell::RefCell;
use std::rc::Rc;

use images_proto::stage::{Cell, Params, Row, Stages, State, View, Wanted};
use yew::prelude::*;

use crate::bridge::{Question, Report, ask};
use crate::components::button::{Button, Look};
use crate::components::bytes::unknown;
use crate::components::digest::digest_link;
use crate::components::label::{Colour, label};
use crate::components::moment::moment;
use crate::components::table::{long_table, rows, td, th};
use crate::components::tick::is_checked;
use crate::scrolled::Shown;
use crate::session::{Session, Work};
use crate::state::route::Route;
use crate::state::stages::{self, Marked, promotion, short_commit};
use crate::text::{tr, tr_with};

/// What a board shows.
pub(super) struct Board<'a> {
    /// The answer.
    pub view: &'a Rc<View>,
    /// What was asked.
    pub listed: &'a Params,
    /// The session, whose dialogs promote.
    pub session: &'a Session,
    /// The rows that are marked.
    pub marked: &'a UseStateHandle<Marked>,
    /// Reads the rows that are not here, to mark them; ends with the page.
    pub reading: &'a Rc<RefCell<Option<Question>>>,
}

/// Draws it; nothing when there is no row.
pub(super) fn board(board: &Board<'_>, shown: &Shown) -> Option<Html> {
    let View { setting, rows: all, .. } = &**board.view;
    if all.is_empty() {
        return None;
    }
    let head = html! {
        <>
            <th class="pf-v6-c-table__th pf-v6-c-table__check" scope="col">
                { match all.len() < board.view.total as usize {
                    true => check_long(board, all),
                    false => check(board, all, tr("Mark all rows"), None),
                } }
            </th>
            { th(tr("Image")) }
            { for setting.stages.iter().map(|stage| th(stage.clone())) }
        </>
    };
    let body = all.iter().enumerate().map(|(idx, row)| draw(board, row, shown.row_index(idx)));
    Some(long_table(tr("Stages"), head, rows(body), shown))
}

fn draw(board: &Board<'_>, row: &Row, index: Option<String>) -> Html {
    let name = stages::name(row);
    let cells = board.view.setting.stages.iter().zip(&row.cells).enumerate();
    html! {
        <tr class="pf-v6-c-table__tr" key={name.clone()} data-row={name.clone()} aria-rowindex={index}>
            <td class="pf-v6-c-table__td pf-v6-c-table__check" role="gridcell">
                { check(board, std::slice::from_ref(row), tr_with("Mark $0", &[&name]), Some(&name)) }
            </td>
            { td(tr("Image"), html! { <strong class="images-break">{ name }</strong> }) }
            { for cells.map(|(at, (stage, cell))| td(stage.clone(), html! {
                <div class="images-words" data-stage={stage.clone()} data-state={state_name(cell.state)}>
                    { what(cell) }
                    { steps(board, row, at, stage) }
                </div>
            })) }
        </tr>
    }
}

/// A checkbox that marks these rows.
fn check(board: &Board<'_>, of: &[Row], words: String, name: Option<&String>) -> Html {
    let marked = board.marked;
    let checked = of.iter().all(|row| marked.contains(row));
    let onchange = {
        let (marked, of) = (marked.clone(), of.to_vec());
        Callback::from(move |event: Event| marked.set(marked.with(&of, is_checked(&event))))
    };
    checkbox(checked, words, name, onchange)
}

/// The one that marks all rows of a list that is only partly here, as many as can be promoted at once.
fn check_long(board: &Board<'_>, here: &[Row]) -> Html {
    let marked = board.marked;
    let checked = here.iter().all(|row| marked.contains(row));
    let onchange = {
        let (marked, reading) = (marked.clone(), board.reading.clone());
        let mut wanted = board.listed.clone();
        (wanted.window.offset, wanted.window.limit) = (0, Wanted::MAX as u32);
        Callback::from(move |event: Event| {
            let marked = marked.clone();
            if !is_checked(&event) {
                return marked.set(Marked::default());
            }
            let asked = ask::<Stages>(wanted.clone(), move |report| {
                // Without an answer nothing is marked, as can be seen.
                if let Report::End(Ok(view)) = report {
                    marked.set(marked.with(&view.rows, true));
                }
            });
            *reading.borrow_mut() = Some(asked);
        })
    };
    let most = crate::browser::number(Wanted::MAX as u64);
    let words = tr_with("Mark all rows, at most the first $0", &[&most]);
    checkbox(checked, words, None, onchange)
}

fn checkbox(
    checked: bool,
    words: String,
    name: Option<&String>,
    onchange: Callback<Event>,
) -> Html {
    html! {
        <label class="pf-v6-c-check pf-m-standalone">
            <input class="pf-v6-c-check__input" type="checkbox" data-select={name.cloned()} {checked}
                aria-label={words} {onchange} />
        </label>
    }
}

/// What a stage has.
fn what(cell: &Cell) -> Html {
    let (colour, word, about) = state(cell.state);
    let mark = about.map(|about| {
        html! {
            <span title={about.clone()}>
                { label(colour, word, None) }
                <span class="pf-v6-screen-reader">{ about }</span>
            </span>
        }
    });
    let Some(digest) = cell.digest else {
        return mark.unwrap_or_else(|| unknown(tr("It was not read yet.")));
    };
    html! {
        <>
            { digest_link(digest, Route::image(digest, Some(&cell.tag.repository)), Some("stage-digest")) }
            { mark }
            <div class="images-secondary">
                if let Some(since) = cell.since { { moment(since) } }
                if let Some(commit) = &cell.commit {
                    { " " }<code class="images-break" title={tr_with("Built from commit $0", &[commit])}>
                        { short_commit(commit) }
                    </code>
                }
            </div>
        </>
    }
}

/// What can be done with it.
fn steps(board: &Board<'_>, row: &Row, at: usize, stage: &str) -> Html {
    let work = &board.session.work;
    let cell = row.cells.get(at);
    let promote = promotion(row, at).map(|one| {
        let work_now = Work::Promote { moves: Rc::new(vec![one]), back: false };
        html! {
            <Button look={Look::Link} label={tr_with("Promote to $0", &[stage])} testid="promote"
                onclick={work.reform(move |_: MouseEvent| work_now.clone())} />
        }
    });
    let versions = cell.filter(|cell| cell.digest.is_some()).map(|cell| {
        let tag = cell.tag.clone();
        html! {
            <Button look={Look::Link} label={tr("Earlier versions")} testid="versions"
                onclick={work.reform(move |_: MouseEvent| Work::Versions(tag.clone()))} />
        }
    });
    html! { <div class="images-buttons images-note">{ promote }{ versions }</div> }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::First => "first",
        State::Equal => "equal",
        State::Behind => "behind",
        State::Drifted => "drifted",
        State::Differs => "differs",
        State::Missing => "missing",
        State::Unknown => "unknown",
    }
}

/// The look and the word of a state, and what it means; no meaning for what is not to be labelled.
fn state(state: State) -> (Colour, String, Option<String>) {
    let (colour, word, about) = match state {
        State::First | State::Unknown => return (Colour::Grey, String::new(), None),
        State::Equal => (Colour::Green, tr("Equal"), tr("The same image as in the stage before.")),
        State::Behind => (Colour::Blue, tr("Behind"), tr("An earlier image of the stage before.")),
        State::Drifted => (
            Colour::Red,
            tr("Drifted"),
            tr("An image that the stage before never had: it came here by another way."),
        ),
        State::Differs => (
            Colour::Orange,
            tr("Differs"),
            tr(
                "Another image than in the stage before. Whether it was there earlier is not known.",
            ),
        ),
        State::Missing => (Colour::Grey, tr("Not there"), tr("This stage does not have it.")),
    };
    (colour, word, Some(about))
}
