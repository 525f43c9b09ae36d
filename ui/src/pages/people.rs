// SPDX-License-Identifier: LGPL-2.1-or-later

//! The users and the groups.

pub mod person;

use images_proto::people::{Identity, List as Answer, Params, People as Method, Row};
use images_proto::subject::SubjectKind;
use yew::prelude::*;

use crate::bridge::use_view;
use crate::components::about::about;
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::bytes::unknown;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{List, list};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::label::{Colour, label};
use crate::components::link::Link;
use crate::components::subject::subject;
use crate::components::table::grid;
use crate::components::tabs::{Tab, tabs};
use crate::components::waiting;
use crate::dialogs::people::PeopleDialog;
use crate::filtered::{UseFiltered, use_filtered};
use crate::part::{Part, part};
use crate::state::filtered::Filtered;
use crate::state::people::Ask;
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// The page.
#[derive(PartialEq)]
pub struct People {
    /// Users or groups.
    pub kind: SubjectKind,
    /// Which of them are shown.
    pub list: Filtered,
}

part!(People, use_people, "people");

#[hook]
fn use_people(props: &People) -> Html {
    let kind = props.kind;
    let filtered =
        use_filtered(&props.list, Callback::from(move |list| Route::People { kind, list }));
    let view = use_view::<Method>(Params { kind, window: filtered.params() });
    let asked = use_state_eq(|| None::<Ask>);
    let ask = {
        let asked = asked.clone();
        Callback::from(move |ask: Ask| asked.set(Some(ask)))
    };
    let on_close = {
        let asked = asked.clone();
        Callback::from(move |()| asked.set(None))
    };
    let tab = |of: SubjectKind, name: String, testid: &'static str| Tab {
        to: Route::people(of),
        name,
        current: kind == of,
        testid,
    };
    html! {
        <section class="pf-v6-c-page__main-section images-page">
            <Heading title={tr("People")} />
            { tabs(tr("Users and groups"), vec![
                tab(SubjectKind::User, tr("Users"), "tab-users"),
                tab(SubjectKind::Group, tr("Groups"), "tab-groups"),
            ]) }
            { waiting::show(&view.state, &view.retry, |answer| html! {
                <>
                    { about(&answer.about) }
                    if !answer.about.openshift && !answer.about.reading {
                        <Alert severity={Severity::Info} testid="no-users"
                            title={tr("This cluster keeps no users and groups")}>
                            <p>{ tr("Names come with each login, from a certificate or a provider of identities. Those that roles are given to are listed.") }</p>
                        </Alert>
                    }
                    { people(answer, kind, &filtered, &ask) }
                </>
            }) }
            if let Some(ask) = (*asked).clone() { { PeopleDialog { ask, on_close }.part() } }
        </section>
    }
}

fn people(answer: &Answer, kind: SubjectKind, filtered: &UseFiltered, ask: &Callback<Ask>) -> Html {
    let is_user = kind != SubjectKind::Group;
    let may = answer.about.openshift && answer.may_create != Some(false);
    let columns = columns(!is_user);
    let rows = answer.rows.iter().map(|row| (row.subject.name.clone(), cells(row, may, ask)));
    let create = |label: String| {
        let first = if is_user { Ask::CreateUser } else { Ask::CreateGroup };
        html! {
            <Button look={Look::Primary} {label} testid="create"
                onclick={ask.reform(move |_: MouseEvent| first(String::new()))} />
        }
    };
    let (filter, found, none, label, table) = match is_user {
        true => (
            tr("Filter users"),
            plural("$0 user", "$0 users", answer.total.into()),
            tr("No users"),
            tr("Create user"),
            tr("Users"),
        ),
        false => (
            tr("Filter groups"),
            plural("$0 group", "$0 groups", answer.total.into()),
            tr("No groups"),
            tr("Create group"),
            tr("Groups"),
        ),
    };
    list(
        List {
            filter,
            tools: html! {
                if may { <div class="pf-v6-c-toolbar__item">{ create(label) }</div> }
            },
            found,
            reading: answer.about.reading,
            table: grid(
                table,
                &columns,
                rows.collect(),
                Some(&filtered.show(answer.offset, answer.rows.len(), answer.total)),
            ),
            nothing: html! {
                <EmptyState state="empty" picture={Picture::Icon(Icon::User)} title={none}>
                    if is_user {
                        <p>{ tr("A user appears at the first login, or is created here.") }</p>
                    } else {
                        <p>{ tr("A group is given a role once, for all of its members.") }</p>
                    }
                </EmptyState>
            },
        },
        filtered,
    )
}

