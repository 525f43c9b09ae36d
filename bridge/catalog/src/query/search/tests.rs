// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::search::{Hit, Matched};
use images_proto::{Digest, Tag};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{
    Model, Update, configs, diff_ids, digest, images, layers, names, some_update, tags, told,
};
use crate::{BlobFacts, ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts};

fn params(query: &str) -> Params {
    Params { query: query.to_owned(), limit: 500, ..Params::default() }
}

fn search(catalog: &Catalog, query: &str) -> View {
    Search::new(params(query)).render(catalog)
}

fn rows(view: &View) -> &[RepositoryRow] {
    match &view.rows {
        Rows::Repositories(rows) => rows,
        Rows::Hits(hits) => panic!("hits: {hits:?}"),
    }
}

fn hits_of(view: &View) -> &[Hit] {
    match &view.rows {
        Rows::Hits(hits) => hits,
        Rows::Repositories(rows) => panic!("repositories: {rows:?}"),
    }
}

fn found(view: &View) -> Vec<&str> {
    rows(view).iter().map(|row| row.name.as_str()).collect()
}

/// A catalog of repositories, each with tags that name the digest of these bytes.
fn catalog(repositories: &[(&str, &[(&str, u8)])]) -> Catalog {
    let mut catalog = Catalog::default();
    for (name, tags) in repositories {
        put(&mut catalog, name, tags);
    }
    catalog.set_listed(true);
    catalog
}

/// Image N has the config c0-N of N bytes, the layer a0-N of 10 bytes and the layer a0-ff of 100
/// bytes that all have.
fn put(catalog: &mut Catalog, name: &str, tags: &[(&str, u8)]) {
    let name = name.parse().unwrap();
    let facts = tags.iter().map(|(tag, image)| TagFacts {
        tag: tag.parse().unwrap(),
        revisions: vec![RevisionFacts {
            digest: digest(&[*image; 6]),
            created: Some(i64::from(*image)),
        }],
        origin: Default::default(),
        problem: None,
    });
    catalog.put_repository(&name, Some(facts.collect()));
    let blob = |start: &[u8], size| BlobFacts { digest: digest(start), size: Some(size) };
    let images = tags.iter().map(|(_, image)| ImageFacts {
        digest: digest(&[*image; 6]),
        content: Content::Manifest {
            config: Some(blob(&[0xc0, *image], u64::from(*image))),
            layers: vec![blob(&[0xa0, 0xff], 100), blob(&[0xa0, *image], 10)],
        },
    });
    catalog.put_images(&name, images.collect());
}

#[test]
fn words_match_repositories_and_tags_together() {
    let catalog = catalog(&[
        ("dev/api", &[("latest", 1), ("v1", 2), ("v2", 3), ("v10", 4)]),
        ("dev/web", &[("api-1", 5), ("latest", 6)]),
        ("prod/tool", &[("v1", 7)]),
    ]);
    let view = search(&catalog, "api");
    assert_eq!(found(&view), ["dev/api", "dev/web"]);
    assert_eq!(view.total, 2);
    let shown = |row: &RepositoryRow| {
        row.tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>()
    };
    // The name matched: the newest tags. A tag matched: that tag.
    assert_eq!(shown(&rows(&view)[0]), ["v10", "v2", "v1"]);
    assert_eq!(shown(&rows(&view)[1]), ["api-1"]);
    assert_eq!(rows(&view)[0].tag_count, Some(4));
    assert_eq!(rows(&view)[0].size, Some(100 + 4 * 10 + 1 + 2 + 3 + 4));
    assert_eq!(rows(&view)[0].newest, Some(4));

    let view = search(&catalog, "api v1");
    assert_eq!(found(&view), ["dev/api"]);
    assert_eq!(shown(&rows(&view)[0]), ["v1", "v10"], "the whole name first");
    assert_eq!(found(&search(&catalog, "tag:v1")), ["dev/api", "prod/tool"]);
    assert_eq!(found(&search(&catalog, "tag:v1 project:prod")), ["prod/tool"]);
    assert_eq!(found(&search(&catalog, "api web")), ["dev/web"]);
    assert!(found(&search(&catalog, "api web v1")).is_empty());
}

