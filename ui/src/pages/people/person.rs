// SPDX-License-Identifier: LGPL-2.1-or-later

//! One user or group: where it comes from, its groups or members, and what it reaches.

use images_proto::lens::{Reach, Reached};
use images_proto::people::{Person as Method, Row, View, Which};
use images_proto::subject::{Subject, SubjectKind};
use yew::prelude::*;

use super::{cells, columns, identity};
use crate::bridge::use_view;
use crate::components::about::about;
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::description::{Fact, facts};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{List, list};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::label::{Colour, label};
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::rights;
use crate::components::table::grid;
use crate::components::tabs::{Tab, tabs};
use crate::components::waiting;
use crate::dialogs::delete_person::DeletePersonDialog;
use crate::dialogs::people::PeopleDialog;
use crate::dialogs::why::WhyDialog;
use crate::filtered::{UseFiltered, use_filtered};
use crate::part::{Part, part};
use crate::state::filtered::Filtered;
use crate::state::people::Ask;
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// The page.
#[derive(PartialEq)]
pub struct Person {
    /// Who.
    pub subject: Subject,
    /// What is reached is shown instead of groups or members.
    pub reach: bool,
    /// Which rows are shown.
    pub list: Filtered,
}

/// A dialog of the page.
#[derive(Clone, PartialEq)]
enum Open {
    Ask(Ask),
    Delete,
    Why,
}

part!(Person, use_person, "person");

#[hook]
fn use_person(props: &Person) -> Html {
    let Person { subject, reach, list } = props;
    let (is_group, reach) = (subject.kind == SubjectKind::Group, *reach);
    let open = use_state_eq(|| None::<Open>);
    let filtered = use_filtered(list, {
        let subject = subject.clone();
        Callback::from(move |list: Filtered| Route::Person {
            subject: subject.clone(),
            reach,
            list,
        })
    });
    let window = match reach {
        true => images_proto::project::Window::default(),
        false => filtered.params(),
    };
    let view = use_view::<Method>(Which { subject: subject.clone(), window });
    let answer = view.state.answer.as_deref();
    let may_change = answer.is_some_and(may_change);
    let row = answer.and_then(|answer| answer.row.as_ref());
    let is_known = row.is_some_and(|row| row.known != Some(false));
    let show = {
        let open = open.clone();
        Callback::from(move |wanted: Open| open.set(Some(wanted)))
    };
    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    let ask = show.reform(Open::Ask);
    let press = |wanted: Open| show.reform(move |_: MouseEvent| wanted.clone());
    let kind = if is_group { tr("Groups") } else { tr("Users") };
    let above = vec![(Route::people(subject.kind), kind)];
    let tab = |of: bool, name: String, testid: &'static str| Tab {
        to: Route::Person { subject: subject.clone(), reach: of, list: Filtered::default() },
        name,
        current: reach == of,
        testid,
    };
    let first = if is_group { tr("Members") } else { tr("Groups") };
    html! {
        <>
            { breadcrumb(above, subject.name.clone()) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={subject.name.clone()}>
                    <Button look={Look::Link} label={tr("Why …?")} testid="why" onclick={press(Open::Why)} />
                    if may_change && is_known {
                        <Button look={Look::Link} icon={Icon::Trash} testid="delete-person" onclick={press(Open::Delete)}
                            label={if is_group { tr("Delete the group") } else { tr("Delete the user") }} />
                    }
                </Heading>
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        { about(&answer.about) }
                        { known(answer, subject, &ask) }
                        if answer.row.is_some() {
                            { tabs(subject.name.clone(), vec![
                                tab(false, first, "tab-members"),
                                tab(true, tr("Projects"), "tab-projects"),
                            ]) }
                            if !reach { { members(answer, subject, &filtered, &ask) } }
                        }
                    </>
                }) }
                if reach && row.is_some() { { Reaches { subject: subject.clone(), list: list.clone() }.part() } }
            </section>
            { match (*open).clone() {
                None => html! {},
                Some(Open::Ask(ask)) => PeopleDialog { ask, on_close: close }.part(),
                Some(Open::Delete) => {
                    DeletePersonDialog { subject: subject.clone(), on_close: close }.part()
                }
                Some(Open::Why) => {
                    WhyDialog { subject: Some(subject.clone()), project: None, on_close: close }.part()
                }
            } }
        </>
    }
}

