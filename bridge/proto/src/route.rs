// SPDX-License-Identifier: LGPL-2.1-or-later

//! `routes`: the ladder of routes to the registry, and what is at its end; and the choices that
//! somebody can make about it.

use serde::{Deserialize, Serialize};

use crate::context::Done;
use crate::{Failure, Method, Secret};

/// The live view of the routes to the registry.
pub struct Routes;

impl Method for Routes {
    const NAME: &'static str = "routes";
    type Params = Params;
    type Answer = View;
}

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {}

/// The ladder, and what is at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The routes in the order in which they are tried. The same kind of route may stand here
    /// several times, once for each registry that was tried.
    pub rungs: Vec<Rung>,
    /// The registries that answered as such; with more than one, somebody may choose.
    pub found: Vec<Found>,
    /// What somebody chose; absent when the bridge finds the registry by itself.
    pub choice: Option<Choice>,
    /// Whether an administrator set the address, so that nothing can be chosen.
    pub configured: bool,
    /// The registry in use.
    pub reached: Option<Reached>,
    /// Who we are to it.
    pub identity: Option<Identity>,
    /// The route at whose end a registry wants a login: that is where `login` goes.
    pub wants_login: Option<String>,
}

/// One attempt to reach the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Which kind of route it is.
    pub kind: Kind,
    /// Where it leads, in words for people, such as an address; absent when there was nothing to
    /// try.
    #[serde(default)]
    pub route: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// The kinds of routes, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An address that an administrator or the user set.
    Configured,
    /// The address for clients outside: OpenShift's public route, or the `local-registry-hosting`
    /// that the cluster announces.
    Public,
    /// The service's own address, which a node of the cluster reaches.
    Service,
    /// The API server's service proxy.
    Proxy,
    /// A port-forward to a pod of the registry, through the API server.
    PortForward,
    /// A kind of a newer bridge.
    #[serde(other)]
    Unknown,
}

/// What came of trying a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is being tried.
    Trying,
    /// It was not tried, and why not: a whole sentence.
    Skipped(String),
    /// It does not lead to the registry.
    Failed(Failure),
    /// The registry answers there.
    InUse,
}

/// A registry that was found in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How to choose it.
    pub choice: Choice,
    /// The same in words, such as `kube-system/registry, port 5000`.
    pub words: String,
}

/// A registry that somebody chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// An address, with `http://` or `https://`, or without: then both are tried.
    Address(String),
    /// A service of the cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
}

/// What is known of the registry in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The program, such as `OpenShift's image registry`; absent when it does not say.
    #[serde(default)]
    pub product: Option<String>,
    /// The image that its pods run, with the version in its tag; absent where nobody may look.
    #[serde(default)]
    pub image: Option<String>,
    /// Whether it lists its repositories.
    pub lists: Ability,
    /// Whether it accepts pushes, unlike one that is read-only.
    pub writes: Ability,
    /// Whether it deletes.
    pub deletes: Ability,
    /// Whether it has the referrers API (distribution-spec, "Listing Referrers").
    pub referrers: Ability,
}

/// Whether a registry does something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ability {
    /// It does.
    Yes,
    /// It does not; the sentence says what it answered and, where there is a way, how to switch it
    /// on.
    No(String),
    /// That could not be found out; the sentence says why.
    Unclear(String),
}

/// Who we are to the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// In words, such as `the token of your kubeconfig`.
    pub words: String,
    /// Until when, if that is known: seconds since the Unix epoch. It is renewed before.
    #[serde(default)]
    pub expires: Option<i64>,
}

/// Chooses the registry; absent: the bridge finds it by itself. The choice is remembered for this
/// cluster.
pub struct ChooseRegistry;

impl Method for ChooseRegistry {
    const NAME: &'static str = "choose-registry";
    type Params = RegistryChoice;
    type Answer = Done;
}

/// Which registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegistryChoice {
    /// The registry, or absent to find it.
    pub choice: Option<Choice>,
}

/// Logs in at the registry, for this login to Cockpit only. Fails when the registry refuses.
pub struct Login;

impl Method for Login {
    const NAME: &'static str = "login";
    type Params = LoginParams;
    type Answer = Done;
}

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginParams {
    /// The user.
    pub user: String,
    /// The password or token.
    pub password: Secret,
}
