// SPDX-License-Identifier: LGPL-2.1-or-later

//! The list: a search box above repositories, or above the tags and images that a digest leads to.

mod repositories;
mod toolbar;

use std::rc::Rc;

use images_proto::delete::Target;
use images_proto::search::{Exact, Rows, Search, Sort, View};
use yew::prelude::*;

use super::coverage::coverage;
use super::hits;
use super::whereabouts::whereabouts;
use crate::bridge::use_view;
use crate::components::button::{Button, Look};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::own_kubeconfig::OwnKubeconfigButton;
use crate::components::progress::progress;
use crate::components::quick_delete::{QuickDelete, use_quick_delete};
use crate::components::waiting;
use crate::location;
use crate::part::{Part, part};
use crate::scrolled::{Scrolled, use_scrolled};
use crate::session::Session;
use crate::state::listing::{Enter, Listing, on_enter};
use crate::state::route::Route;
use crate::state::screen::{self, Place};
use crate::text::{plural, tr, tr_with};
use crate::typed::use_typed;

/// The list.
#[derive(PartialEq)]
pub struct Images {
    /// What the address says.
    pub listing: Listing,
    /// Has the source read again.
    pub read_again: Callback<()>,
}

part!(Images, use_images, "images");

#[hook]
fn use_images(props: &Images) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    // Enter was pressed before the answer to this query was there.
    let entered = use_mut_ref(|| false);
    let refresh = use_state_eq(|| 0_u32);

    let typed = use_typed(&props.listing.query, {
        let listing = props.listing.clone();
        Callback::from(move |text: String| {
            location::replace(&Route::Images(listing.searching(&text)));
        })
    });
    let listing = match props.listing.query == typed.text {
        true => props.listing.clone(),
        false => props.listing.searching(&typed.text),
    };
    let show = {
        let typed = typed.clone();
        Callback::from(move |listing: Listing| {
            typed.settle(&listing.query);
            location::replace(&Route::Images(listing));
        })
    };
    // What stays as it is while somebody types is not drawn for each key. So what it is told to do does
    // not change: it changes the list that is shown by then.
    let changed = use_mut_ref(|| None::<(Listing, Callback<Listing>)>);
    changed.replace(Some((listing.clone(), show.clone())));
    let change = {
        move |how: &dyn Fn(&Listing) -> Listing| {
            let shown = changed.borrow().clone();
            if let Some((listing, show)) = shown {
                show.emit(how(&listing));
            }
        }
    };
    let choose = use_callback((), {
        let change = change.clone();
        move |project: Option<String>, ()| change(&|listing| listing.in_project(project.clone()))
    });
    let sort = use_callback((), move |sort: Sort, ()| change(&|listing| listing.sorted_by(sort)));
    let scrolled = use_scrolled(listing.from, &listing.query, {
        let listing = listing.clone();
        show.reform(move |from| Listing { from, ..listing.clone() })
    });
    let view = use_view::<Search>(listing.params(scrolled.window, *refresh));
    let answer = view.state.answer.clone();

    let open_exact = {
        let (listing, show) = (listing.clone(), show.clone());
        move |answer: &View| match on_enter(&listing.query, answer) {
            Enter::Wait => false,
            Enter::Stay => true,
            Enter::Open(route) => {
                // So that the back button comes back to what was searched for.
                show.emit(listing.clone());
                location::go(&route);
                true
            }
        }
    };
    let oninput = {
        let (entered, oninput) = (entered.clone(), typed.oninput.clone());
        Callback::from(move |text: String| {
            entered.replace(false);
            oninput.emit(text);
        })
    };
    let onenter = {
        let (answer, entered, open_exact) = (answer.clone(), entered.clone(), open_exact.clone());
        Callback::from(move |()| {
            let is_done = answer.as_ref().is_some_and(|answer| open_exact(answer));
            entered.replace(!is_done);
        })
    };
    use_effect_with(answer.clone(), move |answer: &Option<Rc<View>>| {
        let answer = answer.as_ref().filter(|_| *entered.borrow());
        if answer.is_some_and(|answer| open_exact(answer)) {
            entered.replace(false);
        }
    });

    let read_anew = {
        let refresh = refresh.clone();
        Callback::from(move |()| refresh.set(refresh.wrapping_add(1)))
    };
    let total = answer.as_ref().map_or(0, |answer| answer.total);
    let quick = use_quick_delete(listing.list(), total, read_anew.clone());

    let status = session.status.clone();
    let place = screen::of_list(answer.as_deref(), status.as_deref());
    let mistake = match &place {
        Place::Mistake(mistake) => Some(mistake.clone()),
        _ => None,
    };
    html! {
        <section class="pf-v6-c-page__main-section images-page">
            <Heading title={tr("Images")} focus=false>
                { whereabouts(&session) }
                <OwnKubeconfigButton look={Look::Link} />
            </Heading>
            <div class="pf-v6-c-card images-card">
                { toolbar::toolbar(toolbar::Tools {
                    typed: typed.text.clone(),
                    projects: toolbar::Projects {
                        answer: answer.clone(),
                        chosen: listing.project.clone(),
                        choose,
                    },
                    mistake,
                    quick: &quick,
                    session: &session,
                    oninput,
                    onleave: typed.onleave.clone(),
                    onenter,
                    read_again: props.read_again.clone(),
                }) }
                if let Some(done) = status.as_deref().and_then(screen::filling) {
                    <div class="images-inset" data-state="filling">{ progress(done, "filling") }</div>
                }
                { waiting::show(&view.state, &view.retry, |answer| html! {
                    <>
                        { summary(answer, &place, &read_anew, found(&listing, answer, &quick)) }
                        { match &place {
                            Place::Rows => rows(answer, &listing, (&quick, &scrolled), &session, &sort, *refresh),
                            other => nothing(other, &show, &props.read_again, &session),
                        } }
                    </>
                }) }
            </div>
        </section>
    }
}

