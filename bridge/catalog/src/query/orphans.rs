// SPDX-License-Identifier: LGPL-2.1-or-later

//! What nothing leads to: images in no stream, images without a tag, and signatures of images that
//! are gone. The catalog knows only what streams and repositories hold, so whoever looks tells what
//! else there is.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use images_proto::orphans::{OrphanImage, Params, Part, Untagged, View};
use images_proto::search;
use images_proto::status::Source;
use images_proto::{Digest, RepositoryName, TagRef};

use super::without_tag;
use crate::Catalog;

/// What is known besides the catalog.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// All images of the cluster, oldest first, if they were listed.
    pub images: Option<Vec<Listed>>,
    /// The pull specs by which images came, as far as they were asked for.
    pub origins: HashMap<Digest, Option<String>>,
    /// Of a plain registry: whether repositories have these manifests, as far as they were asked.
    pub present: HashMap<(RepositoryName, Digest), bool>,
}

/// An image of the cluster, in a stream or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its digest.
    pub digest: Digest,
    /// When the cluster first heard of it, in seconds since the Unix epoch.
    pub created: Option<i64>,
}

/// The window of what nothing leads to.
pub fn orphans(catalog: &Catalog, params: &Params, known: &Known) -> View {
    let limit = params.limit.min(search::Params::MAX_LIMIT) as usize;
    View {
        images: images(catalog, known, limit),
        untagged: untagged(catalog, limit),
        signatures: signatures(catalog, known, limit),
        coverage: catalog.coverage(),
    }
}

/// The manifests of which the view of a plain registry depends on whether they are there: what
/// signatures are attached to, where no tag leads to it.
pub fn subjects(catalog: &Catalog) -> Vec<(RepositoryName, Digest)> {
    let alone = catalog.signatures_without_subject();
    let subjects = alone
        .map(|(repository, _, subject)| (repository.name.clone(), catalog.digests.digest(subject)));
    let mut subjects: Vec<_> = subjects.collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

fn images(catalog: &Catalog, known: &Known, limit: usize) -> Part<OrphanImage> {
    // Before everything was read, an image of an index would be taken for one.
    let is_read = catalog.is_listed() && catalog.images_are_read();
    let Some(images) = known.images.as_ref().filter(|_| is_read) else { return Part::default() };
    let alone = images.iter().filter(|image| {
        let digest = catalog.digests.get(&image.digest);
        digest.is_none_or(|digest| catalog.holders(digest).is_empty())
    });
    let mut part = Part { total: Some(0), ..Part::default() };
    for image in alone {
        part.total = part.total.map(|total| total + 1);
        if part.rows.len() < limit {
            part.rows.push(OrphanImage {
                digest: image.digest,
                created: image.created,
                from: known.origins.get(&image.digest).cloned().flatten(),
            });
        }
    }
    part
}

fn untagged(catalog: &Catalog, limit: usize) -> Part<Untagged> {
    let (mut rows, mut total) = (Vec::new(), 0);
    for (_, repository) in catalog.repositories_by_name() {
        let held = repository.images().iter().filter(|held| !held.missing);
        for image in without_tag(catalog, repository, held.map(|held| held.digest).collect()) {
            total += 1;
            if rows.len() < limit {
                rows.push(Untagged {
                    repository: repository.name.clone(),
                    digest: catalog.digests.digest(image),
                    size: catalog.size(image),
                });
            }
        }
    }
    // A plain registry names only what has a tag.
    let is_known = catalog.source() == Some(Source::Openshift) && catalog.images_are_read();
    Part { rows, total: is_known.then_some(total), failure: None }
}

fn signatures(catalog: &Catalog, known: &Known, limit: usize) -> Part<TagRef> {
    let is_openshift = catalog.source() == Some(Source::Openshift);
    let (mut rows, mut total, mut is_known) = (Vec::new(), 0, catalog.tags_are_read());
    for (repository, name, subject) in catalog.signatures_without_subject() {
        if !is_openshift {
            let subject = (repository.name.clone(), catalog.digests.digest(subject));
            match known.present.get(&subject) {
                Some(true) => continue,
                Some(false) => {}
                None => {
                    is_known = false;
                    continue;
                }
            }
        }
        total += 1;
        if rows.len() < limit {
            let tag = catalog.tag_name(name);
            rows.push(TagRef { repository: repository.name.clone(), tag });
        }
    }
    is_known &= !is_openshift || catalog.images_are_read();
    Part { rows, total: is_known.then_some(total), failure: None }
}
