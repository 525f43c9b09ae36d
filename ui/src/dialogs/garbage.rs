// SPDX-License-Identifier: LGPL-2.1-or-later

//! Collecting the garbage of a plain registry, in its own pod.

use std::rc::Rc;

use images_proto::garbage::{Collect, Collected, Params};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::cockpit::format_bytes;
use crate::components::failure;
use crate::components::icon::Icon;
use crate::components::progress::progress;
use crate::components::question::{Question, dangerous};
use crate::components::tick::{Tick, tick};
use crate::part::part;
use crate::session::Collection;
use crate::state::garbage::{Collecting, collecting};
use crate::text::{plural_with, tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct CollectDialog {
    /// What was looked at before.
    pub collection: Rc<Collection>,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(CollectDialog, use_collect_dialog, "collect-dialog");

#[hook]
fn use_collect_dialog(props: &CollectDialog) -> Html {
    let Collection { untagged, look, done: over } = &*props.collection;
    let insist = use_state_eq(|| false);
    let done = use_state(|| None::<Rc<Collected>>);
    let action = use_action::<Collect>({
        let (done, over) = (done.clone(), over.clone());
        Callback::from(move |collected| {
            done.set(Some(Rc::new(collected)));
            over.emit(());
        })
    });
    let pushes = collecting(look);
    let asked = Question {
        title: match &*done {
            Some(done) => result(done),
            None => tr("Collect the garbage?"),
        },
        label: done.is_none().then(|| tr("Collect the garbage")),
        enabled: pushes != Collecting::WithPushes || *insist,
        busy: action.is_busy(),
        failure: action.failure.clone(),
        steps: &[],
        testid: "collect",
    };
    let insisted = {
        let insist = insist.clone();
        Callback::from(move |on| insist.set(on))
    };
    let body = match (&*done, &action.progress) {
        (Some(done), _) => collected(done),
        (None, Some(done)) => progress(done, "collect-progress"),
        (None, None) => html! {
            <>
                <p>{ what_happens(look.pod.as_deref(), pushes) }</p>
                if *untagged {
                    <p>{ tr("Manifests without a tag go too. Nothing of it can be undone.") }</p>
                } else {
                    <p>{ tr("It cannot be undone.") }</p>
                }
                { warnings(&look.warnings) }
                if pushes != Collecting::IsReadOnly {
                    { tick(Tick {
                        id: "collect-insist",
                        label: tr("Collect while the registry takes pushes"),
                        note: Some(tr("A push that is going on meanwhile may be damaged.")),
                        checked: *insist,
                    }, insisted) }
                }
            </>
        },
    };
    let params = Params { untagged: *untagged, insist: *insist };
    let confirm = action.start.reform(move |()| params.clone());
    dangerous(asked, body, &confirm, &props.on_close)
}

/// Where it runs, and what becomes of pushes meanwhile.
fn what_happens(pod: Option<&str>, pushes: Collecting) -> String {
    let mut words = Vec::new();
    if let Some(pod) = pod {
        words.push(tr_with("It runs in the pod $0.", &[pod]));
    }
    words.push(match pushes {
        Collecting::IsReadOnly => tr("The registry is read-only already."),
        Collecting::MadeReadOnly => tr("The registry refuses pushes meanwhile."),
        Collecting::WithPushes => tr("The registry cannot be made read-only from here."),
    });
    words.join(" ")
}

/// What is known to be damaged, and other things to know.
pub fn warnings(warnings: &[String]) -> Html {
    html! {
        <>{ for warnings.iter().map(|warning| html! {
            <p class="images-warning" data-testid="garbage-warning">
                { Icon::Warning.draw() }{ " " }{ warning }
            </p>
        }) }</>
    }
}

/// The heading of what came of it.
fn result(collected: &Collected) -> String {
    match (&collected.failure, collected.bytes) {
        (Some(_), _) => tr("The collection did NOT end well"),
        (None, Some(bytes)) => tr_with("$0 freed", &[&format_bytes(bytes)]),
        (None, None) => tr("The garbage is collected"),
    }
}

fn collected(collected: &Collected) -> Html {
    let blobs = collected.blobs.to_string();
    let words = match collected.bytes {
        Some(bytes) => plural_with(
            "$0 blob is gone, $1.",
            "$0 blobs are gone, $1.",
            collected.blobs.into(),
            &[&blobs, &format_bytes(bytes)],
        ),
        None => plural_with(
            "$0 blob is gone. How large it was is not known.",
            "$0 blobs are gone. How large they were is not known.",
            collected.blobs.into(),
            &[&blobs],
        ),
    };
    html! {
        <div class="images-plan" data-testid="collected">
            if let Some(why) = &collected.failure { { failure::told(why, Some("collect-failure")) } }
            <p>{ words }</p>
            if !collected.output.is_empty() { { failure::details(&collected.output) } }
        </div>
    }
}
