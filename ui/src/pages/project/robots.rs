// SPDX-License-Identifier: LGPL-2.1-or-later

//! The robot accounts of the project and their tokens.

use images_proto::project::{About, Within};
use images_proto::robot::{Robots as Method, Row, Token};
use images_proto::subject::Subject;
use yew::prelude::*;

use super::{Open, members};
use crate::bridge::use_view;
use crate::browser::{full_time, now};
use crate::components::about::about;
use crate::components::button::{Button, Look};
use crate::components::bytes::unknown;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{self, list};
use crate::components::icon::Icon;
use crate::components::label::{Colour, label};
use crate::components::table::grid;
use crate::components::waiting;
use crate::filtered::UseFiltered;
use crate::part::part;
use crate::state::project::Change;
use crate::state::robot::Life;
use crate::text::{plural, tr, tr_with};

/// The tab.
pub(super) struct Robots {
    pub(super) project: AttrValue,
    pub(super) filtered: UseFiltered,
    pub(super) open: Callback<Open>,
}

impl PartialEq for Robots {
    fn eq(&self, _: &Self) -> bool {
        // What is typed into the filter is always another.
        false
    }
}

part!(Robots, use_robots, "robots");

#[hook]
fn use_robots(props: &Robots) -> Html {
    let Robots { project, filtered, open } = props;
    let view =
        use_view::<Method>(Within { project: project.to_string(), window: filtered.params() });
    let create = Open::Change(Change::Robot(project.to_string()));
    waiting::show(&view.state, &view.retry, |answer| {
        let refused = answer.may_create == Some(false);
        html! {
            <>
                { about(&About { decides: None, ..answer.about.clone() }) }
                { list(
                    filtered::List {
                        filter: tr("Filter by name"),
                        tools: html! {
                            <div class="pf-v6-c-toolbar__item">
                                <Button look={Look::Primary} label={tr("Create robot account")} testid="create-robot" disabled={refused}
                                    title={refused.then(|| tr("You may not create service accounts in this project."))}
                                    onclick={open.reform(move |_: MouseEvent| create.clone())} />
                            </div>
                        },
                        found: plural("$0 robot account", "$0 robot accounts", answer.total.into()),
                        reading: answer.about.reading,
                        table: grid(
                            tr("Robot accounts"),
                            &[tr("Name"), tr("Role"), tr("Tokens"), tr("Actions")],
                            answer.rows.iter().map(|row| (row.name.clone(), cells(row, project, open))).collect(),
                            Some(&filtered.show(answer.offset, answer.rows.len(), answer.total)),
                        ),
                        nothing: html! {
                            <EmptyState state="empty" picture={Picture::Icon(Icon::Robot)} title={tr("There is no robot account")}>
                                <p>{ tr("Programs that push or pull log in with the token of a robot account instead of that of a person.") }</p>
                            </EmptyState>
                        },
                    },
                    filtered,
                ) }
            </>
        }
    })
}

fn cells(row: &Row, project: &AttrValue, open: &Callback<Open>) -> Vec<Html> {
    let of = (project.to_string(), row.name.clone());
    let button = |label: String, testid: &'static str, dialog: Open| {
        html! {
            <Button look={Look::Link} {label} {testid}
                onclick={open.reform(move |_: MouseEvent| dialog.clone())} />
        }
    };
    let subject = Subject::robot(project.as_str(), row.name.as_str());
    let change = Open::Change(Change::Role(of.0.clone(), subject, row.role));
    let name = html! {
        <div>
            <span class="images-break">{ &row.name }</span>
            if row.system {
                { " " }
                <span title={tr("The cluster made it for its own work.")}>{ label(Colour::Grey, tr("system"), Some("system")) }</span>
            }
        </div>
    };
    let roles = html! {
        <div>
            { members::held(row.role) }
            if !row.others.is_empty() {
                <div class="images-secondary images-break">
                    { tr_with("others: $0", &[&row.others.join(", ")]) }
                </div>
            }
        </div>
    };
    let tokens = match &row.tokens {
        None => unknown(tr("Not known: you may not list secrets in this project.")),
        Some(tokens) if tokens.is_empty() => {
            html! { <span class="images-secondary">{ tr("none") }</span> }
        }
        Some(tokens) => html! {
            <ul class="images-items">
                { for tokens.iter().map(|token| html! {
                    <li data-token={token.name.clone()}>
                        { about_token(token) }
                        <span class="images-buttons">
                            { button(tr("Replace"), "rotate", Open::Token(row.name.clone(), Some(token.clone()))) }
                            { button(tr("Revoke"), "revoke", Open::Change(Change::Revoke(of.0.clone(), of.1.clone(), token.clone()))) }
                        </span>
                    </li>
                }) }
            </ul>
        },
    };
    let delete = Open::Change(Change::DeleteRobot(of.0.clone(), of.1.clone()));
    vec![
        name,
        roles,
        tokens,
        html! {
            <span class="images-buttons">
                { button(tr("New token"), "new-token", Open::Token(row.name.clone(), None)) }
                { button(tr("Change role"), "change-role", change) }
                if !row.system { { button(tr("Delete"), "delete-robot", delete) } }
            </span>
        },
    ]
}

/// What a token is for, and how long it is good.
fn about_token(token: &Token) -> Html {
    let expires = token.expires.map(full_time).unwrap_or_default();
    let (colour, words) = match Life::of(token.expires, now()) {
        Life::Ended => (Colour::Grey, tr_with("ended $0", &[&expires])),
        Life::Ending => (Colour::Orange, tr_with("until $0", &[&expires])),
        Life::Good => (Colour::Green, tr_with("until $0", &[&expires])),
        Life::Unknown => (Colour::Grey, tr("until nobody knows when")),
    };
    html! {
        <div>
            <span class="images-break">{ token.purpose.clone().unwrap_or_else(|| tr("without a purpose")) }</span>
            { " " }{ label(colour, words, None) }
        </div>
    }
}
