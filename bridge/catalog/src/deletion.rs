// SPDX-License-Identifier: LGPL-2.1-or-later

//! Plans a deletion: what goes, in which order, what stays and why, and the bytes.
//!
//! Everything is decided here and nothing is done. A plan is made in four parts:
//!
//! 1. `targets`: each target asks for tags, revisions and images of repositories to go;
//! 2. `place`: for each repository it follows which images *leave* it, because no tag and no index
//!    that stays there leads to them any more. All targets together decide that: what one leaves,
//!    another may take. Signatures leave with their image;
//! 3. `afterwards` and `fates`: what becomes of images and blobs once that is done: who still leads to
//!    them, in this repository or another, seen or hidden, and the bytes;
//! 4. `steps`: all of it in an order that leaves nothing half visible if it ends anywhere: first the
//!    tags, last what is needed to find the rest again.
//!
//! What the catalog cannot know is told by the [`Surroundings`].

mod afterwards;
mod blobs;
mod fates;
mod fingerprint;
mod items;
#[cfg(test)]
mod model;
mod needs;
mod owners;
mod place;
mod planner;
mod steps;
mod targets;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{HashMap, HashSet};

use images_proto::delete::{Params, Plan};
use images_proto::status::Source;
use images_proto::{Digest, RepositoryName};

pub use self::fingerprint::fingerprint;
pub use self::needs::Needs;
use self::planner::Planner;
use crate::Catalog;
use crate::references::References;

/// What a plan depends on and the catalog cannot know.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Who keeps the list of repositories.
    pub source: Source,
    /// Seconds since the Unix epoch.
    pub now: i64,
    /// What the user may do.
    pub rights: Rights,
    /// The bytes of manifests and indexes, and of blobs that are targets themselves.
    pub sizes: HashMap<Digest, u64>,
    /// Every image and image stream of the cluster, if they could be read.
    pub everywhere: Option<References>,
    /// Whether the catalog has the image streams of all projects.
    pub sees_all: bool,
    /// The repositories that have a blob, where that was asked.
    pub holds_blob: HashMap<Digest, Vec<RepositoryName>>,
    /// Whether a repository has a manifest, where that was asked.
    pub present: HashMap<(RepositoryName, Digest), bool>,
    /// The repository to which an image was pushed that no stream leads to any more, where that was
    /// asked; `None`: the image does not say.
    pub pushed_to: HashMap<Digest, Option<RepositoryName>>,
}

/// What the user may do on OpenShift. A plain registry says so only when it is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Projects in which tags and image streams may not be deleted.
    pub no_tags: HashSet<String>,
    /// Projects in which the history of tags may not be changed.
    pub no_history: HashSet<String>,
    /// Whether data may be removed from the registry, and images from the cluster.
    pub prune: bool,
}

impl Surroundings {
    /// Surroundings in which everything is allowed and nothing was asked.
    pub fn new(source: Source, now: i64) -> Self {
        Self {
            source,
            now,
            rights: Rights { no_tags: HashSet::new(), no_history: HashSet::new(), prune: true },
            sizes: HashMap::new(),
            everywhere: None,
            sees_all: true,
            holds_blob: HashMap::new(),
            present: HashMap::new(),
            pushed_to: HashMap::new(),
        }
    }

    fn is_openshift(&self) -> bool {
        self.source == Source::Openshift
    }
}

impl Catalog {
    /// What this deletion would do, as far as the catalog and its surroundings tell. Who uses what
    /// goes, and how long it could be undone, is left empty.
    pub fn plan_deletion(&self, params: &Params, around: &Surroundings) -> Plan {
        Planner::new(self, params, around).plan()
    }
}
