// SPDX-License-Identifier: LGPL-2.1-or-later
//! This host as a node of the cluster: what kube-proxy does there.
//!
//! Every port of a service is open as long as the service has endpoints, and leads to the
//! first of them. Without endpoints a connection is refused, as kube-proxy has it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::network::Network;
use crate::resource::{ENDPOINTS, SERVICES};
use crate::store::Store;

/// From the address and port of a service to those of a pod.
type Ways = BTreeMap<SocketAddr, SocketAddr>;

/// Opens and closes ports as services and their endpoints come and go, until it is dropped.
pub(crate) async fn play(store: Arc<Store>, network: Arc<Network>) {
    let mut changes = store.changes();
    let mut open: BTreeMap<SocketAddr, (SocketAddr, AbortHandle)> = BTreeMap::new();
    let mut listeners = JoinSet::new();
    loop {
        let wanted = ways(&store, &network);
        open.retain(|service, (pod, listening)| {
            let stays = wanted.get(service) == Some(pod);
            if !stays {
                listening.abort();
            }
            stays
        });
        // A listener that was told to end has the port until it is gone.
        while listeners.len() > open.len() && listeners.join_next().await.is_some() {}
        for (service, pod) in wanted {
            if !open.contains_key(&service)
                && let Ok(listener) = TcpListener::bind(service).await
            {
                open.insert(service, (pod, listeners.spawn(lead(listener, pod))));
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Leads every connection to a pod.
async fn lead(listener: TcpListener, pod: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                connections.spawn(join(client, pod));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A port that is open outside of the cluster as well: leads to the pods of a service. It stays
/// open without endpoints, so that nobody else takes it; who comes then is turned away at once.
pub(crate) async fn node_port(listener: TcpListener, store: Arc<Store>, service: String) {
    let mut connections = JoinSet::new();
    let mut changes = store.changes();
    loop {
        tokio::select! {
            Ok(()) = changes.changed() => {
                // Connections end with the pod that they led to.
                if any(&store, &service).is_none() {
                    connections.abort_all();
                }
            }
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                match any(&store, &service) {
                    Some(pod) => {
                        connections.spawn(join(client, pod));
                    }
                    None => {
                        let _ = client.set_zero_linger();
                    }
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn join(mut client: TcpStream, pod: SocketAddr) {
    let Ok(mut pod) = TcpStream::connect(pod).await else { return };
    let _ = (client.set_nodelay(true), pod.set_nodelay(true));
    let _ = copy_bidirectional(&mut client, &mut pod).await;
}

/// Any pod of a service, `NAMESPACE/NAME`; none if there is no service or it has no endpoints.
pub(crate) fn any(store: &Store, service: &str) -> Option<SocketAddr> {
    let objects = store.read();
    objects.get(&SERVICES, service)?;
    let endpoints = objects.get(&ENDPOINTS, service)?.value();
    let port = endpoints["subsets"][0]["ports"][0]["name"].as_str().unwrap_or_default();
    first(&endpoints, port)
}

fn ways(store: &Store, network: &Network) -> Ways {
    let objects = store.read();
    let mut ways = Ways::new();
    for service in objects.all(&SERVICES) {
        let Some(endpoints) = objects.get(&ENDPOINTS, &service.key) else { continue };
        let (service, endpoints) = (service.value(), endpoints.value());
        let address = service["spec"]["clusterIP"].as_str();
        let Some(address) = address.and_then(|text| text.parse::<Ipv4Addr>().ok()) else {
            continue;
        };
        if !network.contains(address) {
            continue;
        }
        for port in service["spec"]["ports"].as_array().into_iter().flatten() {
            let name = port["name"].as_str().unwrap_or_default();
            let number = port["port"].as_u64().and_then(|number| u16::try_from(number).ok());
            if let (Some(number), Some(pod)) = (number, first(&endpoints, name)) {
                ways.insert((address, number).into(), pod);
            }
        }
    }
    ways
}

/// The first ready address of a named port.
fn first(endpoints: &Value, port: &str) -> Option<SocketAddr> {
    let mut subsets = endpoints["subsets"].as_array()?.iter();
    subsets.find_map(|subset| {
        let mut ports = subset["ports"].as_array()?.iter();
        let named = ports.find(|each| each["name"].as_str().unwrap_or_default() == port)?;
        let number = u16::try_from(named["port"].as_u64()?).ok()?;
        let ip: IpAddr = subset["addresses"][0]["ip"].as_str()?.parse().ok()?;
        Some((ip, number).into())
    })
}
