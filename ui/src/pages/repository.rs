// SPDX-License-Identifier: LGPL-2.1-or-later

//! One repository and its tags.

use std::rc::Rc;

use images_proto::RepositoryName;
use images_proto::delete::{List, Target};
use images_proto::repository::{Params, Repository as Method, View};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::tags;
use crate::bridge::use_view;
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::bytes::bytes;
use crate::components::description::{Fact, facts};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::expandable::Expandable;
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::components::pull_command::pull_command;
use crate::components::quick_delete::{QuickDelete, tools, use_quick_delete};
use crate::components::search_box::SearchBox;
use crate::components::waiting;
use crate::location;
use crate::part::{Part, part};
use crate::scrolled::{Scrolled, use_scrolled};
use crate::session::Session;
use crate::state::pull;
use crate::state::route::{Route, Tags};
use crate::text::{plural, tr};
use crate::typed::{Typed, use_typed};

/// The page of a repository.
#[derive(PartialEq)]
pub struct Repository {
    /// Its name.
    pub name: RepositoryName,
    /// Which of its tags are shown.
    pub tags: Tags,
}

part!(Repository, use_repository, "repository");

#[hook]
fn use_repository(props: &Repository) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let refresh = use_state_eq(|| 0_u32);
    let Repository { name, tags } = props;
    let typed = use_typed(&tags.filter, {
        let (name, tags) = (name.clone(), tags.clone());
        Callback::from(move |filter: String| {
            let tags = tags.filtering(&filter);
            location::replace(&Route::Repository { name: name.clone(), tags });
        })
    });
    let tags = &match tags.filter == typed.text {
        true => tags.clone(),
        false => tags.filtering(&typed.text),
    };
    let show = {
        let (name, typed) = (name.clone(), typed.clone());
        Callback::from(move |tags: Tags| {
            typed.settle(&tags.filter);
            location::replace(&Route::Repository { name: name.clone(), tags });
        })
    };
    let scrolled = use_scrolled(tags.from, &tags.filter, {
        let tags = tags.clone();
        show.reform(move |from| Tags { from, ..tags.clone() })
    });
    let view = use_view::<Method>(Params {
        repository: name.clone(),
        filter: tags.filter.clone(),
        attachments: tags.attachments,
        offset: scrolled.window.offset,
        limit: scrolled.window.limit,
        refresh: *refresh,
    });
    let read_anew = {
        let refresh = refresh.clone();
        Callback::from(move |()| refresh.set(refresh.wrapping_add(1)))
    };
    let list = List::Tags {
        repository: name.clone(),
        filter: tags.filter.clone(),
        attachments: tags.attachments,
    };
    let total = view.state.answer.as_ref().map_or(0, |answer| answer.total);
    let quick = use_quick_delete(list.clone(), total, read_anew.clone());
    let above = vec![(Route::home(), tr("Images"))];
    let delete = quick.delete.reform({
        let name = name.clone();
        move |_: MouseEvent| vec![Target::Repository(name.clone())]
    });
    html! {
        <>
            { breadcrumb(above, name.to_string()) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={name.to_string()}>
                    <Button look={Look::Link} icon={Icon::Trash} label={tr("Delete the repository")}
                        testid="delete-repository" onclick={delete} />
                </Heading>
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        { about(answer) }
                        <div class="pf-v6-c-card images-card">
                            { toolbar(answer, tags, &quick, &show, &typed) }
                            { table(answer, tags, (&quick, &list, &scrolled), &show, &read_anew) }
                        </div>
                        if !answer.untagged.is_empty() {
                            <Expandable testid="untagged" title={plural("$0 image without a tag",
                                "$0 images without a tag", answer.untagged_count.into())}>
                                { tags::untagged(answer, &quick, session.source()) }
                            </Expandable>
                        }
                    </>
                }) }
            </section>
        </>
    }
}

/// What there is to know of the repository as a whole.
fn about(view: &View) -> Html {
    let mut known = Vec::new();
    if let Some(stream) = &view.stream {
        known.push(Fact {
            term: tr("Image stream"),
            value: html! {
                <><Link to={Route::project(&stream.project)} testid="project-link">{ &stream.project }</Link>{ "/" }{ &stream.name }</>
            },
            testid: "image-stream",
        });
    }
    known.push(Fact { term: tr("Size"), value: bytes(view.size), testid: "size" });
    // The tag that people pull first, else any, else none.
    let latest = view.tags.iter().find(|row| row.tag.as_str() == "latest");
    if let Some(row) = latest.or_else(|| view.tags.first()) {
        let host = view.host.as_deref();
        let command = pull::pull_command(host, &view.name, Some(&row.tag), None);
        known.push(Fact {
            term: tr("Pull"),
            value: pull_command(&command, host.is_some()),
            testid: "pull",
        });
    }
    html! { <div class="pf-v6-c-card images-card images-inset">{ facts(known) }</div> }
}

