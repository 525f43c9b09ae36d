// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which services of a cluster may be its registry.

use std::net::{IpAddr, SocketAddr};

use images_proto::route::Choice;

use crate::cluster::service::{Endpoint, Port, Service};
use crate::cluster::{Cluster, Error};

/// Where distributions put their registry: namespace, service, and the port if nobody may look.
const WELL_KNOWN: [(&str, &str, u16); 6] = [
    ("openshift-image-registry", "image-registry", 5000),
    ("default", "docker-registry", 5000),
    ("default", "registry", 5000),
    ("kube-system", "registry", 80),
    ("container-registry", "registry", 5000),
    ("cockpit-images-registry", "registry", 5000),
];

/// How many of them are OpenShift's own.
const OF_OPENSHIFT: usize = 2;

/// The services that are asked at most: a cluster may hold any number of things named registry.
const MOST: usize = 8;

/// A service that may be the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) port: u16,
    /// The service's own address, where somebody may look.
    pub(super) address: Option<IpAddr>,
    /// Whether it is likelier to speak TLS than not.
    pub(super) tls: bool,
    /// Whether a registry is expected there, and nothing else.
    pub(super) well_known: bool,
}

/// The places to look at.
pub(super) struct Places {
    /// The likeliest first.
    pub(super) places: Vec<Place>,
    /// Why not all services could be looked at.
    pub(super) refused: Option<Error>,
}

impl Place {
    /// Whether it is OpenShift's own registry, which knows the cluster's tokens.
    pub(super) fn is_openshifts(&self) -> bool {
        WELL_KNOWN
            .iter()
            .take(OF_OPENSHIFT)
            .any(|(namespace, name, _)| (*namespace, *name) == (&*self.namespace, &*self.name))
    }

    /// What people call it.
    pub(super) fn words(&self) -> String {
        format!("{}/{}, port {}", self.namespace, self.name, self.port)
    }

    /// The key of a login for it.
    pub(super) fn key(&self) -> String {
        format!("service {}/{}:{}", self.namespace, self.name, self.port)
    }

    /// Its name within the cluster, which its certificate is for.
    pub(super) fn host(&self) -> String {
        format!("{}.{}.svc", self.name, self.namespace)
    }

    pub(super) fn socket(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address?, self.port))
    }

    pub(super) fn endpoint(&self, tls: bool) -> Endpoint {
        Endpoint {
            namespace: self.namespace.clone(),
            service: self.name.clone(),
            port: self.port,
            tls,
        }
    }

    pub(super) fn choice(&self) -> Choice {
        Choice::Service {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            port: self.port,
        }
    }

    fn of(service: &Service, port: &Port) -> Self {
        let address = service.spec.cluster_ip.as_deref().and_then(|ip| ip.parse().ok());
        let named = port.name.as_deref().unwrap_or_default();
        let namespace = service.metadata.namespace.as_deref().unwrap_or("default");
        Self {
            namespace: namespace.to_owned(),
            name: service.metadata.name.clone(),
            port: port.port,
            address,
            tls: port.port == 443 || named.contains("https"),
            well_known: well_known(service).is_some(),
        }
    }

    fn unseen(namespace: &str, name: &str, port: u16) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            port,
            address: None,
            tls: port == 443,
            well_known: true,
        }
    }
}

/// Whether this host is a service that is OpenShift's own registry.
pub(super) fn is_openshifts(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix(".cluster.local").unwrap_or(name);
    WELL_KNOWN
        .iter()
        .take(OF_OPENSHIFT)
        .any(|(namespace, service, _)| name == format!("{service}.{namespace}.svc"))
}

