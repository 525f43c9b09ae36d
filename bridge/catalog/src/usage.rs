// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who uses an image: what a cluster names and runs, matched with what the catalog holds.
//!
//! ```text
//! Workloads::understood      which tags and digests of this registry are named
//! Catalog::known             what those tags name, and which digests are one image: a short look
//! Understood::users          the users, by the owner at the top of each chain
//! ```
//!
//! A container is matched twice: by what was asked for, and by the digest that its node says runs.
//! The two differ when a tag has moved since, and then both are users, each of another image.

mod known;
mod meant;
mod owners;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;

use images_proto::usage::How;
use images_proto::{Digest, TagRef};

pub use self::known::Known;
pub use self::meant::{Places, Understood, running};
use self::owners::Owners;
pub use self::users::Found;

/// An object of a cluster that names images: a pod, or what makes pods or images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Such as `Pod` or `Deployment`.
    pub kind: Arc<str>,
    /// Its project.
    pub project: Arc<str>,
    /// Its name.
    pub name: Box<str>,
    /// What tells it from one of the same name before or after it.
    pub uid: Option<Box<str>>,
    /// What made it.
    pub owner: Option<Owner>,
    /// The images that it names or runs.
    pub uses: Box<[Use]>,
    /// The user may not see it: it is only counted.
    pub hidden: bool,
}

/// What made an object, as that says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid, where it is told.
    pub uid: Option<Box<str>>,
}

/// One place where an object names or runs an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The container, or `volume NAME`, if it is one.
    pub container: Option<Arc<str>>,
    /// What is asked for.
    pub asks: Asks,
    /// What its node says it runs.
    pub runs: Option<Runs>,
    /// Whether it runs.
    pub how: How,
}

/// What a node says it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Runs {
    /// The digest of a manifest, an index or a config.
    pub digest: Digest,
    /// It stands there without a repository: it is that of a config.
    pub is_config: bool,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A pull spec, as a container has it.
    Image(Arc<str>),
    /// A tag of an image stream, which is one of this registry.
    Tag {
        /// As it is written there.
        text: Arc<str>,
        /// What that means.
        tag: Arc<TagRef>,
    },
}

/// All that a cluster said.
#[derive(Debug, Default)]
pub struct Workloads {
    all: Box<[Workload]>,
    owners: Owners,
}

impl Workloads {
    /// Takes what the cluster said, in any order.
    pub fn new(all: Vec<Workload>) -> Self {
        let all = all.into_boxed_slice();
        let owners = Owners::of(&all);
        Self { all, owners }
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Asks {
    fn text(&self) -> &Arc<str> {
        match self {
            Self::Image(text) | Self::Tag { text, .. } => text,
        }
    }
}
