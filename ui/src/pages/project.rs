// SPDX-License-Identifier: LGPL-2.1-or-later

//! One project: what it is, its members, who can do what in it, and its robot accounts.

mod access;
mod members;
mod robots;

use std::rc::Rc;

use images_proto::project::{Params, Project as Method, Row, View, Window};
use images_proto::robot::Token;
use images_proto::subject::Subject;
use yew::prelude::*;

use self::access::Access;
use self::robots::Robots;
use super::projects::{repositories, requester};
use crate::bridge::use_view;
use crate::components::about::about;
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::description::{Fact, facts};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::sharing::{means, shared};
use crate::components::tabs::{self, tabs};
use crate::components::waiting;
use crate::dialogs::project::ProjectDialog;
use crate::dialogs::project::deletion::DeleteProjectDialog;
use crate::dialogs::project::token::TokenDialog;
use crate::dialogs::why::WhyDialog;
use crate::filtered::use_filtered;
use crate::part::{Part, part};
use crate::state::filtered::Filtered;
use crate::state::project::Change;
use crate::state::route::{Route, Tab};
use crate::text::tr;

/// The page.
#[derive(PartialEq)]
pub struct Project {
    /// Its name.
    pub name: AttrValue,
    /// What of it is shown.
    pub tab: Tab,
    /// The window of what the tab lists.
    pub list: Filtered,
}

/// The dialog that is open.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Change(Change),
    Delete,
    Token(String, Option<Token>),
    Why(Option<Subject>),
}

part!(Project, use_project, "project");

#[hook]
fn use_project(props: &Project) -> Html {
    let Project { name, tab, list } = props;
    let tab = *tab;
    let filtered = use_filtered(list, {
        let name = name.to_string();
        Callback::from(move |list: Filtered| Route::Project { name: name.clone(), tab, list })
    });
    let window = match tab {
        Tab::Members => filtered.params(),
        // The other tabs have lists of their own.
        _ => Window::default(),
    };
    let view = use_view::<Method>(Params { name: name.to_string(), window });
    let opened = use_state_eq(|| None::<Open>);
    let open = {
        let opened = opened.clone();
        Callback::from(move |dialog: Open| opened.set(Some(dialog)))
    };
    let on_close = {
        let opened = opened.clone();
        Callback::from(move |()| opened.set(None))
    };
    let answer = view.state.answer.clone();
    html! {
        <>
            { breadcrumb(vec![(Route::Projects(Filtered::default()), tr("Projects"))], name.to_string()) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={name.clone()}>
                    { answer.as_ref().map(|view| buttons(view, &open)).unwrap_or_default() }
                </Heading>
                { waiting::show(&view.state, &view.retry, |answer| match &answer.project {
                    None if answer.about.reading => html! {
                        <EmptyState state="loading" picture={Picture::Spinner} title={tr("Reading")} />
                    },
                    None => html! {
                        <EmptyState state="not-found" picture={Picture::Icon(Icon::Search)}
                            title={tr("There is no such project")}
                            actions={html! {
                                <Link to={Route::Projects(Filtered::default())} class="pf-v6-c-button pf-m-primary">{ tr("All projects") }</Link>
                            }}>
                            <p>{ tr("It was deleted, or you may not see it.") }</p>
                        </EmptyState>
                    },
                    Some(row) => html! {
                        <>
                            { about(&answer.about) }
                            { known(row, answer, &open) }
                            { choice(name, tab) }
                            { match tab {
                                Tab::Members => members::members(answer, row, &filtered, &open),
                                Tab::Access => Access { project: name.clone(), filtered: filtered.clone(), open: open.clone() }.part(),
                                Tab::Robots => Robots { project: name.clone(), filtered: filtered.clone(), open: open.clone() }.part(),
                            } }
                        </>
                    },
                }) }
            </section>
            if let Some(dialog) = (*opened).clone() { { drawn(dialog, name, answer, on_close) } }
        </>
    }
}

/// The dialog.
fn drawn(
    dialog: Open,
    project: &AttrValue,
    view: Option<Rc<View>>,
    on_close: Callback<()>,
) -> Html {
    match dialog {
        Open::Change(change) => {
            let openshift = view.as_ref().is_some_and(|view| view.about.openshift);
            let shared_anyway = view.and_then(|view| view.shared_anyway.clone());
            ProjectDialog { change, openshift, shared_anyway, on_close }.part()
        }
        Open::Delete => DeleteProjectDialog { project: project.clone(), on_close }.part(),
        Open::Token(robot, replaces) => {
            TokenDialog { project: project.clone(), robot: robot.into(), replaces, on_close }.part()
        }
        Open::Why(subject) => {
            WhyDialog { project: Some(project.clone()), subject, on_close }.part()
        }
    }
}

/// What can be done with the project as a whole.
fn buttons(view: &View, open: &Callback<Open>) -> Html {
    let Some(row) = &view.project else { return html! {} };
    let refused = view.may_change == Some(false);
    let why = refused.then(|| tr("You may not change this project."));
    let button = |label: String, testid: &'static str, dialog: Open, refused: bool| {
        html! {
            <Button look={Look::Link} {label} {testid} disabled={refused} title={why.clone().filter(|_| refused)}
                onclick={open.reform(move |_: MouseEvent| dialog.clone())} />
        }
    };
    let change = Open::Change(Change::Describe(row.clone()));
    let repository = Open::Change(Change::Repository(row.name.clone()));
    html! {
        <>
            { button(tr("New repository"), "new-repository", repository, false) }
            { button(tr("Change"), "change-project", change, refused) }
            { button(tr("Delete"), "delete-project", Open::Delete, refused) }
        </>
    }
}

