// SPDX-License-Identifier: LGPL-2.1-or-later

//! Size and speed of a large catalog, 100,000 images in 10,000 repositories if no other number of
//! repositories is given:
//!
//! ```sh
//! cargo run --release -p images-catalog --example scale [REPOSITORIES]
//! ```
//!
//! Each query and each event is tried several times and the shortest time counts: what else the
//! machine does is not of interest. The percentiles are over different queries and events.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example that prints")]

#[path = "../tests/scale/load.rs"]
mod load;

use std::time::{Duration, Instant};

use allocation_counter::measure;
use images_catalog::blocks::{Reader, Writer};
use images_catalog::query::{LiveView, search::Search};
use images_catalog::{Catalog, ClusterImage, References, RevisionFacts, Surroundings};
use images_proto::TagRef;
use images_proto::delete::{self, Extent, Target};
use images_proto::search::{Params, Sort};
use images_proto::status::Source;

use load::{IMAGES, config, digest, fill, fill_configs, image, images, layer, name, tags};

fn main() {
    let repositories = std::env::args().nth(1).map_or(10_000, |count| count.parse().unwrap());
    let mut catalog = Catalog::default();
    catalog.set_source(Some(Source::Openshift));
    let before = resident();
    let filled = Instant::now();
    let heap = measure(|| fill(&mut catalog, repositories)).bytes_current;
    print_size("all but configs", filled.elapsed(), heap, resident() - before);
    let filled = Instant::now();
    let configs = measure(|| fill_configs(&mut catalog, repositories)).bytes_current;
    print_size("with all configs", filled.elapsed(), heap + configs, resident() - before);
    for (what, bytes) in catalog.memory() {
        println!("{what:>24}: {:>6.1} MiB", mebibytes(bytes as i64));
    }
    time_recollection(&catalog);
    time_queries(&catalog, repositories);
    time_events(&mut catalog, repositories);
    time_looks(&mut catalog, repositories);
    time_plans(&catalog, repositories);
}

fn print_size(what: &str, took: Duration, heap: i64, resident: i64) {
    let [heap, resident] = [heap, resident].map(mebibytes);
    println!("{what:>24}: {heap:>6.1} MiB of heap, {resident:.1} MiB resident, in {took:.1?}");
}

fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Bytes of memory of this process.
fn resident() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4096
}

/// Prints median and 99th percentile.
fn print_times(what: &str, mut times: Vec<Duration>, more: &str) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{what:>24}: median {:>9.1?}  p99 {:>9.1?}  {more}", at(50), at(99));
}