/// Whether the user may change it, as far as it is known.
fn may_change(answer: &View) -> bool {
    answer.about.openshift && answer.may_change != Some(false)
}

/// What there is to know of it as a whole.
fn known(answer: &View, subject: &Subject, ask: &Callback<Ask>) -> Html {
    let Some(row) = &answer.row else {
        if answer.about.reading {
            return html! { <EmptyState state="filling" picture={Picture::Spinner} title={tr("Reading")} /> };
        }
        return html! {
            <EmptyState state="empty" picture={Picture::Icon(Icon::User)} title={match subject.kind {
                SubjectKind::Group => tr("There is no such group"),
                _ => tr("There is no such user"),
            }} />
        };
    };
    let name = &subject.name;
    let may =
        answer.about.openshift && answer.may_change != Some(false) && row.known != Some(false);
    let button = |wanted: Ask, label: String, testid: &'static str| {
        may.then(|| html! {
            <Button look={Look::Link} {label} {testid} onclick={ask.reform(move |_: MouseEvent| wanted.clone())} />
        })
    };
    let fact = |term: String, value: Html, testid: &'static str| Fact { term, value, testid };
    let mut known = Vec::new();
    if row.known == Some(false) {
        let word = match subject.kind {
            SubjectKind::Group => tr("no such group yet"),
            _ => tr("has not logged in yet"),
        };
        let (create, words) = match subject.kind {
            SubjectKind::Group => (Ask::CreateGroup(name.clone()), tr("Create group")),
            _ => (Ask::CreateUser(name.clone()), tr("Create user")),
        };
        known.push(fact(tr("State"), html! {
            <>{ label(Colour::Orange, word, Some("unknown")) }{ " " }{ button(create, words, "create-known") }</>
        }, "person-state"));
    } else if subject.kind == SubjectKind::User {
        let full_name = row.full_name.clone().unwrap_or_default();
        let rename = Ask::Rename { user: name.clone(), full_name: full_name.clone() };
        known.push(fact(
            tr("Full name"),
            html! {
                <div class="images-buttons">
                    <span class="images-break">{ full_name }</span>
                    { button(rename, tr("Change"), "rename") }
                </div>
            },
            "person-full-name",
        ));
        let of = |one: &images_proto::people::Identity| {
            html! {
                <div class="images-buttons">
                    { identity(one) }
                    { button(Ask::RemoveIdentity(name.clone(), one.clone()), tr("Remove"), "remove-identity") }
                </div>
            }
        };
        known.push(fact(tr("Logs in by"), html! {
            <>
                { for row.identities.iter().map(of) }
                { button(Ask::AddIdentity(name.clone()), tr("Add an identity"), "add-identity") }
            </>
        }, "person-identities"));
    }
    if let Some(created) = row.created {
        known.push(fact(tr("Created"), moment(created), "person-created"));
    }
    if let Some(server) = &row.filled_by {
        known.push(fact(tr("Filled by"), html! {
            <div>
                { label(Colour::Purple, tr("LDAP"), Some("filled-by")) }
                { " " }<span class="images-break">{ server }</span>
                <p class="images-secondary">{ tr("What is changed here is undone by the next synchronization.") }</p>
            </div>
        }, "person-filled-by"));
    }
    if known.is_empty() {
        return html! {};
    }
    html! { <div class="pf-v6-c-card images-card images-inset">{ facts(known) }</div> }
}