fn toolbar(
    view: &Rc<View>,
    tags: &Tags,
    quick: &QuickDelete,
    show: &Callback<Tags>,
    typed: &Typed,
) -> Html {
    let attachments = {
        let tags = tags.clone();
        show.reform(move |event: Event| {
            let input =
                event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let attachments = input.is_some_and(|input| input.checked());
            Tags { attachments, from: 0, ..tags.clone() }
        })
    };
    html! {
        <div class="pf-v6-c-toolbar">
            <div class="pf-v6-c-toolbar__content">
                <div class="pf-v6-c-toolbar__content-section">
                    <div class="pf-v6-c-toolbar__item images-grow">
                        <SearchBox id="filter" label={tr("Filter tags")} placeholder={tr("Filter tags")}
                            value={typed.text.clone()} oninput={typed.oninput.clone()}
                            onleave={typed.onleave.clone()} />
                    </div>
                    if view.attachment_count > 0 {
                        <div class="pf-v6-c-toolbar__item">
                            <label class="pf-v6-c-check">
                                <input class="pf-v6-c-check__input" type="checkbox" id="attachments"
                                    checked={tags.attachments} onchange={attachments} />
                                <span class="pf-v6-c-check__label">
                                    { plural("Show $0 signature or attachment", "Show $0 signatures and attachments",
                                        view.attachment_count.into()) }
                                </span>
                            </label>
                        </div>
                    }
                    { tools(quick) }
                </div>
            </div>
        </div>
    }
}

fn table(
    view: &Rc<View>,
    tags: &Tags,
    (quick, list, scrolled): (&QuickDelete, &List, &Scrolled),
    show: &Callback<Tags>,
    read_anew: &Callback<()>,
) -> Html {
    let shown = scrolled.show(view.offset, view.tags.len(), view.total);
    html! {
        <>
            <div class="images-summary">
                <span role="status" aria-live="polite" data-testid="found">
                    { match view.tag_count {
                        Some(_) => plural("$0 tag", "$0 tags", view.total.into()),
                        None => tr("The tags have not been read yet."),
                    } }
                </span>
                if view.changes > 0 {
                    <Button id="changes" look={Look::Link} icon={Icon::Again}
                        label={plural("$0 change - show", "$0 changes - show", view.changes.into())}
                        onclick={read_anew.reform(|_: MouseEvent| ())} />
                }
            </div>
            if view.tags.is_empty() {
                { nothing(view, tags, show) }
            } else {
                { tags::Tags { view: view.clone(), shown, list: list.clone(), quick: quick.clone(), brief: false }.part() }
            }
        </>
    }
}

fn nothing(view: &View, tags: &Tags, show: &Callback<Tags>) -> Html {
    let all = show.reform(|_: MouseEvent| Tags::default());
    match view.tag_count {
        None => html! {
            <EmptyState state="filling" picture={Picture::Spinner} title={tr("Reading the tags")} />
        },
        Some(_) if !tags.filter.is_empty() => html! {
            <EmptyState state="nothing-found" picture={Picture::Icon(Icon::Search)}
                title={tr("No tag fits the filter")}
                actions={html! { <Button look={Look::Link} label={tr("Show all tags")} onclick={all} /> }} />
        },
        // What stood there went before it was ever seen.
        Some(_) if view.total > 0 => html! {},
        Some(0) => html! {
            <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)} title={tr("No tags")}
                actions={html! { <crate::components::link::Link to={Route::home()}
                    class="pf-v6-c-button pf-m-link">{ tr("All images") }</crate::components::link::Link> }}>
                <p>{ tr("The repository is there, but nothing in it has a tag.") }</p>
            </EmptyState>
        },
        Some(_) => html! {
            <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)}
                title={tr("Only signatures and attachments")}>
                <p>{ tr("The tags of this repository hold nothing to run.") }</p>
            </EmptyState>
        },
    }
}
