// SPDX-License-Identifier: LGPL-2.1-or-later
//! The addresses inside a cluster.
//!
//! All of 127.0.0.0/8 is this machine, so a cluster has a /24 of it for itself. Its pods are
//! really there. Its services are only where something plays kube-proxy: see [`crate::node`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::net::TcpListener;

use crate::identifier;

/// The port on which registries listen, in their pods and at their services.
pub(crate) const REGISTRY_PORT: u16 = 5000;

const POD: u8 = 10;
const FIRST_SERVICE: u8 = 20;
const ATTEMPTS: usize = 20;

/// `127.A.B.0/24`.
#[derive(Debug)]
pub(crate) struct Network {
    a: u8,
    b: u8,
    next: AtomicU8,
}

impl Network {
    /// Picks a network that nobody uses, and listens at the address of the pods, where its
    /// registry is.
    ///
    /// # Errors
    /// When one attempt after the other finds the address taken.
    pub(crate) async fn pick() -> std::io::Result<(Self, TcpListener)> {
        let mut attempts = 0;
        loop {
            let [a, b] = identifier::random();
            // 127.0 and 127.1 are used by others: name servers, other people's tests.
            let network = Self { a: a.max(2), b, next: AtomicU8::new(FIRST_SERVICE) };
            match TcpListener::bind(network.registry_pod()).await {
                Ok(listener) => return Ok((network, listener)),
                Err(error) if attempts == ATTEMPTS => return Err(error),
                Err(_) => attempts += 1,
            }
        }
    }

    fn address(&self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.a, self.b, host)
    }

    /// The address of every pod.
    pub(crate) fn pod(&self) -> Ipv4Addr {
        self.address(POD)
    }

    /// Where the pods of registries listen.
    pub(crate) fn registry_pod(&self) -> SocketAddr {
        (self.pod(), REGISTRY_PORT).into()
    }

    /// An address for a service. After some two hundred they are used again.
    pub(crate) fn next_service(&self) -> Ipv4Addr {
        let host = self.next.fetch_add(1, Ordering::Relaxed);
        self.address(host.clamp(FIRST_SERVICE, 250))
    }

    /// Whether an address is of this network.
    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        matches!(address.octets(), [127, a, b, _] if a == self.a && b == self.b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn services_have_addresses_of_their_own() {
        let (network, _listener) = Network::pick().await.unwrap();
        let (first, second) = (network.next_service(), network.next_service());
        assert_ne!(first, second);
        assert_ne!(first, network.pod());
        assert!(network.contains(first) && network.contains(network.pod()));
        assert!(!network.contains(Ipv4Addr::LOCALHOST));
        let (other, _listener) = Network::pick().await.unwrap();
        assert!(!other.contains(first), "a network is taken once");
    }
}
