// SPDX-License-Identifier: LGPL-2.1-or-later

//! Images and configs as the catalog keeps them: once, whoever holds them.

use crate::digests::DigestId;
use crate::names::NameId;

/// An image that at least one repository holds.
pub(crate) struct Image {
    pub(crate) content: Stored,
    /// How many repositories hold it.
    pub(crate) holders: u32,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Manifest { config: Option<Blob>, layers: Box<[Blob]> },
    Index { children: Box<[DigestId]> },
}

/// A blob as a manifest describes it; 12 bytes, because there may be a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) digest: DigestId,
    size: [u32; 2],
}

/// What a config says.
pub(crate) struct Config {
    pub(crate) diff_ids: Box<[DigestId]>,
    /// The labels, each as `KEY=VALUE`.
    pub(crate) labels: Box<[NameId]>,
    pub(crate) created: Option<i64>,
    /// The commit that it was built from, as a label says.
    pub(crate) commit: Option<Box<str>>,
}

impl Blob {
    /// The size that stands for "unknown"; no blob has it.
    const UNKNOWN: u64 = u64::MAX;

    pub(crate) fn new(digest: DigestId, size: Option<u64>) -> Self {
        let size = size.unwrap_or(Self::UNKNOWN);
        Self { digest, size: [size as u32, (size >> 32) as u32] }
    }

    pub(crate) fn size(self) -> Option<u64> {
        let [low, high] = self.size;
        let size = u64::from(high) << 32 | u64::from(low);
        (size != Self::UNKNOWN).then_some(size)
    }
}

impl Stored {
    /// The config and the layers of a manifest.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = Blob> {
        let (config, layers) = match self {
            Self::Manifest { config, layers } => (*config, &**layers),
            Self::Index { .. } => (None, &[][..]),
        };
        config.into_iter().chain(layers.iter().copied())
    }

    /// The config of a manifest.
    pub(crate) fn config(&self) -> Option<DigestId> {
        match self {
            Self::Manifest { config, .. } => config.map(|blob| blob.digest),
            Self::Index { .. } => None,
        }
    }

    /// The layers of a manifest, lowest first.
    pub(crate) fn layers(&self) -> &[Blob] {
        match self {
            Self::Manifest { layers, .. } => layers,
            Self::Index { .. } => &[],
        }
    }

    /// The manifests of an index.
    pub(crate) fn children(&self) -> &[DigestId] {
        match self {
            Self::Manifest { .. } => &[],
            Self::Index { children } => children,
        }
    }
}
