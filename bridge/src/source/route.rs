// SPDX-License-Identifier: LGPL-2.1-or-later

//! The ladder of routes to the registry: tried from the top, the first that answers is taken, and
//! every rung says why it was not.
//!
//! 1. the address that an administrator set; if there is one it is the only rung,
//! 2. the public host that OpenShift's image streams name,
//! 3. the API server's service proxy, for registries that want no login.
//!
//! To come between and after them: the service's own address, for a host that is a node, and a
//! port-forward through the API server.

mod discovery;
mod service_proxy;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use images_proto::{Code, Failure};
use tokio::time::timeout;

use self::service_proxy::ServiceProxy;
use crate::cluster::Cluster;
use crate::registry::Registry;
use crate::registry::direct::{Address, Direct, Login};
use crate::session::settings::Settings;

/// How long a rung may take to answer.
const PROBE: Duration = Duration::from_secs(10);
/// Services asked at once whether they are a registry.
const PROBES: usize = 4;

/// A registry that answered.
#[derive(Clone)]
pub(super) struct Reached {
    pub(super) registry: Registry,
    /// The route, in words.
    pub(super) words: String,
    /// The host for pull commands, if clients can reach the registry by it.
    pub(super) host: Option<String>,
}

/// A rung that did not lead to a registry.
struct Tried {
    route: String,
    failure: Failure,
}

/// Climbs. `openshift` is the public host that the image streams name, if they name one; `None`
/// where there are no image streams.
pub(super) async fn find(
    settings: &Settings,
    cluster: Option<&Cluster>,
    openshift: Option<Option<&str>>,
) -> Result<Reached, Failure> {
    let login = || {
        let token = cluster?.token()?.clone();
        // OpenShift's registry takes any user name.
        Some(Login::new("cockpit", token))
    };
    if let Some(address) = settings.registry()? {
        // Only OpenShift's own registry knows the cluster's tokens: nobody else gets to see one.
        let is_openshifts = openshift.is_some_and(|public| is_openshifts(&address.host(), public));
        let login = if is_openshifts && address.is_encrypted() { login() } else { None };
        return direct(cluster, address.with_login(login)).await.map_err(|tried| tried.failure);
    }
    let mut tried = Vec::new();
    if let Some(host) = openshift {
        match public_host(cluster, host, login()).await {
            Ok(reached) => return Ok(reached),
            Err(rung) => tried.push(rung),
        }
    }
    // The proxy keeps the login to itself, without which OpenShift's registry answers nothing.
    if let Some(cluster) = cluster.filter(|_| openshift.is_none()) {
        match service_proxy(cluster).await {
            Ok(reached) => return Ok(reached),
            Err(rungs) => tried.extend(rungs),
        }
    }
    Err(none_leads_there(tried, openshift.is_some()))
}

/// Whether this is the host of OpenShift's own registry: the one that the image streams name, or a
/// service of the cluster.
fn is_openshifts(host: &str, public: Option<&str>) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    public == Some(host) || name.ends_with(".svc") || name.ends_with(".svc.cluster.local")
}

async fn direct(cluster: Option<&Cluster>, address: Address) -> Result<Reached, Tried> {
    let (route, host) = (address.to_string(), address.host());
    let authorities = cluster.map(Cluster::authorities).unwrap_or_default();
    let registry = match Direct::new(address, authorities) {
        Ok(direct) => Registry::new(Arc::new(direct)),
        Err(error) => {
            let failure = failure(Code::Internal, "The bridge could not set up TLS.")
                .with_details(crate::body::chain(&*error));
            return Err(Tried { route, failure });
        }
    };
    probe(registry, route, Some(host)).await
}

async fn public_host(
    cluster: Option<&Cluster>,
    host: Option<&str>,
    login: Option<Login>,
) -> Result<Reached, Tried> {
    let address = host.and_then(|host| Address::parse(&format!("https://{host}")).ok());
    let Some(address) = address else {
        let failure =
            failure(Code::NoRegistry, "The registry has no address outside of the cluster.")
                .with_fix(
                    "Ask an administrator to expose the registry (defaultRoute of its operator).",
                );
        return Err(Tried { route: "public host".to_owned(), failure });
    };
    if login.is_none() {
        let failure = failure(
            Code::Unauthenticated,
            "The registry wants a token, and the kubeconfig holds none, only another kind of login.",
        )
        .with_fix("Log in with oc login, which leaves a token.");
        return Err(Tried { route: address.to_string(), failure });
    }
    direct(cluster, address.with_login(login)).await
}

