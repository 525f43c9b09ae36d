// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deleting a project: what goes with it, and its name to be typed before.

use std::rc::Rc;

use images_proto::project::{DeleteProject, Deletion, Goes};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::browser;
use crate::cockpit::format_bytes;
use crate::components::alert::{Alert, Severity};
use crate::components::bounded::bounded;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::form::{on_enter, use_form};
use crate::components::question::{Question, dangerous};
use crate::dialogs::objects::missing;
use crate::location;
use crate::part::part;
use crate::state::filtered::Filtered;
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// How many used images and kinds of objects are named.
const NAMED: usize = 20;

/// The dialog; it looks as soon as it is there.
#[derive(PartialEq)]
pub struct DeleteProjectDialog {
    /// The project.
    pub project: AttrValue,
    /// The dialog goes.
    pub on_close: Callback<()>,
}

part!(DeleteProjectDialog, use_delete_project_dialog, "delete-project-dialog");

#[hook]
fn use_delete_project_dialog(props: &DeleteProjectDialog) -> Html {
    let DeleteProjectDialog { project, on_close } = props;
    let form = use_form(&[""]);
    let goes = use_state(|| None::<Rc<Goes>>);
    // Something else goes by now than what was agreed to.
    let changed = use_state_eq(|| false);
    let action = use_action::<DeleteProject>({
        let (goes, changed, retype) = (goes.clone(), changed.clone(), form.set(0));
        Callback::from(move |said: Goes| {
            if goes.is_some() && !said.is_over() {
                changed.set(true);
                retype.emit(String::new());
            }
            goes.set(Some(Rc::new(said)));
        })
    });
    let start = {
        let project = project.to_string();
        action.start.reform(move |agreed| Deletion { name: project.clone(), agreed })
    };
    use_effect_with((), {
        let start = start.clone();
        move |()| start.emit(None)
    });
    let known = (*goes).clone();
    use_effect_with(known.is_some(), |known| {
        if *known {
            browser::focus("#confirm-name");
        }
    });
    let over = known.as_ref().is_some_and(|goes| goes.is_over());
    let lacks = known.as_ref().is_some_and(|goes| !goes.missing.is_empty());
    let close = {
        let on_close = on_close.clone();
        Callback::from(move |()| {
            on_close.emit(());
            if over {
                location::go(&Route::Projects(Filtered::default()));
            }
        })
    };
    let enabled = !lacks && known.is_some() && form.trimmed(0) == project.as_str();
    let busy = action.is_busy() && known.is_some();
    let confirm = {
        let agreed = known.as_ref().map(|goes| goes.fingerprint.clone());
        Callback::from(move |()| {
            if enabled && !busy && !over {
                start.emit(agreed.clone());
            }
        })
    };
    let body = html! {
        <div class="images-plan" onkeydown={on_enter(&confirm)}>
            { match &known {
                None if action.failure.is_some() => html! {},
                None => html! {
                    <div class="images-asking" role="status">
                        { spinner() }<span>{ tr("Looking at what goes with it") }</span>
                    </div>
                },
                Some(goes) if over => html! {
                    <p role="status" data-testid="project-gone">{ match (goes.done, goes.unseen) {
                        (true, _) => tr_with("The project $0 is gone.", &[project]),
                        (false, true) => tr_with("The cluster accepted the deletion of $0. Your roles went with the project, so you do not see any more whether all of it is gone.", &[project]),
                        (false, false) => tr_with("The project $0 was deleted. The cluster is still emptying it.", &[project]),
                    } }</p>
                },
                Some(goes) => html! {
                    <>
                        if *changed {
                            <Alert severity={Severity::Warning} testid="goes-changed"
                                title={tr("Nothing was deleted: what goes with it has changed meanwhile. Look again.")} />
                        }
                        { what_goes(goes) }
                        if !lacks {
                            { form.field(0, "confirm-name", tr_with("Type $0 to confirm", &[project]), None, None) }
                        }
                    </>
                },
            } }
        </div>
    };
    let question = Question {
        title: tr_with("Delete the project $0?", &[project]),
        label: (!over).then(|| tr("Delete the project")),
        enabled,
        busy,
        failure: action.failure,
        steps: &[],
        testid: "dialog-delete-project",
    };
    dangerous(question, body, &confirm, &close)
}

fn what_goes(goes: &Goes) -> Html {
    let images = [
        plural("$0 repository", "$0 repositories", goes.repositories.into()),
        plural("$0 tag", "$0 tags", goes.tags.into()),
    ];
    html! {
        <>
            <p>{ tr("All of it goes, and it cannot be undone:") }</p>
            <ul class="images-items" data-testid="goes">
                <li>
                    { images.join(", ") }
                    { match goes.size {
                        Some(size) => [", ", &tr_with("$0 that no other repository has", &[&format_bytes(size)])].concat(),
                        None => [", ", &tr("of a size that is not known")].concat(),
                    } }
                </li>
                { for goes.objects.iter().take(NAMED).map(|kind| html! {
                    <li>{ tr_with("$0: $1", &[&kind.kind, &kind.count.to_string()]) }</li>
                }) }
                if goes.objects.len() > NAMED {
                    <li>{ plural("and $0 more kind", "and $0 more kinds", (goes.objects.len() - NAMED) as u64) }</li>
                }
            </ul>
            if !goes.used.is_empty() {
                <Alert severity={Severity::Warning} testid="goes-used" title={tr("Some of its images are in use")}>
                    { bounded(&goes.used, NAMED, goes.used.len() as u64, |used| html! { <li class="images-break">{ used }</li> }) }
                </Alert>
            }
            if !goes.unread.is_empty() {
                <Alert severity={Severity::Warning} testid="goes-unread" title={tr("More may go: not everything could be counted")}>
                    { for goes.unread.iter().take(3).map(failure::words) }
                </Alert>
            }
            { missing(&goes.missing) }
        </>
    }
}
