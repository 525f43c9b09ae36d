// SPDX-License-Identifier: LGPL-2.1-or-later

//! What nothing leads to, and the space that it holds.

mod garbage;
mod leftovers;

use images_proto::orphans::{Orphans, Params};
use images_proto::search::Coverage;
use images_proto::status::Source;
use yew::prelude::*;

use self::garbage::GarbageCard;
use super::coverage::coverage;
use crate::bridge::use_view;
use crate::components::breadcrumb::breadcrumb;
use crate::components::button::{Button, Look};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::waiting;
use crate::part::{Part, part};
use crate::scrolled::{Scrolled, use_scrolled};
use crate::session::Session;
use crate::state::route::Route;
use crate::state::window::Window;
use crate::text::tr;

/// The page.
#[derive(PartialEq)]
pub struct CleanUp;

part!(CleanUp, use_clean_up, "clean-up");

#[hook]
fn use_clean_up(_part: &CleanUp) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let refresh = use_state_eq(|| 0_u32);
    let again = {
        let refresh = refresh.clone();
        Callback::from(move |()| refresh.set(refresh.wrapping_add(1)))
    };
    let images = use_scrolled(0, "", Callback::noop());
    let untagged = use_scrolled(0, "", Callback::noop());
    let signatures = use_scrolled(0, "", Callback::noop());
    let window = |list: &Scrolled| {
        let Window { offset, limit } = list.window;
        images_proto::window::Window { offset, limit }
    };
    let view = use_view::<Orphans>(Params {
        images: window(&images),
        untagged: window(&untagged),
        signatures: window(&signatures),
        refresh: *refresh,
    });
    let source = session.source();
    html! {
        <>
            { breadcrumb(vec![(Route::home(), tr("Images"))], tr("Clean up")) }
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={tr("Clean up")}>
                    <Button look={Look::Link} icon={Icon::Again} label={tr("Look again")} testid="look-again"
                        onclick={again.reform(|_: MouseEvent| ())} />
                </Heading>
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        // No config is needed to know what nothing leads to.
                        { coverage(&Coverage { configs_unread: 0, ..answer.coverage }) }
                        if source == Some(Source::Openshift) {
                            { leftovers::images((&answer.images, &images), &session, &again) }
                        }
                        { leftovers::untagged((&answer.untagged, &untagged), &session, &again) }
                        { leftovers::signatures((&answer.signatures, &signatures), &session, &again) }
                    </>
                }) }
                if let Some(source) = source { { GarbageCard { source }.part() } }
            </section>
        </>
    }
}
