// SPDX-License-Identifier: LGPL-2.1-or-later

//! Images as the catalog keeps them: once, whoever holds them.

use crate::dense::Keyed;
use crate::digests::DigestId;
use crate::postings::Id;

/// An image that at least one repository holds.
pub(crate) struct Image {
    pub(crate) digest: DigestId,
    /// How many repositories hold it.
    pub(crate) holders: u32,
    pub(crate) stored: Stored,
}

impl Keyed for Image {
    fn digest(&self) -> DigestId {
        self.digest
    }
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// A manifest that says of each blob the size that [`Sizes`] has.
    Manifest {
        config: Option<DigestId>,
        layers: Box<[DigestId]>,
    },
    /// A manifest with sizes of its own.
    Sized(Box<SizedManifest>),
    Index {
        children: Box<[DigestId]>,
    },
}

/// A manifest that says another size of a blob than the first that named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SizedManifest {
    config: Option<Blob>,
    layers: Box<[Blob]>,
}

/// A blob as a manifest describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) digest: DigestId,
    /// Its bytes as stored.
    pub(crate) size: Option<u64>,
}

/// The size of each blob as the first manifest said it: the others say the same, but for old and
/// hostile ones.
#[derive(Default)]
pub(crate) struct Sizes {
    /// By digest: nothing was said, a size is unknown, or the size and two.
    noted: Vec<u32>,
}

/// What an image is made of.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    stored: &'a Stored,
    sizes: &'a Sizes,
}

const UNSAID: u32 = 0;
const UNKNOWN: u32 = 1;

impl Sizes {
    /// Notes the size of a blob if it is the first to be said. Returns whether it is what was noted.
    fn note(&mut self, blob: Blob) -> bool {
        let noted = match blob.size {
            None => UNKNOWN,
            Some(size) => match u32::try_from(size.saturating_add(2)) {
                Ok(noted) => noted,
                // Larger than 4 GiB.
                Err(_) => return false,
            },
        };
        let place = blob.digest.index();
        if self.noted.len() <= place {
            self.noted.resize(place + 1, UNSAID);
        }
        if self.noted[place] == UNSAID {
            self.noted[place] = noted;
        }
        self.noted[place] == noted
    }

    fn of(&self, digest: DigestId) -> Blob {
        let noted = self.noted.get(digest.index()).copied().unwrap_or(UNSAID);
        Blob { digest, size: noted.checked_sub(UNKNOWN + 1).map(u64::from) }
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.noted.len() * 4
    }
}

impl Stored {
    /// A manifest with these blobs.
    pub(crate) fn manifest(sizes: &mut Sizes, config: Option<Blob>, layers: Vec<Blob>) -> Self {
        // Every one is noted, also behind one that differs.
        let differ = config.iter().chain(&layers).filter(|blob| !sizes.note(**blob)).count();
        if differ > 0 {
            return Self::Sized(Box::new(SizedManifest { config, layers: layers.into() }));
        }
        Self::Manifest {
            config: config.map(|blob| blob.digest),
            layers: layers.iter().map(|blob| blob.digest).collect(),
        }
    }

    /// The config of a manifest.
    pub(crate) fn config(&self) -> Option<DigestId> {
        match self {
            Self::Manifest { config, .. } => *config,
            Self::Sized(manifest) => manifest.config.map(|blob| blob.digest),
            Self::Index { .. } => None,
        }
    }

    /// The layers of a manifest, lowest first.
    pub(crate) fn layers(&self) -> impl DoubleEndedIterator<Item = DigestId> {
        let (noted, sized) = self.both_layers();
        noted.iter().copied().chain(sized.iter().map(|blob| blob.digest))
    }

    /// How many layers a manifest has.
    pub(crate) fn layer_count(&self) -> usize {
        let (noted, sized) = self.both_layers();
        noted.len() + sized.len()
    }

    /// The manifests of an index.
    pub(crate) fn children(&self) -> &[DigestId] {
        match self {
            Self::Index { children } => children,
            _ => &[],
        }
    }

    /// Bytes that stand elsewhere.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Manifest { layers, .. } => size_of_val(&**layers),
            Self::Sized(manifest) => size_of_val(&**manifest) + size_of_val(&*manifest.layers),
            Self::Index { children } => size_of_val(&**children),
        }
    }

    /// The layers, either without sizes or with.
    fn both_layers(&self) -> (&[DigestId], &[Blob]) {
        match self {
            Self::Manifest { layers, .. } => (layers, &[]),
            Self::Sized(manifest) => (&[], &manifest.layers),
            Self::Index { .. } => (&[], &[]),
        }
    }
}

impl<'a> Contents<'a> {
    pub(crate) fn new(stored: &'a Stored, sizes: &'a Sizes) -> Self {
        Self { stored, sizes }
    }

    /// Whether it is an index.
    pub(crate) fn is_index(self) -> bool {
        matches!(self.stored, Stored::Index { .. })
    }

    /// The config of a manifest.
    pub(crate) fn config(self) -> Option<DigestId> {
        self.stored.config()
    }

    /// The config of a manifest as the manifest describes it.
    pub(crate) fn config_blob(self) -> Option<Blob> {
        match self.stored {
            Stored::Manifest { config, .. } => config.map(|config| self.sizes.of(config)),
            Stored::Sized(manifest) => manifest.config,
            Stored::Index { .. } => None,
        }
    }

    /// The layers of a manifest, lowest first.
    pub(crate) fn layers(self) -> impl DoubleEndedIterator<Item = Blob> + use<'a> {
        let (noted, sized) = self.stored.both_layers();
        let noted = noted.iter().map(move |digest| self.sizes.of(*digest));
        noted.chain(sized.iter().copied())
    }

    /// How many layers a manifest has.
    pub(crate) fn layer_count(self) -> usize {
        self.stored.layer_count()
    }

    /// The config and the layers of a manifest.
    pub(crate) fn blobs(self) -> impl Iterator<Item = Blob> + use<'a> {
        self.config_blob().into_iter().chain(self.layers())
    }

    /// The manifests of an index.
    pub(crate) fn children(self) -> &'a [DigestId] {
        self.stored.children()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_manifest_keeps_the_sizes_that_it_says() {
        let mut sizes = Sizes::default();
        let blob = |number, size| Blob { digest: DigestId::from_number(number), size };
        let huge = Some(u64::from(u32::MAX));
        for (blobs, is_plain) in [
            ([blob(1, Some(10)), blob(2, None)], true),
            ([blob(1, Some(10)), blob(3, Some(0))], true),
            ([blob(1, Some(11)), blob(4, Some(7))], false),
            ([blob(4, Some(7)), blob(4, Some(7))], true),
            ([blob(4, Some(7)), blob(4, Some(8))], false),
            ([blob(2, Some(5)), blob(1, None)], false),
            ([blob(5, huge), blob(5, huge)], false),
        ] {
            let stored = Stored::manifest(&mut sizes, Some(blobs[0]), blobs.to_vec());
            assert_eq!(matches!(stored, Stored::Manifest { .. }), is_plain, "{blobs:?}");
            let contents = Contents::new(&stored, &sizes);
            assert_eq!(contents.config_blob(), Some(blobs[0]));
            assert!(contents.layers().eq(blobs), "{blobs:?}");
            assert!(contents.layers().next_back() == Some(blobs[1]) && contents.layer_count() == 2);
        }
    }
}
