// SPDX-License-Identifier: LGPL-2.1-or-later

//! One image or index: where it is, and what it shares with others. What only its manifest and
//! config say is laid over it by [`crate::overlay`].

#[cfg(test)]
mod tests;

use images_proto::image::{Child, Details, LayerRow, Params, Place, SharedBy, View};
use images_proto::repository::Kind;
use images_proto::search::Revision;
use images_proto::{Code, Failure};

use super::LiveView;
use crate::Catalog;
use crate::catalog::age_of;
use crate::digests::DigestId;
use crate::repository::Repository;
use crate::stored::Blob;

/// The most tags that are named.
const TAGS: usize = 100;

/// The most images that are named for each layer.
const SHARED: usize = 10;

/// The view.
pub struct Image {
    params: Params,
}

impl LiveView for Image {
    type Method = images_proto::image::Image;

    fn new(params: Params) -> Self {
        Self { params }
    }

    fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    fn render(&mut self, catalog: &Catalog) -> View {
        let Params { digest, repository: wanted } = &self.params;
        let image = catalog.digests.get(digest);
        let wanted = wanted.as_ref().and_then(|name| catalog.id(name));
        let record = image.and_then(|image| {
            let holders = catalog.holders(image);
            match wanted.filter(|wanted| holders.has(*wanted)) {
                Some(wanted) => catalog.repository(wanted),
                None => catalog.holding(image).map(|(_, record)| record),
            }
        });
        let kind = image.map_or(Kind::Unknown, |image| catalog.kind_in(record, image));
        let mut view = View {
            digest: *digest,
            kind,
            repository: record.map(|record| record.name.clone()),
            host: catalog.host().map(str::to_owned),
            media_type: None,
            size: None,
            tags: Vec::new(),
            tag_count: 0,
            indexes: Vec::new(),
            children: Vec::new(),
            layers: Vec::new(),
            details: match kind {
                Kind::Index => Details::None,
                _ => Details::Reading,
            },
        };
        if record.is_none() && catalog.is_listed() && catalog.images_are_read() {
            view.details = Details::Failed(nowhere());
        }
        let Some(image) = image else { return view };
        let tags = catalog.tags_of_digest(None, digest);
        view.tag_count = tags.len() as u32;
        view.tags = tags
            .into_iter()
            .take(TAGS)
            .map(|(tag, age)| Place {
                repository: tag.repository,
                tag: Revision { name: tag.tag, age },
            })
            .collect();
        view.indexes = catalog.by_child(image).map(|id| catalog.digests.digest(id)).collect();
        view.indexes.sort_unstable();
        if matches!(kind, Kind::Image | Kind::Index) {
            view.size = catalog.size(image);
        }
        if let Some(content) = catalog.content(image).filter(|_| kind != Kind::Missing) {
            let children = content.children().iter();
            view.children = children.map(|child| show_child(catalog, *child)).collect();
            let diff_ids = catalog.diff_ids_of(image);
            let rows = content
                .layers()
                .enumerate()
                .map(|(idx, layer)| show_layer(catalog, image, layer, diff_ids.get(idx).copied()));
            view.layers = rows.collect();
        }
        view
    }
}

fn nowhere() -> Failure {
    Failure::new(Code::NotFound, "No repository of the registry holds this image.")
}

fn show_child(catalog: &Catalog, child: DigestId) -> Child {
    Child {
        digest: catalog.digests.digest(child),
        platform: None,
        size: catalog.size(child),
        attestation: false,
    }
}

fn show_layer(
    catalog: &Catalog,
    image: DigestId,
    layer: Blob,
    diff_id: Option<DigestId>,
) -> LayerRow {
    let others = catalog.by_layer(layer.digest).filter(|other| *other != image);
    let shared: Vec<_> =
        others.clone().filter_map(|other| show_sharing(catalog, other)).take(SHARED).collect();
    LayerRow {
        digest: catalog.digests.digest(layer.digest),
        size: layer.size,
        media_type: None,
        diff_id: diff_id.map(|diff_id| catalog.digests.digest(diff_id)),
        command: None,
        shared,
        shared_count: others.count() as u32,
    }
}

/// An image by one of the places where it is: with a tag of its own if there is one, else with a
/// tag of an index that contains it.
fn show_sharing(catalog: &Catalog, image: DigestId) -> Option<SharedBy> {
    let tagged = |digest: DigestId| {
        let holders = catalog.repositories_with(digest);
        holders
            .filter_map(move |(_, record)| Some((record, tag_of(catalog, record, digest)?)))
            .next()
    };
    let place = catalog.with_indexes(image).into_iter().find_map(tagged);
    let (record, tag) = match place {
        Some((record, tag)) => (record, Some(tag)),
        None => (catalog.repositories_with(image).next()?.1, None),
    };
    let digest = catalog.digests.digest(image);
    Some(SharedBy { digest, repository: record.name.clone(), tag })
}

/// The first tag of a repository that names a digest now, else one that did.
fn tag_of(catalog: &Catalog, record: &Repository, digest: DigestId) -> Option<Revision> {
    let ages = record.tags().filter_map(|tag| Some((age_of(tag.revisions, digest)?, tag.name)));
    // Of tags with the same age the first by name.
    ages.min_by_key(|(age, _)| *age).map(|(age, name)| catalog.revision(name, age))
}
