// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::{Digest, TagRef};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{Model, digest, images, names, some_update, told};
use crate::{BlobFacts, ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts};

fn look(catalog: &Catalog, digest: Digest) -> View {
    Image::new(Params { digest, repository: None }).render(catalog)
}

/// Images 1 and 2 share the layer 10; 3 is an index of both, with the tag v1.
fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let name = "dev/api".parse().unwrap();
    let revisions = vec![RevisionFacts { digest: digest(&[3]), created: Some(7) }];
    let tag = "v1".parse().unwrap();
    let facts = TagFacts { tag, revisions, origin: Default::default(), problem: None };
    catalog.put_repository(&name, Some(vec![facts]));
    let blob = |n: u8, size| BlobFacts { digest: digest(&[n]), size: Some(size) };
    let image = |n: u8, layers: Vec<BlobFacts>| ImageFacts {
        digest: digest(&[n]),
        content: Content::Manifest { config: Some(blob(20 + n, 1)), layers },
    };
    let children = vec![digest(&[1]), digest(&[2])];
    catalog.put_images(
        &name,
        vec![
            image(1, vec![blob(10, 100), blob(11, 10)]),
            image(2, vec![blob(10, 100), blob(12, 1000)]),
            ImageFacts { digest: digest(&[3]), content: Content::Index { children } },
        ],
    );
    catalog.set_listed(true);
    catalog
}

#[test]
fn an_index_shows_its_children() {
    let view = look(&catalog(), digest(&[3]));
    assert_eq!((view.kind, view.details), (Kind::Index, Details::None));
    // The shared layer counts once.
    assert_eq!(view.size, Some(100 + 10 + 1000 + 2));
    let children: Vec<_> = view.children.iter().map(|child| (child.digest, child.size)).collect();
    assert_eq!(children, [(digest(&[1]), Some(111)), (digest(&[2]), Some(1101))]);
    assert_eq!(view.tags[0].tag.name.as_str(), "v1");
}

#[test]
fn an_image_shows_its_layers_and_who_shares_them() {
    let mut catalog = catalog();
    let view = look(&catalog, digest(&[1]));
    assert_eq!((view.kind, view.details), (Kind::Image, Details::Reading));
    assert_eq!(view.indexes, [digest(&[3])]);
    assert_eq!(view.layers.len(), 2);
    // The other image has no tag of its own, but the index has.
    let shared = &view.layers[0].shared[0];
    assert_eq!((view.layers[0].shared_count, shared.digest), (1, digest(&[2])));
    assert_eq!(shared.tag.as_ref().unwrap().name.as_str(), "v1");
    assert_eq!(view.layers[1].shared_count, 0);
    assert_eq!(view.layers[0].diff_id, None);

    let diff_ids = vec![digest(&[30]), digest(&[31])];
    catalog.put_config(&digest(&[21]), ConfigFacts { diff_ids, ..ConfigFacts::default() });
    let one = ConfigFacts { diff_ids: vec![digest(&[30])], ..ConfigFacts::default() };
    catalog.put_config(&digest(&[22]), one);
    let diff_ids = |n| look(&catalog, digest(&[n])).layers.into_iter().map(|row| row.diff_id);
    assert!(diff_ids(1).eq([Some(digest(&[30])), Some(digest(&[31]))]));
    assert!(diff_ids(2).eq([None, None]), "a config of another number of layers is not trusted");
}

#[test]
fn an_image_that_is_nowhere_fails_once_everything_was_read() {
    let mut catalog = catalog();
    let failed =
        |catalog: &Catalog| matches!(look(catalog, digest(&[9])).details, Details::Failed(_));
    assert!(failed(&catalog));
    catalog.set_listed(false);
    assert!(!failed(&catalog));
    catalog.set_listed(true);
    catalog.put_repository(&"dev/web".parse().unwrap(), None);
    assert!(!failed(&catalog));
}

#[test]
fn the_repository_asked_for_is_used_if_it_holds_the_image() {
    let mut catalog = catalog();
    let web: images_proto::RepositoryName = "dev/web".parse().unwrap();
    catalog.put_repository(&web, Some(Vec::new()));
    let ask = |catalog: &Catalog| {
        let params = Params { digest: digest(&[1]), repository: Some(web.clone()) };
        Image::new(params).render(catalog).repository.unwrap().to_string()
    };
    assert_eq!(ask(&catalog), "dev/api");
    let content = Content::Manifest { config: None, layers: Vec::new() };
    catalog.put_images(&web, vec![ImageFacts { digest: digest(&[1]), content }]);
    assert_eq!(ask(&catalog), "dev/web");
}

/// Whether this place is one of the image's: a tag of its own or of an index around it.
fn is_place(model: &Model, image: &Digest, shared: &SharedBy) -> bool {
    let mut around = vec![*image];
    let mut next = 0;
    while next < around.len() {
        let new = model.indexes_of(&around[next]);
        around.extend(new.into_iter().filter(|index| !around.contains(index)).collect::<Vec<_>>());
        next += 1;
    }
    let tags: Vec<(TagRef, u32)> = around.iter().flat_map(|digest| model.tags_of(digest)).collect();
    match &shared.tag {
        Some(tag) => {
            let place = TagRef { repository: shared.repository.clone(), tag: tag.name.clone() };
            tags.contains(&(place, tag.age))
        }
        None => model.repositories.contains_key(&shared.repository),
    }
}

proptest! {
    #[test]
    fn views_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        digest in select(images()),
        repository in prop::option::of(select(names())),
    ) {
        let (catalog, model) = told(&updates);
        let view = Image::new(Params { digest, repository: repository.clone() }).render(&catalog);
        let tags = model.tags_of(&digest);
        prop_assert_eq!(view.tag_count as usize, tags.len());
        for (place, (tag, age)) in view.tags.iter().zip(tags) {
            prop_assert_eq!(&place.repository, &tag.repository);
            prop_assert_eq!((&place.tag.name, place.tag.age), (&tag.tag, age));
        }
        prop_assert_eq!(view.indexes, model.indexes_of(&digest));
        match &view.repository {
            Some(name) => prop_assert_eq!(view.kind, model.kind(name, &digest)),
            None => prop_assert_eq!(view.kind, Kind::Unknown),
        }
        match view.kind {
            Kind::Image | Kind::Index => prop_assert_eq!(view.size, model.size(&digest)),
            _ => prop_assert_eq!((view.size, view.layers.len(), view.children.len()), (None, 0, 0)),
        }
        let empty = (Vec::new(), Vec::new());
        let (layers, children) = match model.content(&digest) {
            Some(Content::Manifest { layers, .. }) if view.kind == Kind::Image => (layers.clone(), empty.1),
            Some(Content::Index { children }) if view.kind == Kind::Index => (empty.0, children.clone()),
            _ => empty,
        };
        prop_assert!(view.children.iter().map(|child| child.digest).eq(children));
        prop_assert_eq!(view.layers.len(), layers.len());
        for (row, layer) in view.layers.iter().zip(layers) {
            prop_assert_eq!((row.digest, row.size), (layer.digest, layer.size));
            let mut others = model.images_with_layer(&layer.digest);
            others.retain(|other| *other != digest);
            prop_assert_eq!(row.shared_count as usize, others.len());
            prop_assert_eq!(row.shared.len(), others.len().min(10));
            for shared in &row.shared {
                prop_assert!(others.contains(&shared.digest));
                prop_assert!(is_place(&model, &shared.digest, shared), "{:?}", shared);
            }
        }
    }
}
