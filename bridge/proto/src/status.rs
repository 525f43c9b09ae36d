// SPDX-License-Identifier: LGPL-2.1-or-later

//! `status`: the cluster, the registry, and how far the catalog is filled.

use serde::{Deserialize, Serialize};

use crate::{Failure, Method, Progress};

/// The live view that decides which screen the page shows.
pub struct Status;

impl Method for Status {
    const NAME: &'static str = "status";
    type Params = Params;
    type Answer = View;
}

/// There is nothing to choose, only to ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Raised by the page to have everything read again now, after a failure or on a registry that
    /// cannot be watched.
    pub retry: u32,
}

/// The state of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Where the catalog stands.
    pub phase: Phase,
    /// The cluster, once known.
    #[serde(default)]
    pub cluster: Option<Cluster>,
    /// Where the cluster's address and the login come from, once something was found.
    #[serde(default)]
    pub kubeconfig: Option<Kubeconfig>,
    /// The registry, once known.
    #[serde(default)]
    pub registry: Option<Registry>,
    /// What the catalog holds so far.
    #[serde(default)]
    pub counts: Counts,
    /// Parts that could not be read; the rest is shown all the same.
    #[serde(default)]
    pub problems: Vec<Failure>,
}

/// Where the catalog stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The cluster or the registry has not answered yet.
    Connecting,
    /// The catalog is being filled; what is there can be used.
    Filling(Progress),
    /// Everything that can be listed is listed, and kept up to date.
    Ready,
    /// The source stopped. A retryable failure is being retried by itself.
    Failed(Failure),
}

/// The cluster we speak to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The API server's address.
    pub server: String,
    /// The kubeconfig's context, if it came from one.
    pub context: Option<String>,
    /// The user as the API server knows it.
    pub user: Option<String>,
    /// Kubernetes' version.
    pub version: Option<String>,
    /// Whether the kubeconfig has the server's certificate accepted whatever it is.
    #[serde(default)]
    pub insecure: bool,
}

/// A kubeconfig, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kubeconfig {
    /// Where it comes from.
    pub origin: Origin,
    /// Its contexts, in its own order.
    #[serde(default)]
    pub contexts: Vec<Context>,
    /// The context in use.
    #[serde(default)]
    pub context: Option<String>,
}

/// Where a kubeconfig comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Files of the user's, as in `KUBECONFIG`.
    Files(Vec<String>),
    /// A file of the host's that was handed over, for this login only.
    Host(String),
    /// The service account of the pod around us.
    Pod,
}

/// A context of a kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// The address of its cluster's API server.
    #[serde(default)]
    pub server: Option<String>,
    /// The name of its user entry.
    #[serde(default)]
    pub user: Option<String>,
}

/// The registry we speak to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// Who keeps the list of repositories.
    pub source: Source,
    /// The host for pull commands, when one is known that clients can reach.
    pub host: Option<String>,
    /// How the bridge reaches it, in words.
    pub route: Option<String>,
    /// Why the registry itself cannot be spoken to, though its catalog can be read.
    pub unreachable: Option<Failure>,
}

/// Who keeps the list of repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// OpenShift's image API.
    Openshift,
    /// The registry's own catalog.
    Distribution,
}

/// What the catalog holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Repositories (image streams).
    pub repositories: u64,
    /// Tags, without their older revisions.
    pub tags: u64,
    /// Distinct images: manifests and indexes.
    pub images: u64,
    /// Repositories whose images have not been read yet.
    pub repositories_unread: u64,
    /// Images whose config has not been read yet: diff IDs and labels do not cover them.
    pub configs_unread: u64,
}
