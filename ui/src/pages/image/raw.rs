// SPDX-License-Identifier: LGPL-2.1-or-later

//! Manifest and config as the registry stores them, fetched when asked for.

use std::rc::Rc;

use images_proto::raw::{Document, Params, Raw, What};
use images_proto::{Digest, Failure, RepositoryName};
use yew::prelude::*;

use crate::bridge::{Question, Report, ask};
use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::failure;
use crate::part::{Part, part};
use crate::state::document::readable;
use crate::text::tr;

/// The buttons, and the document that was asked for last.
#[derive(PartialEq)]
pub(super) struct RawDocuments {
    pub(super) repository: Option<RepositoryName>,
    pub(super) manifest: Digest,
    pub(super) config: Option<Digest>,
}

#[derive(Clone, PartialEq)]
enum Shown {
    Asking,
    There(Rc<Document>),
    Failed(Rc<Failure>),
}

part!(RawDocuments, use_raw_documents, "raw-documents");

#[hook]
fn use_raw_documents(props: &RawDocuments) -> Html {
    let shown = use_state(|| None::<(What, Shown)>);
    let question = use_mut_ref(|| None::<Question>);
    let Some(repository) = &props.repository else { return html! {} };
    let button = |what: What, digest: Digest, label: String, testid: &'static str| {
        let is_shown = matches!(&*shown, Some((now, _)) if *now == what);
        let busy = matches!(&*shown, Some((now, Shown::Asking)) if *now == what);
        let (shown, question, repository) = (shown.clone(), question.clone(), repository.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            if is_shown {
                question.borrow_mut().take();
                shown.set(None);
                return;
            }
            shown.set(Some((what, Shown::Asking)));
            let answered = shown.clone();
            let params = Params { repository: repository.clone(), digest, what };
            let asked = ask::<Raw>(params, move |report| match report {
                Report::Progress(_) => {}
                Report::End(Ok(document)) => {
                    answered.set(Some((what, Shown::There(Rc::new(document)))));
                }
                Report::End(Err(why)) => answered.set(Some((what, Shown::Failed(Rc::new(why))))),
            });
            *question.borrow_mut() = Some(asked);
        });
        html! {
            <Button look={Look::Secondary} {label} {onclick} {testid} {busy} expanded={is_shown} />
        }
    };
    html! {
        <div class="images-raw">
            <div class="images-buttons">
                { button(What::Manifest, props.manifest, tr("Manifest as JSON"), "raw-manifest") }
                if let Some(config) = props.config {
                    { button(What::Config, config, tr("Config as JSON"), "raw-config") }
                }
            </div>
            { match &*shown {
                None | Some((_, Shown::Asking)) => html! {},
                Some((_, Shown::There(document))) => Text { document: document.clone() }.part(),
                Some((_, Shown::Failed(why))) => failure::told(why, None),
            } }
        </div>
    }
}

/// The text of a document (patternfly.org: components/code-block).
#[derive(PartialEq)]
struct Text {
    document: Rc<Document>,
}

part!(Text, use_text, "text");

#[hook]
fn use_text(props: &Text) -> Html {
    let readable = use_memo(props.document.clone(), |document| readable(&document.text));
    html! {
        <div class="pf-v6-c-code-block">
            <div class="pf-v6-c-code-block__header">
                <code class="images-secondary images-break">
                    { props.document.media_type.as_deref().unwrap_or_default() }
                </code>
                <div class="pf-v6-c-code-block__actions">
                    <CopyButton text={props.document.text.clone()} label={tr("Copy the document")} />
                </div>
            </div>
            <div class="pf-v6-c-code-block__content">
                <pre class="pf-v6-c-code-block__pre images-document" tabindex="0" data-testid="document">
                    <code class="pf-v6-c-code-block__code">{ &readable.text }</code>
                </pre>
            </div>
            if readable.cut {
                <p class="images-note">{ tr("Only the beginning is shown. Copying takes all of it.") }</p>
            }
        </div>
    }
}
