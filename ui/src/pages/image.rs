// SPDX-License-Identifier: LGPL-2.1-or-later

//! One image, or an index of images.

mod config;
mod layers;
mod raw;
mod used_by;

use std::rc::Rc;

use images_proto::delete::Target;
use images_proto::image::{Child, Details, Image as Method, Params, View};
use images_proto::repository::Kind;
use images_proto::{Digest, RepositoryName};
use yew::prelude::*;

use super::hits::older;
use crate::bridge::use_view;
use crate::components::alert::{Alert, Severity};
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::bytes::{bytes, unknown};
use crate::components::description::{Fact, facts};
use crate::components::digest::{digest_link, digest_text};
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::label::{Colour, label};
use crate::components::link::Link;
use crate::components::pull_command::pull_command;
use crate::components::table::{rows, table, td, th};
use crate::components::waiting;
use crate::part::{Part, part};
use crate::session::{Deletion, Session};
use crate::state::pull;
use crate::state::route::{Route, Tags};
use crate::text::{plural, tr, tr_with};

/// The page of an image.
#[derive(PartialEq)]
pub struct Image {
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// The repository that the user came from.
    pub repository: Option<RepositoryName>,
}

part!(Image, use_image, "image");

#[hook]
fn use_image(props: &Image) -> Html {
    let view =
        use_view::<Method>(Params { digest: props.digest, repository: props.repository.clone() });
    let session = use_context::<Session>().unwrap_or_default();
    let delete = session.delete.reform(|target: Target| Deletion {
        targets: Rc::new(vec![target]),
        changed: Callback::noop(),
        gone: Callback::noop(),
    });
    let short = props.digest.short();
    let mut above = vec![(Route::home(), tr("Images"))];
    above.extend(props.repository.iter().map(|name| (Route::repository(name), name.to_string())));
    let what = match view.state.answer.as_ref().map(|answer| answer.kind) {
        Some(Kind::Index) => tr_with("Index $0", &[&short]),
        _ => tr_with("Image $0", &[&short]),
    };
    html! {
        <>
            { breadcrumb(above, short.clone()) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={what} place={props.digest.to_string()} />
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        { about(answer, &delete) }
                        if !answer.children.is_empty() { { children(answer) } }
                        { details(answer) }
                        if !answer.layers.is_empty() {
                            { layers::Layers { rows: answer.layers.clone() }.part() }
                        }
                        { raw::RawDocuments {
                            repository: answer.repository.clone(),
                            manifest: answer.digest,
                            config: image_id(answer),
                        }.part() }
                    </>
                }) }
            </section>
        </>
    }
}

fn image_id(view: &View) -> Option<Digest> {
    match &view.details {
        Details::Read(config) => config.image_id,
        _ => None,
    }
}

/// What is known without manifest and config.
fn about(view: &View, delete: &Callback<Target>) -> Html {
    let mut known =
        vec![Fact { term: tr("Digest"), value: digest_text(view.digest), testid: "image-digest" }];
    if let Some(id) = image_id(view) {
        known.push(Fact { term: tr("Image ID"), value: digest_text(id), testid: "image-id" });
    }
    known.push(Fact { term: tr("Tags"), value: places(view), testid: "image-tags" });
    if let Some(repository) = &view.repository {
        let host = view.host.as_deref();
        let command = pull::pull_command(host, repository, None, Some(view.digest));
        known.push(Fact {
            term: tr("Pull"),
            value: pull_command(&command, host.is_some()),
            testid: "pull",
        });
    }
    known.push(Fact { term: tr("Size"), value: bytes(view.size), testid: "size" });
    if let Some(media_type) = &view.media_type {
        known.push(Fact {
            term: tr("Media type"),
            value: html! { <code class="images-break">{ media_type }</code> },
            testid: "media-type",
        });
    }
    if !view.indexes.is_empty() {
        known.push(Fact {
            term: tr("In index"),
            value: html! {
                <ul class="images-items">
                    { for view.indexes.iter().map(|index| html! {
                        <li>{ digest_link(*index, Route::image(*index, view.repository.as_ref()), Some("in-index")) }</li>
                    }) }
                </ul>
            },
            testid: "indexes",
        });
    }
    html! {
        <div class="pf-v6-c-card images-card images-inset images-plan">
            if view.kind == Kind::Missing {
                <Alert severity={Severity::Danger} title={tr("The image is gone")}>
                    <p>{ tr("A tag still names it, but the cluster does not have it any more.") }</p>
                </Alert>
            }
            { facts(known) }
            { used_by::used_by(view) }
            <div class="images-buttons">{ deletions(view, delete) }</div>
        </div>
    }
}

