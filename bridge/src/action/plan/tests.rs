// SPDX-License-Identifier: LGPL-2.1-or-later

use images_catalog::{Content, ImageFacts, RevisionFacts, TagFacts};
use images_proto::RepositoryName;

use super::*;

fn digest_of(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn tag_ref(text: &str) -> TagRef {
    let (repository, tag) = text.split_once(':').unwrap();
    TagRef { repository: repository.parse().unwrap(), tag: tag.parse().unwrap() }
}

fn put(catalog: &mut Catalog, repository: &str, tags: &[(&str, &[u8], Origin)]) {
    let name: RepositoryName = repository.parse().unwrap();
    let revision = |byte: &u8| RevisionFacts { digest: digest_of(*byte), created: None };
    let tags = tags.iter().map(|(tag, revisions, origin)| TagFacts {
        tag: tag.parse().unwrap(),
        revisions: revisions.iter().map(revision).collect(),
        origin: origin.clone(),
        problem: None,
    });
    catalog.put_repository(&name, Some(tags.collect()));
}

/// `shop/api` has `v1` and `latest` on 1, `v2` on 2 with history; `tools/api:v1` is on 1 too.
fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let scheduled = Origin::Imported { from: "quay.io/a/b".to_owned(), scheduled: true };
    put(
        &mut catalog,
        "shop/api",
        &[
            ("v1", &[1], Origin::Pushed),
            ("latest", &[1, 3, 2], Origin::Pushed),
            ("v2", &[2, 1], scheduled),
        ],
    );
    put(&mut catalog, "tools/api", &[("v1", &[1], Origin::Pushed)]);
    catalog
}

#[test]
fn on_openshift_a_tag_goes_alone_with_its_history() {
    let item = on_openshift(&catalog(), Target::Tag(tag_ref("shop/api:latest")));
    assert_eq!(item.digest, Some(digest_of(1)));
    assert_eq!(item.goes, [tag_ref("shop/api:latest")]);
    assert_eq!(item.history, 2);
    assert_eq!(item.stays, [tag_ref("shop/api:v1"), tag_ref("tools/api:v1")]);
    assert_eq!(item.refused, None);
}

#[test]
fn what_another_target_takes_does_not_stay() {
    let catalog = catalog();
    let targets = ["shop/api:latest", "shop/api:v1"].map(|tag| Target::Tag(tag_ref(tag)));
    let mut items = targets.map(|target| on_openshift(&catalog, target));
    set_stays(&mut items);
    for item in items {
        assert_eq!((item.stays, item.stay_count), (vec![tag_ref("tools/api:v1")], 1));
    }
}

#[test]
fn in_a_registry_the_siblings_go_too() {
    let item = in_registry(&catalog(), Target::Tag(tag_ref("shop/api:v1")), &HashSet::new());
    let mut goes = item.goes;
    goes.sort();
    assert_eq!(goes, [tag_ref("shop/api:latest"), tag_ref("shop/api:v1")]);
    assert_eq!(item.stays, [tag_ref("tools/api:v1")]);
    assert_eq!(item.history, 0);
}

#[test]
fn a_revision_takes_the_tag_only_with_the_last_one() {
    let catalog = catalog();
    let revision = |tag: &str, byte| Target::Revision {
        repository: "shop/api".parse().unwrap(),
        tag: tag.parse().unwrap(),
        digest: digest_of(byte),
    };
    assert!(on_openshift(&catalog, revision("latest", 3)).goes.is_empty());
    assert_eq!(on_openshift(&catalog, revision("v1", 1)).goes, [tag_ref("shop/api:v1")]);
    assert!(on_openshift(&catalog, revision("v2", 2)).returns.is_some());
    assert!(on_openshift(&catalog, revision("v2", 1)).returns.is_none());
    let gone = on_openshift(&catalog, revision("v1", 9));
    assert_eq!(gone.refused.unwrap().code, Code::NotFound);
}

#[test]
fn what_is_not_there_or_not_possible_is_refused() {
    let catalog = catalog();
    let absent = Target::Tag(tag_ref("shop/api:v9"));
    assert_eq!(on_openshift(&catalog, absent.clone()).refused.unwrap().code, Code::NotFound);
    let none = HashSet::new();
    assert_eq!(in_registry(&catalog, absent, &none).refused.unwrap().code, Code::NotFound);
    let manifest =
        Target::Manifest { repository: "shop/api".parse().unwrap(), digest: digest_of(1) };
    assert_eq!(on_openshift(&catalog, manifest.clone()).refused.unwrap().code, Code::Unsupported);
    assert_eq!(in_registry(&catalog, manifest, &none).goes.len(), 2);
}

#[test]
fn an_index_that_would_break_is_named_unless_it_goes_too() {
    let mut catalog = catalog();
    put(&mut catalog, "shop/multi", &[("v1", &[7], Origin::Unknown)]);
    let name = "shop/multi".parse().unwrap();
    let image = |byte, content| ImageFacts { digest: digest_of(byte), content };
    catalog.put_images(
        &name,
        vec![
            image(7, Content::Index { children: vec![digest_of(8)] }),
            image(8, Content::Manifest { config: None, layers: vec![] }),
        ],
    );
    let child = Target::Manifest { repository: name, digest: digest_of(8) };
    let item = in_registry(&catalog, child.clone(), &HashSet::new());
    assert_eq!(item.breaks, [digest_of(7)]);
    let item = in_registry(&catalog, child, &HashSet::from([digest_of(7)]));
    assert!(item.breaks.is_empty());
}
