// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who has a role in the project.

use images_proto::project::{Member, Row, View};
use yew::prelude::*;

use super::Open;
use crate::components::button::{Button, Look};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{self, list};
use crate::components::icon::Icon;
use crate::components::rights::{gives, role};
use crate::components::subject;
use crate::components::table::grid;
use crate::filtered::UseFiltered;
use crate::state::project::Change;
use crate::text::{plural, tr, tr_with};

pub(super) fn members(
    view: &View,
    project: &Row,
    filtered: &UseFiltered,
    open: &Callback<Open>,
) -> Html {
    let refused = view.may_grant == Some(false);
    let add = Open::Change(Change::Add(project.name.clone()));
    // Without its bindings nobody knows whether there are members.
    let (title, words) = match project.member_count.is_some() {
        true => (
            tr("The project has no members"),
            tr("Give users, groups or robot accounts a role, and they can pull or push."),
        ),
        false => (
            tr("The members are not known"),
            tr("You may not read the role bindings of this project."),
        ),
    };
    list(
        filtered::List {
            filter: tr("Filter by name"),
            tools: html! {
                <div class="pf-v6-c-toolbar__item">
                    <Button look={Look::Primary} label={tr("Add members")} testid="add-members" disabled={refused}
                        title={refused.then(|| tr("You may not give roles in this project."))}
                        onclick={open.reform(move |_: MouseEvent| add.clone())} />
                </div>
            },
            found: found(view, project, filtered),
            reading: view.about.reading,
            table: grid(
                tr("Members"),
                &[tr("Who"), tr("Role"), tr("Other roles"), tr("Actions")],
                view.members
                    .iter()
                    .map(|one| (subject::name(&one.subject), cells(one, project, refused, open)))
                    .collect(),
                Some(&filtered.show(view.offset, view.members.len(), view.total)),
            ),
            nothing: html! {
                <EmptyState state="empty" picture={Picture::Icon(Icon::Group)} {title}><p>{ words }</p></EmptyState>
            },
        },
        filtered,
    )
}

/// How many there are, members counted as the list of the projects counts them.
fn found(view: &View, project: &Row, filtered: &UseFiltered) -> String {
    let Some(members) = project.member_count else { return String::new() };
    if !filtered.typed.text.is_empty() {
        return plural("$0 was found", "$0 were found", view.total.into());
    }
    let others = view.total.saturating_sub(members);
    let members = plural("$0 member", "$0 members", members.into());
    match others {
        0 => members,
        _ => {
            [members, plural("$0 more with other roles", "$0 more with other roles", others.into())]
                .join(", ")
        }
    }
}

fn cells(member: &Member, project: &Row, refused: bool, open: &Callback<Open>) -> Vec<Html> {
    let project = &project.name;
    let subject = &member.subject;
    let button = |label: String, testid: &'static str, change: Change| {
        let dialog = Open::Change(change);
        html! {
            <Button look={Look::Link} {label} {testid} disabled={refused}
                onclick={open.reform(move |_: MouseEvent| dialog.clone())} />
        }
    };
    let change = Change::Role(project.clone(), subject.clone(), member.role);
    let who = html! {
        <div>
            { subject::subject(subject, member.full_name.as_deref(), member.known) }
            if let Some(size) = member.size {
                <div class="images-secondary">{ plural("$0 user", "$0 users", size.into()) }</div>
            }
        </div>
    };
    vec![
        who,
        held(member.role),
        html! {
            <span class="images-break images-secondary">
                { if member.others.is_empty() { tr("none") } else { member.others.join(", ") } }
            </span>
        },
        html! {
            <span class="images-buttons">
                if member.role.is_some() {
                    { button(tr("Change"), "change-role", change) }
                    { button(tr("Remove"), "remove-member", Change::Remove(project.clone(), subject.clone())) }
                } else {
                    { button(tr("Give a role"), "change-role", change) }
                }
                { why(subject.clone(), open) }
            </span>
        },
    ]
}

/// The role of somebody.
pub(super) fn held(held: Option<images_proto::subject::Role>) -> Html {
    match held {
        Some(held) => html! { <span title={gives(held)}>{ role(held) }</span> },
        None => html! {
            <span class="images-secondary" title={tr("Neither Pull nor Push nor Admin")}>{ tr("none") }</span>
        },
    }
}

/// The way to the question about somebody.
pub(super) fn why(subject: images_proto::subject::Subject, open: &Callback<Open>) -> Html {
    let title = tr_with("Why can $0 do something here, or not?", &[&subject::name(&subject)]);
    html! {
        <Button look={Look::Link} label={tr("Why?")} {title} testid="why"
            onclick={open.reform(move |_: MouseEvent| Open::Why(Some(subject.clone())))} />
    }
}
