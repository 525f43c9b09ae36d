// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion would take with it, in words: a group for each thing to know, and only if there
//! is something.

use std::rc::Rc;

use images_proto::delete::{Fate, Plan, PlanItem, Target};
use images_proto::status::Source;
use images_proto::{Failure, TagRef};
use yew::prelude::*;

use super::steps::steps;
use super::words;
use crate::components::bounded::bounded;
use crate::components::bytes::bytes;
use crate::components::expandable::Expandable;
use crate::components::failure;
use crate::components::icon::Icon;
use crate::components::label::{Colour, label};
use crate::components::reason::{part, reasons};
use crate::components::space::{Tense, space};
use crate::components::target_name::target_name;
use crate::components::users::users;
use crate::components::window::window;
use crate::part::part;
use crate::state::deletion::{Summary, accepted, is_in_use, sharers, summary};
use crate::state::target;
use crate::text::{plural, tr, tr_with};

/// The most things of a group that are listed one by one.
const LISTED: usize = 20;

/// The most targets that are listed one by one.
const TARGETS: usize = 200;

/// A plan.
#[derive(PartialEq)]
pub struct ShownPlan {
    /// The plan.
    pub plan: Rc<Plan>,
    /// Who keeps the list of repositories.
    pub source: Option<Source>,
    /// What is asked of whoever deletes what runs.
    pub in_use: Html,
    /// It was made for a deletion that was broken off: what used it then says nothing about now.
    pub broken_off: bool,
}

impl ShownPlan {
    /// A plan, and nothing besides.
    pub fn of(plan: Rc<Plan>, source: Option<Source>) -> Self {
        Self { plan, source, in_use: Html::default(), broken_off: false }
    }
}

part!(ShownPlan, use_shown_plan, "shown-plan");

#[hook]
fn use_shown_plan(props: &ShownPlan) -> Html {
    let ShownPlan { plan, source, in_use, broken_off } = props;
    let sum = summary(plan);
    let refused: Vec<&PlanItem> = plan.items.iter().filter(|item| item.refused.is_some()).collect();
    let goes: Vec<&PlanItem> = accepted(plan).collect();
    html! {
        <div class="images-plan" data-testid="plan">
            <div>
                <p class="images-fix" data-testid="verdict">{ words::verdict(plan) }</p>
                if !plan.steps.is_empty() { { window(&plan.undo) } }
            </div>
            { group(!refused.is_empty(), "refused-items", plural("$0 cannot be deleted", "$0 cannot be deleted", refused.len() as u64),
                bounded(&refused, TARGETS, refused.len() as u64, refused_item)) }
            { used(plan, in_use, *broken_off) }
            { group(!goes.is_empty(), "goes", tr("Goes"),
                bounded(&goes, TARGETS, goes.len() as u64, goes_item)) }
            { tags("along", tr("Goes with it, although not chosen"), sum.along.as_slice(), 0) }
            { falls_back(&sum) }
            { tags("stays", tr("Stays: other tags on the same image"), sum.stays.as_slice(), sum.more_stay) }
            { breaks(&sum) }
            { stays(plan) }
            { returns(&goes) }
            { missing(&plan.missing) }
            if !plan.steps.is_empty() {
                { space(&plan.space, sharers(&plan.layers), Tense::Ahead, *source) }
                { steps(&plan.steps) }
            }
        </div>
    }
}

/// A group of a plan with its title.
fn group(any: bool, testid: &'static str, title: String, body: Html) -> Html {
    if !any {
        return html! {};
    }
    html! {
        <section data-testid={testid}>
            <h3 class="images-fix">{ title }</h3>
            { body }
        </section>
    }
}

fn refused_item(item: &&PlanItem) -> Html {
    let Some(why) = &item.refused else { return html! {} };
    html! {
        <li data-plan={target::name(&item.target)}>
            { label(Colour::Red, tr("Not possible"), None) }{ " " }
            <strong class="images-break">{ target_name(&item.target) }</strong>
            <div class="images-consequences" data-testid="refused">{ told(why) }</div>
        </li>
    }
}

/// A failure and the steps that mend it.
fn told(why: &Failure) -> Html {
    html! {
        <>
            { failure::words(why) }
            <div class="images-buttons">{ failure::offers(why) }</div>
        </>
    }
}

