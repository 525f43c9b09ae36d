// SPDX-License-Identifier: LGPL-2.1-or-later

//! What stands above the list (patternfly.org: components/toolbar).

use images_proto::status::Source;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::components::quick_delete::{QuickDelete, tools};
use crate::components::search_box::SearchBox;
use crate::components::select::Select;
use crate::session::Session;
use crate::state::listing::Listing;
use crate::text::tr;

/// What the toolbar shows and whom it tells.
pub(super) struct Tools<'a> {
    pub(super) listing: &'a Listing,
    pub(super) typed: String,
    pub(super) projects: &'a [String],
    pub(super) mistake: Option<String>,
    pub(super) quick: &'a QuickDelete,
    pub(super) session: &'a Session,
    pub(super) oninput: Callback<String>,
    pub(super) onleave: Callback<()>,
    pub(super) onenter: Callback<()>,
    pub(super) show: Callback<Listing>,
    pub(super) read_again: Callback<()>,
}

pub(super) fn toolbar(tools: &Tools<'_>) -> Html {
    let mistake = tools.mistake.as_ref().map(|_| AttrValue::Static("mistake"));
    html! {
        <div class="pf-v6-c-toolbar">
            <div class="pf-v6-c-toolbar__content">
                <div class="pf-v6-c-toolbar__content-section">
                    <div class="pf-v6-c-toolbar__item images-grow">
                        <SearchBox id="search" autofocus=true label={tr("Search images")}
                            placeholder={tr("Name, tag, digest or its first 6 digits, image ID, layer, pull spec")}
                            value={tools.typed.clone()} oninput={tools.oninput.clone()}
                            onenter={tools.onenter.clone()} onleave={tools.onleave.clone()} {mistake} />
                        if let Some(mistake) = &tools.mistake {
                            <div class="pf-v6-c-helper-text" id="mistake">
                                <div class="pf-v6-c-helper-text__item pf-m-error">
                                    <span class="pf-v6-c-helper-text__item-text">{ mistake }</span>
                                </div>
                            </div>
                        }
                    </div>
                    <div class="pf-v6-c-toolbar__item">{ projects(tools) }</div>
                    if tools.session.source() == Some(Source::Distribution) {
                        <div class="pf-v6-c-toolbar__item">
                            <Button look={Look::Plain} icon={Icon::Again} label={tr("Read the registry again")}
                                testid="read-again" onclick={tools.read_again.reform(|_: MouseEvent| ())} />
                        </div>
                    }
                    { self::tools(tools.quick) }
                </div>
            </div>
        </div>
    }
}

fn projects(tools: &Tools<'_>) -> Html {
    let mut choices = vec![(AttrValue::Static(""), AttrValue::from(tr("All projects")))];
    let chosen = tools.listing.project.clone().unwrap_or_default();
    // The chosen one stays to be seen even when it has no repository left.
    if !chosen.is_empty() && !tools.projects.contains(&chosen) {
        choices.push((chosen.clone().into(), chosen.clone().into()));
    }
    choices.extend(
        tools.projects.iter().map(|project| (project.clone().into(), project.clone().into())),
    );
    let listing = tools.listing.clone();
    let onchange = tools.show.reform(move |project: String| {
        listing.in_project((!project.is_empty()).then_some(project))
    });
    html! {
        <Select id="project" label={tr("Project")} {choices} {chosen} {onchange} />
    }
}
