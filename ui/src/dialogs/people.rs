// SPDX-License-Identifier: LGPL-2.1-or-later

//! Making and changing users and groups.

use images_proto::name::{valid_group_name, valid_user_name};
use yew::prelude::*;

use crate::components::change::ChangeDialog;
use crate::components::form::{Form, use_form};
use crate::part::{Part, part};
use crate::state::change::Agreed;
use crate::state::people::{Ask, Typed, wish};
use crate::text::{tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct PeopleDialog {
    /// What it asks.
    pub ask: Ask,
    /// The dialog goes.
    pub on_close: Callback<()>,
}

const NAME: usize = 0;
const FULL_NAME: usize = 1;
const PROVIDER: usize = 2;
const LOGIN: usize = 3;
const OTHERS: usize = 4;

part!(PeopleDialog, use_people_dialog, "people-dialog");

#[hook]
fn use_people_dialog(props: &PeopleDialog) -> Html {
    let ask = &props.ask;
    let (name, full_name) = match ask {
        Ask::CreateUser(name) | Ask::CreateGroup(name) => (name.as_str(), ""),
        Ask::Rename { full_name, .. } => ("", full_name.as_str()),
        _ => ("", ""),
    };
    let form = use_form(&[name, full_name, "", "", ""]);
    let mistake = match ask {
        Ask::CreateUser(_) => valid_user_name(form.trimmed(NAME)).err(),
        Ask::CreateGroup(_) | Ask::AddToGroup(_) => valid_group_name(form.trimmed(NAME)).err(),
        _ => None,
    };
    let made = mistake.is_none().then(|| wish(ask, &typed(&form))).flatten();
    let mistake = mistake.map(|mistake| mistake.to_string());
    let name = |label: String| form.field(NAME, "person-name", label, mistake.clone(), None);
    let full_name = || form.field(FULL_NAME, "person-full-name", tr("Full name"), None, None);
    let identity = || {
        html! {
            <>
                { form.field(PROVIDER, "person-provider", tr("Identity provider"), None,
                    Some(tr("As the cluster's configuration names it, such as htpasswd or ldap."))) }
                { form.field(LOGIN, "person-login", tr("Name there"), None,
                    Some(tr("Empty: the same name."))) }
            </>
        }
    };
    let members = || {
        form.field(
            OTHERS,
            "person-others",
            tr("Members"),
            None,
            Some(tr("Names of users with commas between them. They need not have logged in yet.")),
        )
    };
    let (title, label, body) = match ask {
        Ask::CreateUser(_) => (
            tr("Create a user"),
            tr("Create the user"),
            html! {
                <>
                    { name(tr("Name")) }
                    { full_name() }
                    <p class="images-secondary">
                        { tr("Most clusters make users at their first login. Who is made here needs the identity to log in by: without it, many a provider refuses the login.") }
                    </p>
                    { identity() }
                    { form.field(OTHERS, "person-others", tr("Groups"), None,
                        Some(tr("Names of groups with commas between them."))) }
                </>
            },
        ),
        Ask::CreateGroup(_) => (
            tr("Create a group"),
            tr("Create the group"),
            html! { <>{ name(tr("Name")) }{ members() }</> },
        ),
        Ask::Rename { user, .. } => {
            (tr_with("What is $0 called?", &[user]), tr("Change"), full_name())
        }
        Ask::AddIdentity(user) => {
            (tr_with("Add an identity to $0", &[user]), tr("Add"), identity())
        }
        Ask::RemoveIdentity(user, identity) => (
            tr_with("Remove an identity from $0?", &[user]),
            tr("Remove"),
            html! {
                <p class="images-break">
                    { tr_with("Whoever logs in as $0 with $1 is no longer this user.", &[&identity.name, &identity.provider]) }
                </p>
            },
        ),
        Ask::AddToGroup(user) => {
            (tr_with("Add $0 to a group", &[user]), tr("Add"), name(tr("Group")))
        }
        Ask::AddMembers(group) => (tr_with("Add members to $0", &[group]), tr("Add"), members()),
        Ask::Leave { group, user } => (
            tr_with("Take $0 out of $1?", &[user, group]),
            tr("Take out"),
            html! { <p>{ tr("What the group may do, the user may do no longer, unless it is given in another way.") }</p> },
        ),
    };
    ChangeDialog {
        title: title.into(),
        label: label.into(),
        wish: Callback::from(move |_: Agreed| made.clone()),
        body,
        on_close: props.on_close.clone(),
        on_done: Callback::noop(),
        danger: matches!(ask, Ask::RemoveIdentity(..) | Ask::Leave { .. }),
        testid: "dialog-people",
    }
    .part()
}

fn typed(form: &Form) -> Typed<'_> {
    Typed {
        name: form.trimmed(NAME),
        full_name: form.trimmed(FULL_NAME),
        provider: form.trimmed(PROVIDER),
        login: form.trimmed(LOGIN),
        others: form.get(OTHERS),
    }
}
