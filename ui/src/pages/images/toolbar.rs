// SPDX-License-Identifier: LGPL-2.1-or-later

//! What stands above the list (patternfly.org: components/toolbar).

use std::rc::Rc;

use images_proto::search::View;
use images_proto::status::Source;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::components::quick_delete::{QuickDelete, tools};
use crate::components::search_box::SearchBox;
use crate::components::select::Select;
use crate::part::{Part, part};
use crate::session::Session;
use crate::text::tr;

/// What the toolbar shows and whom it tells.
pub(super) struct Tools<'a> {
    pub(super) typed: String,
    pub(super) projects: Projects,
    pub(super) mistake: Option<String>,
    pub(super) quick: &'a QuickDelete,
    pub(super) session: &'a Session,
    pub(super) oninput: Callback<String>,
    pub(super) onleave: Callback<()>,
    pub(super) onenter: Callback<()>,
    pub(super) read_again: Callback<()>,
}

pub(super) fn toolbar(tools: Tools<'_>) -> Html {
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
                    <div class="pf-v6-c-toolbar__item">{ tools.projects.part() }</div>
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

/// The choice of a project. There may be hundreds, so it is a part that is drawn when they change, and
/// not for each key.
pub(super) struct Projects {
    /// What names them all.
    pub(super) answer: Option<Rc<View>>,
    /// The chosen one.
    pub(super) chosen: Option<String>,
    /// Hears of another choice.
    pub(super) choose: Callback<Option<String>>,
}

part!(Projects, use_projects, "projects-of-images");

impl Projects {
    fn names(&self) -> &[String] {
        self.answer.as_deref().map_or(&[], |answer| answer.projects.as_slice())
    }
}

impl PartialEq for Projects {
    fn eq(&self, other: &Self) -> bool {
        self.chosen == other.chosen && self.choose == other.choose && self.names() == other.names()
    }
}

#[hook]
fn use_projects(props: &Projects) -> Html {
    let mut choices = vec![(AttrValue::Static(""), AttrValue::from(tr("All projects")))];
    let chosen = props.chosen.clone().unwrap_or_default();
    // The chosen one stays to be seen even when it has no repository left.
    if !chosen.is_empty() && !props.names().contains(&chosen) {
        choices.push((chosen.clone().into(), chosen.clone().into()));
    }
    choices.extend(props.names().iter().map(|project| {
        let project = AttrValue::from(project.clone());
        (project.clone(), project)
    }));
    let onchange =
        props.choose.reform(|project: String| Some(project).filter(|project| !project.is_empty()));
    html! {
        <Select id="project" label={tr("Project")} {choices} {chosen} {onchange} />
    }
}