/// What was found, how the query was read, and what is held back.
fn summary(answer: &View, place: &Place, read_anew: &Callback<()>, delete: Html) -> Html {
    let total = u64::from(answer.total);
    let found = match (place, &answer.rows) {
        (Place::Rows, Rows::Repositories(_)) => plural("$0 repository", "$0 repositories", total),
        (Place::Rows, Rows::Hits(_)) => plural("$0 tag or image", "$0 tags and images", total),
        // The screen in the place of the rows says it.
        _ => String::new(),
    };
    html! {
        <div class="images-summary">
            <span role="status" aria-live="polite" data-testid="found">{ found }</span>
            if let Some(understood) = &answer.understood {
                <span class="images-secondary" data-testid="understood">{ understood }</span>
            }
            if let Some(exact) = &answer.exact {
                <span class="images-secondary" data-testid="exact">
                    { tr_with("Enter opens $0", &[&exact_name(exact)]) }
                </span>
            }
            if answer.changes > 0 {
                <Button id="changes" look={Look::Link} icon={Icon::Again}
                    label={plural("$0 change - show", "$0 changes - show", answer.changes.into())}
                    onclick={read_anew.reform(|_: MouseEvent| ())} />
            }
            if *place == Place::Rows { { delete } }
            // While everything is listed, only what is searched for can be missed.
            if !answer.query.trim().is_empty() { { coverage(&answer.coverage) } }
        </div>
    }
}

/// In quick delete mode, the button that deletes all that was searched for.
fn found(listing: &Listing, answer: &View, quick: &QuickDelete) -> Html {
    let query = listing.query.trim();
    if !quick.on || query.is_empty() {
        return html! {};
    }
    let target = Target::Found { query: query.to_owned(), project: listing.project.clone() };
    let label = match &answer.rows {
        Rows::Hits(_) => {
            plural("Delete what was found", "Delete all $0 that were found", answer.total.into())
        }
        // How many tags of the repositories are meant, the plan says.
        Rows::Repositories(_) => tr("Delete all tags that were found"),
    };
    html! {
        <Button look={Look::Link} icon={Icon::Trash} {label} testid="delete-found" onclick={quick.delete.reform(move |_: MouseEvent| vec![target.clone()])} />
    }
}

fn exact_name(exact: &Exact) -> String {
    match &exact.tag {
        Some(tag) => format!("{}:{tag}", exact.repository),
        None => exact.repository.to_string(),
    }
}

fn rows(
    answer: &View,
    listing: &Listing,
    (quick, scrolled): (&QuickDelete, &Scrolled),
    session: &Session,
    sort: &Callback<Sort>,
    refresh: u32,
) -> Html {
    let shown = |rows: usize| scrolled.show(answer.offset, rows, answer.total);
    // Until the answer to the last key is there, the rows are those of the query before.
    let list = listing.searching(&answer.query).list();
    match &answer.rows {
        Rows::Repositories(rows) => repositories::Repositories {
            rows: rows.clone(),
            shown: shown(rows.len()),
            list,
            order: (listing.sort, listing.descending),
            knows_pushes: session.knows_pushes(),
            quick: quick.clone(),
            sort: sort.clone(),
            refresh,
        }
        .part(),
        Rows::Hits(found) => hits::hits(found, (list, &shown(found.len())), quick, session),
    }
}

/// The screen in the place of rows.
fn nothing(
    place: &Place,
    show: &Callback<Listing>,
    read_again: &Callback<()>,
    session: &Session,
) -> Html {
    let all = show.reform(|_: MouseEvent| Listing::default());
    let clear = html! {
        <Button look={Look::Link} label={tr("Show all images")} onclick={all} testid="show-all" />
    };
    let again = html! {
        <Button look={Look::Secondary} label={tr("Read again")} testid="read-again"
            onclick={read_again.reform(|_: MouseEvent| ())} />
    };
    match place {
        Place::Rows | Place::Waiting => html! {},
        Place::Filling => html! {
            <EmptyState state="filling" picture={Picture::Spinner} title={tr("Nothing yet")} actions={clear}>
                <p>{ tr("The registry is still being read.") }</p>
            </EmptyState>
        },
        Place::Unread => html! {
            <EmptyState state="failed" picture={Picture::Icon(Icon::Unplugged)}
                title={tr("Nothing in what could be read")} actions={again}>
                <p>{ tr("The registry could not be read to the end, so there may be more.") }</p>
            </EmptyState>
        },
        Place::Empty => html! {
            <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)} title={tr("The registry is empty")} actions={again}>
                <p>{ tr("There are no repositories that you may see. Push the first image:") }</p>
                <pre class="images-details">{ push_commands(session) }</pre>
            </EmptyState>
        },
        Place::NothingFound => html! {
            <EmptyState state="nothing-found" picture={Picture::Icon(Icon::Search)} title={tr("Nothing found")} actions={clear}>
                <p>{ tr("No repository, tag or digest fits the search.") }</p>
            </EmptyState>
        },
        // What the mistake is stands below the search box.
        Place::Mistake(_) => html! {
            <EmptyState state="mistake" picture={Picture::Icon(Icon::Search)} title={tr("This cannot be searched for")} actions={clear} />
        },
    }
}

fn push_commands(session: &Session) -> String {
    let host = session.status.as_ref().and_then(|status| status.registry.as_ref()?.host.clone());
    let host = host.unwrap_or_else(|| tr("REGISTRY"));
    tr_with("podman push IMAGE $0/PROJECT/NAME:TAG", &[&host])
}
