// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a large catalog costs, counted in bytes and allocations. `examples/scale.rs` measures the
//! same in seconds.

#![expect(clippy::unwrap_used, reason = "a test")]

mod load;

use allocation_counter::{AllocationInfo, measure};
use images_catalog::Catalog;
use images_catalog::blocks::{Reader, Writer};
use images_catalog::query::{LiveView, search::Search};
use images_proto::search::Params;

use load::{IMAGES, commit, digest, fill, fill_configs, image, images, name, tags};

/// Repositories of the smaller catalog; the larger one has four times as many.
const FEW: u64 = 50;

fn catalog(repositories: u64) -> Catalog {
    let mut catalog = Catalog::default();
    fill(&mut catalog, repositories);
    fill_configs(&mut catalog, repositories);
    catalog
}

/// What a push to each of some repositories costs, the median one.
fn push(catalog: &mut Catalog) -> AllocationInfo {
    let pushes = (0..31).map(|n| {
        let (mut tags, mut images) = (tags(n), images(n));
        let new = digest(9, n);
        tags[0].revisions[0].digest = new;
        images[0].digest = new;
        measure(|| {
            catalog.put_repository(&name(n), Some(tags));
            catalog.put_images(&name(n), images);
        })
    });
    let mut pushes: Vec<_> = pushes.collect();
    pushes.sort_unstable_by_key(|push| (push.bytes_total, push.count_total));
    pushes.swap_remove(15)
}

fn search(catalog: &Catalog, query: &str) -> AllocationInfo {
    let params = Params { query: query.to_owned(), limit: 10, ..Params::default() };
    let mut total = 0;
    let cost = measure(|| total = Search::new(params).render(catalog).total);
    assert!(total > 0, "{query}");
    cost
}

#[test]
fn an_image_takes_few_bytes() {
    let mut kept = None;
    let heap = measure(|| kept = Some(catalog(4 * FEW))).bytes_current;
    let parts: usize = kept.unwrap().memory().iter().map(|(_, bytes)| bytes).sum();
    let images = 4 * FEW * IMAGES;
    // A third of it is digests: its own, that of its config, and those of its layers and their diff
    // IDs, of which it shares most.
    let each = parts as u64 / images;
    assert!(each < 1000, "{each} bytes");
    // Vectors double when they are full.
    let each = heap as u64 / images;
    assert!(each < 1500, "{each} bytes on the heap");
    assert!(parts as i64 <= heap, "{parts} of {heap}");
}

#[test]
fn a_push_costs_the_same_in_a_larger_catalog() {
    let [few, many] = [FEW, 4 * FEW].map(|repositories| push(&mut catalog(repositories)));
    assert_eq!(many.count_total, few.count_total);
    assert_eq!(many.bytes_total, few.bytes_total);
}

#[test]
fn a_recollection_costs_little_and_the_same_for_each_image() {
    let costs = [FEW, 4 * FEW].map(|repositories| {
        let catalog = catalog(repositories);
        let mut writer = Writer::default();
        let mut blocks = Vec::new();
        let writing = measure(|| blocks.extend(std::iter::from_fn(|| writer.next(&catalog))));
        let bytes = blocks.iter().map(|block| block.len() as u64).sum::<u64>();
        let mut recalled = None;
        let reading = measure(|| {
            let mut reader = Reader::of_bytes(bytes);
            blocks.iter().for_each(|block| reader.add(block).unwrap());
            recalled = Some(reader.finish().unwrap());
        });
        assert_eq!(recalled.unwrap().counts(), catalog.counts());
        let images = repositories * IMAGES;
        let counts = [writing.count_total, reading.count_total];
        ([bytes / images], counts.map(|count| count / images))
    });
    for ([bytes], [writing, reading]) in costs {
        assert!(bytes < 600, "{bytes} bytes");
        assert!(writing <= 1 && reading <= 12, "{writing} and {reading} allocations");
    }
}

#[test]
fn a_search_costs_what_it_shows_and_a_bit_for_each_name() {
    let [few, many] = [FEW, 4 * FEW].map(catalog);
    for query in [image(7, 3).to_string(), image(7, 3).hex()[..8].to_owned()] {
        let [few, many] = [&few, &many].map(|catalog| search(catalog, &query));
        // The list of projects comes with each answer.
        let projects = 3 * FEW;
        assert!(many.count_total <= few.count_total + projects + 2, "{query}: {many:?} {few:?}");
    }
    for query in ["e".to_owned(), "service-7".to_owned(), format!("label:{}", commit(7, 3))] {
        let cost = search(&many, &query);
        let names = 4 * FEW * (1 + 10 + IMAGES);
        assert!(cost.bytes_total <= names * 24, "{query}: {cost:?}");
        assert!(cost.count_total <= 4 * FEW + 500, "{query}: {cost:?}");
    }
}
