// SPDX-License-Identifier: LGPL-2.1-or-later

//! Ingresses: names outside of the cluster that lead to services.

use serde::Deserialize;

use super::{Cluster, Error};

/// A rule of an ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The host.
    pub host: String,
    /// The path below which the service is.
    pub path: String,
    /// The service.
    pub service: String,
}

impl Rule {
    /// Whether a registry behind it is reached as clients reach one: at `/v2/` of the host.
    pub fn leads_to_registry(&self) -> bool {
        // Ingress controllers write regular expressions in their own ways: `/v2(/|$)(.*)`.
        matches!(self.path.trim_end_matches('/'), "" | "/*" | "/.*" | "/v2")
    }
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    rules: Option<Vec<HostRule>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostRule {
    host: Option<String>,
    http: Option<Http>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Http {
    paths: Option<Vec<Path>>,
}

#[derive(Deserialize)]
struct Path {
    path: Option<String>,
    backend: Backend,
}

#[derive(Deserialize)]
struct Backend {
    service: Option<Service>,
}

#[derive(Deserialize)]
struct Service {
    name: String,
}

impl Cluster {
    /// The rules of a namespace's ingresses that name a host; the namespace is a name.
    ///
    /// # Errors
    /// When they may not or cannot be listed.
    pub async fn ingress_rules(&self, namespace: &str) -> Result<Vec<Rule>, Error> {
        let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses");
        let ingresses: Vec<Object> = self.list_all(&path).await?;
        let rules = ingresses.into_iter().flat_map(|object| object.spec.rules.unwrap_or_default());
        Ok(rules.flat_map(HostRule::read).collect())
    }
}

impl HostRule {
    fn read(self) -> Vec<Rule> {
        // A rule without a host, or for many of them, gives no address.
        let host = self.host.filter(|host| !host.is_empty() && !host.contains('*'));
        let Some(host) = host else { return Vec::new() };
        let paths = self.http.unwrap_or_default().paths.unwrap_or_default();
        let rule = |path: Path| {
            let service = path.backend.service?.name;
            Some(Rule { host: host.clone(), path: path.path.unwrap_or_default(), service })
        };
        paths.into_iter().filter_map(rule).collect()
    }
}
