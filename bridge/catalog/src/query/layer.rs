// SPDX-License-Identifier: LGPL-2.1-or-later

//! One layer, and the tags and images that contain it.

#[cfg(test)]
mod tests;

use images_proto::Digest;
use images_proto::layer::{Params, View};
use images_proto::window;

use super::LiveView;
use super::hits::Goals;
use crate::Catalog;
use crate::digests::DigestId;

/// The view. It has no order to keep: its rows are few, and by name.
pub struct Layer {
    params: Params,
}

impl LiveView for Layer {
    type Method = images_proto::layer::Layer;

    fn new(params: Params) -> Self {
        Self { params }
    }

    fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    fn render(&mut self, catalog: &Catalog) -> View {
        let digest = self.params.digest;
        let mut view = View {
            digest,
            size: None,
            diff_id: None,
            images: 0,
            hits: Vec::new(),
            offset: 0,
            total: 0,
            coverage: catalog.coverage(),
        };
        let Some(layer) = catalog.digests.get(&digest) else { return view };
        let images = catalog.by_layer(layer);
        view.images = images.len() as u32;
        view.size = images.clone().find_map(|image| size_in(catalog, image, layer));
        view.diff_id = images.clone().find_map(|image| diff_id_in(catalog, image, layer));
        let rows = Goals::of_layer(catalog, layer).rows(catalog, |_, _| true);
        let window = window::places(self.params.offset, self.params.limit, rows.len());
        view.offset = window.start as u32;
        view.total = rows.len() as u32;
        view.hits = rows[window].iter().filter_map(|row| row.show(catalog)).collect();
        view
    }
}

fn size_in(catalog: &Catalog, image: DigestId, layer: DigestId) -> Option<u64> {
    catalog.content(image)?.layers().find(|blob| blob.digest == layer)?.size
}

fn diff_id_in(catalog: &Catalog, image: DigestId, layer: DigestId) -> Option<Digest> {
    let place = catalog.content(image)?.layers().position(|blob| blob.digest == layer)?;
    catalog.diff_ids_of(image).get(place).map(|id| catalog.digests.digest(*id))
}
