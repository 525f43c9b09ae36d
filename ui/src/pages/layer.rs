// SPDX-License-Identifier: LGPL-2.1-or-later

//! One layer: which tags and images contain it.

use images_proto::Digest;
use images_proto::delete::{List, Target};
use images_proto::layer::{Layer as Method, Params, View};
use yew::prelude::*;

use super::coverage::coverage;
use super::hits::hits;
use crate::bridge::use_view;
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::Button;
use crate::components::bytes::{bytes, unknown};
use crate::components::description::{Fact, facts};
use crate::components::digest::digest_text;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::quick_delete::{QuickDelete, tools, use_quick_delete};
use crate::components::waiting;
use crate::location;
use crate::part::part;
use crate::scrolled::use_scrolled;
use crate::session::Session;
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// The page of a layer.
#[derive(PartialEq)]
pub struct Layer {
    /// The digest of the compressed layer.
    pub digest: Digest,
    /// The first of its images that is seen.
    pub from: u32,
}

part!(Layer, use_layer, "layer");

#[hook]
fn use_layer(props: &Layer) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let Layer { digest, from } = *props;
    let tell = Callback::from(move |from| location::replace(&Route::Layer { digest, from }));
    let scrolled = use_scrolled(from, "", tell);
    let view = use_view::<Method>(Params {
        digest,
        offset: scrolled.window.offset,
        limit: scrolled.window.limit,
    });
    let total = view.state.answer.as_ref().map_or(0, |answer| answer.total);
    let quick = use_quick_delete(List::Layer(digest), total, Callback::noop());
    html! {
        <>
            { breadcrumb(vec![(Route::home(), tr("Images"))], digest.short()) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={tr_with("Layer $0", &[&digest.short()])} />
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        { about(answer, &quick) }
                        <div class="pf-v6-c-card images-card">
                            <div class="pf-v6-c-toolbar">
                                <div class="pf-v6-c-toolbar__content">
                                    <div class="pf-v6-c-toolbar__content-section">
                                        <div class="pf-v6-c-toolbar__item images-grow" role="status" data-testid="found">
                                            { plural("$0 tag or image contains it", "$0 tags and images contain it",
                                                answer.total.into()) }
                                        </div>
                                        { tools(&quick) }
                                    </div>
                                </div>
                            </div>
                            <div class="images-summary">{ coverage(&answer.coverage) }</div>
                            if answer.hits.is_empty() {
                                <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)}
                                    title={tr("No image is known to contain this layer")} />
                            } else {
                                { {
                                    let shown = scrolled.show(answer.offset, answer.hits.len(), answer.total);
                                    hits(&answer.hits, (List::Layer(digest), &shown), &quick, &session)
                                } }
                            }
                        </div>
                    </>
                }) }
            </section>
        </>
    }
}

fn about(view: &View, quick: &QuickDelete) -> Html {
    // What contains it is not known before everything was read; the plan says so, too.
    let (label, target) = match view.total {
        0 => (tr("Delete the layer"), Target::Blob(view.digest)),
        _ => (tr("Delete every image that contains it"), Target::Layer(view.digest)),
    };
    let onclick = quick.delete.reform(move |_: MouseEvent| vec![target.clone()]);
    let fact = |term: String, value: Html, testid: &'static str| Fact { term, value, testid };
    html! {
        <div class="pf-v6-c-card images-card images-inset">
            { facts(vec![
                fact(tr("Digest"), digest_text(view.digest), "layer-digest"),
                fact(tr("Diff ID"), match view.diff_id {
                    Some(diff_id) => digest_text(diff_id),
                    None => unknown(tr("Not known: no config of its images has been read yet.")),
                }, "diff-id"),
                fact(tr("Size"), bytes(view.size), "size"),
                fact(tr("Images"), match view.coverage.listing || view.coverage.repositories_unread > 0 {
                    true if view.images == 0 => unknown(tr("Not known: the registry is still being read.")),
                    _ => html! { { crate::browser::number(view.images.into()) } },
                }, "image-count"),
            ]) }
            <div class="images-buttons">
                <Button icon={Icon::Trash} {label} testid="delete-layer" {onclick} />
            </div>
        </div>
    }
}
