// SPDX-License-Identifier: LGPL-2.1-or-later

//! What changes where one image takes the place of another: settings, labels, layers, size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use images_catalog::overlay::{Read, ReadImage};
use images_proto::image::Platform;
use images_proto::stage::Setted;
use images_proto::{Digest, Failure, RepositoryName};

use super::Reader;
use crate::body::excerpt;
use crate::source::details::Details;

/// Images of an index that are read at once, and at most.
const CONCURRENCY: usize = 4;
const MOST_IMAGES: usize = 40;
/// The most settings or labels that are told of one move.
const MOST_SETTINGS: usize = 500;

/// What an image or index is made of.
pub(super) struct Made {
    /// The images in the index, those that attest others too; of an image none.
    pub(super) inside: Vec<Digest>,
    /// What they run on.
    pub(super) platforms: Vec<Platform>,
    images: Vec<(Option<Platform>, Arc<Details>)>,
    /// Whether all of it was read.
    is_whole: bool,
}

/// What changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    pub(super) env: Option<Vec<Setted>>,
    pub(super) labels: Option<Vec<Setted>>,
    pub(super) layers_new: Option<u32>,
    pub(super) layers_kept: Option<u32>,
}

/// Reads what an image or index is made of.
///
/// # Errors
/// When it cannot be read at all.
pub(super) async fn made(
    read: &dyn Reader,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<Made, Failure> {
    let details = read.details(repository, digest).await?;
    let index = match &details.read {
        Read::Image(image) => {
            let (platform, is_whole) = (image.config.platform.clone(), details.is_whole);
            let images = vec![(platform, details)];
            return Ok(Made { inside: Vec::new(), platforms: Vec::new(), images, is_whole });
        }
        Read::Index(index) => index,
    };
    let images = index.children.iter().filter(|child| !child.attestation).take(MOST_IMAGES);
    let reading: Vec<_> = images
        .map(|child| async move {
            let details = read.details(repository, &child.digest).await.ok()?;
            Some((child.platform.clone(), details))
        })
        .collect();
    let count = index.children.iter().filter(|child| !child.attestation).count();
    let images = stream::iter(reading).buffered(CONCURRENCY);
    let images: Vec<_> = images.filter_map(std::future::ready).collect().await;
    Ok(Made {
        inside: index.children.iter().map(|child| child.digest).collect(),
        platforms: index.children.iter().filter_map(|child| child.platform.clone()).collect(),
        is_whole: images.len() == count && images.iter().all(|(_, image)| image.is_whole),
        images,
    })
}

impl Made {
    /// Bytes of its distinct blobs.
    pub(super) fn size(&self) -> Option<u64> {
        if !self.is_whole {
            return None;
        }
        let mut blobs: BTreeMap<Digest, Option<u64>> = BTreeMap::new();
        for image in self.all() {
            let layers = image.layers.iter().map(|layer| &layer.blob);
            blobs.extend(layers.chain(&image.config_blob).map(|blob| (blob.digest, blob.size)));
        }
        blobs.into_values().try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)))
    }

    fn all(&self) -> impl Iterator<Item = &ReadImage> {
        self.images.iter().filter_map(|(_, details)| match &details.read {
            Read::Image(image) => Some(&**image),
            Read::Index(_) => None,
        })
    }

    fn layers(&self) -> BTreeSet<Digest> {
        self.all().flat_map(|image| &image.layers).map(|layer| layer.blob.digest).collect()
    }

    /// The image that most people look at, or the one for this platform.
    fn main(&self, platform: Option<&Platform>) -> Option<(Option<&Platform>, &ReadImage)> {
        let usual = |platform: &Platform| {
            platform.architecture == "amd64" && platform.os.as_deref() == Some("linux")
        };
        let fits = |of: &Option<Platform>| match platform {
            Some(platform) => of.as_ref() == Some(platform),
            None => of.as_ref().is_some_and(usual),
        };
        let found = self.images.iter().find(|(of, _)| fits(of)).or_else(|| self.images.first())?;
        match &found.1.read {
            Read::Image(image) => Some((found.0.as_ref(), image)),
            Read::Index(_) => None,
        }
    }
}

/// What changes where `was` is replaced by `is`. Nothing is known where one of them is not.
pub(super) fn compare(is: &Made, was: Option<&Made>) -> Differences {
    let mut differences = Differences::default();
    if is.is_whole && was.is_none_or(|was| was.is_whole) {
        let (new, old) = (is.layers(), was.map(Made::layers).unwrap_or_default());
        let kept = new.intersection(&old).count();
        differences.layers_kept = Some(kept as u32);
        differences.layers_new = Some((new.len() - kept) as u32);
    }
    let Some((platform, new)) = is.main(None) else { return differences };
    let old = match was.map(|was| was.main(platform)) {
        Some(None) => return differences,
        Some(Some((_, old))) => Some(&old.config),
        None => None,
    };
    differences.env = Some(differ(
        old.map(|old| variables(&old.env)).unwrap_or_default(),
        variables(&new.config.env),
    ));
    let labels = |labels: &BTreeMap<String, String>| -> BTreeMap<String, String> { labels.clone() };
    differences.labels = Some(differ(
        old.map(|old| labels(&old.labels)).unwrap_or_default(),
        labels(&new.config.labels),
    ));
    differences
}