#[test]
fn an_exact_name_opens_its_repository() {
    let catalog = catalog(&[
        ("dev/api", &[("V1", 1)]),
        ("dev/api-gateway", &[("v1", 2)]),
        ("prod/api", &[("v1", 3)]),
        ("prod/tool", &[("v1", 4)]),
        ("registry.example/odd", &[("v1", 5)]),
    ]);
    let exact = |query: &str| {
        search(&catalog, query).exact.map(|exact| match exact.tag {
            Some(tag) => format!("{}:{tag}", exact.repository),
            None => exact.repository.to_string(),
        })
    };
    for (query, expected) in [
        ("dev/api", Some("dev/api")),
        ("DEV/api ", Some("dev/api")),
        ("docker://registry.example/dev/api:V1", Some("dev/api:V1")),
        ("dev/api:v2", Some("dev/api")),
        ("https://registry.example:5000/v2/prod/api/manifests/v1", Some("prod/api:v1")),
        ("registry.example/odd", Some("registry.example/odd")),
        ("tool", Some("prod/tool")),
        ("tool:v1", Some("prod/tool:v1")),
        ("api", None),
        ("dev/ap", None),
        ("dev/api tag:v1", None),
        ("dev/api project:prod", None),
        ("dev/api v1", None),
        ("", None),
    ] {
        assert_eq!(exact(query).as_deref(), expected, "{query}");
    }
    assert_eq!(found(&search(&catalog, "dev/api")), ["dev/api", "dev/api-gateway"]);
    let other = Params { project: Some("prod".to_owned()), ..params("dev/api") };
    assert_eq!(Search::new(other).render(&catalog).exact, None);
}

#[test]
fn a_word_of_hex_digits_is_what_is_there() {
    let hex = |bytes: &[u8]| digest(bytes).hex();
    let long = hex(&[0xde, 0xca, 0xde, 0xde, 0xca, 0xde])[..12].to_owned();
    let mut catalog = catalog(&[("dev/decade", &[("v1", 1)]), ("dev/web", &[("v1", 0xaa)])]);
    // Only a name.
    let view = search(&catalog, "decade");
    assert_eq!(found(&view), ["dev/decade"]);
    assert!(!view.understood.unwrap().contains("digest"));
    // Only a digest.
    assert_eq!(hits_of(&search(&catalog, "aaaaaa"))[0].matched, Matched::Manifest);
    // Neither: many digits are a digest that is not there (yet), few are a word.
    let view = search(&catalog, &"b".repeat(64));
    assert!(hits_of(&view).is_empty() && view.understood.unwrap().starts_with("digest is"));
    assert!(found(&search(&catalog, "bbbbbb")).is_empty());
    // Too short to be a digest.
    assert!(found(&search(&catalog, "aaaaa")).is_empty());
    // Both: the repository is not hidden, and the digest is told of.
    let name = "dev/both".parse().unwrap();
    let revision =
        RevisionFacts { digest: digest(&[0xde, 0xca, 0xde, 0xde, 0xca, 0xde]), created: None };
    let tag = |name: &str| TagFacts {
        tag: name.parse().unwrap(),
        revisions: vec![revision],
        origin: Default::default(),
        problem: None,
    };
    catalog.put_repository(&name, Some(vec![tag("x"), tag(&format!("at-{long}"))]));
    let view = search(&catalog, "decade");
    assert_eq!(found(&view), ["dev/both", "dev/decade"]);
    assert!(view.understood.unwrap().contains("“digest:”"));
    assert_eq!(hits_of(&search(&catalog, "digest:decade")).len(), 2);
    assert_eq!(hits_of(&search(&catalog, "sha256:decade")).len(), 2);
    // So many digits are no chance.
    assert_eq!(hits_of(&search(&catalog, &long)).len(), 2);
    // An attachment is no text, but leads to the digest that it is attached to.
    let subject = digest(&[0xaa; 6]);
    catalog.put_repository(&name, Some(vec![tag(&format!("sha256-{}.sig", subject.hex()))]));
    let view = search(&catalog, "aaaaaa");
    let matched: Vec<_> = hits_of(&view).iter().map(|hit| hit.matched).collect();
    assert_eq!(matched, [Matched::Attachment, Matched::Manifest]);
    assert_eq!(hits_of(&search(&catalog, &format!("sha256-{}.sig", subject.hex()))).len(), 2);
}

