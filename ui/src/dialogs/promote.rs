// SPDX-License-Identifier: LGPL-2.1-or-later

//! Moving images to other tags by their digests: what changes, and what became of it.

mod changes;

use std::rc::Rc;

use images_proto::stage::{Agreed, Move, Plan, PlanPromotion, Promote, Receipt, Wanted};
use yew::prelude::*;

use self::changes::change;
use super::objects::missing;
use crate::bridge::{use_action, use_view};
use crate::components::bounded::bounded;
use crate::components::button::Button;
use crate::components::field::{Field, field};
use crate::components::link::Link;
use crate::components::progress::progress;
use crate::components::promoted::promoted;
use crate::components::question::{Question, question};
use crate::components::waiting;
use crate::part::part;
use crate::state::route::Route;
use crate::state::stages::doable;
use crate::text::{plural, tr};

/// The most moves that are listed one by one.
const LISTED: usize = 200;

/// The dialog; it plans as soon as it is there, and changes nothing before it was agreed to.
#[derive(PartialEq)]
pub struct PromoteDialog {
    /// The moves.
    pub moves: Rc<Vec<Move>>,
    /// The tag goes back to what it named before.
    pub back: bool,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

part!(PromoteDialog, use_promote_dialog, "promote-dialog");

#[hook]
fn use_promote_dialog(props: &PromoteDialog) -> Html {
    let wanted = Wanted { moves: props.moves.to_vec() };
    let plan = use_view::<PlanPromotion>(wanted.clone());
    let reason = use_state_eq(String::new);
    let done = use_state(|| None::<Rc<Receipt>>);
    let action = use_action::<Promote>({
        let done = done.clone();
        Callback::from(move |receipt| done.set(Some(Rc::new(receipt))))
    });
    let count = plan.state.answer.as_deref().map_or(0, doable);
    let busy = action.is_busy();
    let agree = {
        let (start, plan, reason) =
            (action.start.clone(), plan.state.answer.clone(), (*reason).clone());
        Callback::from(move |()| {
            let Some(plan) = plan.as_ref().filter(|plan| !busy && doable(plan) > 0) else { return };
            let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
            let fingerprint = plan.fingerprint.clone();
            start.emit(Agreed { wanted: wanted.clone(), fingerprint, reason });
        })
    };
    let asked = Question {
        title: title(props, done.as_deref()),
        label: done.is_none().then(|| match props.back {
            true => tr("Go back to it"),
            false if count == 0 => tr("Promote"),
            false => plural("Promote $0 image", "Promote $0 images", count as u64),
        }),
        enabled: count > 0,
        busy,
        failure: action.failure.clone(),
        steps: &[],
        testid: "promote",
    };
    let type_reason = {
        let reason = reason.clone();
        Callback::from(move |text: String| reason.set(text))
    };
    let body = match (&*done, &action.progress) {
        (Some(done), _) => html! { <>{ promoted(done) }{ record(done, &props.on_close) }</> },
        (None, Some(done)) => progress(done, "promote-progress"),
        (None, None) => waiting::show(&plan.state, &plan.retry, |answer| {
            html! {
                <>
                    { planned(answer) }
                    if action.failure.is_some() || !answer.missing.is_empty() {
                        <div class="images-buttons">
                            <Button label={tr("Look again")} testid="look-again"
                                onclick={plan.retry.reform(|_: MouseEvent| ())} />
                        </div>
                    }
                    if count > 0 {
                        { field(Field {
                            id: "reason",
                            label: tr("Reason, for the history"),
                            value: (*reason).clone(),
                            secret: false,
                            first: false,
                            mistake: None,
                            help: Some(tr("Optional")),
                        }, type_reason, agree.clone()) }
                    }
                </>
            }
        }),
    };
    question(asked, body, &agree, &props.on_close)
}

/// The way to what is kept of it; the dialog, which lies over all pages, makes room.
fn record(done: &Receipt, on_close: &Callback<()>) -> Option<Html> {
    let to = Route::Record(done.id.clone()?);
    Some(html! {
        <p onclick={on_close.reform(|_: MouseEvent| ())}>
            <Link {to} testid="to-record">{ tr("See it in the history") }</Link>
        </p>
    })
}

fn title(props: &PromoteDialog, done: Option<&Receipt>) -> String {
    let Some(done) = done else {
        return match props.back {
            true => tr("Go back to an earlier version?"),
            false => plural("Promote $0 image?", "Promote $0 images?", props.moves.len() as u64),
        };
    };
    match done.items.iter().filter(|item| !item.done).count() as u64 {
        0 if props.back => tr("It is back"),
        0 => plural("$0 image was promoted", "$0 images were promoted", done.items.len() as u64),
        left => plural("$0 image was NOT promoted", "$0 images were NOT promoted", left),
    }
}

fn planned(plan: &Plan) -> Html {
    html! {
        <div class="images-plan" data-testid="promotion-plan">
            { missing(&plan.missing) }
            { bounded(&plan.changes, LISTED, plan.changes.len() as u64, change) }
            <p class="images-secondary">
                { tr("The image moves by its digest and stays the same, byte for byte. The registry takes over the layers that it has; nothing is downloaded to your browser.") }
            </p>
        </div>
    }
}
