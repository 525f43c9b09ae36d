// SPDX-License-Identifier: LGPL-2.1-or-later

//! What nothing leads to: images in no stream, images without a tag, and signatures of images that
//! are gone. The catalog knows only what streams and repositories hold, so whoever looks tells what
//! else there is.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use images_proto::orphans::{OrphanImage, Params, Part, Untagged, View};
use images_proto::status::Source;
use images_proto::window::Window;
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

/// The windows of what nothing leads to.
pub fn orphans(catalog: &Catalog, params: &Params, known: &Known) -> View {
    View {
        images: images(catalog, known, params.images),
        untagged: untagged(catalog, params.untagged),
        signatures: signatures(catalog, known, params.signatures),
        coverage: catalog.coverage(),
    }
}

/// A window of all that there is of a kind, and their number if that is known.
fn part<R: Copy, T>(all: &[R], is_known: bool, window: Window, row: impl Fn(R) -> T) -> Part<T> {
    let places = window.places(all.len());
    Part {
        offset: places.start as u32,
        rows: all[places].iter().copied().map(row).collect(),
        total: is_known.then_some(all.len() as u32),
        failure: None,
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

fn images(catalog: &Catalog, known: &Known, window: Window) -> Part<OrphanImage> {
    // Before everything was read, an image of an index would be taken for one.
    let is_read = catalog.is_listed() && catalog.images_are_read();
    let Some(images) = known.images.as_ref().filter(|_| is_read) else { return Part::default() };
    let alone = images.iter().filter(|image| {
        let digest = catalog.digests.get(&image.digest);
        digest.is_none_or(|digest| catalog.holders(digest).is_empty())
    });
    let alone: Vec<_> = alone.copied().collect();
    part(&alone, true, window, |Listed { digest, created }| OrphanImage {
        digest,
        created,
        from: known.origins.get(&digest).cloned().flatten(),
    })
}

fn untagged(catalog: &Catalog, window: Window) -> Part<Untagged> {
    let mut all = Vec::new();
    for (_, repository) in catalog.repositories_by_name() {
        let held = repository.images().iter().filter(|held| !held.missing);
        let held = held.map(|held| held.digest).collect();
        let images = without_tag(catalog, repository, held).into_iter();
        all.extend(images.map(|image| (repository, image)));
    }
    // A plain registry names only what has a tag.
    let is_known = catalog.source() == Some(Source::Openshift) && catalog.images_are_read();
    part(&all, is_known, window, |(repository, image)| Untagged {
        repository: repository.name.clone(),
        digest: catalog.digests.digest(image),
        size: catalog.size(image),
    })
}

fn signatures(catalog: &Catalog, known: &Known, window: Window) -> Part<TagRef> {
    let is_openshift = catalog.source() == Some(Source::Openshift);
    let (mut all, mut is_known) = (Vec::new(), catalog.tags_are_read());
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
        all.push((repository, name));
    }
    is_known &= !is_openshift || catalog.images_are_read();
    part(&all, is_known, window, |(repository, name)| TagRef {
        repository: repository.name.clone(),
        tag: catalog.tag_name(name),
    })
}
