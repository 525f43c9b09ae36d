// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::repository::Origin;

use super::*;
use crate::{BlobFacts, Content, ImageFacts, RevisionFacts, TagFacts};

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn tag(tag: &str, image: u8) -> TagFacts {
    TagFacts {
        tag: tag.parse().unwrap(),
        revisions: vec![RevisionFacts { digest: digest(image), created: None }],
        origin: Origin::Pushed,
        problem: None,
    }
}

fn image(image: u8) -> ImageFacts {
    let layer = BlobFacts { digest: digest(100 + image), size: Some(7) };
    let config = BlobFacts { digest: digest(200 + image), size: Some(3) };
    ImageFacts {
        digest: digest(image),
        content: Content::Manifest { config: Some(config), layers: vec![layer] },
    }
}

fn index(image: u8, children: &[u8]) -> ImageFacts {
    let children = children.iter().map(|child| digest(*child)).collect();
    ImageFacts { digest: digest(image), content: Content::Index { children } }
}

/// A stream with an index of two images, an image without a tag, and three signatures: of that, of
/// a child of the index, and of nothing.
fn catalog(source: Source) -> Catalog {
    let mut catalog = Catalog::default();
    catalog.set_source(Some(source));
    let signature = |subject: u8| format!("sha256-{}.sig", digest(subject).hex());
    let tags = vec![
        tag("latest", 1),
        tag(&signature(2), 10),
        tag(&signature(4), 10),
        tag(&signature(9), 10),
    ];
    catalog.put_repository(&name("shop/api"), Some(tags));
    let mut images = vec![index(1, &[2, 3]), image(2), image(3), image(10)];
    if source == Source::Openshift {
        images.push(image(4));
    }
    catalog.put_images(&name("shop/api"), images);
    catalog.set_listed(true);
    catalog
}

fn listed(images: &[u8]) -> Known {
    let listed = |image: &u8| Listed { digest: digest(*image), created: Some(i64::from(*image)) };
    Known { images: Some(images.iter().map(listed).collect()), ..Known::default() }
}

#[test]
fn images_in_no_stream_are_those_that_no_stream_holds() {
    let mut catalog = catalog(Source::Openshift);
    let mut known = listed(&[1, 2, 3, 4, 5, 10, 6]);
    known.origins.insert(digest(5), Some("quay.io/x/y:1".to_owned()));
    let images = Window { offset: 0, limit: 1 };
    let params = Params { images, ..Params::default() };
    let view = orphans(&catalog, &params, &known);
    assert_eq!(view.images.total, Some(2));
    let first =
        OrphanImage { digest: digest(5), created: Some(5), from: Some("quay.io/x/y:1".to_owned()) };
    assert_eq!(view.images.rows, [first]);
    let images = Window { offset: 1, limit: 5 };
    let rest = orphans(&catalog, &Params { images, ..Params::default() }, &known).images;
    assert_eq!((rest.offset, rest.rows.len(), rest.rows[0].digest), (1, 1, digest(6)));
    // While a stream was not read, an image of an index of it may be taken for one.
    catalog.put_repository(&name("shop/web"), Some(vec![tag("latest", 5)]));
    let view = orphans(&catalog, &params, &known);
    assert_eq!(view.images, Part::default());
    assert_eq!(view.coverage.repositories_unread, 1);
    assert_eq!(orphans(&catalog, &params, &Known::default()).images.total, None);
}

#[test]
fn what_a_stream_holds_without_a_tag() {
    let view = orphans(&catalog(Source::Openshift), &Params::default(), &Known::default());
    assert_eq!(view.untagged.total, Some(1));
    let row = &view.untagged.rows[0];
    assert_eq!((row.digest, row.size), (digest(4), Some(10)));
    // A plain registry does not tell.
    let view = orphans(&catalog(Source::Distribution), &Params::default(), &Known::default());
    assert_eq!((view.untagged.rows.len(), view.untagged.total), (0, None));
}

#[test]
fn signatures_of_what_is_gone() {
    let of = |view: &View| {
        let rows = view.signatures.rows.iter();
        let subjects = rows.map(|row| row.tag.attached_to().unwrap());
        (subjects.collect::<Vec<_>>(), view.signatures.total)
    };
    let view = orphans(&catalog(Source::Openshift), &Params::default(), &Known::default());
    assert_eq!(of(&view), (vec![digest(9)], Some(1)));
    // A plain registry has to be asked, as it may hold an image without a tag.
    let plain = catalog(Source::Distribution);
    let asked = subjects(&plain);
    assert_eq!(asked, [(name("shop/api"), digest(4)), (name("shop/api"), digest(9))]);
    let mut known = Known::default();
    known.present.insert(asked[1].clone(), false);
    let view = orphans(&plain, &Params::default(), &known);
    assert_eq!(of(&view), (vec![digest(9)], None), "one was not asked yet");
    known.present.insert(asked[0].clone(), true);
    assert_eq!(of(&orphans(&plain, &Params::default(), &known)), (vec![digest(9)], Some(1)));
}
