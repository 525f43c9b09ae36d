// SPDX-License-Identifier: LGPL-2.1-or-later

//! The token to log in with, shown on request and for a minute.

use std::rc::Rc;

use images_proto::access::{self, Params, ShowToken};
use yew::prelude::*;

use crate::bridge::use_action;
use crate::browser::{Timer, full_time};
use crate::components::button::{Button, Look};
use crate::components::command::command;
use crate::components::failure;
use crate::part::part;
use crate::text::{tr, tr_with};

/// Milliseconds until the token is hidden again.
const SHOWN: u32 = 60_000;

/// The token and the button that shows it.
#[derive(PartialEq)]
pub(super) struct Token;

part!(Token, use_token, "token");

#[hook]
fn use_token(_part: &Token) -> Html {
    let token = use_state(|| None::<Rc<access::Token>>);
    let hide_later = use_mut_ref(|| None::<Timer>);
    let action = use_action::<ShowToken>({
        let token = token.clone();
        Callback::from(move |shown: access::Token| {
            let hidden = token.clone();
            *hide_later.borrow_mut() = Timer::after(SHOWN, move || hidden.set(None));
            token.set(Some(Rc::new(shown)));
        })
    });
    let show = action.start.reform(|_: MouseEvent| Params {});
    let hide = {
        let token = token.clone();
        Callback::from(move |_: MouseEvent| token.set(None))
    };
    html! {
        <div class="images-more">
            if let Some(failure) = &action.failure {
                { failure::told(failure, Some("token-failure")) }
            }
            if let Some(token) = &*token {
                { command(token.token.expose(), tr("Copy the token"), "access-token") }
                <p class="images-secondary">
                    { tr_with("User: $0.", &[&token.user]) }{ " " }
                    if let Some(expires) = token.expires {
                        { tr_with("It works until $0.", &[&full_time(expires)]) }{ " " }
                    }
                    { tr("Whoever has it can do in the registry what you can. It is hidden again after a minute.") }
                </p>
                <div><Button label={tr("Hide the token")} look={Look::Link} onclick={hide} testid="access-hide-token" /></div>
            } else {
                <div>
                    <Button label={tr("Show token")} onclick={show} busy={action.is_busy()}
                        disabled={action.is_busy()} testid="access-show-token" />
                </div>
            }
        </div>
    }
}