/// The shortest time of several.
fn shortest(mut work: impl FnMut()) -> Duration {
    let times = (0..7).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// What a login leaves for the next one.
fn time_recollection(catalog: &Catalog) {
    let (mut writer, mut blocks, mut times) = (Writer::default(), Vec::new(), Vec::new());
    loop {
        let start = Instant::now();
        let Some(block) = writer.next(catalog) else { break };
        times.push(start.elapsed());
        blocks.push(block);
    }
    let all = times.iter().sum::<Duration>();
    let bytes = blocks.iter().map(|block| block.len() as u64).sum::<u64>();
    let size = format!("{:.1} MiB in {all:.1?}", mebibytes(bytes as i64));
    print_times("a block written", times, &format!("all {size}"));
    let times = (0..5).map(|_| {
        let start = Instant::now();
        let mut reader = Reader::of_bytes(bytes);
        blocks.iter().for_each(|block| reader.add(block).unwrap());
        let recalled = reader.finish().unwrap();
        let time = start.elapsed();
        assert_eq!(recalled.counts(), catalog.counts());
        time
    });
    print_times("all recalled", times.collect(), "");
}

fn time_queries(catalog: &Catalog, repositories: u64) {
    let some = |query: &dyn Fn(u64) -> String| -> Vec<_> {
        (0..200).map(|n| query(n * 31 % repositories)).collect()
    };
    let all = [
        ("nothing", vec![String::new()]),
        ("image", some(&|n| image(n, 3).to_string())),
        ("12 digits", some(&|n| image(n, 3).short())),
        ("6 digits", some(&|n| image(n, 3).hex()[..6].to_owned())),
        ("image ID", some(&|n| config(n, 3).hex())),
        ("own layer", some(&|n| layer(n, 3, 7).hex())),
        ("own diff ID", some(&|n| load::diff_id(n, 3, 7).hex())),
        ("shared layer", some(&|n| layer(n, 3, 0).hex())),
        ("shared diff ID", some(&|n| load::diff_id(n, 3, 0).hex())),
        ("name", some(&|n| format!("service-{n}"))),
        ("name and tag", some(&|n| format!("service-{n}:v1"))),
        ("pull spec", some(&|n| format!("quay.io/{}:latest", name(n)))),
        ("tag", some(&|n| format!("build-{n}"))),
        ("latest", vec!["latest".to_owned()]),
        ("one letter", ('a'..='z').map(String::from).collect()),
        ("two letters", ["se", "pr", "bu", "la", "10", "e-"].map(str::to_owned).to_vec()),
        ("label", (0..40).map(|n| format!("label:team=team-{n}")).collect()),
        ("label of one image", some(&|n| format!("label:{}", load::commit(n, 3)))),
        ("label, one letter", ["e", "0", "="].map(|text| format!("label:{text}")).to_vec()),
    ];
    for (what, queries) in all {
        let mut rows = 0;
        let times = queries.iter().map(|query| {
            shortest(|| {
                let params = Params { query: query.clone(), ..Params::default() };
                let view = Search::new(params).render(catalog);
                assert!(view.mistake.is_none(), "{query}");
                rows = view.total;
            })
        });
        let times = times.collect();
        print_times(what, times, &format!("rows of the last {rows}"));
    }
    for (what, sort) in [("size", Sort::Size), ("newest", Sort::Newest), ("tags", Sort::Tags)] {
        let took = shortest(|| {
            let params = Params { sort, descending: true, ..Params::default() };
            assert!(Search::new(params).render(catalog).total > 0);
        });
        print_times(&format!("all, by {what}"), vec![took], "");
    }
}

/// Pushes: a tag of a repository gets a new image.
fn time_events(catalog: &mut Catalog, repositories: u64) {
    let (mut times, mut allocated) = (Vec::new(), Vec::new());
    for n in 0..1000 {
        let repository = n * 31 % repositories;
        let (mut tags, mut images) = (tags(repository), images(repository));
        let new = digest(9, n);
        tags[0].revisions.insert(0, RevisionFacts { digest: new, created: Some(1_800_000_000) });
        images[0].digest = new;
        let start = Instant::now();
        let work = measure(|| {
            catalog.put_repository(&name(repository), Some(tags));
            catalog.put_images(&name(repository), images);
        });
        times.push(start.elapsed());
        allocated.push(work.count_total);
    }
    allocated.sort_unstable();
    print_times("push", times, &format!("allocations {}", allocated[500]));
}

/// What an open list does after an event.
fn time_looks(catalog: &mut Catalog, repositories: u64) {
    for (what, query) in [("all", ""), ("a word", "service-1"), ("label", "label:team=team-7")] {
        let params = Params { query: query.to_owned(), ..Params::default() };
        let mut view = Search::new(params);
        view.render(catalog);
        let mut times = Vec::new();
        for n in 0..100 {
            catalog.put_repository(
                &name(n % repositories),
                Some(tags(n % repositories)[n as usize % 9..].to_vec()),
            );
            let start = Instant::now();
            view.render(catalog);
            times.push(start.elapsed());
        }
        print_times(&format!("look again, {what}"), times, "");
    }
}

fn time_plans(catalog: &Catalog, repositories: u64) {
    let tags = |count: u64, step: u64| -> Vec<Target> {
        let tag = |n: u64| {
            let repository = n / 10 * step % repositories;
            let tag = tags(repository)[(n % 10) as usize].tag.clone();
            Target::Tag(TagRef { repository: name(repository), tag })
        };
        (0..count).map(tag).collect()
    };
    let mut around = Surroundings::new(Source::Openshift, 2_000_000_000);
    for (what, targets) in [
        ("10,000 tags", tags(10_000, 7)),
        ("1,000 tags", tags(1_000, 1)),
        ("an image", vec![Target::Image(image(31, 3))]),
        ("a shared layer", vec![Target::Layer(layer(31, 3, 0))]),
        ("a repository", vec![Target::Repository(name(31))]),
        ("a search", vec![Target::Found { query: "tag:build-99".to_owned(), project: None }]),
    ] {
        time_plan(catalog, &around, what, Extent::Unlink, targets);
    }
    let mut references = References::default();
    for repository in 0..repositories {
        for place in 0..IMAGES {
            let digest = image(repository, place);
            let content = catalog.content_of(&digest);
            let image = ClusterImage { created: Some(1_700_000_000), managed: true, content };
            references.add_image(digest, image);
        }
    }
    around.everywhere = Some(references);
    time_plan(catalog, &around, "1,000 tags, purged", Extent::Purge, tags(1_000, 1));
    time_plan(catalog, &around, "10,000 tags, purged", Extent::Purge, tags(10_000, 7));
}

fn time_plan(
    catalog: &Catalog,
    around: &Surroundings,
    what: &str,
    extent: Extent,
    targets: Vec<Target>,
) {
    let params = delete::Params { extent, ..delete::Params::of(targets) };
    let start = Instant::now();
    let plan = catalog.plan_deletion(&params, around);
    print_times(
        &format!("plan of {what}"),
        vec![start.elapsed()],
        &format!("steps {}", plan.steps.len()),
    );
}
