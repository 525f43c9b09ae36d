// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who uses an image, running ones first.

use images_proto::usage::{How, Used, User};
use yew::prelude::*;

use super::bounded::bounded;
use super::expandable::Expandable;
use super::failure;
use super::icon::Icon;
use super::label::{Colour, label};
use crate::state::usage::{FOLDED, Link, Verdict, chain, verdict};
use crate::text::{plural, tr, tr_with};

/// The users: the first ones, the others on demand; then those that nobody may see, and what could
/// not be looked at.
pub fn users(used: &Used) -> Html {
    let (first, rest) = used.users.split_at(used.users.len().min(FOLDED));
    let total = u64::from(used.total);
    // One more line is as long as the button that would show it.
    let (first, rest) = if rest.len() == 1 { (&used.users[..], &[][..]) } else { (first, rest) };
    let beyond = total.saturating_sub(first.len() as u64);
    html! {
        <div class="images-plan" data-testid="users">
            if used.users.is_empty() && used.hidden.is_none_or(|hidden| hidden == 0) {
                <p>{ nobody(used) }</p>
            }
            if !first.is_empty() { { bounded(first, first.len(), first.len() as u64, user) } }
            if !rest.is_empty() {
                <Expandable title={plural("Show all $0", "Show all $0", total)} testid="more-users">
                    { bounded(rest, rest.len(), beyond, user) }
                </Expandable>
            }
            { hidden(used.hidden) }
            if !used.unread.is_empty() {
                <div data-testid="users-unread">
                    <p class="images-warning">
                        { Icon::Warning.draw() }{ " " }
                        { tr("Not everything could be looked at, so there may be more:") }
                    </p>
                    { bounded(&used.unread, FOLDED, used.unread.len() as u64, |why| html! {
                        <li class="images-consequences">{ failure::words(why) }</li>
                    }) }
                </div>
            }
        </div>
    }
}

fn nobody(used: &Used) -> String {
    match verdict(used) {
        Verdict::Unused => tr("Nothing runs it or names it."),
        _ => tr("Nothing is known to run it or to name it."),
    }
}

/// How many there are in projects that the user may not see; unknown is said, too.
fn hidden(hidden: Option<u32>) -> Html {
    let words = match hidden {
        Some(0) => return html! {},
        Some(count) => plural(
            "$0 more in projects that you may not see.",
            "$0 more in projects that you may not see.",
            count.into(),
        ),
        None => tr("Whether projects that you may not see use it is not known."),
    };
    html! { <p data-testid="users-hidden">{ words }</p> }
}

fn user(user: &User) -> Html {
    let (colour, word, how) = match user.how {
        How::Running => (Colour::Red, tr("Running"), "running"),
        How::Referenced => (Colour::Grey, tr("Referenced"), "referenced"),
    };
    let mut way = String::new();
    for link in chain(user) {
        way.push_str(" → ");
        match link {
            Link::One(owned) => {
                way.push_str(&owned.kind);
                way.push(' ');
                way.push_str(&owned.name);
            }
            Link::Pods(count) => way.push_str(&plural("$0 pod", "$0 pods", count.into())),
        }
    }
    if let Some(part) = &user.container {
        way.push_str(", ");
        // No container has a space in its name.
        way.push_str(&match part.strip_prefix("volume ") {
            Some(volume) => tr_with("volume $0", &[volume]),
            None => tr_with("container $0", &[part]),
        });
    }
    let name = format!("{} {}/{}", user.kind, user.project, user.name);
    html! {
        <li data-user={name.clone()} data-how={how}>
            { label(colour, word, None) }{ " " }
            <strong class="images-break">{ name }</strong>
            <span class="images-break">{ way }</span>
            if let Some(asks) = &user.asks {
                <div class="images-consequences images-secondary images-break">
                    { tr_with("asks for $0", &[asks]) }
                    if user.moved { { ", " }{ tr("a tag that names another image by now") } }
                </div>
            } else if user.moved {
                <div class="images-consequences images-secondary">
                    { tr("asked for a tag that names another image by now") }
                </div>
            }
        </li>
    }
}
