// SPDX-License-Identifier: LGPL-2.1-or-later

//! That a recalled catalog answers as before is tested wherever the catalog is compared with the
//! model: a recollection is one of the updates there. Here is what is about the blocks alone.

use images_proto::RepositoryName;
use images_proto::repository::Origin;
use images_proto::search::{Params, View};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::model::{Update, digest, images, some_update, told};
use crate::query::{LiveView, search::Search};
use crate::{BlobFacts, Catalog, ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts};

/// The blocks of a catalog, each with one repository.
pub(crate) fn written(catalog: &Catalog) -> Vec<Vec<u8>> {
    let mut writer = Writer::with_blocks_of(1);
    std::iter::from_fn(|| writer.next(catalog)).collect()
}

/// The catalog in these blocks.
pub(crate) fn read(blocks: &[Vec<u8>]) -> Catalog {
    try_to_read(blocks).unwrap()
}

fn try_to_read(blocks: &[Vec<u8>]) -> Result<Catalog, Damaged> {
    let mut reader = Reader::of_bytes(blocks.iter().map(|block| block.len() as u64).sum());
    blocks.iter().try_for_each(|block| reader.add(block))?;
    reader.finish()
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn search(catalog: &Catalog, query: &str) -> View {
    let params = Params { query: query.to_owned(), limit: 500, ..Params::default() };
    Search::new(params).render(catalog)
}

/// Two catalogs say the same.
fn agree(one: &Catalog, other: &Catalog) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.counts(), other.counts());
    let digests = images().into_iter().map(|image| image.hex());
    for query in digests.chain(["", "label:team=a", "tag:v"].map(str::to_owned)) {
        let coverage = images_proto::search::Coverage::default();
        let [one, other] = [one, other].map(|catalog| View { coverage, ..search(catalog, &query) });
        prop_assert_eq!(one, other, "{}", query);
    }
    Ok(())
}

/// Everything that blocks can have, and nothing by chance.
fn one_of_each() -> Catalog {
    let mut catalog = Catalog::default();
    let api = name("shop/api");
    let tag = |text: &str, origin, problem: Option<&str>| TagFacts {
        tag: text.parse().unwrap(),
        revisions: vec![
            RevisionFacts { digest: digest(&[1]), created: Some(1_700_000_000) },
            RevisionFacts { digest: digest(&[2]), created: None },
        ],
        origin,
        problem: problem.map(str::to_owned),
    };
    let from = || "quay.io/base:1".to_owned();
    let signature = format!("sha256-{}.sig", digest(&[1]).hex());
    let tags = vec![
        tag("v1", Origin::Pushed, None),
        tag("v2", Origin::Imported { from: from(), scheduled: true }, Some("no such image")),
        tag("v3", Origin::Imported { from: from(), scheduled: false }, None),
        tag("v4", Origin::Follows { from: from() }, None),
        tag(&signature, Origin::Unknown, None),
    ];
    let blob = |byte, size| BlobFacts { digest: digest(&[byte]), size };
    let image = |byte, content| ImageFacts { digest: digest(&[byte]), content };
    let manifest = |size| Content::Manifest {
        config: Some(blob(5, Some(700))),
        layers: vec![blob(6, size), blob(7, None)],
    };
    catalog.put_repository(&api, Some(tags));
    let index = Content::Index { children: vec![digest(&[2]), digest(&[4])] };
    let all = [(1, index), (2, manifest(Some(1 << 33))), (3, manifest(Some(8)))];
    let missing = image(4, Content::Missing);
    let all = all.map(|(byte, content)| image(byte, content)).into_iter().chain([missing]);
    catalog.put_images(&api, all.collect());
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let labels = vec![label("Team", "a"), label("vcs-ref", "0A1B")];
    let facts = ConfigFacts { diff_ids: vec![digest(&[8])], labels, created: Some(1_600_000_000) };
    catalog.put_config(&digest(&[5]), facts);
    catalog.put_repository(&name("shop/unread"), None);
    catalog
}

#[test]
fn another_form_has_another_number() {
    let bytes = written(&one_of_each()).concat();
    let hash = images_proto::Digest::from_bytes(Sha256::digest(&bytes).into());
    // Whoever has to change the second has to change the first too.
    assert_eq!((FORM, &*hash.short()), (1, "65b9d212d04b"));
}

#[test]
fn what_nothing_leads_to_is_not_written() {
    let mut catalog = one_of_each();
    let before = written(&catalog);
    let (lost, image) = (name("shop/lost"), digest(&[100]));
    let tags = vec![TagFacts {
        tag: "lost".parse().unwrap(),
        revisions: vec![RevisionFacts { digest: image, created: None }],
        origin: Origin::Pushed,
        problem: None,
    }];
    let config = BlobFacts { digest: digest(&[101]), size: None };
    let content = Content::Manifest { config: Some(config), layers: Vec::new() };
    catalog.put_repository(&lost, Some(tags));
    catalog.put_images(&lost, vec![ImageFacts { digest: image, content }]);
    let labels = vec![("lost".to_owned(), "1".to_owned())];
    catalog.put_config(&config.digest, ConfigFacts { labels, ..ConfigFacts::default() });
    assert_eq!(written(&catalog).len(), before.len() + 1);
    catalog.remove_repository(&lost);
    assert_eq!(written(&catalog), before);
}

