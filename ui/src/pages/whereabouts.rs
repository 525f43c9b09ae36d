// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where all this comes from, in the line of the heading: cluster and user.

use images_proto::Offer;
use images_proto::status::{self, Origin};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::session::Session;
use crate::text::{tr, tr_with};

/// The line.
pub fn whereabouts(session: &Session) -> Html {
    let Some(status) = &session.status else { return html! {} };
    let kubeconfig = status.kubeconfig.as_ref();
    // With one context there is nothing to choose, and the address says more than its name.
    let context = kubeconfig
        .filter(|kubeconfig| kubeconfig.contexts.len() > 1)
        .map(|kubeconfig| kubeconfig.context.clone().unwrap_or_else(|| tr("none chosen")));
    html! {
        <>
            if let Some(context) = context {
                <Button look={Look::Link} icon={Icon::Cluster} testid="context-menu"
                    label={tr_with("Cluster: $0", &[&context])}
                    title={tr("Choose another cluster")}
                    onclick={session.offer.reform(|_: MouseEvent| Offer::ChooseContext)} />
            }
            <span class="images-secondary images-break">
                <span data-testid="source">{ source(status) }</span>
                if let Some(words) = kubeconfig.and_then(|kubeconfig| origin(&kubeconfig.origin)) {
                    { ", " }<span data-testid="origin">{ words }</span>
                }
            </span>
        </>
    }
}

/// The cluster's address and the user.
fn source(status: &status::View) -> String {
    let cluster = status.cluster.as_ref();
    let address = cluster.map(|cluster| {
        let server = cluster.server.as_str();
        server.strip_prefix("https://").unwrap_or(server).trim_end_matches('/').to_owned()
    });
    let user = cluster.and_then(|cluster| cluster.user.clone());
    match (address, user) {
        (Some(address), Some(user)) => tr_with("$0 as $1", &[&address, &user]),
        (Some(address), None) => address,
        (None, _) => String::new(),
    }
}

/// Where the login comes from, unless it is the user's own.
fn origin(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Files(_) => None,
        Origin::Host(path) => Some(tr_with("by this host's $0 until logout", &[path])),
        Origin::Pod => Some(tr("by the service account of this pod")),
    }
}
