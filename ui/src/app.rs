// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page as a whole: the session's state, and the page that the address names.

use images_proto::status::{Params, Status};
use yew::prelude::*;

use crate::bridge::use_view;
use crate::browser::ShortcutListener;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::location::use_route;
use crate::pages::image::Image;
use crate::pages::images::Images;
use crate::pages::layer::Layer;
use crate::pages::repository::Repository;
use crate::pages::{notices, screen};
use crate::session::Session;
use crate::state::route::Route;
use crate::state::screen;
use crate::text::tr;

/// The application.
#[component]
pub fn App() -> Html {
    let route = use_route();
    let tries = use_state_eq(|| 0_u32);
    let status = use_view::<Status>(Params { retry: *tries });
    let again = {
        let (tries, retry, cut_off) =
            (tries.clone(), status.retry.clone(), status.state.is_cut_off());
        Callback::from(move |()| {
            if cut_off {
                retry.emit(());
            } else {
                tries.set(tries.wrapping_add(1));
            }
        })
    };
    use_effect_with((), |()| {
        let listener = ShortcutListener::new("/", "#search, #filter");
        move || drop(listener)
    });

    let session = Session { status: status.state.answer.clone() };
    let was_shown = use_mut_ref(|| false);
    let now = screen::of_session(&status.state, *was_shown.borrow());
    if status.state.answer.as_deref().is_some_and(screen::is_worth_keeping) {
        was_shown.replace(true);
    }
    let content = match screen(&now, &again) {
        Some(screen) => html! {
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={tr("Images")} focus=false />
                { screen }
            </section>
        },
        None => html! {
            <>
                <div class="images-notices">{ notices(&status.state, &again) }</div>
                { page(&route, &again) }
            </>
        },
    };
    html! {
        <ContextProvider<Session> context={session}>
            <div class="pf-v6-c-page pf-m-no-sidebar">
                <div class="pf-v6-c-page__main-container" tabindex="-1">
                    <main class="pf-v6-c-page__main">{ content }</main>
                </div>
            </div>
        </ContextProvider<Session>>
    }
}

/// The page of a place. The key makes another thing another component, with a channel of its own.
fn page(route: &Route, again: &Callback<()>) -> Html {
    match route.clone() {
        Route::Images(listing) => {
            html! { <Images key="images" {listing} read_again={again.clone()} /> }
        }
        Route::Repository { name, tags } => {
            let key = name.to_string();
            html! { <Repository {key} {name} {tags} /> }
        }
        Route::Image { digest, repository } => html! {
            <Image key={digest.to_string()} {digest} {repository} />
        },
        Route::Layer { digest, window } => html! {
            <Layer key={format!("layer {digest}")} {digest} {window} />
        },
        Route::Unknown => html! {
            <section class="pf-v6-c-page__main-section images-page" key="unknown">
                <Heading title={tr("Images")} />
                <EmptyState state="failed" picture={Picture::Icon(Icon::Search)}
                    title={tr("There is no such page")}
                    actions={html! {
                        <Link to={Route::home()} class="pf-v6-c-button pf-m-primary">{ tr("All images") }</Link>
                    }}>
                    <p>{ tr("The address names nothing that this page knows.") }</p>
                </EmptyState>
            </section>
        },
    }
}
