// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a started cluster says about itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which kind of cluster it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Face {
    /// Kubernetes only; docker-registry without authentication behind the service proxy.
    Plain,
    /// OpenShift's API and its registry.
    Openshift,
}

impl Face {
    /// Its name on the command line and in folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Openshift => "openshift",
        }
    }
}

impl FromStr for Face {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plain" => Ok(Self::Plain),
            "openshift" => Ok(Self::Openshift),
            other => Err(format!("'{other}' is neither 'plain' nor 'openshift'")),
        }
    }
}

/// The line that `loopback-cluster serve` prints on stdout when it answers requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What it plays.
    pub face: Face,
    /// The API server: `https://127.0.0.1:PORT`.
    pub api: String,
    /// The certificate of the authority that signed all servers, PEM.
    pub ca: PathBuf,
    /// The kubeconfig of sarah, who is cluster-admin.
    pub kubeconfig: PathBuf,
    /// The kubeconfig of everybody, by name.
    pub kubeconfigs: BTreeMap<String, PathBuf>,
    /// Everybody's bearer token, by name; system-admin has none.
    pub tokens: BTreeMap<String, String>,
    /// `127.0.0.1:PORT` of the registry, as it stands in pull specs.
    pub registry: String,
    /// The same with its scheme: https for the openshift face, http for the plain one.
    pub registry_url: String,
    /// The docker-registry behind it: `http://127.0.0.1:PORT`. It takes everybody unless it was told
    /// to know people itself.
    pub registry_direct: String,
    /// Its storage; `docker/registry/v2` is below.
    pub registry_storage: PathBuf,
    /// The path of the registry behind the API server's service proxy, ending with a slash.
    pub registry_proxy_path: String,
    /// The address of the registry's service: `127.A.B.C:5000`. Only with `--node` something is
    /// there.
    #[serde(default)]
    pub service_address: String,
    /// The certificate of the authority that signed the registry's service certificate, PEM.
    #[serde(default)]
    pub service_ca: PathBuf,
    /// The pods of registries at the start.
    #[serde(default)]
    pub pods: Vec<PodPort>,
    /// Everybody's password for a docker-registry that knows people, by name; else empty.
    #[serde(default)]
    pub registry_passwords: BTreeMap<String, String>,
    /// Where such a docker-registry sends people for tokens.
    #[serde(default)]
    pub token_server: Option<String>,
    /// Everybody's password for the API server of old, by name; else empty.
    #[serde(default)]
    pub passwords: BTreeMap<String, String>,
    /// The control port: `http://127.0.0.1:PORT`.
    pub control: String,
    /// Our process.
    pub pid: u32,
}

/// A port of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodPort {
    /// Where the pod is.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The port on which the registry listens.
    pub port: u16,
}
