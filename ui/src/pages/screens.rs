// SPDX-License-Identifier: LGPL-2.1-or-later

//! The screens and notices that concern the whole session.

use std::rc::Rc;

use images_proto::Failure;
use images_proto::status::{self, Phase};
use yew::prelude::*;

use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::expandable::Expandable;
use crate::components::failure::{self, FailureScreen};
use crate::components::waiting;
use crate::state::screen::Screen;
use crate::state::view::{Line, ViewState};
use crate::text::{plural, tr, tr_with};

/// The screen in the place of a page; `None` when the page can be shown.
pub fn screen(screen: &Screen, again: &Callback<()>) -> Option<Html> {
    Some(match screen {
        Screen::Content => return None,
        Screen::Connecting => html! {
            <EmptyState state="connecting" picture={Picture::Spinner} title={tr("Connecting")}
                actions={try_again(again)}>
                <p>{ tr("Waiting for the cluster and its registry to answer.") }</p>
            </EmptyState>
        },
        Screen::Failed(failure) => html! {
            <FailureScreen failure={failure.clone()} again={again.clone()} />
        },
        Screen::Disconnected => waiting::disconnected(again),
        Screen::Ended(details) => waiting::ended(details, again),
    })
}

/// Notices above a page that can be shown, although not all is well.
pub fn notices(status: &ViewState<status::View>, again: &Callback<()>) -> Html {
    let Some(answer) = &status.answer else { return html! {} };
    let unreachable = answer.registry.as_ref().and_then(|registry| registry.unreachable.as_ref());
    let failed = match &answer.phase {
        Phase::Failed(failure) => Some(failure),
        _ => None,
    };
    html! {
        <>
            { line(&status.line, again) }
            if answer.phase == Phase::Connecting && !status.is_cut_off() {
                <Alert severity={Severity::Info} state="connecting" title={tr("Connecting")}>
                    <p>{ tr("Waiting for the cluster and its registry to answer. What is shown may be out of date.") }</p>
                </Alert>
            }
            if let Some(failure) = failed {
                { notice(Severity::Danger, failure, tr("What was read before is shown."), again) }
            }
            if let Some(failure) = unreachable {
                { notice(Severity::Warning, failure,
                    tr("The list comes from the cluster. Manifests, configs and build history do not."), again) }
            }
            if !answer.problems.is_empty() {
                { problems(&answer.problems, again) }
            }
        </>
    }
}

fn line(line: &Line, again: &Callback<()>) -> Html {
    match line {
        Line::Opening | Line::Open => html! {},
        Line::Lost => html! {
            <Alert severity={Severity::Warning} state="disconnected"
                title={tr("Connecting again")}>
                <p>{ tr("The helper of this page ended and is being started again. What is shown may be out of date.") }</p>
            </Alert>
        },
        Line::Ended(details) => html! {
            <Alert severity={Severity::Danger} state="disconnected"
                title={tr("The helper of this page ended. Log out and in again.")}
                actions={try_again(again)}>
                <p>{ tr("What is shown may be out of date.") }</p>
                if !details.is_empty() { { failure::details(details) } }
            </Alert>
        },
    }
}

fn notice(severity: Severity, failure: &Failure, but: String, again: &Callback<()>) -> Html {
    html! {
        <Alert {severity} title={failure::title(failure.code)} actions={try_again(again)} testid="notice">
            { failure::words(failure) }
            <p>{ but }</p>
        </Alert>
    }
}

fn problems(problems: &[Failure], again: &Callback<()>) -> Html {
    html! {
        <Alert severity={Severity::Warning} testid="problems" actions={try_again(again)}
            title={plural("$0 part could not be read", "$0 parts could not be read", problems.len() as u64)}>
            if let [problem] = problems {
                { failure::words(problem) }
            } else {
                <Expandable title={tr("What could not be read")}>
                    { for problems.iter().take(50).map(failure::words) }
                </Expandable>
            }
        </Alert>
    }
}

fn try_again(again: &Callback<()>) -> Html {
    html! {
        <Button look={Look::Link} label={tr("Try again")} testid="try-again"
            onclick={again.reform(|_: MouseEvent| ())} />
    }
}

/// Where all this comes from, in one line.
pub(super) fn source_line(status: &Rc<status::View>) -> String {
    let cluster = status.cluster.as_ref();
    let address = cluster.map(|cluster| {
        let server = cluster.server.as_str();
        server.strip_prefix("https://").unwrap_or(server).trim_end_matches('/').to_owned()
    });
    let user = cluster.and_then(|cluster| cluster.user.clone());
    match (address, user) {
        (Some(address), Some(user)) => tr_with("$0 as $1", &[&address, &user]),
        (Some(address), None) => address,
        (None, _) => String::new(),
    }
}