async fn service_proxy(cluster: &Cluster) -> Result<Reached, Vec<Tried>> {
    let endpoints = discovery::endpoints(cluster).await;
    let mut probes = stream::iter(endpoints)
        .map(|endpoint| {
            let route = format!(
                "the API server's proxy to service {}/{}, port {}{}",
                endpoint.namespace,
                endpoint.service,
                endpoint.port,
                if endpoint.tls { " with TLS" } else { "" }
            );
            let proxy = ServiceProxy::new(cluster.clone(), &endpoint);
            probe(Registry::new(Arc::new(proxy)), route, None)
        })
        .buffered(PROBES);
    let mut tried = Vec::new();
    while let Some(result) = probes.next().await {
        match result {
            Ok(reached) => return Ok(reached),
            Err(rung) => tried.push(rung),
        }
    }
    Err(tried)
}

async fn probe(registry: Registry, route: String, host: Option<String>) -> Result<Reached, Tried> {
    let failure = match timeout(PROBE, registry.ping()).await {
        Ok(Ok(())) => {
            return Ok(Reached { registry, words: route, host });
        }
        Ok(Err(error)) => error.failure(format_args!("reach the registry at {route}")),
        Err(_) => failure(
            Code::RegistryUnreachable,
            &format!("The registry did not answer within {} seconds at {route}.", PROBE.as_secs()),
        ),
    };
    Err(Tried { route, failure })
}

/// One failure of all: that of the rung which came nearest, with all of them in the details.
fn none_leads_there(tried: Vec<Tried>, openshift: bool) -> Failure {
    let details: Vec<_> = tried
        .iter()
        .map(|Tried { route, failure }| {
            let words = failure.details.as_deref().unwrap_or(&failure.message);
            format!("{route}: {words}")
        })
        .collect();
    // A registry that wants a login is nearer than one that may not be asked, and that nearer than
    // silence or something that is no registry at all.
    let nearness = |failure: &Failure| match failure.code {
        Code::Unauthenticated => 0,
        Code::Forbidden => 1,
        Code::Busy => 2,
        Code::RegistryUnreachable => 3,
        _ => 4,
    };
    let nearest = match tried.into_iter().map(|rung| rung.failure) {
        mut rungs if openshift => rungs.next(),
        rungs => rungs.min_by_key(nearness).filter(|failure| nearness(failure) < 4),
    };
    let nearest = nearest.map(|mut nearest| {
        if nearest.code == Code::Forbidden && details.len() > 1 {
            nearest.message = "You may not reach a registry through the cluster's API.".to_owned();
        }
        nearest
    });
    let mut failure = nearest.unwrap_or_else(|| {
        failure(Code::NoRegistry, "The bridge found no registry in this cluster.").with_fix(
            "If there is one, set its address in /etc/cockpit-images/registry, as https://HOST:PORT.",
        )
    });
    if !details.is_empty() {
        failure.details = Some(details.join("\n"));
    }
    failure.retryable = !matches!(failure.code, Code::Forbidden | Code::Unauthenticated);
    failure
}

fn failure(code: Code, message: &str) -> Failure {
    Failure { code, message: message.to_owned(), retryable: true, fix: None, details: None }
}

trait Words {
    fn with_fix(self, fix: &str) -> Self;
    fn with_details(self, details: String) -> Self;
}

impl Words for Failure {
    fn with_fix(mut self, fix: &str) -> Self {
        self.fix = Some(fix.to_owned());
        self
    }

    fn with_details(mut self, details: String) -> Self {
        self.details = Some(details);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(code: Code) -> Tried {
        Tried { route: format!("{code:?}"), failure: failure(code, "x") }
    }

    #[test]
    fn the_nearest_rung_is_told() {
        let failure = none_leads_there(
            vec![tried(Code::NotFound), tried(Code::Forbidden), tried(Code::Unauthenticated)],
            false,
        );
        assert_eq!(failure.code, Code::Unauthenticated);
        assert_eq!(failure.details.unwrap().lines().count(), 3);
    }

    #[test]
    fn silence_everywhere_is_no_registry() {
        for rungs in [vec![], vec![tried(Code::NoRegistry), tried(Code::BadAnswer)]] {
            let failure = none_leads_there(rungs, false);
            assert_eq!(failure.code, Code::NoRegistry);
            assert!(failure.retryable && failure.fix.is_some());
        }
        let down = none_leads_there(
            vec![tried(Code::NoRegistry), tried(Code::RegistryUnreachable)],
            false,
        );
        assert_eq!(down.code, Code::RegistryUnreachable);
    }
}
