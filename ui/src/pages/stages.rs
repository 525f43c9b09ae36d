// SPDX-License-Identifier: LGPL-2.1-or-later

//! The board of stages: what each of them has, and how it compares with the one before.

mod board;
mod choose;

use std::rc::Rc;

use images_proto::stage::{Params, Setting, Stages as Method, View};
use images_proto::status::Source;
use yew::prelude::*;

use self::board::{Board, board};
use self::choose::ChooseDialog;
use crate::bridge::{Question, use_view};
use crate::components::button::{Button, Look};
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{List, list};
use crate::components::heading::Heading;
use crate::components::icon::Icon;
use crate::components::tick::{Tick, tick};
use crate::components::waiting;
use crate::filtered::{UseFiltered, use_filtered};
use crate::location;
use crate::part::{Part, part};
use crate::session::{Session, Work};
use crate::state::filtered::Filtered;
use crate::state::route::Route;
use crate::state::stages::Marked;
use crate::text::{plural, plural_with, tr};

/// The page.
#[derive(PartialEq)]
pub struct Stages {
    /// Which rows are shown.
    pub list: Filtered,
    /// Only those that differ.
    pub differing: bool,
}

part!(Stages, use_stages, "stages");

#[hook]
fn use_stages(props: &Stages) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let differing = props.differing;
    let filtered = use_filtered(
        &props.list,
        Callback::from(move |list: Filtered| Route::Stages { list, differing }),
    );
    let listed = Params { window: filtered.params(), differing, ..Params::default() };
    let view = use_view::<Method>(listed.clone());
    let marked = use_state_eq(Marked::default);
    let reading = use_mut_ref(|| None::<Question>);
    let choosing = use_state_eq(|| false);
    let choose = {
        let choosing = choosing.clone();
        Callback::from(move |_: MouseEvent| choosing.set(true))
    };
    let chosen = {
        let choosing = choosing.clone();
        Callback::from(move |()| choosing.set(false))
    };
    let setting = view.state.answer.as_ref().map(|answer| answer.setting.clone());
    // With other stages, what was marked is no row any more.
    use_effect_with(setting.clone(), {
        let marked = marked.clone();
        move |_| marked.set(Marked::default())
    });
    html! {
        <section class="pf-v6-c-page__main-section images-page">
            <Heading title={tr("Stages")}>
                if setting.as_ref().is_some_and(|setting| !setting.stages.is_empty()) {
                    <Button look={Look::Link} label={tr("Choose the stages")} testid="choose-stages"
                        onclick={choose.clone()} />
                }
            </Heading>
            { waiting::show(&view.state, &view.retry, |answer| {
                if answer.setting.stages.is_empty() {
                    first_time(&session, &choose)
                } else {
                    let board = Board {
                        view: answer,
                        listed: &listed,
                        session: &session,
                        marked: &marked,
                        reading: &reading,
                    };
                    stages(&board, differing, &filtered)
                }
            }) }
            if *choosing {
                { ChooseDialog { setting: setting.unwrap_or_default(), on_close: chosen }.part() }
            }
        </section>
    }
}

fn first_time(session: &Session, choose: &Callback<MouseEvent>) -> Html {
    html! {
        <div class="pf-v6-c-card images-card">
            <EmptyState state="no-stages" picture={Picture::Icon(Icon::Forward)}
                title={tr("No stages were chosen yet")}
                actions={html! {
                    <Button look={Look::Primary} label={tr("Choose the stages")} testid="choose-stages"
                        onclick={choose.clone()} />
                }}>
                <p>{ tr("An image is built once and then moves on, unchanged, from development to test and to production.") }</p>
                <p>{ match session.source() {
                    Some(Source::Distribution) => tr("Your stages are tags of a repository, or the first part of the names of repositories."),
                    _ => tr("Your stages are projects, or tags of a repository."),
                } }</p>
            </EmptyState>
        </div>
    }
}

fn stages(shown: &Board<'_>, differing: bool, filtered: &UseFiltered) -> Html {
    let view: &Rc<View> = shown.view;
    let only = {
        let filtered = filtered.clone();
        Callback::from(move |differing: bool| {
            let list = filtered.now.at(0);
            filtered.typed.settle(&list.filter);
            location::replace(&Route::Stages { list, differing });
        })
    };
    let only_differing = Tick {
        id: "differing",
        label: plural("Only what differs ($0)", "Only what differs ($0)", view.differing.into()),
        note: None,
        checked: differing,
    };
    let tools = html! {
        <>
            <div class="pf-v6-c-toolbar__item">{ tick(only_differing, only) }</div>
            { promote_marked(shown, &view.setting) }
        </>
    };
    let nothing = html! {
        <EmptyState state="empty" picture={Picture::Icon(Icon::Cube)} title={match differing {
            true => tr("All stages are equal"),
            false => tr("The stages have no image"),
        }} />
    };
    list(
        List {
            filter: tr("Filter repositories"),
            tools,
            found: plural("$0 row", "$0 rows", view.total.into()),
            reading: view.reading,
            table: board(shown, &filtered.show(view.offset, view.rows.len(), view.total)),
            nothing,
        },
        filtered,
    )
}

/// Buttons that promote what is marked, one for each stage that lacks some of it.
fn promote_marked(shown: &Board<'_>, setting: &Setting) -> Html {
    let button = |(stage, name): (usize, &String)| {
        let moves = Rc::new(shown.marked.promotions(&shown.view.rows, stage));
        let count = moves.len() as u64;
        let work = Work::Promote { moves, back: false };
        let onclick = shown.session.work.reform(move |_: MouseEvent| work.clone());
        let number = crate::browser::number(count);
        let label = plural_with("Promote $0 to $1", "Promote $0 to $1", count, &[&number, name]);
        (count > 0).then(|| {
            html! {
                <div class="pf-v6-c-toolbar__item">
                    <Button {label} testid={["promote-marked-", name].concat()} {onclick} />
                </div>
            }
        })
    };
    let buttons = setting.stages.iter().enumerate().filter_map(button);
    html! { { for buttons } }
}