/// OpenShift's own registry: the place where its operator puts it, or where older versions did.
pub(super) async fn of_openshift(cluster: &Cluster) -> Result<Option<Place>, Error> {
    let mut unseen = None;
    for (namespace, name, port) in WELL_KNOWN.into_iter().take(OF_OPENSHIFT) {
        match cluster.service(namespace, name).await {
            Ok(service) => {
                let found = service.spec.ports.first().map(|port| Place::of(&service, port));
                if let Some(found) = found {
                    return Ok(Some(Place { tls: true, ..found }));
                }
            }
            // Not even whether it exists is said.
            Err(error) if error.is_forbidden() => {
                unseen.get_or_insert(Place { tls: true, ..Place::unseen(namespace, name, port) });
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(unseen)
}

/// The service that somebody chose.
pub(super) async fn chosen(cluster: &Cluster, namespace: &str, name: &str, port: u16) -> Place {
    let mut place = Place { well_known: true, ..Place::unseen(namespace, name, port) };
    if let Ok(service) = cluster.service(namespace, name).await {
        let found = service.spec.ports.iter().find(|found| found.port == port);
        place = found.map_or(place, |port| Place::of(&service, port));
    }
    place
}

/// The places to look at in a cluster without image streams.
pub(super) async fn all(cluster: &Cluster) -> Places {
    match cluster.services().await {
        Ok(services) => Places { places: likely(&services), refused: None },
        // Most users may not list services, but may perhaps see or use one that they know of.
        Err(error) => Places { places: guessed(cluster).await, refused: Some(error) },
    }
}

async fn guessed(cluster: &Cluster) -> Vec<Place> {
    let mut found = Vec::new();
    for (namespace, name, port) in WELL_KNOWN {
        match cluster.service(namespace, name).await {
            Ok(service) => found.extend(likely(&[service])),
            Err(error) if error.is_forbidden() => {
                found.push(Place::unseen(namespace, name, port));
            }
            Err(_) => {}
        }
    }
    found
}

fn likely(services: &[Service]) -> Vec<Place> {
    let mut ranked: Vec<_> = services
        .iter()
        .flat_map(|service| service.spec.ports.iter().map(move |port| (service, port)))
        .filter_map(|(service, port)| Some((rank(service, port)?, Place::of(service, port))))
        .collect();
    ranked.sort_by(|(a, one), (b, other)| {
        let key = |place: &Place| (place.namespace.clone(), place.name.clone(), place.port);
        a.cmp(b).then_with(|| key(one).cmp(&key(other)))
    });
    ranked.into_iter().map(|(_, place)| place).take(MOST).collect()
}

fn well_known(service: &Service) -> Option<usize> {
    let namespace = service.metadata.namespace.as_deref().unwrap_or("default");
    let name = &*service.metadata.name;
    WELL_KNOWN.iter().position(|known| (known.0, known.1) == (namespace, name))
}

/// How likely a registry is there, 0 most; `None` for not at all.
fn rank(service: &Service, port: &Port) -> Option<usize> {
    let named = |text: &str| text.contains("registry") || text.contains("harbor") || text == "zot";
    match well_known(service) {
        Some(place) => Some(place),
        None if named(&service.metadata.name) && port.port == 5000 => Some(WELL_KNOWN.len()),
        None if named(port.name.as_deref().unwrap_or_default()) => Some(WELL_KNOWN.len() + 1),
        None if named(&service.metadata.name) && !service.metadata.name.contains("ui") => {
            Some(WELL_KNOWN.len() + 2)
        }
        None if port.port == 5000 => Some(WELL_KNOWN.len() + 3),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(namespace: &str, name: &str, ports: &[u16]) -> Service {
        let ports: Vec<_> = ports.iter().map(|port| format!(r#"{{"port":{port}}}"#)).collect();
        let text = format!(
            r#"{{"metadata":{{"namespace":"{namespace}","name":"{name}"}},
                "spec":{{"clusterIP":"10.0.0.1","ports":[{}]}}}}"#,
            ports.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn well_known_places_come_first_and_others_by_name_and_port() {
        let found = likely(&[
            service("apps", "anything", &[5000]),
            service("apps", "my-registry", &[5000]),
            service("apps", "registry-ui", &[80]),
            service("default", "kubernetes", &[443]),
            service("kube-system", "registry", &[80, 443]),
        ]);
        let shown: Vec<_> = found.iter().map(|place| (place.words(), place.tls)).collect();
        assert_eq!(
            shown,
            [
                ("kube-system/registry, port 80".to_owned(), false),
                ("kube-system/registry, port 443".to_owned(), true),
                ("apps/my-registry, port 5000".to_owned(), false),
                ("apps/anything, port 5000".to_owned(), false),
            ]
        );
        assert!(found[0].well_known && !found[2].well_known);
        assert_eq!(found[0].socket(), "10.0.0.1:80".parse().ok());
    }

    #[test]
    fn a_service_without_an_address_has_none() {
        let mut headless = service("kube-system", "registry", &[5000]);
        headless.spec.cluster_ip = Some("None".to_owned());
        assert_eq!(likely(&[headless])[0].socket(), None);
    }
}
