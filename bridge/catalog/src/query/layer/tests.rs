// SPDX-License-Identifier: LGPL-2.1-or-later

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{digest, layers, some_update, told};
use crate::{BlobFacts, ConfigFacts, Content, ImageFacts};

#[test]
fn size_and_diff_id_come_from_whoever_knows_them() {
    let mut catalog = Catalog::default();
    let name = "dev/api".parse().unwrap();
    catalog.put_repository(&name, Some(Vec::new()));
    let blob = |n: u8, size| BlobFacts { digest: digest(&[n]), size };
    let image = |n: u8, config, layers| ImageFacts {
        digest: digest(&[n]),
        content: Content::Manifest { config: Some(blob(config, None)), layers },
    };
    catalog.put_images(
        &name,
        vec![
            image(1, 20, vec![blob(10, None)]),
            image(2, 21, vec![blob(11, Some(1)), blob(10, Some(7))]),
        ],
    );
    let params = Params { digest: digest(&[10]), offset: 0, limit: 50 };
    let view = Layer::new(params.clone()).render(&catalog);
    assert_eq!((view.size, view.diff_id, view.images, view.total), (Some(7), None, 2, 2));
    assert_eq!(view.coverage.configs_unread, 2);
    let diff_ids = vec![digest(&[30]), digest(&[31])];
    catalog.put_config(&digest(&[21]), ConfigFacts { diff_ids, ..ConfigFacts::default() });
    let mut layer = Layer::new(params.clone());
    assert_eq!(layer.render(&catalog).diff_id, Some(digest(&[31])));
    layer.set_params(Params { offset: 1, ..params });
    let view = layer.render(&catalog);
    assert_eq!((view.offset, view.hits.len(), view.hits[0].digest), (1, 1, digest(&[2])));
}

proptest! {
    #[test]
    fn hits_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        layer in select(layers()),
    ) {
        let (catalog, model) = told(&updates);
        let view = Layer::new(Params { digest: layer, offset: 0, limit: 500 }).render(&catalog);
        let mut expected = model.hits(&[layer], "l");
        let mut hits = view.hits.clone();
        // The order is that of the search, which is tested there.
        let key = |hit: &images_proto::search::Hit| (hit.repository.clone(), hit.tag.clone(), hit.digest);
        hits.sort_by_key(key);
        expected.sort_by_key(key);
        prop_assert_eq!(view.total as usize, expected.len());
        prop_assert_eq!(view.images as usize, model.images_with_layer(&layer).len());
        prop_assert_eq!(hits, expected);
    }
}
