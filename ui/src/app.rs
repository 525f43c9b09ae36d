// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page as a whole: the session's state, and the page that the address names.

use images_proto::Offer;
use images_proto::status::{Params, Status};
use images_proto::subject::SubjectKind;
use yew::prelude::*;

use crate::bridge::use_view;
use crate::browser::KeyListener;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::dialogs;
use crate::dialogs::delete::DeleteDialog;
use crate::location::use_route;
use crate::pages::clean_up::CleanUp;
use crate::pages::history::History;
use crate::pages::history::record::Record;
use crate::pages::image::Image;
use crate::pages::images::Images;
use crate::pages::layer::Layer;
use crate::pages::people::People;
use crate::pages::people::person::Person;
use crate::pages::project::Project;
use crate::pages::projects::Projects;
use crate::pages::registry::Registry;
use crate::pages::repository::Repository;
use crate::pages::stages::Stages;
use crate::pages::{navigation, notices, screen, whereabouts};
use crate::part::Part;
use crate::session::{Deletion, Session, Work};
use crate::state::route::Route;
use crate::state::screen::{self, Screen, Whose};
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
        let listener = KeyListener::focusing("/", "#search, #filter");
        move || drop(listener)
    });

    let offered = use_state_eq(|| None::<Offer>);
    let offer = {
        let offered = offered.clone();
        use_callback((), move |offer: Offer, ()| offered.set(Some(offer)))
    };
    let close_offered = {
        let offered = offered.clone();
        Callback::from(move |()| offered.set(None))
    };
    let deletion = use_state_eq(|| None::<Deletion>);
    let delete = {
        let deletion = deletion.clone();
        use_callback((), move |wanted: Deletion, ()| deletion.set(Some(wanted)))
    };
    let close_deletion = {
        let deletion = deletion.clone();
        Callback::from(move |()| deletion.set(None))
    };

    let working = use_state_eq(|| None::<Work>);
    let work = {
        let working = working.clone();
        use_callback((), move |wanted: Work, ()| working.set(Some(wanted)))
    };
    let undo = {
        let working = working.clone();
        use_callback((), move |id: String, ()| working.set(Some(Work::Undo(id))))
    };
    let close_work = {
        let working = working.clone();
        Callback::from(move |()| working.set(None))
    };

    let session = Session { status: status.state.answer.clone(), offer, delete, undo, work };
    let shown = use_mut_ref(|| None::<Whose>);
    let now = screen::of_session(&status.state, shown.borrow().as_ref());
    if let Some(answer) = status.state.answer.as_deref()
        && screen::is_worth_keeping(answer)
    {
        shown.replace(Some(Whose::of(answer)));
    }
    let answer = status.state.answer.as_deref();
    let stands_alone = answer.is_some_and(|answer| screen::stands_alone(&route, answer));
    let now = match now {
        Screen::Failed(_) | Screen::Connecting if stands_alone => Screen::Content,
        now => now,
    };
    let content = match screen(&now, &again) {
        Some(screen) => html! {
            <section class="pf-v6-c-page__main-section images-page">
                <Heading title={tr("Images")} focus=false>{ whereabouts(&session) }</Heading>
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
                    <main class="pf-v6-c-page__main">
                        { navigation(&route) }
                        { content }
                    </main>
                </div>
            </div>
            if let Some(deletion) = (*deletion).clone() {
                { DeleteDialog { deletion, onclose: close_deletion }.part() }
            }
            if let Some(work) = (*working).clone() { { dialogs::of_work(work, close_work) } }
            // It may mend what the other dialog failed of, so it stands above that.
            if let Some(offer) = *offered { { dialogs::of_offer(offer, close_offered) } }
        </ContextProvider<Session>>
    }
}

/// The page of a place. The key makes another thing another component, with a channel of its own.
fn page(route: &Route, again: &Callback<()>) -> Html {
    match route.clone() {
        Route::Images(listing) => Images { listing, read_again: again.clone() }.part(),
        Route::Repository { name, tags } => {
            let key = name.to_string();
            Repository { name, tags }.keyed(&key)
        }
        Route::Image { digest, repository } => {
            Image { digest, repository }.keyed(&digest.to_string())
        }
        Route::Layer { digest, from } => Layer { digest, from }.keyed(&digest.to_string()),
        Route::Registry => Registry.part(),
        Route::History(from) => History { from }.part(),
        Route::Record(id) => Record { id: id.clone() }.keyed(&id),
        Route::CleanUp => CleanUp.part(),
        Route::Projects(list) => Projects { list }.part(),
        Route::Project { name, tab, list } => {
            let name = AttrValue::from(name);
            Project { name: name.clone(), tab, list }.keyed(&name)
        }
        Route::Stages { list, differing } => Stages { list, differing }.part(),
        Route::People { kind, list } => {
            let key = if kind == SubjectKind::Group { "groups" } else { "users" };
            People { kind, list }.keyed(key)
        }
        Route::Person { subject, reach, list } => {
            let kind = if subject.kind == SubjectKind::Group { "group " } else { "user " };
            let key = [kind, subject.name.as_str()].concat();
            Person { subject, reach, list }.keyed(&key)
        }
        Route::Unknown => {
            html! {
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
            }
        }
    }
}
