// SPDX-License-Identifier: LGPL-2.1-or-later

//! Services, among which a registry may be, and the way to them through the API server.

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
}

/// What a service offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// Its ports.
    pub ports: Vec<Port>,
}

/// A port of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Port {
    /// Its name, if there are several.
    pub name: Option<String>,
    /// Its number.
    pub port: u16,
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
