// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a source tells the catalog, and gets back for actions.

use images_proto::repository::Origin;
use images_proto::{Digest, Tag};

/// A tag of a repository, with its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFacts {
    /// The tag.
    pub tag: Tag,
    /// What it names now, and before: newest first. Empty when nothing was imported yet.
    pub revisions: Vec<RevisionFacts>,
    /// Where it comes from.
    pub origin: Origin,
    /// Why an import failed, in the cluster's words.
    pub problem: Option<String>,
}

/// A digest that a tag names or named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevisionFacts {
    /// The digest of a manifest or index.
    pub digest: Digest,
    /// When the tag got it, in seconds since the Unix epoch; plain registries do not say.
    pub created: Option<i64>,
}

/// An image of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// What it is made of.
    pub content: Content,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One image, or an artefact that looks like one.
    Manifest {
        /// Its config: the image ID.
        config: Option<BlobFacts>,
        /// Its layers, lowest first.
        layers: Vec<BlobFacts>,
    },
    /// An index of images for several platforms.
    Index {
        /// The digests of their manifests.
        children: Vec<Digest>,
    },
    /// The repository refers to it, but it is gone.
    Missing,
}

/// A blob as a manifest describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobFacts {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes as stored, so compressed for most layers; old manifests do not say.
    pub size: Option<u64>,
}

/// What a config says. A digest has one content, so these never change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFacts {
    /// The digests of the layers' content, lowest first.
    pub diff_ids: Vec<Digest>,
    /// The labels.
    pub labels: Vec<(String, String)>,
    /// When the image was built, in seconds since the Unix epoch, as the builder says.
    pub created: Option<i64>,
}

/// What the catalog knows of one tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagState {
    /// What it names now, and before: newest first.
    pub revisions: Vec<RevisionFacts>,
    /// Where it comes from.
    pub origin: Origin,
    /// Why an import failed, in the cluster's words.
    pub problem: Option<String>,
}
