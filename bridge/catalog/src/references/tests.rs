// SPDX-License-Identifier: LGPL-2.1-or-later

use std::collections::HashSet;

use images_proto::repository::Origin;

use super::*;
use crate::{BlobFacts, RevisionFacts};

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn manifest(layers: &[u8]) -> ClusterImage {
    let blob = |n: &u8| BlobFacts { digest: digest(*n), size: None };
    let layers = layers.iter().map(blob).collect();
    image(Content::Manifest { config: None, layers })
}

fn index(children: &[u8]) -> ClusterImage {
    image(Content::Index { children: children.iter().map(|n| digest(*n)).collect() })
}

fn image(content: Content) -> ClusterImage {
    ClusterImage { created: None, managed: true, content: Some(content) }
}

fn facts(tag: &str, revisions: &[u8]) -> TagFacts {
    let revision = |n: &u8| RevisionFacts { digest: digest(*n), created: None };
    TagFacts {
        tag: tag.parse().unwrap(),
        revisions: revisions.iter().map(revision).collect(),
        origin: Origin::Pushed,
        problem: None,
    }
}

fn going(digests: &[u8]) -> HashSet<Digest> {
    digests.iter().map(|n| digest(*n)).collect()
}

/// 1 and 2 contain layer 10; 3 is an index of 1 and 2, and 4 one of 2. `a/b:v` names 1 and named 4.
fn references() -> References {
    let mut references = References::default();
    references.add_stream(&"a/b".parse().unwrap(), &[facts("v", &[1, 4])], false);
    references.add_image(digest(1), manifest(&[10, 10]));
    references.add_image(digest(2), manifest(&[10, 11]));
    references.add_image(digest(3), index(&[1, 2]));
    references.add_image(digest(4), index(&[2]));
    references
}

fn by_tag(age: u32) -> Reason {
    let tag = TagRef { repository: "a/b".parse().unwrap(), tag: "v".parse().unwrap() };
    Reason::Tag { tag, age }
}

#[test]
fn tags_and_indexes_hold_an_image() {
    let references = references();
    let holders = |n, gone: &[u8]| references.holders_of_image(&digest(n), &going(gone));
    assert_eq!(holders(1, &[]), [by_tag(0), Reason::Image(digest(3))]);
    // An index that goes holds nothing, unless something leads to it.
    assert_eq!(holders(1, &[1, 3]), [by_tag(0)]);
    assert_eq!(holders(2, &[2, 3, 4]), [Reason::Image(digest(4))]);
    assert_eq!(holders(3, &[3]), []);
    assert_eq!(holders(4, &[2, 3, 4]), [by_tag(1)]);
}

#[test]
fn images_hold_a_blob_even_if_they_were_to_go() {
    let references = references();
    let holders = |n, gone: &[u8]| references.holders_of_blob(&digest(n), &going(gone));
    assert_eq!(holders(10, &[]), [Reason::Image(digest(1)), Reason::Image(digest(2))]);
    assert_eq!(holders(11, &[2]), [Reason::Image(digest(3)), Reason::Image(digest(4))]);
    // Somebody tagged what was to go.
    assert_eq!(holders(10, &[1, 2, 3, 4]), [by_tag(0), Reason::Image(digest(4))]);
    assert_eq!(holders(3, &[]), [Reason::Image(digest(3))]);
    assert_eq!(holders(3, &[3]), []);
    assert_eq!(holders(99, &[]), []);
    // The cluster forgot image 6, but a tag and an index lead to it.
    let mut references = references;
    references.add_stream(&"a/b".parse().unwrap(), &[facts("v", &[6])], false);
    references.add_image(digest(5), index(&[6]));
    let holders = references.holders_of_blob(&digest(6), &going(&[]));
    assert_eq!(holders, [by_tag(0), Reason::Image(digest(5))]);
}

#[test]
fn what_is_hidden_or_unread_holds_too() {
    let mut references = references();
    references.add_stream(&"x/y".parse().unwrap(), &[facts("v", &[2])], true);
    let gone = going(&[2, 3]);
    let holders = references.holders_of_blob(&digest(11), &gone);
    assert_eq!(holders, [Reason::Image(digest(4)), Reason::Hidden]);
    let unread = ClusterImage { content: None, ..manifest(&[]) };
    references.add_image(digest(7), unread);
    assert!(references.holders_of_blob(&digest(99), &gone).contains(&Reason::Unread));
    assert!(references.holders_of_image(&digest(3), &gone).contains(&Reason::Unread));
}

#[test]
fn facts_that_go_in_circles_end() {
    let mut references = References::default();
    references.add_image(digest(1), index(&[2]));
    references.add_image(digest(2), index(&[1]));
    assert_eq!(references.holders_of_image(&digest(1), &going(&[1, 2])), []);
    assert_eq!(references.holders_of_image(&digest(1), &going(&[1])), [Reason::Image(digest(2))]);
}