/// The buttons that delete the image.
fn deletions(view: &View, delete: &Callback<Target>) -> Html {
    let everywhere = Target::Image(view.digest);
    let here = view.repository.clone().map(|repository| {
        let label = tr_with("Delete it from $0 only", &[repository.as_str()]);
        let target = Target::Manifest { repository, digest: view.digest };
        let onclick = delete.reform(move |_: MouseEvent| target.clone());
        html! { <Button look={Look::Link} {label} testid="delete-here" {onclick} /> }
    });
    html! {
        <>
            <Button icon={Icon::Trash} label={tr("Delete this image everywhere")} testid="delete-everywhere"
                onclick={delete.reform(move |_: MouseEvent| everywhere.clone())} />
            { here }
        </>
    }
}

fn places(view: &View) -> Html {
    if view.tags.is_empty() {
        return html! { <span class="images-secondary">{ tr("no tag leads here") }</span> };
    }
    let rest = u64::from(view.tag_count).saturating_sub(view.tags.len() as u64);
    html! {
        <ul class="images-items">
            { for view.tags.iter().map(|place| {
                let tags = Tags { filter: place.tag.name.to_string(), ..Tags::default() };
                let to = Route::Repository { name: place.repository.clone(), tags };
                html! {
                    <li>
                        <Link {to} class="images-break">{ format!("{}:{}", place.repository, place.tag.name) }</Link>
                        { older(place.tag.age) }
                    </li>
                }
            }) }
            if rest > 0 { <li>{ plural("and $0 other", "and $0 others", rest) }</li> }
        </ul>
    }
}

/// The images of an index.
fn children(view: &View) -> Html {
    let head = html! { <>{ th(tr("Platform")) }{ th(tr("Digest")) }{ th(tr("Size")) }</> };
    let body = view.children.iter().map(|child| {
        let to = Route::image(child.digest, view.repository.as_ref());
        html! {
            <tr class="pf-v6-c-table__tr" data-row={child.digest.to_string()}>
                { td(tr("Platform"), html! { <Link to={to.clone()}>{ child_name(child) }</Link> }) }
                { td(tr("Digest"), digest_link(child.digest, to, Some("child"))) }
                { td(tr("Size"), bytes(child.size)) }
            </tr>
        }
    });
    html! {
        <div class="pf-v6-c-card images-card">
            <div class="pf-v6-c-card__title">
                <h2 class="pf-v6-c-card__title-text">{ tr("Images by platform") }</h2>
            </div>
            { table(tr("Images by platform"), head, rows(body)) }
        </div>
    }
}

fn child_name(child: &Child) -> Html {
    match &child.platform {
        _ if child.attestation => label(Colour::Grey, tr("attestation"), Some("attestation")),
        Some(platform) => html! { { platform.name() } },
        None => unknown(tr("The index does not say what it runs on.")),
    }
}

/// What only manifest and config say.
fn details(view: &View) -> Html {
    match &view.details {
        Details::Reading => html! {
            <div class="images-asking" role="status" data-testid="reading-config">
                { spinner() }<span>{ tr("Reading the config") }</span>
            </div>
        },
        Details::Failed(why) => html! {
            <Alert severity={Severity::Warning} testid="config-failed"
                title={tr("The config could not be read")} actions={failure::offers(why)}>
                { failure::words(why) }
            </Alert>
        },
        Details::Read(config) => config::config(config),
        Details::None => html! {},
    }
}
