// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deleting a user or a group, after a look at what goes with it and what stays.

use images_proto::people::{DeletePerson, Deletion, Goes};
use images_proto::subject::{Subject, SubjectKind};
use yew::prelude::*;

use super::objects::missing;
use crate::bridge::use_view;
use crate::components::bounded::bounded;
use crate::components::change::ChangeDialog;
use crate::components::waiting;
use crate::location;
use crate::part::{Part, part};
use crate::state::change::{Agreed, Wish};
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// The most names that are listed one by one.
const LISTED: usize = 20;

/// The dialog.
#[derive(PartialEq)]
pub struct DeletePersonDialog {
    /// Who.
    pub subject: Subject,
    /// The dialog goes.
    pub on_close: Callback<()>,
}

part!(DeletePersonDialog, use_delete_person_dialog, "delete-person-dialog");

#[hook]
fn use_delete_person_dialog(props: &DeletePersonDialog) -> Html {
    let subject = &props.subject;
    let look = use_view::<DeletePerson>(Deletion { subject: subject.clone(), agreed: false });
    let may = look.state.answer.as_ref().is_some_and(|goes| goes.missing.is_empty());
    let wish = {
        let agreed = Deletion { subject: subject.clone(), agreed: true };
        Callback::from(move |_: Agreed| may.then(|| Wish::of::<DeletePerson>(&agreed)))
    };
    let kind = subject.kind;
    let on_done = Callback::from(move |()| location::go(&Route::people(kind)));
    let (title, label) = match kind {
        SubjectKind::Group => {
            (tr_with("Delete the group $0?", &[&subject.name]), tr("Delete the group"))
        }
        _ => (tr_with("Delete the user $0?", &[&subject.name]), tr("Delete the user")),
    };
    ChangeDialog {
        title: title.into(),
        label: label.into(),
        wish,
        body: waiting::show(&look.state, &look.retry, |answer| goes(answer)),
        on_close: props.on_close.clone(),
        on_done,
        danger: true,
        testid: "dialog-delete-person",
    }
    .part()
}

fn goes(goes: &Goes) -> Html {
    let identities: Vec<String> =
        goes.identities.iter().map(|one| [one.provider.as_str(), &one.name].join(": ")).collect();
    let (groups, projects) = (goes.groups.len() as u64, goes.projects.len() as u64);
    html! {
        <div class="images-plan" data-testid="goes">
            { named(plural("$0 identity goes, too:", "$0 identities go, too:", identities.len() as u64), &identities) }
            { named(plural("It leaves $0 group:", "It leaves $0 groups:", groups), &goes.groups) }
            { named(plural("Its role in $0 project is taken away:", "Its roles in $0 projects are taken away:", projects), &goes.projects) }
            if identities.is_empty() && groups + projects == 0 {
                <p>{ tr("Nothing else goes with it.") }</p>
            }
            { named(tr("What stays:"), &goes.stays) }
            { missing(&goes.missing) }
        </div>
    }
}

fn named(title: String, names: &[String]) -> Html {
    if names.is_empty() {
        return html! {};
    }
    html! {
        <div>
            <p class="images-fix">{ title }</p>
            { bounded(names, LISTED, names.len() as u64, |name| html! { <li class="images-break">{ name }</li> }) }
        </div>
    }
}
