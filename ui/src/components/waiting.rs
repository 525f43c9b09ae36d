// SPDX-License-Identifier: LGPL-2.1-or-later

//! One place that draws a live view: waiting, failed, cut off, or there.

use std::rc::Rc;

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
    if let Some(answer) = &view.answer {
        return html! {
            <>
                if let Some(failure) = &view.failure {
                    <Alert severity={Severity::Warning} title={failure::title(failure.code)}
                        testid="stale"
                        actions={html! {
                            <Button label={tr("Try again")} look={Look::Link}
                                onclick={retry.reform(|_: MouseEvent| ())} />
                        }}>
                        { failure::words(failure) }
                    </Alert>
                }
                { draw(answer) }
            </>
        };
    }
    if let Line::Ended(details) = &view.line {
        return ended(details, retry);
    }
    match &view.failure {
        Some(failure) => html! {
            <FailureScreen failure={failure.clone()} again={retry.clone()} actions={html! {
                <Link to={Route::home()} class="pf-v6-c-button pf-m-link">{ tr("All images") }</Link>
            }} />
        },
        None if view.line == Line::Lost => disconnected(retry),
        None => html! {
            <EmptyState state="loading" picture={Picture::Spinner} title={
                view.progress.as_ref().map_or_else(|| tr("Reading"), |progress| progress.text.clone())
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
