// SPDX-License-Identifier: LGPL-2.1-or-later

//! `orphans`: what nothing leads to. A live view.

use serde::{Deserialize, Serialize};

use crate::search::Coverage;
use crate::window::Window;
use crate::{Digest, Failure, Method, RepositoryName, TagRef};

/// What nothing leads to.
pub struct Orphans;

impl Method for Orphans {
    const NAME: &'static str = "orphans";
    type Params = Params;
    type Answer = View;
}

/// The windows that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// That of [`View::images`].
    pub images: Window,
    /// That of [`View::untagged`].
    pub untagged: Window,
    /// That of [`View::signatures`].
    pub signatures: Window,
    /// Raised by the page to have the cluster asked again.
    pub refresh: u32,
}

/// What nothing leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Images in no image stream, oldest first.
    pub images: Part<OrphanImage>,
    /// Images of a repository that no tag leads to.
    pub untagged: Part<Untagged>,
    /// Tags that hold signatures and the like of images that are gone.
    pub signatures: Part<TagRef>,
    /// What is not known yet.
    pub coverage: Coverage,
}

impl View {
    /// Whether of each kind it is known how many there are, or why not.
    pub fn is_known(&self) -> bool {
        fn known<T>(part: &Part<T>) -> bool {
            part.total.is_some() || part.failure.is_some()
        }
        known(&self.images) && known(&self.untagged) && known(&self.signatures)
    }
}

/// One kind of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part<T> {
    /// The window.
    pub rows: Vec<T>,
    /// The place of the first row among all.
    #[serde(default)]
    pub offset: u32,
    /// How many there are; `None`: nobody knows, or nobody knows yet.
    pub total: Option<u32>,
    /// Why nobody knows.
    pub failure: Option<Failure>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), offset: 0, total: None, failure: None }
    }
}

/// An image in no image stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrphanImage {
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed or imported, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// The pull spec by which it came.
    pub from: Option<String>,
}

/// An image that no tag leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untagged {
    /// The repository.
    pub repository: RepositoryName,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes, if known.
    pub size: Option<u64>,
}
