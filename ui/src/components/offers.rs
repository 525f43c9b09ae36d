// SPDX-License-Identifier: LGPL-2.1-or-later

//! The steps that mend a failure, as buttons.

use images_proto::Offer;
use yew::prelude::*;

use super::button::{Button, Look};
use super::link::Link;
use crate::location::use_route;
use crate::session::Session;
use crate::state::offers;
use crate::state::route::Route;
use crate::text::tr;

/// See [`Offers`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The steps, the best first.
    pub offers: Vec<Offer>,
    /// Whether the first is the main thing to do on this screen.
    #[prop_or_default]
    pub primary: bool,
}

/// The buttons. What they open is drawn by the application, above all else.
#[component]
pub fn Offers(props: &Props) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let here = use_route();
    let mut shown = offers::shown(&props.offers);
    // Nobody is led to where he is.
    shown.retain(|offer| *offer != Offer::Routes || here != Route::Registry);
    html! {
        <>{ for shown.into_iter().enumerate().map(|(idx, offer)| {
            let primary = props.primary && idx == 0;
            let testid = format!("offer-{}", offers::name(offer));
            match offer {
                Offer::Routes => {
                    let look = if primary { "pf-m-primary" } else { "pf-m-secondary" };
                    html! {
                        <Link to={Route::Registry} class={classes!("pf-v6-c-button", look)} {testid}>
                            { label(offer) }
                        </Link>
                    }
                }
                offer => {
                    let look = if primary { Look::Primary } else { Look::Secondary };
                    let onclick = session.offer.reform(move |_: MouseEvent| offer);
                    html! { <Button {look} label={label(offer)} {onclick} {testid} /> }
                }
            }
        }) }</>
    }
}

/// The words on the button.
fn label(offer: Offer) -> String {
    match offer {
        Offer::HostKubeconfig => tr("Use this host's kubeconfig"),
        Offer::ChooseContext => tr("Choose another cluster"),
        Offer::Account => tr("Use a service account"),
        Offer::Login => tr("Log in to the registry"),
        Offer::ChooseRegistry => tr("Choose the registry"),
        Offer::SetRegistry => tr("Set the registry's address"),
        Offer::AddRegistry => tr("Add a registry"),
        Offer::Routes => tr("See what was tried"),
        Offer::Unknown => String::new(),
    }
}
