// SPDX-License-Identifier: LGPL-2.1-or-later

//! The way back from the host's kubeconfig to the user's own.

use images_proto::context::{Done, OwnKubeconfig, UseOwn};
use images_proto::status::Origin;
use yew::prelude::*;

use super::button::{Button, Look};
use super::failure;
use crate::bridge::use_action;
use crate::session::Session;
use crate::text::tr;

/// See [`OwnKubeconfigButton`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// How it looks.
    pub look: Look,
}

/// The button, as long as the host's kubeconfig is in use. The status says when it worked.
#[component]
pub fn OwnKubeconfigButton(props: &Props) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let action = use_action::<UseOwn>(Callback::from(|_: Done| ()));
    let origin = session.kubeconfig().map(|kubeconfig| &kubeconfig.origin);
    if !matches!(origin, Some(Origin::Host(_))) {
        return html! {};
    }
    let onclick = action.start.reform(|_: MouseEvent| OwnKubeconfig {});
    html! {
        <>
            <Button look={props.look} label={tr("Use my own kubeconfig")} {onclick}
                busy={action.is_busy()} disabled={action.is_busy()} testid="use-own-kubeconfig" />
            if let Some(failure) = &action.failure { { failure::told(failure, None) } }
        </>
    }
}
