// SPDX-License-Identifier: LGPL-2.1-or-later

//! What one move changes, in words.

use images_proto::image::Platform;
use images_proto::stage::{Change, Setted};
use yew::prelude::*;

use crate::components::bytes::{bytes, unknown};
use crate::components::description::{Fact, facts};
use crate::components::digest::digest_link;
use crate::components::expandable::Expandable;
use crate::components::failure;
use crate::components::label::{Colour, label};
use crate::state::route::Route;
use crate::text::{plural, tr, tr_with};

/// Draws a change.
pub(super) fn change(change: &Change) -> Html {
    let to = change.wanted.to.to_string();
    let body = if let Some(why) = &change.refused {
        html! {
            <>
                { " " }{ label(Colour::Red, tr("Not possible"), None) }
                <div class="images-consequences">{ failure::words(why) }</div>
            </>
        }
    } else if change.same {
        html! {
            <>
                { " " }{ label(Colour::Green, tr("Equal"), None) }
                <div class="images-consequences">{ tr("It names this image already, so nothing is done.") }</div>
            </>
        }
    } else {
        html! { <div class="images-consequences">{ changes(change) }</div> }
    };
    html! {
        <li data-change={to.clone()}>
            <strong class="images-break">{ to }</strong>
            { body }
        </li>
    }
}

fn changes(change: &Change) -> Html {
    let Change { wanted, was, env, labels, platforms, attachments, .. } = change;
    let image =
        |digest, repository| digest_link(digest, Route::image(digest, Some(repository)), None);
    let before = match was {
        Some(was) => image(*was, &wanted.to.repository),
        None => html! { { tr("There is no such tag yet; it is made.") } },
    };
    let after = html! {
        <>
            { image(wanted.digest, &wanted.from) }
            { " " }{ tr_with("from $0", &[&wanted.from.to_string()]) }
        </>
    };
    let mut known = vec![fact(tr("Now"), before), fact(tr("Then"), after)];
    if let Some(size) = change.size {
        known.push(fact(tr("Size"), html! {
            <>
                { bytes(Some(size)) }
                if change.size_was.is_some() { { " (" }{ tr("now") }{ " " }{ bytes(change.size_was) }{ ")" } }
            </>
        }));
    }
    if let (Some(new), Some(kept)) = (change.layers_new, change.layers_kept) {
        let new = plural("$0 new layer", "$0 new layers", new.into());
        let kept = was.map(|_| plural("$0 stays", "$0 stay", kept.into()));
        let layers: Vec<_> = [new].into_iter().chain(kept).collect();
        known.push(fact(tr("Layers"), html! { { layers.join(", ") } }));
    }
    if !platforms.is_empty() {
        let names: Vec<String> = platforms.iter().map(Platform::name).collect();
        known.push(fact(tr("Platforms"), html! { { names.join(", ") } }));
    }
    known.push(fact(tr("Environment"), settings(env.as_deref())));
    known.push(fact(tr("Labels"), settings(labels.as_deref())));
    if !attachments.is_empty() {
        let tags =
            attachments.iter().map(|tag| html! { <li class="images-break">{ tag.as_str() }</li> });
        known.push(fact(tr("Goes along"), html! {
            <Expandable title={plural("$0 signature or attachment", "$0 signatures and attachments",
                attachments.len() as u64)}>
                <ul class="images-items">{ for tags }</ul>
            </Expandable>
        }));
    }
    facts(known)
}

fn fact(term: String, value: Html) -> Fact {
    Fact { term, value, testid: "change" }
}

/// What differs of environment or labels.
fn settings(setted: Option<&[Setted]>) -> Html {
    match setted {
        None => unknown(tr("A config could not be read.")),
        Some([]) => html! { { tr("the same") } },
        Some(some) => html! {
            <Expandable title={plural("$0 difference", "$0 differences", some.len() as u64)}>
                <ul class="images-items">
                    { for some.iter().map(|one| html! {
                        <li>
                            <strong class="images-break">{ &one.name }</strong>{ ": " }
                            { text(one.was.as_deref()) }{ " → " }{ text(one.is.as_deref()) }
                        </li>
                    }) }
                </ul>
            </Expandable>
        },
    }
}

fn text(text: Option<&str>) -> Html {
    match text {
        Some(text) => html! { <code class="images-break">{ text }</code> },
        None => html! { <span class="images-secondary">{ tr("not set") }</span> },
    }
}
