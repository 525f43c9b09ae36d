// SPDX-License-Identifier: LGPL-2.1-or-later

//! The screens and notices that concern the whole session.

use images_proto::status::{self, Phase};
use images_proto::{Failure, Offer};
use yew::prelude::*;

use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::expandable::Expandable;
use crate::components::failure::{self, FailureScreen};
use crate::components::offers::Offers;
use crate::components::own_kubeconfig::OwnKubeconfigButton;
use crate::components::waiting;
use crate::state::offers;
use crate::state::screen::Screen;
use crate::state::view::{Line, ViewState};
use crate::text::{plural, tr};

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
            <FailureScreen failure={failure.clone()} again={again.clone()}
                actions={html! { <OwnKubeconfigButton look={Look::Secondary} /> }} />
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
                { notice(Severity::Danger, failure, failure.offers.clone(),
                    (answer.counts.repositories > 0).then(|| tr("What was read before is shown.")), again) }
            }
            if let Some(failure) = unreachable {
                { notice(Severity::Warning, failure, offers::with_routes(&failure.offers),
                    Some(tr("The list comes from the cluster. Manifests, configs and build history do not.")), again) }
            }
            if answer.cluster.as_ref().is_some_and(|cluster| cluster.insecure) {
                <Alert severity={Severity::Warning} testid="insecure"
                    title={tr("The certificate of the API server is not checked")}>
                    <p>{ tr("The kubeconfig says insecure-skip-tls-verify: anybody on the way to the cluster can read your credentials. Put the cluster's CA into certificate-authority-data instead.") }</p>
                </Alert>
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

fn notice(
    severity: Severity,
    failure: &Failure,
    offers: Vec<Offer>,
    but: Option<String>,
    again: &Callback<()>,
) -> Html {
    let actions = html! { <><Offers {offers} />{ try_again(again) }</> };
    html! {
        <Alert {severity} title={failure::title(failure.code)} {actions} testid="notice">
            { failure::words(failure) }
            if let Some(but) = but { <p>{ but }</p> }
        </Alert>
    }
}

fn problems(problems: &[Failure], again: &Callback<()>) -> Html {
    // Many parts mostly lack the same.
    let offers: Vec<Offer> = problems.iter().flat_map(|problem| &problem.offers).copied().collect();
    let actions = html! { <><Offers {offers} />{ try_again(again) }</> };
    html! {
        <Alert severity={Severity::Warning} testid="problems" {actions}
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
