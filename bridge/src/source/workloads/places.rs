// SPDX-License-Identifier: LGPL-2.1-or-later

//! The names under which pull specs of the cluster mean the registry in use.
//!
//! One too many makes an image look used that is not, one too few makes a used one look unused: so
//! every name counts that may well lead to it.

use images_catalog::usage::Places;

use super::super::{Connection, Source, announced};
use crate::cluster::Cluster;
use crate::cluster::path::is_name;
use crate::cluster::service::Service;
use crate::session::state::State;

/// The services of OpenShift's own registry, that of version 4 and that of version 3, and their
/// port.
const OPENSHIFTS: [(&str, &str); 2] =
    [("openshift-image-registry", "image-registry"), ("default", "docker-registry")];
const OPENSHIFTS_PORT: u16 = 5000;
/// The ports that need not be written.
const SILENT: [u16; 2] = [80, 443];
/// How a node calls itself.
const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// Asks what the names are. What may not be looked at is left out.
pub(super) async fn find(connection: &Connection, cluster: &Cluster, state: &State) -> Places {
    let mut hosts: Vec<String> = state.catalog().host().map(str::to_owned).into_iter().collect();
    let mut services: Vec<_> = connection.service().into_iter().collect();
    let mut local = Vec::new();
    match &connection.source {
        Source::Openshift(source) => {
            local.extend(source.local().iter().cloned());
            for (namespace, name) in OPENSHIFTS {
                hosts.extend(of_name(namespace, name, &[OPENSHIFTS_PORT]));
                services.push((namespace.to_owned(), name.to_owned()));
            }
            services.sort();
            services.dedup();
        }
        Source::Distribution(_) => hosts.extend(announced(cluster).await.ok().flatten()),
    }
    for (namespace, name) in services {
        if is_name(&namespace) && is_name(&name) {
            hosts.extend(of_service(cluster, &namespace, &name).await);
        }
    }
    Places::new(hosts, local)
}

/// The names of a service, and of what leads to it from outside.
async fn of_service(cluster: &Cluster, namespace: &str, name: &str) -> Vec<String> {
    let (service, routes, rules) = tokio::join!(
        cluster.service(namespace, name),
        cluster.routes(namespace),
        cluster.ingress_rules(namespace),
    );
    let routes = routes.unwrap_or_default().into_iter().filter(|route| route.service == name);
    let rules = rules.unwrap_or_default().into_iter().filter(|rule| rule.service == name);
    let mut hosts: Vec<_> = routes.flat_map(|route| route.hosts).collect();
    hosts.extend(rules.map(|rule| rule.host));
    let Ok(service) = service else {
        hosts.extend(of_name(namespace, name, &[]));
        return hosts;
    };
    let ports: Vec<_> = service.spec.ports.iter().map(|port| port.port).collect();
    hosts.extend(of_name(namespace, name, &ports));
    let own = service.spec.cluster_ip.iter().filter(|ip| *ip != "None").cloned();
    let balancers = service.status.load_balancer.ingress.iter().flatten();
    let balancers =
        balancers.flat_map(|address| address.ip.iter().chain(&address.hostname).cloned());
    hosts.extend(own.chain(balancers).flat_map(|host| with_ports(&host, &ports)));
    hosts.extend(of_nodes(cluster, &service).await);
    hosts
}

/// The names of nodes with the ports by which they lead to a service.
async fn of_nodes(cluster: &Cluster, service: &Service) -> Vec<String> {
    let ports = service.spec.ports.iter().filter_map(|port| port.node_port);
    let ports: Vec<_> = ports.filter(|port| *port != 0).collect();
    if ports.is_empty() {
        return Vec::new();
    }
    let nodes = cluster.nodes().await.unwrap_or_default();
    let nodes = nodes.into_iter().flat_map(|node| node.addresses);
    let nodes = nodes.chain(HERE.map(str::to_owned));
    nodes.flat_map(|host| with_ports(&host, &ports)).collect()
}

/// The names that the cluster gives a service.
fn of_name(namespace: &str, name: &str, ports: &[u16]) -> Vec<String> {
    let names = ["", ".svc", ".svc.cluster.local"];
    let names = names.map(|domain| format!("{name}.{namespace}{domain}"));
    let with = names.iter().flat_map(|host| with_ports(host, ports));
    with.chain(names.iter().cloned()).collect()
}

fn with_ports(host: &str, ports: &[u16]) -> Vec<String> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let with = ports.iter().map(|port| format!("{host}:{port}"));
    let silent = ports.iter().filter(|port| SILENT.contains(port)).map(|_| host.clone());
    with.chain(silent).collect()
}