/// What there is to know of it.
fn known(row: &Row, view: &View, open: &Callback<Open>) -> Html {
    let text = |term: String, text: &Option<String>, testid| {
        text.as_ref().map(|text| Fact {
            term,
            value: html! { <span class="images-break">{ text }</span> },
            testid,
        })
    };
    let share = Open::Change(Change::Share(row.name.clone(), row.sharing));
    let refused = view.may_grant == Some(false);
    let decides = view.about.decides;
    let sharing = html! {
        <span class="images-buttons">
            { shared(row.sharing, decides) }
            if let Some(sharing) = row.sharing.filter(|_| decides != Some(false)) { <span>{ means(sharing) }</span> }
            <Button look={Look::Link} label={tr("Change who may pull")} testid="share" disabled={refused}
                title={refused.then(|| tr("You may not give roles in this project."))}
                onclick={open.reform(move |_: MouseEvent| share.clone())} />
        </span>
    };
    let fact = |term, value, testid| Some(Fact { term, value, testid });
    let all = [
        text(tr("Display name"), &row.display_name, "display-name"),
        text(tr("Description"), &row.description, "description"),
        fact(tr("Who may pull"), sharing, "who-may-pull"),
        fact(tr("Images"), repositories(row), "repositories"),
        requester(row).and_then(|requester| fact(tr("Requested by"), requester, "requester")),
        row.created.and_then(|created| fact(tr("Created"), moment(created), "created")),
    ];
    html! {
        <div class="pf-v6-c-card images-card images-inset">{ facts(all.into_iter().flatten().collect()) }</div>
    }
}

/// The tabs.
fn choice(name: &AttrValue, now: Tab) -> Html {
    let one = |tab: Tab, label: String, testid: &'static str| tabs::Tab {
        to: Route::Project { name: name.to_string(), tab, list: Filtered::default() },
        name: label,
        current: tab == now,
        testid,
    };
    tabs(
        tr("What of the project"),
        vec![
            one(Tab::Members, tr("Members"), "tab-members"),
            one(Tab::Access, tr("Who can do what"), "tab-access"),
            one(Tab::Robots, tr("Robot accounts"), "tab-robots"),
        ],
    )
}
