// SPDX-License-Identifier: LGPL-2.1-or-later

//! One place that draws a live view: waiting, failed, cut off, or there.

use std::rc::Rc;

use images_proto::{Failure, Progress};
use yew::prelude::*;

use super::alert::{Alert, Severity};
use super::button::{Button, Look};
use super::empty_state::{EmptyState, Picture};
use super::failure::{self, FailureScreen};
use super::icon::Icon;
use super::link::Link;
use crate::state::route::Route;
use crate::state::view::{Line, ViewState};
use crate::text::tr;

/// Draws the answer, or what stands in its way.
pub fn show<A>(
    view: &ViewState<A>,
    retry: &Callback<()>,
    draw: impl FnOnce(&Rc<A>) -> Html,
) -> Html {
    let ViewState { answer, progress, failure, line } = view;
    around(answer.as_ref().map(draw), progress.as_ref(), failure.as_ref(), line, retry)
}

/// The same for a drawn answer; apart, since it is compiled once and not for each kind of answers.
fn around(
    answer: Option<Html>,
    progress: Option<&Progress>,
    failure: Option<&Rc<Failure>>,
    line: &Line,
    retry: &Callback<()>,
) -> Html {
    if let Some(answer) = answer {
        return html! {
            <>
                if let Some(failure) = failure {
                    <Alert severity={Severity::Warning} title={failure::title(failure.code)}
                        testid="stale"
                        actions={html! {
                            <>
                                { failure::offers(failure) }
                                <Button label={tr("Try again")} look={Look::Link}
                                    onclick={retry.reform(|_: MouseEvent| ())} />
                            </>
                        }}>
                        { failure::words(failure) }
                    </Alert>
                }
                { answer }
            </>
        };
    }
    if let Line::Ended(details) = line {
        return ended(details, retry);
    }
    match failure {
        Some(failure) => html! {
            <FailureScreen failure={failure.clone()} again={retry.clone()} actions={html! {
                <Link to={Route::home()} class="pf-v6-c-button pf-m-link">{ tr("All images") }</Link>
            }} />
        },
        None if *line == Line::Lost => disconnected(retry),
        None => html! {
            <EmptyState state="loading" picture={Picture::Spinner} title={
                progress.map_or_else(|| tr("Reading"), |progress| progress.text.clone())
            } />
        },
    }
}

/// The screen while the line to the bridge is being opened again.
pub fn disconnected(retry: &Callback<()>) -> Html {
    html! {
        <EmptyState state="disconnected" picture={Picture::Spinner} title={tr("Connecting again")}
            actions={html! {
                <Button label={tr("Try again")} look={Look::Link} testid="try-again"
                    onclick={retry.reform(|_: MouseEvent| ())} />
            }}>
            <p>{ tr("The helper of this page ended and is being started again.") }</p>
        </EmptyState>
    }
}

/// The screen when the bridge is gone for this session.
pub fn ended(details: &str, retry: &Callback<()>) -> Html {
    html! {
        <EmptyState state="disconnected" picture={Picture::Icon(Icon::Unplugged)} danger=true
            title={tr("The helper of this page ended. Log out and in again.")}
            actions={html! {
                <Button label={tr("Try again")} look={Look::Primary} testid="try-again"
                    onclick={retry.reform(|_: MouseEvent| ())} />
            }}>
            <p>{ tr("Cockpit does not start it a second time in the same session.") }</p>
            if !details.is_empty() {
                { failure::details(details) }
            }
        </EmptyState>
    }
}
