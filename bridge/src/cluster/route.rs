// SPDX-License-Identifier: LGPL-2.1-or-later

//! OpenShift's routes: names outside of the cluster that lead to services.

use serde::Deserialize;

use super::{Cluster, Error};

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The service that it leads to.
    pub service: String,
    /// The hosts under which a router has taken it up.
    pub hosts: Vec<String>,
}

#[derive(Deserialize)]
struct Object {
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    host: Option<String>,
    to: Target,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    kind: Option<String>,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    ingress: Option<Vec<Router>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Router {
    host: Option<String>,
}

impl Cluster {
    /// The routes of a namespace, which is a name.
    ///
    /// # Errors
    /// When they may not or cannot be listed, or the cluster knows no routes.
    pub async fn routes(&self, namespace: &str) -> Result<Vec<Route>, Error> {
        let path = format!("/apis/route.openshift.io/v1/namespaces/{namespace}/routes");
        let routes: Vec<Object> = self.list_all(&path).await?;
        Ok(routes.into_iter().filter_map(Object::read).collect())
    }
}

impl Object {
    fn read(self) -> Option<Route> {
        let Target { kind, name: service } = self.spec.to;
        if kind.is_some_and(|kind| kind != "Service") {
            return None;
        }
        let routers = self.status.ingress.unwrap_or_default();
        let mut hosts: Vec<_> = routers.into_iter().filter_map(|router| router.host).collect();
        // A router that writes no status.
        if hosts.is_empty() {
            hosts.extend(self.spec.host);
        }
        hosts.sort();
        hosts.dedup();
        Some(Route { service, hosts })
    }
}
