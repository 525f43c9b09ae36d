// SPDX-License-Identifier: LGPL-2.1-or-later

//! The config of an image. All of it is written by whoever built the image: text, and never a link
//! or markup.

use images_proto::image::{Config, HistoryRow};
use yew::prelude::*;

use crate::components::bytes::unknown;
use crate::components::description::{Fact, facts};
use crate::components::expandable::Expandable;
use crate::components::label::{Colour, label};
use crate::components::moment::moment;
use crate::components::table::{rows, table, td, th};
use crate::text::{plural, tr};

/// The most lines of one kind that are drawn; the raw config has them all.
const SHOWN: usize = 500;

/// The card with all of it.
pub(super) fn config(config: &Config) -> Html {
    let fact = |term: String, value: Html, testid: &'static str| Fact { term, value, testid };
    let known = vec![
        fact(
            tr("Platform"),
            match &config.platform {
                Some(platform) => html! { { platform.name() } },
                None => unknown(tr("The config does not say.")),
            },
            "platform",
        ),
        fact(
            tr("Built"),
            config.created.map_or_else(|| unknown(tr("The config does not say.")), moment),
            "created",
        ),
        fact(tr("Author"), one(config.author.as_deref()), "author"),
        fact(tr("Entry point"), words(&config.entrypoint), "entrypoint"),
        fact(tr("Command"), words(&config.command), "command"),
        fact(tr("User"), one(config.user.as_deref()), "user"),
        fact(tr("Working directory"), one(config.working_dir.as_deref()), "working-dir"),
        fact(tr("Ports"), list(&config.ports), "ports"),
        fact(tr("Volumes"), list(&config.volumes), "volumes"),
        fact(tr("Environment"), list(&config.env), "env"),
        fact(tr("Labels"), pairs(config.labels.iter()), "labels"),
        fact(tr("Annotations"), pairs(config.annotations.iter()), "annotations"),
    ];
    html! {
        <div class="pf-v6-c-card images-card images-inset">
            { facts(known) }
            if let Some(steps) = config.history.as_ref().filter(|steps| !steps.is_empty()) {
                <Expandable testid="history" title={plural("History: $0 step", "History: $0 steps", steps.len() as u64)}>
                    { history(steps) }
                </Expandable>
            }
        </div>
    }
}

fn none() -> Html {
    html! { <span class="images-secondary">{ tr("none") }</span> }
}

fn one(text: Option<&str>) -> Html {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => html! { <span class="images-break">{ text }</span> },
        None => none(),
    }
}

/// The words of a command, each for itself: a word may contain spaces.
fn words(words: &[String]) -> Html {
    if words.is_empty() {
        return none();
    }
    html! {
        <span class="images-arguments">
            { for words.iter().take(SHOWN).map(|word| html! { <code class="images-break">{ word }</code> }) }
        </span>
    }
}

fn list(lines: &[String]) -> Html {
    if lines.is_empty() {
        return none();
    }
    html! {
        <ul class="images-items">
            { for lines.iter().take(SHOWN).map(|line| html! { <li><code class="images-break">{ line }</code></li> }) }
            { more(lines.len().saturating_sub(SHOWN)) }
        </ul>
    }
}

fn pairs<'a>(pairs: impl ExactSizeIterator<Item = (&'a String, &'a String)>) -> Html {
    if pairs.len() == 0 {
        return none();
    }
    let rest = pairs.len().saturating_sub(SHOWN);
    html! {
        <ul class="images-items">
            { for pairs.take(SHOWN).map(|(name, value)| html! {
                <li><code class="images-break"><strong>{ name }</strong>{ "=" }{ value }</code></li>
            }) }
            { more(rest) }
        </ul>
    }
}

fn more(rest: usize) -> Html {
    match rest {
        0 => html! {},
        _ => {
            html! { <li class="images-secondary">{ plural("and $0 more", "and $0 more", rest as u64) }</li> }
        }
    }
}

fn history(steps: &[HistoryRow]) -> Html {
    let head = html! { <>{ th(tr("Step")) }{ th(tr("Command")) }{ th(tr("When")) }</> };
    let body = steps.iter().take(SHOWN).enumerate().map(|(idx, step)| {
        html! {
            <tr class="pf-v6-c-table__tr">
                { td(tr("Step"), html! { { idx + 1 } }) }
                { td(tr("Command"), html! {
                    <>
                        <code class="images-command-text">{ step.created_by.as_deref().unwrap_or("—") }</code>
                        if let Some(comment) = step.comment.as_ref().filter(|comment| !comment.is_empty()) {
                            <div class="images-secondary images-break">{ comment }</div>
                        }
                        if step.empty_layer {
                            <div>{ label(Colour::Grey, tr("no layer"), None) }</div>
                        }
                    </>
                }) }
                { td(tr("When"), step.created.map_or_else(|| unknown(tr("The config does not say.")), moment)) }
            </tr>
        }
    });
    table(tr("History"), head, rows(body))
}
