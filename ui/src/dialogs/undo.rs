// SPDX-License-Identifier: LGPL-2.1-or-later

//! Taking a deletion back: what comes back, and what will not be as it was.

use std::rc::Rc;

use images_proto::history::{Record, ShowRecord, Undo, Undone, Which};
use images_proto::status::Source;
use yew::prelude::*;

use crate::bridge::{use_action, use_view};
use crate::components::bounded::bounded;
use crate::components::progress::progress;
use crate::components::question::{Question, question};
use crate::components::undone::undone;
use crate::components::waiting;
use crate::components::window::window;
use crate::part::part;
use crate::session::Session;
use crate::state::history::{comes_back, may_undo};
use crate::text::{plural, plural_with, tr, tr_with};

/// The most tags that are listed one by one.
const LISTED: usize = 50;

/// The dialog.
#[derive(PartialEq)]
pub struct UndoDialog {
    /// The name of the deletion's record.
    pub id: String,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(UndoDialog, use_undo_dialog, "undo-dialog");

#[hook]
fn use_undo_dialog(props: &UndoDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let which = Which { id: props.id.clone() };
    let record = use_view::<ShowRecord>(which.clone());
    let done = use_state(|| None::<Rc<Undone>>);
    let action = use_action::<Undo>({
        let done = done.clone();
        Callback::from(move |undone| done.set(Some(Rc::new(undone))))
    });
    let may = record.state.answer.as_ref().is_some_and(|record| may_undo(&record.change));
    let asked = Question {
        title: match &*done {
            Some(done) => result(done),
            None => tr("Undo the deletion?"),
        },
        label: (done.is_none() && may).then(|| tr("Undo the deletion")),
        enabled: true,
        busy: action.is_busy(),
        failure: action.failure.clone(),
        steps: &[],
        testid: "undo",
    };
    let body = match (&*done, &action.progress) {
        (Some(done), _) => undone(done),
        (None, Some(done)) => progress(done, "undo-progress"),
        (None, None) => waiting::show(&record.state, &record.retry, |record| {
            what_comes_back(record, session.source())
        }),
    };
    let confirm = action.start.reform(move |()| which.clone());
    question(asked, body, &confirm, &props.on_close)
}

/// The heading of what came of it.
fn result(undone: &Undone) -> String {
    let all = undone.items.len();
    let back = undone.items.iter().filter(|item| item.left.is_none()).count();
    match back == all {
        _ if !undone.failures.is_empty() => tr("Not everything is back"),
        _ if all == 0 => tr("It is back"),
        true => plural("$0 tag is back", "$0 tags are back", all as u64),
        false => plural_with(
            "$0 of $1 tag is back",
            "$0 of $1 tags are back",
            all as u64,
            &[&back.to_string(), &all.to_string()],
        ),
    }
}

fn what_comes_back(record: &Record, source: Option<Source>) -> Html {
    let back = comes_back(record);
    let (tags, revisions) = (back.tags.as_slice(), back.revisions.as_slice());
    html! {
        <div class="images-plan" data-testid="comes-back">
            { window(&record.change.undo) }
            if may_undo(&record.change) {
                if !tags.is_empty() {
                    <div>
                        <p class="images-fix">{ plural("$0 tag comes back:", "$0 tags come back:", tags.len() as u64) }</p>
                        { bounded(tags, LISTED, tags.len() as u64, |tag| html! {
                            <li class="images-break">{ tag.to_string() }</li>
                        }) }
                    </div>
                }
                if !revisions.is_empty() {
                    <div>
                        <p class="images-fix">
                            { plural("$0 revision comes back:", "$0 revisions come back:", revisions.len() as u64) }
                        </p>
                        { bounded(revisions, LISTED, revisions.len() as u64, |(tag, digest)| html! {
                            <li class="images-break" title={digest.to_string()}>
                                { tr_with("$0 in the history of $1", &[&digest.short(), &tag.to_string()]) }
                            </li>
                        }) }
                    </div>
                }
                if back.untagged > 0 {
                    <p>{ plural("$0 image without a tag comes back.", "$0 images without a tag come back.",
                        back.untagged as u64) }</p>
                }
                <p>{ differs(source) }</p>
            }
        </div>
    }
}

/// What will not be as it was.
fn differs(source: Option<Source>) -> String {
    match source {
        Some(Source::Openshift) => tr(
            "The same digests come back in the same order. If you may not change the history of image streams, they are dated now instead of then. A tag that somebody put there since is left alone.",
        ),
        _ => tr("The same digests come back. A tag that somebody put there since is left alone."),
    }
}
