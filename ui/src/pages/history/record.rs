// SPDX-License-Identifier: LGPL-2.1-or-later

//! One change with all that is known of it.

use std::rc::Rc;

use images_proto::delete::Extent;
use images_proto::history::{Act, Change, History, Params, Record as Kept, ShowRecord, Which};
use yew::prelude::*;

use super::words::{result, what};
use super::{go_on, undo_button};
use crate::bridge::use_view;
use crate::browser::full_time;
use crate::components::breadcrumb::breadcrumb;
use crate::components::bytes::unknown;
use crate::components::description::{Fact, facts};
use crate::components::expandable::Expandable;
use crate::components::heading::Heading;
use crate::components::link::Link;
use crate::components::promoted::promoted;
use crate::components::receipt::receipt;
use crate::components::save::Save;
use crate::components::undone::undone;
use crate::components::waiting;
use crate::components::window::window;
use crate::dialogs::delete::plan::ShownPlan;
use crate::part::{Part, part};
use crate::session::Session;
use crate::state::history::{as_of_now, may_go_on, may_undo};
use crate::state::route::Route;
use crate::text::tr;

/// The page of a change.
#[derive(PartialEq)]
pub struct Record {
    /// The name of the record.
    pub id: String,
}

part!(Record, use_record, "record");

#[hook]
fn use_record(props: &Record) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let view = use_view::<ShowRecord>(Which { id: props.id.clone() });
    // The record is asked for once; the list tells when something became of it. What changes is
    // among the newest.
    let list = use_view::<History>(Params::default());
    let seen = use_mut_ref(|| None::<Change>);
    use_effect_with(list.state.answer.clone(), {
        let (id, retry) = (props.id.clone(), view.retry.clone());
        move |list| {
            let now = list.iter().flat_map(|list| &list.changes).find(|change| change.id == id);
            let before = seen.replace(now.cloned());
            if before.is_some() && before.as_ref() != now {
                retry.emit(());
            }
        }
    });
    let title = view.state.answer.as_ref().map_or_else(|| tr("Change"), |kept| what(&kept.change));
    let above = vec![(Route::home(), tr("Images")), (Route::History(0), tr("History"))];
    html! {
        <>
            { breadcrumb(above, props.id.clone()) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading {title} place={props.id.clone()} />
                { waiting::show(&view.state, &view.retry, |kept| html! {
                    <>
                        { about(kept, &session) }
                        { came_of_it(kept, &session) }
                    </>
                }) }
            </section>
        </>
    }
}

fn about(kept: &Kept, session: &Session) -> Html {
    let change = &kept.change;
    let fact = |term: String, value: Html, testid: &'static str| Fact { term, value, testid };
    let mut known = vec![
        fact(tr("Result"), result(change), "record-result"),
        fact(tr("Began"), html! { { full_time(change.started) } }, "record-started"),
    ];
    if let Some(ended) = change.ended {
        known.push(fact(tr("Ended"), html! { { full_time(ended) } }, "record-ended"));
    }
    let who = change.user.clone().map(|user| html! { <span class="images-break">{ user }</span> });
    let who = who.unwrap_or_else(|| unknown(tr("The registry does not say who.")));
    known.push(fact(tr("Who"), who, "record-user"));
    let registry = html! { <span class="images-break">{ &change.registry }</span> };
    known.push(fact(tr("Registry"), registry, "record-registry"));
    if let Some(reason) = &change.reason {
        let reason = html! { <span class="images-break">{ reason }</span> };
        known.push(fact(tr("Reason"), reason, "record-reason"));
    }
    if kept.params.as_ref().is_some_and(|params| params.extent == Extent::Purge) {
        known.push(fact(tr("Data"), html! { { tr("Removed too, at once") } }, "record-extent"));
    }
    match &change.undone_by {
        Some(id) => known.push(fact(
            tr("Undone"),
            html! { <Link to={Route::Record(id.clone())}>{ tr("See what came back") }</Link> },
            "record-undone-by",
        )),
        None if change.act == Act::Delete => {
            known.push(fact(tr("Undo"), window(&change.undo), "record-undo"));
        }
        None => {}
    }
    html! {
        <div class="pf-v6-c-card images-card images-inset images-plan">
            { facts(known) }
            <div class="images-buttons">
                if may_go_on(change) { { go_on(&change.id, session, false) } }
                if may_undo(change) { { undo_button(&change.id, session, false) } }
                <Save id={change.id.clone()} />
            </div>
        </div>
    }
}

/// What came of it: the receipt, or what else is known, then the plan.
fn came_of_it(kept: &Kept, session: &Session) -> Html {
    let source = session.source();
    let (title, body) = match kept {
        Kept { receipt: Some(done), .. } => (tr("Receipt"), receipt(done, source)),
        Kept { undone: Some(back), .. } => (tr("What came back"), undone(back)),
        Kept { promotion: Some(done), .. } => (tr("Receipt"), promoted(done)),
        _ => (tr("Record"), html! { <pre class="images-details">{ &kept.text }</pre> }),
    };
    html! {
        <div class="pf-v6-c-card images-card">
            <div class="pf-v6-c-card__title"><h2 class="pf-v6-c-card__title-text">{ title }</h2></div>
            <div class="images-body">
                { body }
                if let Some(plan) = &kept.plan {
                    <Expandable title={tr("The plan that was followed")} testid="record-plan">
                        { ShownPlan::of(Rc::new(as_of_now(plan, &kept.change)), source).part() }
                    </Expandable>
                }
            </div>
        </div>
    }
}