/// What goes for one target.
fn goes_item(item: &&PlanItem) -> Html {
    let is_tag = matches!(item.target, Target::Tag(_));
    let more = item.goes.len().saturating_sub(LISTED) as u64;
    let names: Vec<String> = item.goes.iter().take(LISTED).map(ToString::to_string).collect();
    let name = target_name(&item.target);
    html! {
        <li data-plan={target::name(&item.target)}>
            <strong class="images-break">{ name }</strong>
            if let (Some(digest), true) = (item.digest, is_tag) {
                { " " }<code title={digest.to_string()}>{ digest.short() }</code>
            }
            if item.history > 0 {
                <span class="images-secondary" data-testid="history">
                    { " " }{ plural("with $0 older revision", "with $0 older revisions", item.history.into()) }
                </span>
            }
            if !is_tag && !names.is_empty() {
                <div class="images-break">
                    { names.join(", ") }
                    if more > 0 { { " " }{ plural("and $0 more", "and $0 more", more) } }
                </div>
            }
        </li>
    }
}

fn tags(testid: &'static str, title: String, tags: &[&TagRef], more: u64) -> Html {
    let all = tags.len() as u64 + more;
    let list = bounded(
        tags,
        LISTED,
        all,
        |tag| html! { <li class="images-break">{ tag.to_string() }</li> },
    );
    group(all > 0, testid, title, list)
}

fn falls_back(sum: &Summary<'_>) -> Html {
    let all = sum.falls_back.len();
    let list = bounded(&sum.falls_back, LISTED, all as u64, |back| {
        html! {
            <li class="images-break" title={back.digest.to_string()}>
                { tr_with("$0 names $1 then", &[&back.tag.to_string(), &back.digest.short()]) }
            </li>
        }
    });
    group(all > 0, "falls-back", tr("Falls back to an older revision"), list)
}

/// Who uses what goes.
fn used(plan: &Plan, in_use: &Html, broken_off: bool) -> Html {
    if plan.steps.is_empty() {
        return html! {};
    }
    html! {
        <section data-testid="used" class="images-items">
            if broken_off {
                <h3 class="images-fix">{ tr("Used by") }</h3>
                <p class="images-warning">{ tr("Who uses it now was not looked at again.") }</p>
            } else if is_in_use(plan) {
                <h3 class="images-fix images-danger">{ Icon::Danger.draw() }{ " " }{ tr("In use") }</h3>
                { users(&plan.used) }
                { in_use.clone() }
            } else {
                <h3 class="images-fix">{ tr("Used by") }</h3>
                { users(&plan.used) }
            }
        </section>
    }
}

fn breaks(sum: &Summary<'_>) -> Html {
    let indexes = sum.breaks.as_slice();
    let list = bounded(indexes, LISTED, indexes.len() as u64, |digest| {
        html! {
            <li><code title={digest.to_string()}>{ digest.short() }</code></li>
        }
    });
    group(!indexes.is_empty(), "breaks", tr("Stays, because an index contains it"), list)
}

/// The images, layers and configs that stay, or wait although they were to go, each with the reason.
fn stays(plan: &Plan) -> Html {
    let images: Vec<Html> = plan
        .images
        .iter()
        .filter(|image| image.fate == Fate::Stays || !image.because.is_empty())
        .map(|image| html! {
            <li>
                <code title={image.digest.to_string()}>{ image.digest.short() }</code>{ " " }
                <span class="images-secondary">{ tr("image") }</span>
                <div class="images-consequences images-break">{ reasons(&image.because, image.reasons) }</div>
            </li>
        })
        .collect();
    let layers = plan.layers.iter();
    let layers = layers.filter(|layer| layer.fate == Fate::Stays || !layer.because.is_empty());
    let layers = layers.map(|layer| html! {
        <li>
            <code title={layer.digest.to_string()}>{ layer.digest.short() }</code>{ " " }
            <span class="images-secondary">{ part(layer.part) }{ ", " }{ bytes(layer.size) }</span>
            <div class="images-consequences images-break">{ reasons(&layer.because, layer.reasons) }</div>
        </li>
    });
    let all: Vec<Html> = images.into_iter().chain(layers).collect();
    if all.is_empty() {
        return html! {};
    }
    let count = all.len() as u64;
    html! {
        <Expandable testid="kept" title={plural("$0 image, layer or config stays, and why",
            "$0 images, layers and configs stay, and why", count)}>
            { bounded(&all, TARGETS, count, Clone::clone) }
        </Expandable>
    }
}

/// What would bring it back. Several items may say the same.
fn returns(goes: &[&PlanItem]) -> Html {
    let mut all: Vec<(&str, String)> = Vec::new();
    for item in goes {
        if let Some(returns) = &item.returns {
            all.push((returns, target_name(&item.target)));
        }
    }
    let list = bounded(&all, LISTED, all.len() as u64, |(returns, name)| {
        html! {
            <li class="images-break">{ format!("{name}: {returns}") }</li>
        }
    });
    group(!all.is_empty(), "returns", tr("May come back"), list)
}

fn missing(missing: &[Failure]) -> Html {
    let list =
        bounded(missing, LISTED, missing.len() as u64, |why| html! { <li>{ told(why) }</li> });
    group(!missing.is_empty(), "missing", tr("Left out, or not known"), list)
}
