// SPDX-License-Identifier: LGPL-2.1-or-later

//! One repository and its tags, in natural order of their names: `v2` before `v10`.

#[cfg(test)]
mod tests;

use images_proto::repository::{Kind, Params, RevisionRow, Stream, TagRow, View};
use images_proto::status::Source;
use images_proto::{RepositoryName, Tag, TagRef};

use super::LiveView;
use super::hits::without_tag;
use super::order::{Row, Table};
use crate::Catalog;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::repository::{Repository as Record, RepositoryId, TagEntry};

/// The most siblings that a row names.
const SIBLINGS: usize = 20;

/// The most images without a tag that are named.
const UNTAGGED: usize = 100;

/// The view.
pub struct Repository {
    params: Params,
    shown: Option<Table<NameId, TagRow>>,
}

impl LiveView for Repository {
    type Method = images_proto::repository::Repository;

    fn new(params: Params) -> Self {
        Self { params, shown: None }
    }

    fn set_params(&mut self, params: Params) {
        let same_rows = params.repository == self.params.repository
            && params.filter == self.params.filter
            && params.attachments == self.params.attachments
            && params.refresh == self.params.refresh;
        if !same_rows {
            self.shown = None;
        }
        self.params = params;
    }

    fn render(&mut self, catalog: &Catalog) -> View {
        let name = &self.params.repository;
        let found = catalog.id(name).and_then(|id| Some((id, catalog.repository(id)?)));
        let record = found.map(|(_, record)| record);
        // All tags of a repository are read at once, so an order of them is always fit to be kept.
        let rows = rows(catalog, record, &self.params);
        let table = match &mut self.shown {
            Some(table) => {
                table.look(rows, true);
                table
            }
            none => none.insert(Table::new(rows, true)),
        };
        let window = table.show(self.params.offset, self.params.limit, |tag| {
            let (id, record) = found?;
            Some(show(catalog, id, record, record.tag(tag)?))
        });
        let attachments = record.into_iter().flat_map(Record::tags);
        let untagged = record.map_or_else(Vec::new, |record| untagged(catalog, record));
        View {
            name: name.clone(),
            stream: stream(catalog, name),
            host: catalog.host().map(str::to_owned),
            size: record.and_then(|record| record.size()),
            tags: window.contents,
            offset: window.offset,
            total: window.total,
            tag_count: tag_count(catalog, record),
            attachment_count: attachments.filter(|tag| catalog.is_attachment(tag.name)).count()
                as u32,
            untagged: untagged
                .iter()
                .take(UNTAGGED)
                .map(|id| catalog.digests.digest(*id))
                .collect(),
            untagged_count: untagged.len() as u32,
            changes: window.changes,
        }
    }
}

impl Row for NameId {
    type Identity = Self;

    fn identity(self) -> Self {
        self
    }
}

/// All tags that the view would show, whatever its window.
pub(crate) fn tags(catalog: &Catalog, params: &Params) -> Vec<Tag> {
    let record = catalog.id(&params.repository).and_then(|id| catalog.repository(id));
    rows(catalog, record, params).into_iter().map(|tag| catalog.tag_name(tag)).collect()
}

/// The tags that fit, in their order.
fn rows(catalog: &Catalog, record: Option<&Record>, params: &Params) -> Vec<NameId> {
    let filter = params.filter.trim().to_ascii_lowercase();
    let tags = record.into_iter().flat_map(Record::tags).map(|tag| tag.name);
    tags.filter(|tag| catalog.tag_names.lower(*tag).contains(&filter))
        .filter(|tag| params.attachments || !catalog.is_attachment(*tag))
        .collect()
}

/// A repository that is not there has no tags once all repositories are listed; before, who knows.
fn tag_count(catalog: &Catalog, record: Option<&Record>) -> Option<u32> {
    match record {
        Some(record) => record.tag_count(),
        None => catalog.is_listed().then_some(0),
    }
}

fn stream(catalog: &Catalog, name: &RepositoryName) -> Option<Stream> {
    let project = name.project().filter(|_| catalog.source() == Some(Source::Openshift))?;
    Some(Stream { project: project.to_owned(), name: name.name_in_project().to_owned() })
}

fn untagged(catalog: &Catalog, record: &Record) -> Vec<DigestId> {
    let held = record.images().iter().filter(|held| !held.missing).map(|held| held.digest);
    without_tag(catalog, record, held.collect())
}

fn show(catalog: &Catalog, id: RepositoryId, record: &Record, tag: TagEntry<'_>) -> TagRow {
    let now = tag.revisions.first();
    let digest = now.map(|revision| revision.digest);
    let kind = digest.map_or(Kind::Unknown, |digest| catalog.kind_in(Some(record), digest));
    let present = digest.filter(|_| matches!(kind, Kind::Image | Kind::Index));
    let content = present.and_then(|digest| catalog.content(digest));
    let top_layer = content.and_then(|content| content.layers().next_back());
    let mut siblings = digest.map_or_else(Vec::new, |digest| siblings(catalog, id, tag, digest));
    let sibling_count = siblings.len() as u32;
    siblings.truncate(SIBLINGS);
    let older = tag.revisions.iter().skip(1).map(|revision| RevisionRow {
        digest: catalog.digests.digest(revision.digest),
        created: revision.created.get(),
    });
    TagRow {
        tag: catalog.tag_name(tag.name),
        digest: digest.map(|digest| catalog.digests.digest(digest)),
        kind,
        top_layer: top_layer.map(|layer| catalog.digests.digest(layer.digest)),
        size: present.and_then(|digest| catalog.size(digest)),
        created: now.and_then(|revision| revision.created.get()),
        built: present.and_then(|digest| catalog.built(digest)),
        origin: tag.origin.clone(),
        siblings: siblings
            .into_iter()
            .map(|(repository, tag)| TagRef {
                repository: repository.name.clone(),
                tag: catalog.tag_name(tag),
            })
            .collect(),
        sibling_count,
        older: older.collect(),
        problem: tag.problem.map(str::to_owned),
    }
}

/// The other tags that name this digest now: those of the same repository first, then by name.
fn siblings<'a>(
    catalog: &'a Catalog,
    id: RepositoryId,
    tag: TagEntry<'_>,
    digest: DigestId,
) -> Vec<(&'a Record, NameId)> {
    let mut holders = catalog.holders_by_name(digest);
    holders.sort_by_key(|(holder, _)| *holder != id);
    let mut found = Vec::new();
    for (holder, record) in holders {
        let names = record.tags().filter(|other| {
            other.revisions.first().is_some_and(|revision| revision.digest == digest)
                && (holder != id || other.name != tag.name)
        });
        found.extend(names.map(|other| (record, other.name)));
    }
    found
}
