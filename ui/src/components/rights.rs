// SPDX-License-Identifier: LGPL-2.1-or-later

//! Roles and rights in words and cells.

use images_proto::subject::{Rights, Role, Verb, Via};
use yew::prelude::*;

use super::bytes::unknown;
use super::icon::Icon;
use crate::state::project::ROLES;
use crate::text::{tr, tr_with};

/// The name of a role.
pub fn role(role: Role) -> String {
    match role {
        Role::Pull => tr("Pull"),
        Role::Push => tr("Push"),
        Role::Admin => tr("Admin"),
    }
}

/// What a role gives.
pub fn gives(role: Role) -> String {
    match role {
        Role::Pull => tr("see and pull images"),
        Role::Push => tr("push and delete images, too"),
        Role::Admin => tr("give and take these roles, too"),
    }
}

/// The choice of a role for [`super::form::Form::select`].
pub fn role_choices() -> Vec<(AttrValue, AttrValue)> {
    let choice = |(value, words): (Role, &'static str)| {
        (words.into(), tr_with("$0: $1", &[&role(value), &gives(value)]).into())
    };
    ROLES.into_iter().map(choice).collect()
}

/// The name of a right.
pub fn verb(verb: Verb) -> String {
    match verb {
        Verb::See => tr("See"),
        Verb::Pull => tr("Pull"),
        Verb::Push => tr("Push"),
        Verb::Delete => tr("Delete"),
    }
}

/// The heads of the columns of [`cells`].
pub fn heads() -> [String; 5] {
    let [see, pull, push, delete] = Verb::ALL.map(verb);
    [see, pull, push, delete, tr("Through")]
}

/// What somebody may do, a cell for each right, and through what.
pub fn cells(rights: &Rights, via: &[Via]) -> Vec<Html> {
    let may = Verb::ALL.map(|verb| may(rights.get(verb)));
    may.into_iter().chain([through(via)]).collect()
}

/// Whether it is allowed, as a picture and for screen readers.
fn may(allowed: Option<bool>) -> Html {
    let (icon, class, words) = match allowed {
        Some(true) => (Icon::Check, "images-yes", tr("yes")),
        Some(false) => (Icon::Close, "images-no", tr("no")),
        None => return unknown(tr("The cluster does not tell you.")),
    };
    html! {
        <span {class} title={words.clone()}>
            { icon.draw() }<span class="pf-v6-screen-reader">{ words }</span>
        </span>
    }
}

/// The bindings that give it, each in a line.
pub fn through(via: &[Via]) -> Html {
    if via.is_empty() {
        return unknown(tr("The bindings that give it are not known."));
    }
    html! {
        <div>
            { for via.iter().map(|via| html! { <div class="images-break" title={binding(via)}>{ words(via) }</div> }) }
        </div>
    }
}

/// A role and the group through which it comes.
fn words(via: &Via) -> String {
    let Via { role, group, project, .. } = via;
    match (group, project) {
        (Some(group), Some(_)) => tr_with("$0, through the group $1", &[role, group]),
        (Some(group), None) => {
            tr_with("$0 in the whole cluster, through the group $1", &[role, group])
        }
        (None, Some(_)) => role.clone(),
        (None, None) => tr_with("$0 in the whole cluster", &[role]),
    }
}

/// The binding in words.
pub fn binding(via: &Via) -> String {
    match via.project {
        Some(_) => tr_with("Role binding $0", &[&via.binding]),
        None => tr_with("Cluster role binding $0", &[&via.binding]),
    }
}