/// The members of a group, or the groups of a user.
fn members(answer: &View, subject: &Subject, filtered: &UseFiltered, ask: &Callback<Ask>) -> Html {
    let is_group = subject.kind == SubjectKind::Group;
    let may = may_change(answer);
    // The members of a group are users; a user is in groups.
    let mut columns = columns(!is_group);
    columns.push(tr("Membership"));
    let draw = |row: &Row| {
        let name = row.subject.name.clone();
        let (group, user) = match is_group {
            true => (subject.name.clone(), name.clone()),
            false => (name.clone(), subject.name.clone()),
        };
        let leave = Ask::Leave { group, user };
        let mut cells = cells(row, may, ask);
        cells.push(html! {
            if may {
                <Button look={Look::Link} label={tr("Take out")} testid="leave"
                    onclick={ask.reform(move |_: MouseEvent| leave.clone())} />
            }
        });
        (name, cells)
    };
    let add = match is_group {
        true => Ask::AddMembers(subject.name.clone()),
        false => Ask::AddToGroup(subject.name.clone()),
    };
    let total = u64::from(answer.total);
    let (filter, found, none, table, label) = match is_group {
        true => (
            tr("Filter members"),
            plural("$0 member", "$0 members", total),
            tr("No members"),
            tr("Members"),
            tr("Add members"),
        ),
        false => (
            tr("Filter groups"),
            plural("$0 group", "$0 groups", total),
            tr("In no group"),
            tr("Groups"),
            tr("Add to a group"),
        ),
    };
    list(
        List {
            filter,
            tools: html! {
                if may {
                    <div class="pf-v6-c-toolbar__item">
                        <Button {label} testid="add" onclick={ask.reform(move |_: MouseEvent| add.clone())} />
                    </div>
                }
            },
            found,
            reading: answer.about.reading,
            table: grid(
                table,
                &columns,
                answer.members.iter().map(draw).collect(),
                Some(&filtered.show(answer.offset, answer.members.len(), answer.total)),
            ),
            nothing: html! { <EmptyState state="empty" picture={Picture::Icon(Icon::Group)} title={none} /> },
        },
        filtered,
    )
}

/// The projects in which somebody may do something.
#[derive(PartialEq)]
struct Reaches {
    subject: Subject,
    list: Filtered,
}

part!(Reaches, use_reaches, "reaches");

#[hook]
fn use_reaches(props: &Reaches) -> Html {
    let filtered = use_filtered(&props.list, {
        let subject = props.subject.clone();
        Callback::from(move |list| Route::Person { subject: subject.clone(), reach: true, list })
    });
    let window = filtered.params();
    let view = use_view::<Reach>(Which { subject: props.subject.clone(), window });
    waiting::show(&view.state, &view.retry, |answer| reached(answer, &filtered))
}

fn reached(answer: &Reached, filtered: &UseFiltered) -> Html {
    let columns: Vec<String> = [tr("Project")].into_iter().chain(rights::heads()).collect();
    let rows = answer.rows.iter().map(|place| {
        let link = html! {
            <Link to={Route::project(&place.project)} class="images-break">{ &place.project }</Link>
        };
        let cells = [link].into_iter().chain(rights::cells(&place.rights, &place.via)).collect();
        (place.project.clone(), cells)
    });
    let asked = match answer.asked {
        true => tr("As the cluster answers."),
        false => tr("As the bindings say: the cluster does not let you ask for others."),
    };
    list(
        List {
            filter: tr("Filter projects"),
            tools: html! {},
            found: tr_with(
                "$0 $1",
                &[&plural("$0 project.", "$0 projects.", answer.total.into()), &asked],
            ),
            reading: answer.about.reading,
            table: grid(
                tr("Projects"),
                &columns,
                rows.collect(),
                Some(&filtered.show(answer.offset, answer.rows.len(), answer.total)),
            ),
            nothing: html! {
                <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)}
                    title={tr("It can do nothing with the images of any project")} />
            },
        },
        filtered,
    )
}
