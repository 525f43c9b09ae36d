// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which services of a cluster may be its registry.

use crate::cluster::Cluster;
use crate::cluster::service::{Endpoint, Port, Service};

/// Where distributions put their registry: namespace, service, and the port if nobody may look.
const WELL_KNOWN: [(&str, &str, u16); 5] = [
    ("openshift-image-registry", "image-registry", 5000),
    ("default", "docker-registry", 5000),
    ("default", "registry", 5000),
    ("kube-system", "registry", 80),
    ("container-registry", "registry", 5000),
];

/// The endpoints that are asked at most: a cluster may hold any number of things named registry.
const MOST: usize = 24;

/// The endpoints to ask, the likeliest first.
pub(super) async fn endpoints(cluster: &Cluster) -> Vec<Endpoint> {
    if let Ok(services) = cluster.services().await {
        return likely(services);
    }
    // Most users may not list services, but may perhaps see or use one that they know of.
    let mut found = Vec::new();
    for (namespace, name, port) in WELL_KNOWN {
        match cluster.service(namespace, name).await {
            Ok(service) => found.extend(likely(vec![service])),
            Err(error) if error.is_forbidden() => {
                found.extend([false, true].map(|tls| endpoint(namespace, name, port, tls)));
            }
            Err(_) => {}
        }
    }
    found
}

fn likely(services: Vec<Service>) -> Vec<Endpoint> {
    let mut ranked: Vec<_> = services
        .iter()
        .flat_map(|service| service.spec.ports.iter().map(move |port| (service, port)))
        .filter_map(|(service, port)| Some((rank(service, port)?, service, port)))
        .collect();
    ranked.sort_by_key(|(rank, service, port)| {
        (*rank, service.metadata.namespace.clone(), service.metadata.name.clone(), port.port)
    });
    let both = ranked.into_iter().flat_map(|(_, service, port)| {
        let tls =
            port.port == 443 || port.name.as_deref().is_some_and(|name| name.contains("https"));
        let namespace = service.metadata.namespace.as_deref().unwrap_or("default");
        [tls, !tls].map(|tls| endpoint(namespace, &service.metadata.name, port.port, tls))
    });
    both.take(MOST).collect()
}

/// How likely a registry is there, 0 most; `None` for not at all.
fn rank(service: &Service, port: &Port) -> Option<usize> {
    let namespace = service.metadata.namespace.as_deref().unwrap_or("default");
    let name = &*service.metadata.name;
    let known = WELL_KNOWN.iter().position(|known| (known.0, known.1) == (namespace, name));
    match known {
        Some(place) => Some(place),
        None if name.contains("registry") && port.port == 5000 => Some(WELL_KNOWN.len()),
        None => None,
    }
}

fn endpoint(namespace: &str, service: &str, port: u16, tls: bool) -> Endpoint {
    Endpoint { namespace: namespace.to_owned(), service: service.to_owned(), port, tls }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(namespace: &str, name: &str, ports: &[u16]) -> Service {
        let ports: Vec<_> = ports.iter().map(|port| format!(r#"{{"port":{port}}}"#)).collect();
        let text = format!(
            r#"{{"metadata":{{"namespace":"{namespace}","name":"{name}"}},"spec":{{"ports":[{}]}}}}"#,
            ports.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn well_known_places_come_first_and_others_by_name_and_port() {
        let found = likely(vec![
            service("apps", "my-registry", &[5000]),
            service("apps", "registry-ui", &[80]),
            service("default", "kubernetes", &[443]),
            service("kube-system", "registry", &[80, 443]),
        ]);
        let shown: Vec<_> = found.iter().map(Endpoint::proxy_path).collect();
        assert_eq!(
            shown,
            [
                "/api/v1/namespaces/kube-system/services/registry:80/proxy",
                "/api/v1/namespaces/kube-system/services/https:registry:80/proxy",
                "/api/v1/namespaces/kube-system/services/https:registry:443/proxy",
                "/api/v1/namespaces/kube-system/services/registry:443/proxy",
                "/api/v1/namespaces/apps/services/my-registry:5000/proxy",
                "/api/v1/namespaces/apps/services/https:my-registry:5000/proxy",
            ]
        );
    }
}