/// A row of users or groups, or of the members of a group or the groups of a user.
/// The heads of what [`cells`] draws.
fn columns(is_group: bool) -> Vec<String> {
    match is_group {
        true => vec![tr("Group"), tr("Members"), tr("Filled by"), tr("Roles in")],
        false => vec![tr("User"), tr("Logs in by"), tr("Groups"), tr("Roles in")],
    }
}

fn cells(row: &Row, may_create: bool, ask: &Callback<Ask>) -> Vec<Html> {
    let name = &row.subject.name;
    let is_group = row.subject.kind == SubjectKind::Group;
    let create = (may_create && row.known == Some(false)).then(|| {
        let (first, label) = match is_group {
            true => (Ask::CreateGroup as fn(String) -> Ask, tr("Create group")),
            false => (Ask::CreateUser as fn(String) -> Ask, tr("Create user")),
        };
        let name = name.clone();
        html! {
            <Button look={Look::Link} {label} testid="create-known"
                onclick={ask.reform(move |_: MouseEvent| first(name.clone()))} />
        }
    });
    let who =
        html! { <>{ subject(&row.subject, row.full_name.as_deref(), row.known) }{ create }</> };
    let projects = match row.projects {
        Some(0) => none(),
        Some(count) => html! {
            <span title={tr("Those of its groups do not count here.")}>
                { plural("$0 project", "$0 projects", count.into()) }
            </span>
        },
        None => unknown(tr("The roles of projects cannot be read, or not yet.")),
    };
    let (second, third) = match is_group {
        true => (count(row.count), filled_by(row)),
        false => (identities(row), groups(row)),
    };
    vec![who, second, third, projects]
}

/// That there is nothing of it.
fn none() -> Html {
    html! { <span class="images-secondary">{ tr("none") }</span> }
}

fn identities(row: &Row) -> Html {
    match row.identities.as_slice() {
        [] if row.known == Some(true) => none(),
        [] => unknown(tr("The cluster does not know this user, or not yet.")),
        some => html! { <div>{ for some.iter().map(identity) }</div> },
    }
}

fn count(count: Option<u32>) -> Html {
    count.map_or_else(|| unknown(tr("It is not known, or not yet.")), |count| html! { { count } })
}

/// By which provider somebody logs in.
fn identity(Identity { provider, name }: &Identity) -> Html {
    html! { <div class="images-break">{ tr_with("$0 as $1", &[provider, name]) }</div> }
}

/// The server that fills a group.
fn filled_by(row: &Row) -> Html {
    match &row.filled_by {
        Some(server) => html! {
            <span title={tr("What is changed here is undone by the next synchronization.")}>
                { label(Colour::Purple, tr("LDAP"), Some("filled-by")) }
                { " " }<span class="images-break">{ server }</span>
            </span>
        },
        None => html! { <span class="images-secondary">{ tr("hand") }</span> },
    }
}

/// The first groups of a user, and how many more there are.
fn groups(row: &Row) -> Html {
    if row.count == Some(0) {
        return none();
    }
    let more = row.count.unwrap_or(0).saturating_sub(row.groups.len() as u32);
    html! {
        <div>
            { for row.groups.iter().map(|name| html! {
                <div><Link to={Route::person(images_proto::subject::Subject::group(name))} class="images-break">{ name }</Link></div>
            }) }
            if more > 0 { <span class="images-secondary">{ plural("and $0 more", "and $0 more", more.into()) }</span> }
        </div>
    }
}