#[test]
fn what_is_recalled_is_not_told_to_be_all_there_is() {
    let mut catalog = one_of_each();
    catalog.set_listed(true);
    catalog.set_host(Some("registry.example.com".to_owned()));
    let (generation, learned) = (catalog.generation(), catalog.learned());
    let recalled = read(&written(&catalog));
    catalog.recall(recalled);
    assert!(!catalog.is_listed());
    assert_eq!(catalog.host(), Some("registry.example.com"));
    assert!(catalog.generation() > generation && catalog.learned() > learned);
}

#[test]
fn only_what_is_known_whole_is_taken_for_known() {
    let mut catalog = Catalog::default();
    let blob = |byte| BlobFacts { digest: digest(&[byte]), size: Some(1) };
    let image = |byte, config: Option<u8>| ImageFacts {
        digest: digest(&[byte]),
        content: Content::Manifest { config: config.map(blob), layers: Vec::new() },
    };
    let index = |byte, child| ImageFacts {
        digest: digest(&[byte]),
        content: Content::Index { children: vec![digest(&[child])] },
    };
    let missing = |byte| ImageFacts { digest: digest(&[byte]), content: Content::Missing };
    for (text, tags, images) in [
        ("a/whole", Some(vec![2, 1]), Some(vec![image(1, Some(9)), image(2, Some(9))])),
        ("a/index", Some(vec![3]), Some(vec![index(3, 4), image(4, Some(9))])),
        ("b/more", Some(vec![1]), Some(vec![image(1, Some(9)), image(2, Some(9))])),
        ("b/less", Some(vec![1, 2]), Some(vec![image(1, Some(9))])),
        ("b/no-config", Some(vec![5]), Some(vec![image(5, None)])),
        ("b/missing", Some(vec![6]), Some(vec![missing(6)])),
        ("b/no-tags", None, Some(vec![image(1, Some(9))])),
        ("b/no-images", Some(vec![1]), None),
    ] {
        let revision = |byte| RevisionFacts { digest: digest(&[byte]), created: None };
        let tags = tags.map(|digests| {
            vec![TagFacts {
                tag: "v1".parse().unwrap(),
                revisions: digests.into_iter().map(revision).collect(),
                origin: Origin::Pushed,
                problem: None,
            }]
        });
        catalog.put_repository(&name(text), tags);
        if let Some(images) = images {
            catalog.put_images(&name(text), images);
        }
    }
    let known: Vec<_> = catalog.known_repositories().collect();
    let whole = vec![digest(&[1]), digest(&[2])];
    assert_eq!(known, [(&name("a/index"), vec![digest(&[3])]), (&name("a/whole"), whole)]);
}

proptest! {
    #[test]
    fn larger_blocks_say_the_same(updates in prop::collection::vec(some_update(), 0..30)) {
        let (catalog, _) = told(&updates);
        let mut writer = Writer::default();
        let blocks: Vec<_> = std::iter::from_fn(|| writer.next(&catalog)).collect();
        prop_assert!(blocks.len() <= 1);
        agree(&read(&blocks), &read(&written(&catalog)))?;
    }

    #[test]
    fn what_changes_meanwhile_is_put_right_by_the_next_list(
        updates in prop::collection::vec(some_update(), 0..20),
        meanwhile in prop::collection::vec(some_update(), 0..8),
    ) {
        let (mut catalog, mut model) = told(&updates);
        let mut writer = Writer::with_blocks_of(1);
        let (mut blocks, mut changes) = (Vec::new(), meanwhile.iter());
        while let Some(block) = writer.next(&catalog) {
            blocks.push(block);
            // A recollection begins a catalog with other ids, of which this writer knows nothing.
            for update in changes.by_ref().take(1).filter(|u| !matches!(u, Update::Recall)) {
                update.tell(&mut catalog);
                model.tell(update);
            }
        }
        let mut recalled = read(&blocks);
        for update in model.updates() {
            update.tell(&mut recalled);
        }
        agree(&recalled, &catalog)?;
    }

    #[test]
    fn damaged_blocks_make_no_catalog_that_cannot_be_asked(
        updates in prop::collection::vec(some_update(), 0..20),
        place in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        let (catalog, _) = told(&updates);
        let mut blocks = written(&catalog);
        prop_assume!(!blocks.is_empty());
        let damaged = place.index(blocks.len());
        let block = &mut blocks[damaged];
        let start = place.index(block.len());
        for (place, byte) in (start..block.len()).zip(bytes) {
            block[place] = byte;
        }
        if let Ok(recalled) = try_to_read(&blocks) {
            search(&recalled, "");
            search(&recalled, "beef00");
            search(&recalled, "label:team=a");
            written(&recalled);
        }
    }

    #[test]
    fn a_block_that_is_missing_cut_or_doubled_is_noticed_or_does_not_matter(
        updates in prop::collection::vec(some_update(), 0..20),
        place in any::<prop::sample::Index>(),
    ) {
        let (catalog, _) = told(&updates);
        let blocks = written(&catalog);
        prop_assume!(!blocks.is_empty());
        let at = place.index(blocks.len());
        let mut doubled = blocks.clone();
        doubled.insert(at, blocks[at].clone());
        prop_assert!(try_to_read(&doubled).is_err());
        let mut cut = blocks.clone();
        cut[at].pop();
        prop_assert!(try_to_read(&cut).is_err());
        let mut missing = blocks;
        missing.remove(at);
        if let Ok(recalled) = try_to_read(&missing) {
            search(&recalled, "");
        }
    }
}
