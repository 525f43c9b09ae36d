// SPDX-License-Identifier: LGPL-2.1-or-later

//! The envelope of every message, and how a request fails.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One method of the payload: its name, what it takes and what it answers.
pub trait Method {
    /// The `method` of the channel's open options.
    const NAME: &'static str;
    /// The `params` of the open options; a view takes new ones as a message at any time.
    type Params: Serialize + DeserializeOwned;
    /// The content of [`Message::View`] or [`Message::Result`].
    type Answer: Serialize + DeserializeOwned;
}

/// A message from the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Message<A> {
    /// Work goes on.
    Progress(Progress),
    /// The whole window again, after the first look and after each change.
    View(A),
    /// An action or a single question has ended; the channel closes after it.
    Result(A),
    /// The request failed. A view that failed retryably stays open and recovers by itself.
    Failed(Failure),
}

/// How far work has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, in a few words for people.
    pub text: String,
    /// How many of them are done.
    pub done: u64,
    /// Of how many, when known.
    pub total: Option<u64>,
}

/// Why a request failed, for people first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs, and for the page to choose its screen.
    pub code: Code,
    /// One sentence: what was tried and what came back.
    pub message: String,
    /// Whether trying the same again may succeed.
    pub retryable: bool,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The words of the other side, shown on demand. Untrusted text, bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// No kubeconfig, or it names no cluster.
    NoCluster,
    /// Nothing answers at the cluster's API, or TLS fails.
    ClusterUnreachable,
    /// The credentials are missing, expired or refused (401).
    Unauthenticated,
    /// The user may not do this (403, or the registry's 401 for a known user).
    Forbidden,
    /// There is no such thing (any more).
    NotFound,
    /// The cluster has no registry that we can find.
    NoRegistry,
    /// The registry cannot be reached on any route, or does not answer in time.
    RegistryUnreachable,
    /// The other side does not do this, such as deleting with deletion switched off.
    Unsupported,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// The other side answered something that is no valid answer, or too large a one.
    BadAnswer,
    /// The page sent something that is no valid request.
    BadRequest,
    /// Too many requests, or a failure on the other side (429, 5xx).
    Busy,
    /// A fault in the bridge.
    Internal,
    /// A code of a newer bridge.
    #[serde(other)]
    Unknown,
}
