// SPDX-License-Identifier: LGPL-2.1-or-later

//! `garbage` and `collect`: what the garbage collection of a plain registry would free, and doing
//! it. OpenShift's registry is pruned instead; there `garbage` says when.

use serde::{Deserialize, Serialize};

use crate::delete::Window;
use crate::{Failure, Method, RepositoryName};

/// What garbage collection would free. One question, one result.
pub struct Garbage;

impl Method for Garbage {
    const NAME: &'static str = "garbage";
    type Params = Params;
    type Answer = View;
}

/// Collects, with progress.
pub struct Collect;

impl Method for Collect {
    const NAME: &'static str = "collect";
    type Params = Params;
    type Answer = Collected;
}

/// How it is collected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Manifests without a tag go too.
    pub untagged: bool,
    /// For `collect`: the registry takes pushes meanwhile, although they may be damaged. Otherwise
    /// it is made read-only before and writable again after, where that is possible, else refused.
    pub insist: bool,
}

/// What garbage collection would free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Blobs that would go; `None`: it could not be asked.
    pub blobs: Option<u32>,
    /// Their bytes; `None`: it could not be asked.
    pub bytes: Option<u64>,
    /// Manifests without a tag that would go, with their repositories; at most 100.
    pub manifests: Vec<(RepositoryName, String)>,
    /// The pod that it can be run in, as `NAMESPACE/NAME`; `None`: not from here.
    pub pod: Option<String>,
    /// The command line for whoever may run it.
    pub command: Option<String>,
    /// Whether the registry is made read-only meanwhile; `None`: it is so already.
    pub read_only: Option<bool>,
    /// Why it cannot be run or asked from here.
    pub failure: Option<Failure>,
    /// What this version of the registry is known to damage, and other things to know: sentences.
    pub warnings: Vec<String>,
    /// On OpenShift: when it is pruned next.
    pub prune: Option<Window>,
}

/// What was collected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Collected {
    /// The name of its record in the history.
    pub id: Option<String>,
    /// Blobs that went.
    pub blobs: u32,
    /// Their bytes, if known.
    pub bytes: Option<u64>,
    /// What the program said at last, shown on demand.
    pub output: String,
    /// What did not end well, such as a registry that is still read-only.
    pub failure: Option<Failure>,
}