#[test]
fn digests_are_combined_with_words_and_filters() {
    let catalog = catalog(&[
        ("dev/api", &[("v1", 1), ("v2", 1)]),
        ("dev/web", &[("v1", 2)]),
        ("prod/api", &[("v1", 1)]),
    ]);
    let tags = |query: &str| {
        let view = search(&catalog, query);
        let tag = |hit: &Hit| format!("{}:{}", hit.repository, hit.tag.as_ref().unwrap().name);
        hits_of(&view).iter().map(tag).collect::<Vec<_>>()
    };
    assert_eq!(tags("010101"), ["dev/api:v1", "dev/api:v2", "prod/api:v1"]);
    assert_eq!(tags("010101 project:dev tag:2"), ["dev/api:v2"]);
    assert_eq!(tags("010101 prod"), ["prod/api:v1"]);
    assert_eq!(tags("layer:a0ff77").len(), 4);
    assert_eq!(tags("layer:a0ff77 prod/api:v"), ["prod/api:v1"]);
    assert_eq!(tags("layer:a00277 tag:v1"), ["dev/web:v1"]);
    assert_eq!(tags("id:a00277").len(), 0);
    assert_eq!(tags("id:c00277"), ["dev/web:v1"]);
    // Several digests are alternatives.
    assert_eq!(tags("sha256:010101 sha256:020202").len(), 4);
    // The name in front says only where somebody saw it.
    assert_eq!(tags("quay.io/else/where:v9@sha256:020202"), ["dev/web:v1"]);
    assert_eq!(search(&catalog, "dev/api@sha256:010101").exact, None);
}

#[test]
fn a_mistake_has_no_rows() {
    let catalog = catalog(&[("dev/api", &[("v1", 1)])]);
    let view = search(&catalog, "layer:xyz");
    assert!(view.mistake.unwrap().contains("xyz"));
    assert_eq!((view.total, view.rows), (0, Rows::Repositories(Vec::new())));
    assert_eq!(view.projects, ["dev"]);
}

#[test]
fn rows_stay_where_they_are_until_asked() {
    let mut catalog = catalog(&[("b", &[("v1", 1)]), ("c", &[("v1", 2)]), ("d", &[("v1", 3)])]);
    let mut view = Search::new(params(""));
    assert_eq!(found(&view.render(&catalog)), ["b", "c", "d"]);

    put(&mut catalog, "a", &[("v1", 4)]);
    put(&mut catalog, "c", &[("v1", 2), ("v2", 5)]);
    catalog.remove_repository(&"d".parse().unwrap());
    let shown = view.render(&catalog);
    assert_eq!(found(&shown), ["b", "c", "d"], "what went stays as it was seen");
    assert_eq!((shown.changes, shown.total), (2, 3));
    assert_eq!(rows(&shown)[1].tag_count, Some(2), "contents follow");
    assert_eq!(view.render(&catalog), shown, "looking again changes nothing");

    // Another window is no new order. What went before it was seen is left out.
    view.set_params(Params { offset: 1, limit: 1, ..params("") });
    let shown = view.render(&catalog);
    assert_eq!((found(&shown), shown.offset, shown.changes), (vec!["c"], 1, 2));
    view.set_params(Params { offset: 2, limit: 1, ..params("") });
    let shown = view.render(&catalog);
    assert_eq!((rows(&shown).len(), shown.total), (0, 3));

    view.set_params(Params { refresh: 1, ..params("") });
    let shown = view.render(&catalog);
    assert_eq!((found(&shown), shown.changes), (vec!["a", "b", "c"], 0));

    for new in [
        Params { sort: Sort::Tags, ..params("") },
        Params { descending: true, ..params("") },
        Params { project: Some("x".to_owned()), ..params("") },
        params("b"),
    ] {
        let mut view = Search::new(params(""));
        view.render(&catalog);
        put(&mut catalog, "e", &[("v1", 4)]);
        view.set_params(new.clone());
        let shown = view.render(&catalog);
        assert_eq!(shown, Search::new(new).render(&catalog));
        catalog.remove_repository(&"e".parse().unwrap());
    }
}

