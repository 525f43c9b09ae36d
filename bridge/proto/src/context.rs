// SPDX-License-Identifier: LGPL-2.1-or-later

//! `choose-context`, `hand-over` and `use-own-kubeconfig`: which cluster is asked, and as whom.

use serde::{Deserialize, Serialize};

use crate::{Method, Secret};

/// Nothing but "it is done".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Chooses a context of the kubeconfig. The choice is remembered for the next login.
pub struct ChooseContext;

impl Method for ChooseContext {
    const NAME: &'static str = "choose-context";
    type Params = ContextChoice;
    type Answer = Done;
}

/// Which context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContextChoice {
    /// Its name; absent for the kubeconfig's own `current-context`.
    pub context: Option<String>,
}

/// Hands a kubeconfig over that the page read with the rights of an administrator. The bridge keeps
/// it in memory, for this login only, and uses it instead of the user's own.
pub struct HandOver;

impl Method for HandOver {
    const NAME: &'static str = "hand-over";
    type Params = HandedOver;
    type Answer = Done;
}

/// A kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// The file that it came from.
    pub path: String,
    /// Its text.
    pub kubeconfig: Secret,
}

/// Forgets the kubeconfig that was handed over: the user's own is used again.
pub struct UseOwn;

impl Method for UseOwn {
    const NAME: &'static str = "use-own-kubeconfig";
    type Params = OwnKubeconfig;
    type Answer = Done;
}

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnKubeconfig {}
