// SPDX-License-Identifier: LGPL-2.1-or-later

//! A large catalog: ten images, ten tags and a hundred revisions in each repository, ten layers in
//! each image. 10,000 repositories are 100,000 images, a million revisions and a million references
//! to layers.

use images_catalog::{
    BlobFacts, Catalog, ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts,
};
use images_proto::repository::Origin;
use images_proto::{Digest, RepositoryName};

pub(crate) const IMAGES: u64 = 10;
const LAYERS: u64 = 10;

/// A digest that looks like one: splitmix64 of its number.
pub(crate) fn digest(kind: u64, number: u64) -> Digest {
    let mut bytes = [0; 32];
    let mut state = kind << 48 ^ number;
    for chunk in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ mixed >> 31).to_be_bytes());
    }
    Digest::from_bytes(bytes)
}

/// The digest of an image of a repository.
pub(crate) fn image(repository: u64, place: u64) -> Digest {
    digest(1, repository * IMAGES + place)
}

/// Three layers of a thousand that all share, the others of thirty of the repository.
pub(crate) fn layer(repository: u64, place: u64, layer: u64) -> Digest {
    match layer {
        0..3 => digest(2, (repository * 7 + layer * 331) % 1000),
        _ => digest(3, repository * 30 + (place * 3 + layer) % 30),
    }
}

/// The digest of the config of an image.
pub(crate) fn config(repository: u64, place: u64) -> Digest {
    digest(4, repository * IMAGES + place)
}

/// The name of a repository.
pub(crate) fn name(repository: u64) -> RepositoryName {
    format!("project-{}/service-{repository}", repository % 400).parse().unwrap()
}

/// Tells the catalog of so many repositories, all but configs.
pub(crate) fn fill(catalog: &mut Catalog, repositories: u64) {
    for repository in 0..repositories {
        catalog.put_repository(&name(repository), Some(tags(repository)));
    }
    catalog.set_listed(true);
    for repository in 0..repositories {
        catalog.put_images(&name(repository), images(repository));
    }
}

/// The tags of a repository, each with ten revisions.
pub(crate) fn tags(repository: u64) -> Vec<TagFacts> {
    let tags = (0..10).map(|tag| TagFacts {
        tag: match tag {
            0 => "latest".to_owned(),
            1..5 => format!("v{tag}.{}", repository % 50),
            _ => format!("build-{}", repository * 10 + tag),
        }
        .parse()
        .unwrap(),
        revisions: (0..10)
            .map(|age| RevisionFacts {
                digest: image(repository, (tag + age) % IMAGES),
                created: Some((1_700_000_000 - age * 86_400 + tag) as i64),
            })
            .collect(),
        origin: Origin::Pushed,
        problem: None,
    });
    tags.collect()
}

/// The images of a repository.
pub(crate) fn images(repository: u64) -> Vec<ImageFacts> {
    let blob = |digest| BlobFacts { digest, size: Some(1_000_000) };
    let images = (0..IMAGES).map(|place| ImageFacts {
        digest: image(repository, place),
        content: Content::Manifest {
            config: Some(blob(config(repository, place))),
            layers: (0..LAYERS).map(|n| blob(layer(repository, place, n))).collect(),
        },
    });
    images.collect()
}

/// Tells the catalog what the configs say.
pub(crate) fn fill_configs(catalog: &mut Catalog, repositories: u64) {
    for repository in 0..repositories {
        for place in 0..IMAGES {
            let label = |key: &str, value: String| (key.to_owned(), value);
            catalog.put_config(
                &config(repository, place),
                ConfigFacts {
                    diff_ids: (0..LAYERS).map(|n| diff_id(repository, place, n)).collect(),
                    labels: vec![
                        label("org.opencontainers.image.vendor", "Example".to_owned()),
                        label("team", format!("team-{}", repository % 40)),
                        label("org.opencontainers.image.revision", commit(repository, place)),
                    ],
                    created: Some(1_700_000_000),
                },
            );
        }
    }
}

/// The diff ID of a layer of an image.
pub(crate) fn diff_id(repository: u64, place: u64, number: u64) -> Digest {
    let bytes = *layer(repository, place, number).as_bytes();
    Digest::from_bytes(bytes.map(|byte| !byte))
}

/// The commit that an image was built from.
pub(crate) fn commit(repository: u64, place: u64) -> String {
    digest(5, repository * IMAGES + place).hex()[..40].to_owned()
}