#[test]
fn rows_that_would_move_are_counted() {
    let mut catalog = catalog(&[("a", &[("v1", 1)]), ("b", &[("v1", 2)]), ("c", &[("v1", 3)])]);
    let mut view = Search::new(Params { sort: Sort::Newest, descending: true, ..params("") });
    assert_eq!(found(&view.render(&catalog)), ["c", "b", "a"]);
    put(&mut catalog, "a", &[("v1", 9)]);
    let shown = view.render(&catalog);
    assert_eq!((found(&shown), shown.changes), (vec!["c", "b", "a"], 1));
    assert_eq!(rows(&shown)[2].newest, Some(9));
}

#[test]
fn the_order_is_taken_anew_until_the_catalog_is_listed() {
    let mut catalog = Catalog::default();
    put(&mut catalog, "b", &[("v1", 1)]);
    let mut view = Search::new(params(""));
    assert!(view.render(&catalog).coverage.listing);
    put(&mut catalog, "a", &[("v1", 2)]);
    assert_eq!(found(&view.render(&catalog)), ["a", "b"]);
    put(&mut catalog, "0", &[("v1", 3)]);
    catalog.set_listed(true);
    let shown = view.render(&catalog);
    assert_eq!((found(&shown), shown.changes), (vec!["0", "a", "b"], 0));
    put(&mut catalog, "1", &[("v1", 4)]);
    let shown = view.render(&catalog);
    assert_eq!((found(&shown), shown.changes), (vec!["0", "a", "b"], 1));
}

#[test]
fn hits_come_while_images_are_read_and_stay_then() {
    let mut catalog = Catalog::default();
    for name in ["a", "b"] {
        catalog.put_repository(&name.parse().unwrap(), Some(Vec::new()));
    }
    catalog.set_listed(true);
    let mut view = Search::new(params("layer:a0ff77"));
    let shown = view.render(&catalog);
    assert_eq!((shown.coverage.repositories_unread, shown.total), (2, 0));
    put(&mut catalog, "b", &[("v1", 2)]);
    assert_eq!(view.render(&catalog).total, 1);
    put(&mut catalog, "a", &[("v1", 1)]);
    let shown = view.render(&catalog);
    let order: Vec<_> = hits_of(&shown).iter().map(|hit| hit.repository.as_str()).collect();
    assert_eq!((order, shown.changes), (vec!["a", "b"], 0));
    // All is read: from now on rows stay.
    put(&mut catalog, "0", &[("v1", 3)]);
    let shown = view.render(&catalog);
    assert_eq!((shown.total, shown.changes), (2, 1));
}

#[test]
fn windows_are_bounded() {
    let names: Vec<_> = (0..600).map(|n| format!("r{n:03}")).collect();
    let repositories: Vec<_> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    let catalog = catalog(&repositories);
    let mut view = Search::new(Params { limit: u32::MAX, ..params("") });
    assert_eq!(rows(&view.render(&catalog)).len(), 500);
    view.set_params(Params { offset: 9999, limit: 50, ..params("") });
    let shown = view.render(&catalog);
    assert_eq!((shown.offset, rows(&shown).len(), shown.total), (550, 50, 600));
}

/// Every hit of a model for the digests that start so.
fn model_hits(model: &Model, prefix: &str, roles: &str) -> Vec<Hit> {
    let all = [images(), layers(), configs(), diff_ids()].concat();
    let digests: std::collections::BTreeSet<_> =
        all.into_iter().filter(|digest| digest.hex().starts_with(prefix)).collect();
    model.hits(&digests.into_iter().collect::<Vec<Digest>>(), roles)
}

fn some_digest() -> impl Strategy<Value = Digest> {
    select([images(), layers(), configs(), diff_ids()].concat())
}

