// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users, groups and robots, as they stand in rows.

use images_proto::subject::{Subject, SubjectKind};
use yew::prelude::*;

use super::icon::Icon;
use super::label::{Colour, label};
use super::link::Link;
use crate::state::route::Route;
use crate::text::{tr, tr_with};

/// Somebody with a picture, a link, and what is special; `known` is whether the cluster knows it.
pub fn subject(subject: &Subject, full_name: Option<&str>, known: Option<bool>) -> Html {
    let (icon, kind) = kind(subject.kind);
    let to = Route::of_subject(subject);
    let special = special(subject);
    html! {
        <div>
            <span title={kind.clone()}>{ icon.draw() }</span>
            <span class="pf-v6-screen-reader">{ kind }</span>
            { " " }
            if special.is_none() {
                <Link {to} class="images-break">{ name(subject) }</Link>
            } else {
                <span class="images-break">{ name(subject) }</span>
            }
            if known == Some(false) { { " " }{ label(Colour::Orange, unknown(subject.kind), Some("unknown")) } }
            if let Some(words) = full_name.or(special.as_deref()) {
                <div class="images-secondary images-break">{ words }</div>
            }
        </div>
    }
}

/// What it is called.
pub fn name(Subject { name, project, .. }: &Subject) -> String {
    match project {
        Some(project) => [project.as_str(), name].join("/"),
        None => name.clone(),
    }
}

/// The picture and the word for a kind.
pub fn kind(kind: SubjectKind) -> (Icon, String) {
    match kind {
        SubjectKind::User => (Icon::User, tr("User")),
        SubjectKind::Group => (Icon::Group, tr("Group")),
        SubjectKind::Robot => (Icon::Robot, tr("Robot account")),
    }
}

/// That the cluster does not know it.
fn unknown(kind: SubjectKind) -> String {
    match kind {
        SubjectKind::User => tr("has not logged in yet"),
        SubjectKind::Group => tr("no such group yet"),
        SubjectKind::Robot => tr("no such robot account"),
    }
}

/// Whom the cluster's own groups stand for; nobody makes or changes them.
fn special(subject: &Subject) -> Option<String> {
    let name = subject.name.strip_prefix("system:")?;
    Some(match (subject.kind, name.split_once(':')) {
        (SubjectKind::Group, Some(("serviceaccounts", project))) => {
            tr_with("all robot accounts of the project $0", &[project])
        }
        (SubjectKind::Group, Some(("authenticated", _))) => tr("everybody who logs in"),
        (SubjectKind::Group, None) => match name {
            "authenticated" => tr("everybody who logs in"),
            "unauthenticated" => tr("everybody who does not log in"),
            "serviceaccounts" => tr("all robot accounts"),
            _ => tr("the cluster itself"),
        },
        (SubjectKind::Robot, _) => return None,
        _ => tr("the cluster itself"),
    })
}
