// SPDX-License-Identifier: LGPL-2.1-or-later

//! The dialog of every change of a project, its members and its robot accounts.

pub mod deletion;
pub mod token;

use images_proto::subject::SubjectKind;
use yew::prelude::*;

use crate::browser::full_time;
use crate::components::alert::{Alert, Severity};
use crate::components::change::ChangeDialog;
use crate::components::form::{Form, use_form};
use crate::components::rights::{binding, gives, role, role_choices};
use crate::components::sharing::{means, sharing};
use crate::components::subject::name;
use crate::location;
use crate::part::{Part, part};
use crate::session::Session;
use crate::state::change::Agreed;
use crate::state::project::{Change, ROLES, SHARINGS};
use crate::state::route::Route;
use crate::text::{tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct ProjectDialog {
    /// The change.
    pub change: Change,
    /// Whether the cluster has OpenShift's projects.
    pub openshift: bool,
    /// By which binding everybody may pull whatever is chosen here.
    pub shared_anyway: Option<images_proto::subject::Via>,
    /// The dialog goes.
    pub on_close: Callback<()>,
}

part!(ProjectDialog, use_project_dialog, "project-dialog");

#[hook]
fn use_project_dialog(props: &ProjectDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let ProjectDialog { change, openshift, on_close, .. } = props;
    let form = use_form(&change.first());
    let wish = {
        let (change, openshift, form) = (change.clone(), *openshift, form.clone());
        Callback::from(move |agreed: Agreed| change.wish(values(&form), openshift, agreed))
    };
    let on_done = {
        let made = matches!(change, Change::Create).then(|| form.trimmed(0).to_owned());
        Callback::from(move |()| {
            if let Some(name) = &made {
                location::go(&Route::project(name));
            }
        })
    };
    let Words { title, label, danger, testid } = words(change);
    let body = body(props, &form, &session);
    let (title, label) = (title.into(), label.into());
    ChangeDialog { title, label, danger, testid, wish, on_done, on_close: on_close.clone(), body }
        .part()
}

fn values(form: &Form) -> [&str; 3] {
    [form.trimmed(0), form.trimmed(1), form.trimmed(2)]
}

/// What a dialog is called.
struct Words {
    title: String,
    label: String,
    danger: bool,
    testid: &'static str,
}

fn words(change: &Change) -> Words {
    let (title, label, testid) = match change {
        Change::Create => (tr("Create a project"), tr("Create"), "dialog-create-project"),
        Change::Describe(row) => {
            (tr_with("Change $0", &[&row.name]), tr("Save"), "dialog-change-project")
        }
        Change::Share(project, _) => {
            (tr_with("Who may pull from $0?", &[project]), tr("Save"), "dialog-share")
        }
        Change::Repository(project) => {
            (tr_with("New repository in $0", &[project]), tr("Create"), "dialog-repository")
        }
        Change::Add(project) => {
            (tr_with("Add members to $0", &[project]), tr("Add"), "dialog-add-members")
        }
        Change::Role(project, subject, _) => {
            (tr_with("Role of $0 in $1", &[&name(subject), project]), tr("Save"), "dialog-role")
        }
        Change::Remove(project, subject) => (
            tr_with("Remove $0 from $1?", &[&name(subject), project]),
            tr("Remove"),
            "dialog-remove-member",
        ),
        Change::Robot(project) => {
            (tr_with("Create a robot account in $0", &[project]), tr("Create"), "dialog-robot")
        }
        Change::DeleteRobot(_, robot) => {
            (tr_with("Delete the robot account $0?", &[robot]), tr("Delete"), "dialog-delete-robot")
        }
        Change::Revoke(_, robot, _) => {
            (tr_with("Revoke a token of $0?", &[robot]), tr("Revoke"), "dialog-revoke")
        }
    };
    let danger =
        matches!(change, Change::Remove(..) | Change::DeleteRobot(..) | Change::Revoke(..));
    Words { title, label, danger, testid }
}

/// What is filled in, or read before.
fn body(props: &ProjectDialog, form: &Form, session: &Session) -> Html {
    let mistake = props.change.mistake(values(form), props.openshift);
    let mistake = mistake.map(|mistake| mistake.to_string());
    match &props.change {
        Change::Create => html! {
            <>
                { form.field(0, "project-name", tr("Name"), mistake,
                    Some(tr("It is the first part of the names of its images, and cannot be changed later."))) }
                { form.field(1, "project-display-name", tr("Display name"), None, Some(tr("Optional"))) }
                { form.field(2, "project-description", tr("Description"), None, Some(tr("Optional"))) }
            </>
        },
        Change::Describe(_) => html! {
            <>
                { form.field(0, "project-display-name", tr("Display name"), mistake, None) }
                { form.field(1, "project-description", tr("Description"), None, None) }
            </>
        },
        Change::Share(..) => share(props, form),
        Change::Repository(project) => {
            let host =
                session.status.as_ref().and_then(|status| status.registry.as_ref()?.host.clone());
            let example = [host.as_deref().unwrap_or(""), project, form.trimmed(0)];
            let example =
                example.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
            html! {
                <>
                    { form.field(0, "repository-name", tr("Name"), mistake,
                        Some(tr("It is made empty. A push to a name that is not there yet makes it, too."))) }
                    <p class="images-secondary images-break">{ example.join("/") }</p>
                </>
            }
        }
        Change::Add(_) => add(form, mistake),
        Change::Role(..) => html! {
            <fieldset class="images-choices">
                <legend class="pf-v6-screen-reader">{ tr("Role") }</legend>
                { for ROLES.iter().map(|(one, value)| form.choice(0, "role", value, role(*one), html! { { gives(*one) } })) }
            </fieldset>
        },
        Change::Remove(_, subject) => html! {
            <p>{ match subject.kind {
                SubjectKind::Group => tr("Its members lose what only this role gives them. Other roles of the group stay."),
                _ => tr("The role is taken away. Other roles, and what comes through groups, stay."),
            } }</p>
        },
        Change::Robot(_) => html! {
            <>
                { form.field(0, "robot-name", tr("Name"), mistake,
                    Some(tr("It is a service account of the cluster, for programs that push or pull. Afterwards give it a token to log in with."))) }
                { form.select(1, "robot-role", tr("Role"), role_choices()) }
            </>
        },
        Change::DeleteRobot(..) => html! {
            <p>{ tr("All its tokens end, and programs that use them cannot log in any more. It cannot be undone.") }</p>
        },
        Change::Revoke(_, _, token) => html! {
            <>
                <p class="images-break">
                    { match &token.purpose {
                        Some(purpose) => tr_with("The token for “$0”", &[purpose]),
                        None => tr("The token"),
                    } }
                    if let Some(created) = token.created { { " " }{ tr_with("of $0", &[&full_time(created)]) } }
                </p>
                <p>{ tr("Programs that use it cannot log in any more. It takes the cluster some seconds to forget it.") }</p>
            </>
        },
    }
}

fn add(form: &Form, mistake: Option<String>) -> Html {
    let kinds = vec![
        ("user".into(), tr("Users").into()),
        ("group".into(), tr("Groups").into()),
        ("robot".into(), tr("Robot accounts").into()),
    ];
    let help = match form.get(1) {
        "robot" => tr(
            "Separate several by commas. Put the project before one of another project: skyfield/builder.",
        ),
        "group" => tr(
            "Separate several by commas. A group that the cluster does not know yet gets the role, too, and it holds once there is one of that name.",
        ),
        _ => tr(
            "Separate several by commas. Whoever the cluster does not know yet gets the role, too, and it holds from the first login on.",
        ),
    };
    html! {
        <>
            { form.field(0, "member-names", tr("Names"), mistake, Some(help)) }
            { form.select(1, "member-kind", tr("They are"), kinds) }
            { form.select(2, "member-role", tr("Role"), role_choices()) }
        </>
    }
}

fn share(props: &ProjectDialog, form: &Form) -> Html {
    html! {
        <>
            <fieldset class="images-choices">
                <legend>{ tr("Members keep their roles in any case. To push one needs a role.") }</legend>
                { for SHARINGS.iter().map(|(one, value)| form.choice(0, "sharing", value, sharing(*one), html! { { means(*one) } })) }
            </fieldset>
            if form.get(0) == "anonymous" {
                <Alert severity={Severity::Warning} testid="anonymous-warning"
                    title={tr("Everybody who reaches the registry can pull all images of this project")}>
                    <p>{ tr("Make sure that none of them holds passwords, keys or code that is not public.") }</p>
                </Alert>
            }
            if let Some(via) = &props.shared_anyway {
                <Alert severity={Severity::Warning} testid="shared-anyway"
                    title={tr("Everybody may pull, whatever is chosen here")}>
                    <p class="images-break">
                        { tr_with("$0 gives everybody the role $1. It is left alone here.", &[&binding(via), &via.role]) }
                    </p>
                </Alert>
            }
            if form.get(0).is_empty() {
                <p class="images-secondary">{ tr("With whom it is shared now is not known, since you may not read its role bindings.") }</p>
            }
        </>
    }
}
