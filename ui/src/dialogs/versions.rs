// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a tag named before, and going back to it.

use std::rc::Rc;

use images_proto::TagRef;
use images_proto::stage::{Move, Version, Versions, WhichTag};
use yew::prelude::*;

use crate::bridge::use_view;
use crate::components::button::{Button, Look};
use crate::components::bytes::unknown;
use crate::components::digest::digest_link;
use crate::components::label::{Colour, label};
use crate::components::moment::moment;
use crate::components::question::{Question, question};
use crate::components::table::grid;
use crate::components::waiting;
use crate::part::part;
use crate::session::{Session, Work};
use crate::state::route::Route;
use crate::text::{tr, tr_with};

/// The dialog.
#[derive(PartialEq)]
pub struct VersionsDialog {
    /// The tag.
    pub tag: TagRef,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(VersionsDialog, use_versions_dialog, "versions-dialog");

#[hook]
fn use_versions_dialog(props: &VersionsDialog) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let tag = &props.tag;
    let view = use_view::<Versions>(WhichTag { tag: tag.clone() });
    let asked = Question {
        title: tr_with("Earlier versions of $0", &[&tag.to_string()]),
        label: None,
        enabled: false,
        busy: false,
        failure: None,
        steps: &[],
        testid: "dialog-versions",
    };
    let body = waiting::show(&view.state, &view.retry, |known| {
        let columns = [tr("Image"), tr("Since"), tr("By"), tr("Go back")];
        let now = known.versions.first().map(|version| version.digest);
        let row = |(idx, version): (usize, &Version)| {
            let back = match version.there {
                _ if Some(version.digest) == now => label(Colour::Blue, tr("Now"), None),
                Some(false) => {
                    html! { <span class="images-secondary">{ tr("The registry does not have it any more") }</span> }
                }
                _ => go_back(tag, version, &session),
            };
            let cells = vec![
                digest_link(
                    version.digest,
                    Route::image(version.digest, Some(&tag.repository)),
                    None,
                ),
                version
                    .since
                    .map_or_else(|| unknown(tr("The registry does not say when.")), moment),
                who(version),
                back,
            ];
            ([&idx.to_string(), " ", &version.digest.to_string()].concat(), cells)
        };
        let rows = known.versions.iter().enumerate().map(row).collect();
        grid(tr("Versions"), &columns, rows, None)
            .unwrap_or_else(|| html! { <p>{ tr("Nothing is known of what it named before.") }</p> })
    });
    question(asked, body, &Callback::noop(), &props.on_close)
}

fn go_back(tag: &TagRef, version: &Version, session: &Session) -> Html {
    let one = Move { from: tag.repository.clone(), digest: version.digest, to: tag.clone() };
    let work = Work::Promote { moves: Rc::new(vec![one]), back: true };
    html! {
        <Button look={Look::Link} label={tr("Go back to it")} testid="go-back"
            onclick={session.work.reform(move |_: MouseEvent| work.clone())} />
    }
}

/// Who promoted it, and from where.
fn who(version: &Version) -> Html {
    if version.by.is_none() && version.from.is_none() {
        return unknown(tr("It came here by other means than this page, such as a push."));
    }
    html! {
        <div>
            <span class="images-break">{ version.by.clone() }</span>
            if let Some(from) = &version.from {
                <div class="images-secondary images-break">{ tr_with("from $0", &[&from.to_string()]) }</div>
            }
        </div>
    }
}
