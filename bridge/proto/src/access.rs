// SPDX-License-Identifier: LGPL-2.1-or-later

//! `addresses` and `token`: what podman, docker and skopeo need to log in, pull and push.

use serde::{Deserialize, Serialize};

use crate::{Method, Secret};

/// The addresses by which clients reach the registry.
pub struct Addresses;

impl Method for Addresses {
    const NAME: &'static str = "addresses";
    type Params = Params;
    type Answer = Answer;
}

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {}

/// The addresses, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// The addresses; a service's own address only when there is nothing else.
    pub addresses: Vec<Address>,
    /// How one logs in.
    pub login: Login,
}

/// An address for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Host and port, as in a pull spec.
    pub host: String,
    /// Where it comes from.
    pub way: Way,
    /// Whether the registry answered there when asked from this host.
    pub answers: bool,
    /// How one trusts it.
    pub trust: Trust,
}

/// Where an address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Somebody set it.
    Configured,
    /// An OpenShift route.
    Route,
    /// An ingress.
    Ingress,
    /// A port of the nodes.
    NodePort,
    /// A load balancer in front of the service.
    LoadBalancer,
    /// The cluster announces it (`local-registry-hosting` in `kube-public`).
    Announced,
    /// The service's own address, which only nodes and pods reach.
    Service,
    /// A way of a newer bridge.
    #[serde(other)]
    Unknown,
}

/// How a client comes to trust an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// It already does: an authority of this host signed the certificate.
    Trusted,
    /// By a certificate that is not among those of this host.
    Authority {
        /// The certificate, as PEM.
        pem: String,
        /// Whether an authority of the cluster's, which it told us itself, stands for the server.
        /// Otherwise only the server presented it, and somebody in between could have done so too.
        #[serde(default)]
        vouched: bool,
        /// Whose certificate it is.
        #[serde(default)]
        subject: Option<String>,
        /// SHA-256 of the certificate, as in `openssl x509 -fingerprint -sha256`.
        #[serde(default)]
        fingerprint: Option<String>,
    },
    /// There is no TLS: clients must be told that it is insecure.
    Plain,
    /// Nothing answered that could be looked at.
    Unclear,
}

/// How one logs in at the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// That is not known.
    #[default]
    Unclear,
    /// Nobody has to.
    None,
    /// With a token of the cluster, which `token` shows.
    Token,
    /// With a user and a password of the registry's own.
    Password,
}

/// Shows the token that the user asked to see.
pub struct ShowToken;

impl Method for ShowToken {
    const NAME: &'static str = "token";
    type Params = Params;
    type Answer = Token;
}

/// A login for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The user to give; OpenShift's registry takes any.
    pub user: String,
    /// The token.
    pub token: Secret,
    /// Until when it works, if that is known: seconds since the Unix epoch.
    #[serde(default)]
    pub expires: Option<i64>,
}
