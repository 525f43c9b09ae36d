// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which registry a change is about, and as whom it is made.

use crate::session::state::State;
use crate::source::{Connection, Source};

/// A registry, and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The same for the same registry, however it is reached and as whomever.
    pub key: String,
    /// The registry's host, or else how it is reached, in words.
    pub registry: String,
    /// The user of the cluster, or else the login at the registry, in words.
    pub user: Option<String>,
}

impl Place {
    /// Where this connection leads.
    pub fn of(connection: &Connection, state: &State) -> Self {
        let status = state.view();
        let server = connection.cluster().map(|cluster| cluster.server().to_owned());
        let host = status.registry.as_ref().and_then(|registry| registry.host.clone());
        let service = connection.service().map(|(namespace, name)| format!("{namespace}/{name}"));
        let route = status.registry.and_then(|registry| registry.route);
        let key = match connection.source() {
            // There the registry is a part of the cluster.
            Source::Openshift(_) => vec![server.clone()],
            Source::Distribution(_) => {
                // A service is known by its name, from whatever side it is reached.
                let address = service.clone().or_else(|| route.clone());
                vec![server.clone().filter(|_| service.is_some()), address]
            }
        };
        let key: Vec<_> = key.into_iter().flatten().collect();
        let registry = host.or(service).or(route).or(server).unwrap_or_default();
        let user = status.cluster.and_then(|cluster| cluster.user);
        let user = user.or_else(|| state.routes().identity.map(|identity| identity.words));
        Self { key: key.join(" "), registry, user }
    }
}
