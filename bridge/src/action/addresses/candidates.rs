// SPDX-License-Identifier: LGPL-2.1-or-later

//! Addresses that may lead to the registry from outside of the cluster.

use std::collections::HashSet;
use std::net::IpAddr;

use images_proto::access::{Login, Way};

use super::{Candidate, Known};
use crate::cluster::Cluster;
use crate::cluster::path::is_name;
use crate::cluster::service::Service;
use crate::registry::direct::Address;

/// The nodes whose port is offered. All of them forward it.
const NODES: usize = 2;

/// The candidates, each host once; a service's own address only when there is no other.
pub(super) async fn find(cluster: Option<&Cluster>, known: &Known) -> Vec<Candidate> {
    let configured = known.configured.as_deref().map(without_scheme);
    // What takes the cluster's tokens is asked, and named, with TLS alone.
    let mut found = Found { tls: known.needs_login == Login::Token, ..Found::default() };
    found.put(configured, Way::Configured, found.tls || is_https(known.configured.as_deref()));
    found.add(known.public.as_deref(), Way::Route);
    found.add(known.announced.as_deref(), Way::Announced);
    let mut own = Vec::new();
    if let Some(cluster) = cluster {
        for (namespace, name) in &known.services {
            if is_name(namespace) && is_name(name) {
                own.extend(of_service(cluster, namespace, name, &mut found).await);
            }
        }
    }
    if found.candidates.is_empty() {
        own.iter().for_each(|host| found.add(Some(host), Way::Service));
    }
    found.candidates
}

/// Adds what leads to a service from outside, and returns the service's own addresses.
async fn of_service(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    found: &mut Found,
) -> Vec<String> {
    let (routes, rules, service) = tokio::join!(
        cluster.routes(namespace),
        cluster.ingress_rules(namespace),
        cluster.service(namespace, name),
    );
    // What may not be looked at is as good as not there.
    for route in routes.unwrap_or_default().iter().filter(|route| route.service == name) {
        route.hosts.iter().for_each(|host| found.add(Some(host), Way::Route));
    }
    for rule in rules.unwrap_or_default().iter().filter(|rule| rule.service == name) {
        if rule.leads_to_registry() {
            found.add(Some(&rule.host), Way::Ingress);
        }
    }
    let Ok(service) = service else { return Vec::new() };
    let ports = || service.spec.ports.iter().map(|port| port.port);
    for balancer in service.status.load_balancer.ingress.iter().flatten() {
        let Some(host) = balancer.hostname.as_deref().or(balancer.ip.as_deref()) else { continue };
        ports().for_each(|port| found.add(Some(&with_port(host, port)), Way::LoadBalancer));
    }
    let open = node_ports(&service);
    if !open.is_empty() {
        for host in nodes(cluster).await {
            open.iter().for_each(|port| found.add(Some(&with_port(&host, *port)), Way::NodePort));
        }
    }
    match service.spec.cluster_ip.as_deref().filter(|ip| *ip != "None") {
        Some(ip) => ports().map(|port| with_port(ip, port)).collect(),
        None => Vec::new(),
    }
}

/// Addresses of some nodes.
async fn nodes(cluster: &Cluster) -> Vec<String> {
    let Ok(nodes) = cluster.nodes().await else {
        // Few users may list them. The API server of a small cluster is on a node.
        return server_host(cluster.server()).into_iter().collect();
    };
    let ready = nodes.into_iter().filter(|node| node.ready);
    ready.filter_map(|node| node.addresses.into_iter().next()).take(NODES).collect()
}

/// The host of the API server, unless only this host knows it by that name.
fn server_host(server: &str) -> Option<String> {
    let url = reqwest::Url::parse(server).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    Some(host).filter(|_| !is_here)
}

fn node_ports(service: &Service) -> Vec<u16> {
    let ports = service.spec.ports.iter().filter_map(|port| port.node_port);
    match service.spec.r#type.as_deref() {
        Some("NodePort" | "LoadBalancer") => ports.filter(|port| *port != 0).collect(),
        _ => Vec::new(),
    }
}

#[derive(Default)]
struct Found {
    candidates: Vec<Candidate>,
    known: HashSet<String>,
    /// Whether all of them must speak TLS.
    tls: bool,
}

impl Found {
    fn add(&mut self, host: Option<&str>, way: Way) {
        // OpenShift's routes are there to be encrypted.
        self.put(host, way, self.tls || way == Way::Route);
    }

    fn put(&mut self, host: Option<&str>, way: Way, tls: bool) {
        let Some(host) = host else { return };
        // Names come from whoever may make an ingress.
        let host = host.to_ascii_lowercase();
        if Address::of_host(&host, true).is_ok() && self.known.insert(host.clone()) {
            self.candidates.push(Candidate { host, way, tls });
        }
    }
}

fn is_https(address: Option<&str>) -> bool {
    let scheme = address.and_then(|address| address.split_once("://")).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Host and port of an address. A login in it is nobody else's business.
fn without_scheme(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

fn with_port(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
        _ => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_shown() {
        let addresses = [
            "https://amy:hunter2@registry.example.com:5000/v2/",
            "registry.example.com:5000",
            "http://registry.example.com:5000",
        ];
        assert!(addresses.iter().all(|a| without_scheme(a) == "registry.example.com:5000"));
        assert_eq!(with_port("fd00::1", 5000), "[fd00::1]:5000");
        assert_eq!(with_port("node-1", 5000), "node-1:5000");
    }

    #[test]
    fn the_api_servers_host_may_be_a_node() {
        assert_eq!(server_host("https://planet:6443").as_deref(), Some("planet"));
        assert_eq!(server_host("https://[fd00::1]:6443").as_deref(), Some("fd00::1"));
        assert_eq!(server_host("https://127.0.0.1:6443"), None);
        assert_eq!(server_host("https://[::1]:6443"), None);
        assert_eq!(server_host("https://localhost:6443"), None);
    }
}