proptest! {
    #[test]
    fn hits_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        digest in some_digest(),
        digits in select(vec![6_usize, 8, 10, 64]),
        project in prop::option::of(Just("dev")),
    ) {
        let (catalog, model) = told(&updates);
        let prefix = digest.hex()[..digits].to_owned();
        for (filter, roles) in [("digest:", "mclda"), ("sha256:", "mclda"), ("layer:", "ld"), ("id:", "c")] {
            let params = Params { project: project.map(str::to_owned), ..params(&format!("{filter}{prefix}")) };
            let view = Search::new(params).render(&catalog);
            let mut expected = model_hits(&model, &prefix, roles);
            expected.retain(|hit| project.is_none() || hit.repository.project() == project);
            prop_assert_eq!(view.total as usize, expected.len());
            // Rows of one tag and digest that different digests matched have no promised order.
            let key = |hit: &Hit| (hit.repository.clone(), hit.tag.clone(), hit.digest, hit.matched_digest);
            let mut got = hits_of(&view).to_vec();
            let place = |hit: &Hit| (hit.repository.clone(), hit.tag.clone(), hit.digest);
            let mut order: Vec<_> = got.iter().map(place).collect();
            order.dedup();
            let mut expected_order: Vec<_> = expected.iter().map(place).collect();
            expected_order.dedup();
            prop_assert_eq!(order, expected_order);
            got.sort_by_key(key);
            expected.sort_by_key(key);
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn hex_words_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        digest in some_digest(),
        digits in select(vec![6_usize, 8, 12, 64]),
    ) {
        let (catalog, model) = told(&updates);
        let word = &digest.hex()[..digits];
        let all = [images(), layers(), configs(), diff_ids()].concat();
        let digests = all.iter().any(|d| d.hex().starts_with(word) && model.leads_somewhere(d));
        let is_digest = match (digests, model.is_text(word)) {
            (true, false) => true,
            (false, true) => false,
            _ => digits >= 12,
        };
        let view = search(&catalog, word);
        prop_assert_eq!(matches!(view.rows, Rows::Hits(_)), is_digest);
        if is_digest {
            prop_assert_eq!(view.total as usize, model_hits(&model, word, "mclda").len());
        }
    }

    #[test]
    fn repositories_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        words in prop::collection::vec(select(vec!["api", "v1", "V", "dev", "1.0", "beef", "solo", "/", "latest", "x"]), 0..3),
        tag in prop::option::of(select(vec!["v1", "0", "beef02", "lat"])),
        label in prop::option::of(select(vec!["team=a", "vendor", "=b", "x"])),
        project in prop::option::of(select(vec!["dev", "prod", "de"])),
        sort in select(vec![Sort::Name, Sort::Tags, Sort::Size, Sort::Newest]),
        descending: bool,
    ) {
        let (catalog, model) = told(&updates);
        let mut query = words.join(" ");
        query.extend(tag.iter().map(|tag| format!(" tag:{tag}")));
        query.extend(label.iter().map(|label| format!(" label:{label}")));
        let params = Params { project: project.map(str::to_owned), sort, descending, ..params(&query) };
        let view = Search::new(params.clone()).render(&catalog);
        let words: Vec<_> = words.iter().map(|word| word.to_lowercase()).collect();
        let fits = |name: &RepositoryName, with: Option<&str>| {
            words.iter().all(|word| {
                name.as_str().contains(word) || with.is_some_and(|with| with.contains(word))
            }) && tag.is_none_or(|tag| with.is_some_and(|with| with.contains(tag)))
        };
        let expected = model.repositories(&params, fits, label);
        compare_rows(&view, &expected, &model, &words, tag)?;
    }

    #[test]
    fn pull_specs_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        name in select(names()),
        tag in select(tags().into_iter().filter(|tag| tag.attached_to().is_none()).collect::<Vec<_>>()),
        host in select(vec!["", "quay.io/", "docker://localhost/"]),
    ) {
        let (catalog, model) = told(&updates);
        let params = params(&format!("{host}{name}:{tag}"));
        let view = Search::new(params.clone()).render(&catalog);
        let start = tag.as_str().to_lowercase();
        let fits = |other: &RepositoryName, with: Option<&str>| {
            other.as_str().contains(name.as_str()) && with.is_some_and(|with| with.starts_with(&start))
        };
        let expected = model.repositories(&params, fits, None);
        prop_assert_eq!(rows(&view).len(), expected.len());
        let there = model.repositories.get(&name);
        let expected = there.map(|repository| {
            let there = repository.tags().iter().any(|facts| facts.tag == tag);
            (name.clone(), there.then_some(tag.clone()))
        });
        // A name in its project alone may be exact too; the model knows whole names only.
        if let Some(expected) = expected {
            let exact = view.exact.map(|exact| (exact.repository, exact.tag));
            prop_assert_eq!(exact, Some(expected));
        }
    }

    /// A view that was looked at all the way keeps its rows, and shows the same as a new view once
    /// it is asked to.
    #[test]
    fn views_follow_any_updates(
        first in prop::collection::vec(some_update(), 0..20),
        then in prop::collection::vec(some_update(), 1..20),
        query in select(vec!["", "v1", "digest:beef01", "layer:beef00", "beef01"]),
        sort in select(vec![Sort::Name, Sort::Size, Sort::Newest]),
    ) {
        let (mut catalog, _) = told(&first);
        let params = Params { sort, ..params(query) };
        let mut view = Search::new(params.clone());
        // What is recalled is another catalog, which only views of nothing go over to.
        for update in then.into_iter().filter(|update| !matches!(update, Update::Recall)) {
            let before = view.render(&catalog);
            update.tell(&mut catalog);
            let after = view.render(&catalog);
            let fresh = Search::new(params.clone()).render(&catalog);
            if after.changes == 0 {
                prop_assert_eq!(&after, &fresh, "{:?}", update);
            }
            if after.changes > 0 {
                prop_assert_eq!(places(&after), places(&before));
                prop_assert_ne!(places(&after), places(&fresh));
            }
        }
        view.set_params(Params { refresh: 1, ..params.clone() });
        let fresh = Search::new(params).render(&catalog);
        prop_assert_eq!(view.render(&catalog), fresh);
    }

    #[test]
    fn no_query_panics(
        updates in prop::collection::vec(some_update(), 0..10),
        query in ".{0,60}",
        offset: u32,
        limit: u32,
    ) {
        let (catalog, _) = told(&updates);
        let view = Search::new(Params { offset, limit, ..params(&query) }).render(&catalog);
        prop_assert!(view.offset <= view.total);
    }
}

