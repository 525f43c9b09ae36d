// SPDX-License-Identifier: LGPL-2.1-or-later

//! What frees space: the garbage collection of a plain registry, the pruning of OpenShift.

use std::rc::Rc;

use images_proto::garbage::{Garbage, Params, View};
use images_proto::status::Source;
use yew::prelude::*;

use crate::bridge::use_action;
use crate::cockpit::format_bytes;
use crate::components::bounded::bounded;
use crate::components::button::{Button, Look};
use crate::components::command::command;
use crate::components::expandable::Expandable;
use crate::components::failure;
use crate::components::progress::progress;
use crate::components::tick::{Tick, tick};
use crate::dialogs::garbage::warnings;
use crate::part::part;
use crate::session::{Collection, Session, Work};
use crate::state::garbage::{is_clean, may_collect};
use crate::text::{plural, plural_with, tr};

/// The card.
#[derive(PartialEq)]
pub(super) struct GarbageCard {
    /// Who keeps the list of repositories.
    pub source: Source,
}

part!(GarbageCard, use_garbage_card, "garbage-card");

#[hook]
fn use_garbage_card(props: &GarbageCard) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let is_plain = props.source == Source::Distribution;
    let untagged = use_state_eq(|| false);
    let found = use_state(|| None::<Rc<View>>);
    let look = use_action::<Garbage>({
        let found = found.clone();
        Callback::from(move |view| found.set(Some(Rc::new(view))))
    });
    let ask = {
        let (start, untagged) = (look.start.clone(), *untagged);
        Callback::from(move |()| start.emit(Params { untagged, insist: false }))
    };
    // A look at a plain registry runs a program in its pod, so somebody has to want it.
    use_effect_with(is_plain, {
        let ask = ask.clone();
        move |is_plain| {
            if !is_plain {
                ask.emit(());
            }
        }
    });
    let choose = {
        let (untagged, found, stop) = (untagged.clone(), found.clone(), look.stop.clone());
        Callback::from(move |on| {
            // What was found counts for the other choice alone.
            stop.emit(());
            found.set(None);
            untagged.set(on);
        })
    };
    let collect = found.as_ref().filter(|look| may_collect(look)).map(|look| {
        let (untagged, done) = (*untagged, ask.clone());
        let collection = Rc::new(Collection { untagged, look: look.clone(), done });
        session.work.reform(move |_: MouseEvent| Work::Collect(collection.clone()))
    });
    let title = if is_plain { tr("Garbage collection") } else { tr("Pruning") };
    html! {
        <div class="pf-v6-c-card images-card" data-testid="garbage">
            <div class="pf-v6-c-card__title"><h2 class="pf-v6-c-card__title-text">{ title }</h2></div>
            <div class="images-body">
                if is_plain { { offer(*untagged, choose) } }
                if let Some(done) = &look.progress { { progress(done, "looking") } }
                if let Some(failure) = &look.failure { { failure::told(failure, None) } }
                if let Some(look) = &*found { { self::found(look) } }
                <div class="images-buttons">
                    if let Some(onclick) = collect {
                        <Button look={Look::Primary} label={tr("Collect the garbage")} testid="collect" {onclick} />
                    }
                    if is_plain || look.failure.is_some() {
                        <Button testid="look" disabled={look.is_busy()} onclick={ask.reform(|_: MouseEvent| ())}
                            label={match &*found {
                                None => tr("See what it would free"),
                                Some(_) => tr("Look again"),
                            }} />
                    }
                </div>
            </div>
        </div>
    }
}

/// What it is, and the choice.
fn offer(untagged: bool, choose: Callback<bool>) -> Html {
    let choice = Tick {
        id: "collect-untagged",
        label: tr("Manifests without a tag, too"),
        note: Some(tr("Whoever pulls by digest cannot do so any more.")),
        checked: untagged,
    };
    html! {
        <>
            <p class="images-secondary">
                { tr("Deleting only takes away what leads to data. Garbage collection removes the data itself.") }
            </p>
            { tick(choice, choose) }
        </>
    }
}

fn found(look: &View) -> Html {
    let manifests = look.manifests.as_slice();
    let count = manifests.len() as u64;
    html! {
        <>
            if let Some(prune) = &look.prune { <p data-testid="prune">{ &prune.words }</p> }
            if let Some(blobs) = look.blobs { <p data-testid="would-free">{ would_free(blobs, look.bytes) }</p> }
            if count > 0 {
                <Expandable title={plural("$0 manifest without a tag goes", "$0 manifests without a tag go", count)}>
                    { bounded(manifests, manifests.len(), count, |(repository, digest)| html! {
                        <li class="images-break">{ format!("{repository}@{digest}") }</li>
                    }) }
                </Expandable>
            }
            if !is_clean(look) { { warnings(&look.warnings) } }
            if let Some(failure) = &look.failure {
                { failure::words(failure) }
                <div class="images-buttons">{ failure::offers(failure) }</div>
            }
            if let Some(text) = look.command.as_ref().filter(|_| !is_clean(look)) {
                <div>
                    <p class="images-secondary">{ tr("The command, for whoever may run it:") }</p>
                    { command(text, tr("Copy the command"), "garbage-command") }
                </div>
            }
        </>
    }
}

fn would_free(blobs: u32, bytes: Option<u64>) -> String {
    let count = blobs.to_string();
    match (blobs, bytes) {
        (0, _) => tr("There is no garbage."),
        (_, Some(bytes)) => plural_with(
            "It would free $1: $0 blob.",
            "It would free $1: $0 blobs.",
            blobs.into(),
            &[&count, &format_bytes(bytes)],
        ),
        (_, None) => plural_with(
            "It would remove $0 blob. How large it is is not known.",
            "It would remove $0 blobs. How large they are is not known.",
            blobs.into(),
            &[&count],
        ),
    }
}
