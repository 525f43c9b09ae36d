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
    /// A command line that mends it, to be copied by somebody who may run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Steps that mend it and that the page can take, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
}

impl Failure {
    /// A failure that trying again does not mend, with nothing to do about it yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: false,
            fix: None,
            details: None,
            command: None,
            offers: Vec::new(),
        }
    }

    /// The same, where trying again may succeed.
    #[must_use]
    pub fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// The same, with what the user can do about it.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// The same, with the words of the other side.
    #[must_use]
    pub fn with_details(self, details: impl Into<String>) -> Self {
        Self { details: Some(details.into()), ..self }
    }

    /// The same, with a command line that mends it.
    #[must_use]
    pub fn with_command(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// The same, with one more step that the page can take.
    #[must_use]
    pub fn offering(mut self, offer: Offer) -> Self {
        self.offers.push(offer);
        self
    }
}

/// A step that mends a failure and that the page can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// Reading the host's own kubeconfig as administrator.
    HostKubeconfig,
    /// Choosing another context of the kubeconfig.
    ChooseContext,
    /// Letting the bridge speak to OpenShift's registry as a service account.
    Account,
    /// Giving a user and a password for the registry.
    Login,
    /// Choosing one of several registries.
    ChooseRegistry,
    /// Giving the registry's address by hand.
    SetRegistry,
    /// Adding a registry to the cluster, or switching on the one that OpenShift has.
    AddRegistry,
    /// Looking at the routes that were tried.
    Routes,
    /// A step of a newer bridge.
    #[serde(other)]
    Unknown,
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
