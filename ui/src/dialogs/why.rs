// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why somebody can or cannot do something: the cluster's answer, and what mends it.

use std::rc::Rc;

use images_proto::lens::{Answer, Question as Asked, Why};
use images_proto::subject::{Subject, SubjectKind, Verb};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::components::alert::{Alert, Severity};
use crate::components::command::command;
use crate::components::expandable::Expandable;
use crate::components::form::{Form, on_enter, use_form};
use crate::components::question::{Question, harmless};
use crate::components::rights::{through, verb};
use crate::components::subject::name;
use crate::part::part;
use crate::text::{tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct WhyDialog {
    /// About whom, if it is known already.
    pub subject: Option<Subject>,
    /// Where, if it is known already.
    pub project: Option<AttrValue>,
    /// The dialog goes.
    pub on_close: Callback<()>,
}

const KIND: usize = 0;
const NAME: usize = 1;
const PROJECT: usize = 2;
const VERB: usize = 3;

/// The rights with their values in the choice.
const VERBS: [(Verb, &str); 4] =
    [(Verb::See, "see"), (Verb::Pull, "pull"), (Verb::Push, "push"), (Verb::Delete, "delete")];

part!(WhyDialog, use_why_dialog, "why-dialog");

#[hook]
fn use_why_dialog(props: &WhyDialog) -> Html {
    let form = use_form(&["me", "", props.project.as_deref().unwrap_or_default(), "pull"]);
    let answer = use_state(|| None::<(Asked, Rc<Answer>)>);
    let wanted = wanted(&form, props);
    let action = use_action::<Why>({
        let (answer, wanted) = (answer.clone(), wanted.clone());
        Callback::from(move |said: Answer| {
            answer.set(wanted.clone().map(|wanted| (wanted, Rc::new(said))));
        })
    });
    let busy = action.is_busy();
    let confirm = {
        let (start, wanted) = (action.start.clone(), wanted.clone());
        Callback::from(move |()| {
            if let Some(wanted) = wanted.clone().filter(|_| !busy) {
                start.emit(wanted);
            }
        })
    };
    let kinds = [
        ("me", tr("I")),
        ("user", tr("The user")),
        ("group", tr("The group")),
        ("robot", tr("The robot account")),
    ];
    let choice = |(value, words): (&'static str, String)| (value.into(), words.into());
    let kinds = kinds.into_iter().map(choice).collect();
    let verbs = VERBS.into_iter().map(|(one, value)| choice((value, verb(one)))).collect();
    let body = html! {
        <div class="images-plan" onkeydown={on_enter(&confirm)}>
            if let Some(subject) = &props.subject {
                <p>{ tr("Who:") }{ " " }<strong class="images-break">{ name(subject) }</strong></p>
            } else {
                { form.select(KIND, "why-kind", tr("Who"), kinds) }
                if form.get(KIND) != "me" {
                    { form.field(NAME, "why-name", tr("Name"), None,
                        (form.get(KIND) == "robot").then(|| tr("With its project before it when that is another one, such as skyfield/builder."))) }
                }
            }
            { form.select(VERB, "why-verb", tr("What"), verbs) }
            if props.project.is_none() {
                { form.field(PROJECT, "why-project", tr("In the project"), None, None) }
            }
            if let Some((_, answer)) = answer.as_ref().filter(|(of, _)| Some(of) == wanted.as_ref()) {
                { said(answer) }
            }
        </div>
    };
    let asked = Question {
        title: match &props.project {
            Some(project) => tr_with("Who can do what in $0, and why?", &[project]),
            None => tr("Why can somebody do something, or not?"),
        },
        label: Some(tr("Ask the cluster")),
        enabled: wanted.is_some(),
        busy,
        failure: action.failure,
        steps: &[],
        testid: "dialog-why",
    };
    harmless(asked, body, &confirm, &props.on_close)
}

/// The question, once all of it is there.
fn wanted(form: &Form, props: &WhyDialog) -> Option<Asked> {
    let project = form.trimmed(PROJECT).to_owned();
    let verb = VERBS.iter().find(|(_, value)| *value == form.get(VERB))?.0;
    let typed = form.trimmed(NAME);
    let subject = match (&props.subject, form.get(KIND)) {
        (Some(subject), _) => Some(subject.clone()),
        (None, "me") => None,
        (None, _) if typed.is_empty() => return None,
        (None, "robot") => Some(match typed.split_once('/') {
            Some((of, name)) => Subject::robot(of, name),
            None => Subject::robot(project.clone(), typed),
        }),
        (None, kind) => Some(Subject {
            kind: if kind == "group" { SubjectKind::Group } else { SubjectKind::User },
            name: typed.to_owned(),
            project: None,
        }),
    };
    (!project.is_empty()).then_some(Asked { subject, project, verb })
}

fn said(answer: &Answer) -> Html {
    let (severity, title) = match answer.allowed {
        Some(true) => (Severity::Success, tr("It is allowed")),
        Some(false) => (Severity::Warning, tr("It is not allowed")),
        None => (Severity::Info, tr("The cluster does not tell you")),
    };
    let asked = [answer.verb.as_str(), &answer.resource].join(" ");
    html! {
        <Alert {severity} {title} testid="why-answer">
            <div class="images-words">
                <p>{ &answer.message }</p>
                // One alone is in the message.
                if answer.via.len() > 1 { { through(&answer.via) } }
                if let Some(text) = &answer.command {
                    <p>{ tr("An administrator of the project runs this to allow it:") }</p>
                    { command(text, tr("Copy the command"), "why-command") }
                }
                <Expandable title={tr("What was asked")}>
                    <p class="images-break">
                        { tr_with("$0 in $1, for $2", &[&asked, &answer.project, &name(&answer.subject)]) }
                    </p>
                    if !answer.groups.is_empty() {
                        <p class="images-break">{ tr_with("Its groups: $0", &[&answer.groups.join(", ")]) }</p>
                    }
                    if let Some(reason) = &answer.reason {
                        <pre class="images-details">{ reason }</pre>
                    }
                </Expandable>
            </div>
        </Alert>
    }
}