/// What is shown where.
fn places(view: &View) -> Vec<String> {
    match &view.rows {
        Rows::Repositories(rows) => rows.iter().map(|row| row.name.to_string()).collect(),
        Rows::Hits(hits) => hits
            .iter()
            .map(|hit| {
                let tag = hit.tag.as_ref().map(|tag| &tag.name);
                format!("{} {tag:?} {} {}", hit.repository, hit.digest, hit.matched_digest)
            })
            .collect(),
    }
}

/// Compares rows; of the tags, those that the query names as a whole come first in ours.
fn compare_rows(
    view: &View,
    expected: &[RepositoryRow],
    model: &Model,
    words: &[String],
    tag: Option<&str>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(view.total as usize, expected.len());
    prop_assert_eq!(view.coverage.repositories_unread, model.counts().repositories_unread);
    prop_assert_eq!(view.coverage.listing, !model.listed);
    let whole = |name: &Tag| {
        let name = name.as_str().to_lowercase();
        words.contains(&name) || tag == Some(&name)
    };
    for (got, expected) in rows(view).iter().zip(expected) {
        let mut expected = expected.clone();
        expected.tags.sort_by_key(|name| !whole(name));
        expected.tags.truncate(3);
        prop_assert_eq!(got, &expected);
    }
    Ok(())
}

#[test]
fn a_label_finds_images_and_says_what_it_did_not_see() {
    let mut catalog = catalog(&[("dev/api", &[("v1", 1), ("v2", 2)]), ("dev/web", &[("v1", 3)])]);
    let view = search(&catalog, "label:team=red");
    assert_eq!((view.total, view.coverage.configs_unread), (0, 3));
    let labels = vec![("team".to_owned(), "Red".to_owned())];
    Update::Config(digest(&[0xc0, 1]), ConfigFacts { labels, ..ConfigFacts::default() })
        .tell(&mut catalog);
    let view = search(&catalog, "label:team=red");
    assert_eq!((found(&view), view.coverage.configs_unread), (vec!["dev/api"], 2));
    assert_eq!(rows(&view)[0].tags, ["v1".parse().unwrap()]);
    assert_eq!(hits_of(&search(&catalog, "010101 label:team")).len(), 1);
    // A signature has no labels.
    put(&mut catalog, "dev/web", &[(&format!("sha256-{}.sig", digest(&[1; 6]).hex()), 4)]);
    assert_eq!(hits_of(&search(&catalog, "010101")).len(), 2);
    assert_eq!(hits_of(&search(&catalog, "010101 label:team")).len(), 1);
}
