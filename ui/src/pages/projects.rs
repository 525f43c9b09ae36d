// SPDX-License-Identifier: LGPL-2.1-or-later

//! The projects.

use images_proto::project::{List, Projects as Method, Row};
use images_proto::subject::Subject;
use yew::prelude::*;

use crate::bridge::use_view;
use crate::components::about::about;
use crate::components::button::{Button, Look};
use crate::components::bytes::unknown;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{self, list};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::sharing::shared;
use crate::components::subject;
use crate::components::table::grid;
use crate::components::waiting;
use crate::dialogs::project::ProjectDialog;
use crate::filtered::{UseFiltered, use_filtered};
use crate::part::{Part, part};
use crate::state::filtered::Filtered;
use crate::state::listing::Listing;
use crate::state::project::Change;
use crate::state::route::Route;
use crate::text::{plural, tr};

/// The page.
#[derive(PartialEq)]
pub struct Projects {
    /// Which of them are shown.
    pub list: Filtered,
}

part!(Projects, use_projects, "projects");

#[hook]
fn use_projects(props: &Projects) -> Html {
    let filtered = use_filtered(&props.list, Callback::from(Route::Projects));
    let view = use_view::<Method>(filtered.params());
    let creating = use_state_eq(|| false);
    let set_creating = {
        let creating = creating.clone();
        Callback::from(move |open: bool| creating.set(open))
    };
    let openshift = view.state.answer.as_ref().is_some_and(|answer| answer.about.openshift);
    html! {
        <section class="pf-v6-c-page__main-section images-page">
            <Heading title={tr("Projects")} />
            { waiting::show(&view.state, &view.retry, |answer| html! {
                <>
                    { about(&answer.about) }
                    { projects(answer, &filtered, &set_creating) }
                </>
            }) }
            if *creating {
                { ProjectDialog { change: Change::Create, openshift, shared_anyway: None, on_close: set_creating.reform(|()| false) }.part() }
            }
        </section>
    }
}

fn projects(answer: &List, filtered: &UseFiltered, set_creating: &Callback<bool>) -> Html {
    let create = |look: Look, testid: &'static str| {
        let refused = answer.may_create == Some(false);
        html! {
            <Button {look} label={tr("Create project")} {testid} disabled={refused}
                title={refused.then(|| tr("You may not create projects. An administrator of the cluster can."))}
                onclick={set_creating.reform(|_: MouseEvent| true)} />
        }
    };
    list(
        filtered::List {
            filter: tr("Filter by name"),
            tools: html! { <div class="pf-v6-c-toolbar__item">{ create(Look::Primary, "create-project") }</div> },
            found: plural("$0 project", "$0 projects", answer.total.into()),
            reading: answer.about.reading,
            table: grid(
                tr("Projects"),
                &[
                    tr("Name"),
                    tr("Who may pull"),
                    tr("Members"),
                    tr("Repositories"),
                    tr("Requested by"),
                    tr("Created"),
                ],
                answer
                    .rows
                    .iter()
                    .map(|row| (row.name.clone(), cells(row, answer.about.decides)))
                    .collect(),
                Some(&filtered.show(answer.offset, answer.rows.len(), answer.total)),
            ),
            nothing: html! {
                <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)} title={tr("There is no project that you may see")}>
                    <p>{ tr("A project holds repositories, and says who may pull from them and push to them.") }</p>
                </EmptyState>
            },
        },
        filtered,
    )
}

fn cells(row: &Row, decides: Option<bool>) -> Vec<Html> {
    vec![
        html! {
            <div>
                <Link to={Route::project(&row.name)} class="images-break">{ &row.name }</Link>
                if let Some(display_name) = row.display_name.as_ref().filter(|called| **called != row.name) {
                    <div class="images-secondary images-break">{ display_name }</div>
                }
            </div>
        },
        shared(row.sharing, decides),
        members(row),
        repositories(row),
        requester(row).unwrap_or_else(|| unknown(tr("The project does not say who asked for it."))),
        row.created.map_or_else(|| unknown(tr("The cluster does not say when.")), moment),
    ]
}

fn members(row: &Row) -> Html {
    let Some(count) = row.member_count else {
        return unknown(tr(
            "Not known: you may not read its role bindings, or they are still being read.",
        ));
    };
    let names: Vec<String> = row.members.iter().map(subject::name).collect();
    let rest = u64::from(count).saturating_sub(names.len() as u64);
    html! {
        <span class="images-break">
            if count == 0 { <span class="images-secondary">{ tr("none") }</span> }
            { names.join(", ") }
            if rest > 0 { <span class="images-secondary">{ " " }{ plural("and $0 other", "and $0 others", rest) }</span> }
        </span>
    }
}

/// Who asked for it, and the way there.
pub fn requester(row: &Row) -> Option<Html> {
    let requester = row.requester.as_ref()?;
    let to = Route::of_subject(&Subject::user(requester));
    Some(html! { <Link {to} class="images-break">{ requester }</Link> })
}

/// How many repositories it has, and the way to them.
pub fn repositories(row: &Row) -> Html {
    match row.repositories {
        Some(0) => html! { <span class="images-secondary">{ tr("none") }</span> },
        Some(count) => {
            let to = Route::Images(Listing::default().in_project(Some(row.name.clone())));
            html! { <Link {to}>{ plural("$0 repository", "$0 repositories", count.into()) }</Link> }
        }
        None => unknown(tr("Not known, or not yet.")),
    }
}
