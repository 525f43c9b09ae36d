// SPDX-License-Identifier: LGPL-2.1-or-later

//! Size and speed of a large catalog: 100,000 images in 10,000 repositories, a million revisions of
//! tags and a million references to layers. Too slow for every run without optimisation:
//!
//! ```sh
//! CARGO_PROFILE_TEST_OPT_LEVEL=3 cargo test -p images-catalog --test scale -- --ignored --nocapture
//! ```

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};

use images_catalog::query::{LiveView, search::Search};
use images_catalog::{
    BlobFacts, Catalog, ClusterImage, ConfigFacts, Content, ImageFacts, References, RevisionFacts,
    Surroundings, TagFacts,
};
use images_proto::delete::{self, Extent, Target};
use images_proto::repository::Origin;
use images_proto::search::{Params, Rows};
use images_proto::status::Source;
use images_proto::{Digest, RepositoryName, TagRef};

const REPOSITORIES: u64 = 10_000;
const IMAGES: u64 = 10;
const LAYERS: u64 = 10;

/// A digest that looks like one: splitmix64 of its number.
fn digest(kind: u64, number: u64) -> Digest {
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

fn image(repository: u64, place: u64) -> Digest {
    digest(1, repository * IMAGES + place)
}

/// Three layers of a thousand that all share, the others of thirty of the repository.
fn layer(repository: u64, place: u64, layer: u64) -> Digest {
    match layer {
        0..3 => digest(2, (repository * 7 + layer * 331) % 1000),
        _ => digest(3, repository * 30 + (place * 3 + layer) % 30),
    }
}

fn config(repository: u64, place: u64) -> Digest {
    digest(4, repository * IMAGES + place)
}

fn name(repository: u64) -> RepositoryName {
    format!("project-{}/service-{repository}", repository % 400).parse().unwrap()
}

fn fill(catalog: &mut Catalog) {
    for repository in 0..REPOSITORIES {
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
        catalog.put_repository(&name(repository), Some(tags.collect()));
    }
    catalog.set_listed(true);
    let blob = |digest| BlobFacts { digest, size: Some(1_000_000) };
    for repository in 0..REPOSITORIES {
        let images = (0..IMAGES).map(|place| ImageFacts {
            digest: image(repository, place),
            content: Content::Manifest {
                config: Some(blob(config(repository, place))),
                layers: (0..LAYERS).map(|n| blob(layer(repository, place, n))).collect(),
            },
        });
        catalog.put_images(&name(repository), images.collect());
    }
}

fn fill_configs(catalog: &mut Catalog) {
    for repository in 0..REPOSITORIES {
        for place in 0..IMAGES {
            let diff_id = |n| {
                let bytes = *layer(repository, place, n).as_bytes();
                Digest::from_bytes(bytes.map(|byte| !byte))
            };
            let label = |key: &str, value: String| (key.to_owned(), value);
            catalog.put_config(
                &config(repository, place),
                ConfigFacts {
                    diff_ids: (0..LAYERS).map(diff_id).collect(),
                    labels: vec![
                        label("org.opencontainers.image.vendor", "Example".to_owned()),
                        label("team", format!("team-{}", repository % 40)),
                        label(
                            "org.opencontainers.image.revision",
                            digest(5, repository * 10 + place).hex()[..40].to_owned(),
                        ),
                    ],
                    created: Some(1_700_000_000),
                },
            );
        }
    }
}

/// Bytes of memory of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
#[ignore = "takes a minute without optimisation"]
fn a_large_catalog_is_small_and_quick() {
    let before = resident();
    let mut catalog = Catalog::default();
    let start = Instant::now();
    fill(&mut catalog);
    println!("filled in {:?}: {} MiB", start.elapsed(), (resident() - before) >> 20);
    let start = Instant::now();
    fill_configs(&mut catalog);
    println!("configs in {:?}: {} MiB", start.elapsed(), (resident() - before) >> 20);
    println!("{:?}", catalog.counts());

    for (what, queries) in [
        ("nothing", vec![String::new()]),
        ("image", (0..200).map(|n| image(n * 31, 3).to_string()).collect()),
        ("12 digits", (0..200).map(|n| image(n * 31, 3).short()).collect()),
        ("6 digits", (0..200).map(|n| image(n * 31, 3).hex()[..6].to_owned()).collect()),
        ("image ID", (0..200).map(|n| config(n * 31, 3).hex()).collect()),
        ("own layer", (0..200).map(|n| layer(n * 31, 3, 7).hex()).collect()),
        ("shared layer", (0..200).map(|n| layer(n * 31, 3, 0).hex()).collect()),
        ("name", (0..200).map(|n| format!("service-{}", n * 31)).collect()),
        ("name and tag", (0..200).map(|n| format!("service-{}:v1", n * 31)).collect()),
        ("pull spec", (0..200).map(|n| format!("quay.io/{}:latest", name(n * 31))).collect()),
        ("tag", (0..200).map(|n| format!("build-{}", n * 31)).collect()),
        ("latest", vec!["latest".to_owned()]),
        ("one letter", ('a'..='z').map(String::from).collect()),
        ("label", (0..40).map(|n| format!("label:team=team-{n}")).collect()),
    ] {
        let mut times = Vec::new();
        let mut total = 0;
        for query in queries.iter().cycle().take(200) {
            let params = Params { query: query.clone(), ..Params::default() };
            let start = Instant::now();
            let view = Search::new(params).render(&catalog);
            times.push(start.elapsed());
            assert!(view.mistake.is_none());
            total += view.total;
            assert!(!matches!(view.rows, Rows::Hits(hits) if hits.is_empty()), "{query}");
        }
        times.sort_unstable();
        let [median, p99] = [times[100], times[198]];
        println!("{what:>14}: median {median:>10.1?}  p99 {p99:>10.1?}  rows {}", total / 200);
        assert!(p99 < Duration::from_secs(5), "{what}");
    }

    // A push changes one repository.
    let mut view = Search::new(Params::default());
    view.render(&catalog);
    let start = Instant::now();
    catalog.remove_repository(&name(77));
    println!("removal: {:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(view.render(&catalog).changes, 1);
    println!("look again: {:?}", start.elapsed());
}

#[test]
#[ignore = "takes a minute without optimisation"]
fn a_plan_of_a_thousand_tags_takes_milliseconds() {
    let mut catalog = Catalog::default();
    catalog.set_source(Some(Source::Openshift));
    fill(&mut catalog);
    let tags = |count: u64, step: u64| -> Vec<Target> {
        let tag = |n: u64| TagRef {
            repository: name(n / 10 * step),
            tag: match n % 10 {
                0 => "latest".to_owned(),
                place @ 1..5 => format!("v{place}.{}", n / 10 * step % 50),
                place => format!("build-{}", n / 10 * step * 10 + place),
            }
            .parse()
            .unwrap(),
        };
        (0..count).map(|n| Target::Tag(tag(n))).collect()
    };
    let mut around = Surroundings::new(Source::Openshift, 2_000_000_000);
    let limit = Duration::from_millis(500);
    time_plan(&catalog, &around, "10,000 tags", Extent::Unlink, tags(10_000, 7), 4 * limit);
    for (what, targets) in [
        ("1,000 tags", tags(1_000, 1)),
        ("an image", vec![Target::Image(image(31, 3))]),
        ("a shared layer", vec![Target::Layer(layer(31, 3, 0))]),
        ("a repository", vec![Target::Repository(name(31))]),
        ("a search", vec![Target::Found { query: "tag:build-99".to_owned(), project: None }]),
    ] {
        time_plan(&catalog, &around, what, Extent::Unlink, targets, Duration::from_millis(200));
    }
    let start = Instant::now();
    let mut references = References::default();
    for repository in 0..REPOSITORIES {
        for place in 0..IMAGES {
            let digest = image(repository, place);
            let content = catalog.content_of(&digest);
            let image = ClusterImage { created: Some(1_700_000_000), managed: true, content };
            references.add_image(digest, image);
        }
    }
    println!("all references in {:?}", start.elapsed());
    around.everywhere = Some(references);
    time_plan(&catalog, &around, "1,000 tags", Extent::Purge, tags(1_000, 1), limit);
    time_plan(&catalog, &around, "10,000 tags", Extent::Purge, tags(10_000, 7), 4 * limit);
}

fn time_plan(
    catalog: &Catalog,
    around: &Surroundings,
    what: &str,
    extent: Extent,
    targets: Vec<Target>,
    limit: Duration,
) {
    let params = delete::Params { extent, ..delete::Params::of(targets) };
    let start = Instant::now();
    let plan = catalog.plan_deletion(&params, around);
    let took = start.elapsed();
    let steps = plan.steps.len();
    let refused = plan.items.iter().find_map(|item| item.refused.as_ref());
    assert_eq!(refused, None, "{what}");
    assert!(took < limit, "{extent:?} {what}: {steps} steps took {took:?}");
}
