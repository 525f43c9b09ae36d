// SPDX-License-Identifier: LGPL-2.1-or-later

//! The addresses by which podman, docker and skopeo reach the registry, each tried from this host,
//! and what they must trust for it.

mod candidates;
mod probe;
mod trust;

use std::time::Duration;

use futures_util::future::join_all;
use images_proto::access::{Address, Answer, Login, Trust, Way};

use self::probe::Probed;
use self::trust::Authorities;
use crate::cluster::Cluster;

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Addresses that are tried.
const MOST: usize = 16;

/// What is known of the registry in use.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The address that somebody set, as a host and a port or with `http://` or `https://`.
    pub configured: Option<String>,
    /// The public host that OpenShift's image streams name.
    pub public: Option<String>,
    /// The host that the cluster announces (`local-registry-hosting`).
    pub announced: Option<String>,
    /// The namespaces and names of services that may be its own.
    pub services: Vec<(String, String)>,
    /// How one logs in.
    pub needs_login: Login,
}

impl Known {
    /// The services of OpenShift's registry: that of version 4, and that of version 3.
    pub fn of_openshift() -> [(String, String); 2] {
        [("openshift-image-registry", "image-registry"), ("default", "docker-registry")]
            .map(|(namespace, name)| (namespace.to_owned(), name.to_owned()))
    }
}

/// An address that may be the registry's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    /// Host and port, as in a pull spec.
    host: String,
    way: Way,
    /// Whether it must speak TLS: it was set so, or it is a route of OpenShift's registry, which
    /// takes the cluster's tokens. What answers there without is not it.
    tls: bool,
}

/// The addresses, the best first. Nobody's login is sent to any of them; what cannot be found out
/// is left out.
pub async fn addresses(cluster: Option<&Cluster>, known: Known) -> Answer {
    let namespace = known.services.first().map(|(namespace, _)| namespace.as_str());
    // Boxed: many requests make futures of many kilobytes.
    let (candidates, authorities) = tokio::join!(
        Box::pin(candidates::find(cluster, &known)),
        Box::pin(Authorities::find(cluster, namespace)),
    );
    let tried = candidates.into_iter().take(MOST).map(|candidate| {
        let authorities = &authorities;
        async move {
            let probed = probe::probe(&candidate.host, candidate.tls, PATIENCE).await;
            read(candidate, probed, authorities)
        }
    });
    let mut addresses = join_all(tried).await;
    addresses.sort_by_key(rank);
    Answer { addresses, login: known.needs_login }
}

fn read(candidate: Candidate, probed: Probed, authorities: &Authorities) -> Address {
    let Candidate { host, way, .. } = candidate;
    let (answers, trust) = match probed {
        Probed::Encrypted(chain) => (true, authorities.trust(&host, &chain)),
        Probed::Plain => (true, Trust::Plain),
        Probed::Silent => (false, Trust::Unclear),
    };
    Address { host, way, answers, trust }
}

/// What answers comes before what does not, what can be trusted before what cannot, and what was
/// made for people before what happens to be there.
fn rank(address: &Address) -> (bool, u8, u8) {
    let trust = match address.trust {
        Trust::Trusted => 0,
        Trust::Authority { vouched: true, .. } => 1,
        Trust::Authority { vouched: false, .. } => 2,
        Trust::Plain => 3,
        Trust::Unclear => 4,
    };
    let way = match address.way {
        Way::Configured => 0,
        Way::Route => 1,
        Way::Ingress => 2,
        Way::LoadBalancer => 3,
        Way::Announced => 4,
        Way::NodePort => 5,
        Way::Service => 6,
        Way::Unknown => 7,
    };
    (!address.answers, trust, way)
}

#[cfg(test)]
mod tests;
