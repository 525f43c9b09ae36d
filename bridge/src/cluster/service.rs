// SPDX-License-Identifier: LGPL-2.1-or-later

//! Services, among which a registry may be, and the way to them through the API server.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::metadata::Metadata;
use super::{Cluster, Error};

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Service {
    /// Its name and namespace.
    pub metadata: Metadata,
    /// What it offers.
    #[serde(default)]
    pub spec: Spec,
    /// What became of it.
    #[serde(default)]
    pub status: Status,
}

/// What a service offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Its ports.
    pub ports: Vec<Port>,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub r#type: Option<String>,
    /// Its own address, which nodes and pods reach; `None` in words where it has none.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<String>,
    /// The labels of the pods behind it.
    pub selector: Option<BTreeMap<String, String>>,
}

/// A port of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Port {
    /// Its name, if there are several.
    pub name: Option<String>,
    /// Its number.
    pub port: u16,
    /// The port of the pods, if it is another one.
    pub target_port: Option<TargetPort>,
    /// The port that every node forwards.
    pub node_port: Option<u16>,
}

/// A port of the pods.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TargetPort {
    /// By its number.
    Number(u16),
    /// By the name that the pods give it.
    Name(String),
}

/// What became of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// The load balancer in front of it.
    pub load_balancer: LoadBalancer,
}

/// A load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    /// Its addresses; absent until it has one.
    pub ingress: Option<Vec<BalancerAddress>>,
}

/// An address of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BalancerAddress {
    /// An IP address.
    pub ip: Option<String>,
    /// A host name.
    pub hostname: Option<String>,
}

/// A port of a service as the API server's proxy knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The service's namespace.
    pub namespace: String,
    /// Its name.
    pub service: String,
    /// The port's number.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
}

impl Endpoint {
    /// The path on the API server that leads to the service's root, without a slash at the end.
    pub fn proxy_path(&self) -> String {
        let Self { namespace, service, port, tls } = self;
        let scheme = if *tls { "https:" } else { "" };
        format!("/api/v1/namespaces/{namespace}/services/{scheme}{service}:{port}/proxy")
    }

    /// The same on servers of before Kubernetes 1.2.
    pub fn old_proxy_path(&self) -> String {
        let Self { namespace, service, port, tls } = self;
        let scheme = if *tls { "https:" } else { "" };
        format!("/api/v1/proxy/namespaces/{namespace}/services/{scheme}{service}:{port}")
    }
}

impl Cluster {
    /// All services of the cluster.
    ///
    /// # Errors
    /// When they cannot be listed; most users may not.
    pub async fn services(&self) -> Result<Vec<Service>, Error> {
        self.list_all("/api/v1/services").await
    }

    /// One service.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn service(&self, namespace: &str, name: &str) -> Result<Service, Error> {
        self.get(&format!("/api/v1/namespaces/{namespace}/services/{name}")).await
    }
}