/// `NAME=VALUE`; of the same name the last one counts.
fn variables(env: &[String]) -> BTreeMap<String, String> {
    let pairs = env.iter().map(|text| text.split_once('=').unwrap_or((text, "")));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn differ(was: BTreeMap<String, String>, is: BTreeMap<String, String>) -> Vec<Setted> {
    let names: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let differing = names.into_iter().filter(|name| was.get(*name) != is.get(*name));
    let shown = |text: &String| excerpt(text.as_bytes());
    let told = differing.map(|name| Setted {
        name: shown(name),
        was: was.get(name).map(shown),
        is: is.get(name).map(shown),
    });
    told.take(MOST_SETTINGS).collect()
}

#[cfg(test)]
mod tests {
    use images_catalog::BlobFacts;
    use images_catalog::overlay::ReadLayer;
    use images_proto::image::Config;
    use proptest::prelude::*;

    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    fn platform(architecture: &str) -> Platform {
        Platform {
            os: Some("linux".to_owned()),
            architecture: architecture.to_owned(),
            variant: None,
        }
    }

    fn image(layers: &[u8], env: &[&str]) -> Arc<Details> {
        let layer = |byte: &u8| ReadLayer {
            blob: BlobFacts { digest: digest(*byte), size: Some(u64::from(*byte)) },
            media_type: None,
        };
        let config = Config {
            env: env.iter().map(|text| (*text).to_owned()).collect(),
            ..Config::default()
        };
        let read = ReadImage {
            layers: layers.iter().map(layer).collect(),
            config,
            ..ReadImage::default()
        };
        Arc::new(Details { read: Read::Image(Box::new(read)), is_whole: true, weight: 0 })
    }

    fn one(details: Arc<Details>) -> Made {
        Made {
            inside: Vec::new(),
            platforms: Vec::new(),
            images: vec![(None, details)],
            is_whole: true,
        }
    }

    fn setted(name: &str, was: Option<&str>, is: Option<&str>) -> Setted {
        let owned = |text: &str| text.to_owned();
        Setted { name: owned(name), was: was.map(owned), is: is.map(owned) }
    }

    #[test]
    fn settings_layers_and_sizes_are_compared() {
        let old = one(image(&[1, 2], &["A=1", "B=2", "A=0"]));
        let new = one(image(&[2, 3, 3], &["A=1", "C=x=y"]));
        let found = compare(&new, Some(&old));
        let env = [
            setted("A", Some("0"), Some("1")),
            setted("B", Some("2"), None),
            setted("C", None, Some("x=y")),
        ];
        assert_eq!(found.env.as_deref(), Some(&env[..]));
        assert_eq!((found.layers_new, found.layers_kept), (Some(1), Some(1)));
        assert_eq!(found.labels, Some(Vec::new()));
        assert_eq!(new.size(), Some(5), "a blob that is there twice counts once");
        let first = compare(&new, None);
        assert_eq!((first.layers_new, first.layers_kept), (Some(2), Some(0)));
    }

    #[test]
    fn of_an_index_the_same_platform_is_compared() {
        let index = |arm: &[&str], amd: &[&str]| Made {
            inside: vec![digest(8), digest(9)],
            platforms: vec![platform("arm64"), platform("amd64")],
            images: vec![
                (Some(platform("arm64")), image(&[1], arm)),
                (Some(platform("amd64")), image(&[2], amd)),
            ],
            is_whole: true,
        };
        let found = compare(&index(&["X=1"], &["A=1"]), Some(&index(&["X=0"], &["A=0"])));
        assert_eq!(found.env, Some(vec![setted("A", Some("0"), Some("1"))]));
        assert_eq!((found.layers_new, found.layers_kept), (Some(0), Some(2)));
    }

    #[test]
    fn what_was_not_read_is_not_known() {
        let mut half = one(image(&[1], &["A=1"]));
        half.is_whole = false;
        let whole = one(image(&[1], &["A=1"]));
        let found = compare(&whole, Some(&half));
        assert_eq!((found.layers_new, found.env), (None, Some(Vec::new())));
        assert_eq!(half.size(), None);
        half.images.clear();
        assert_eq!(compare(&whole, Some(&half)), Differences::default());
    }

    proptest! {
        #[test]
        fn what_differs_leads_from_one_to_the_other(
            was in prop::collection::btree_map("[a-c]", "[0-2]", 0..4),
            is in prop::collection::btree_map("[a-c]", "[0-2]", 0..4),
        ) {
            let mut now = was.clone();
            for Setted { name, was: before, is: after } in differ(was, is.clone()) {
                prop_assert_ne!(&before, &after);
                prop_assert_eq!(now.get(&name), before.as_ref());
                match after {
                    Some(after) => drop(now.insert(name, after)),
                    None => drop(now.remove(&name)),
                }
            }
            prop_assert_eq!(now, is);
        }
    }
}
