// SPDX-License-Identifier: LGPL-2.1-or-later

//! The rows of the board: repositories that are in at least one stage, walked through side by side
//! in the order of their names.

use std::cmp::Ordering;

use images_proto::stage::{By, Setting};

use super::compare::{Found, Place};
use crate::Catalog;
use crate::names::NameId;
use crate::repository::{Repository, TagEntry};
use images_proto::natural;

/// The most stages.
const MAX: usize = Setting::MAX;

/// The same repository in all stages.
pub(super) struct Group<'a> {
    /// Its name, without the project where stages are projects.
    pub(super) name: &'a str,
    /// It in each project; where stages are tags, only in the first place.
    repositories: [Option<&'a Repository>; MAX],
}

/// A row: one place for each stage.
pub(super) struct Line<'a> {
    pub(super) tag: Option<NameId>,
    places: [Place<'a>; MAX],
    count: usize,
}

impl<'a> Line<'a> {
    pub(super) fn places(&self) -> &[Place<'a>; MAX] {
        &self.places
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &Place<'a>> {
        self.places.iter().take(self.count)
    }
}

/// Goes through all repositories that may have rows.
pub(super) fn groups<'a>(
    catalog: &'a Catalog,
    setting: &'a Setting,
    mut visit: impl FnMut(Group<'a>),
) {
    match setting.by {
        By::Project => {
            let stages = setting.stages.iter().take(MAX);
            let mut walks: Vec<_> =
                stages.map(|stage| catalog.in_project(stage).peekable()).collect();
            while let Some(name) =
                walks.iter_mut().filter_map(|walk| walk.peek().map(|(name, _)| *name)).min()
            {
                let mut repositories = [None; MAX];
                for (place, walk) in repositories.iter_mut().zip(&mut walks) {
                    let next = walk.next_if(|(other, _)| *other == name);
                    *place = next.map(|(_, repository)| repository);
                }
                visit(Group { name, repositories });
            }
        }
        By::Tag => {
            for (_, repository) in catalog.repositories_by_name() {
                let mut repositories = [None; MAX];
                repositories[0] = Some(repository);
                visit(Group { name: repository.name.as_str(), repositories });
            }
        }
    }
}

/// Goes through the rows of a repository.
pub(super) fn lines<'a>(
    catalog: &'a Catalog,
    setting: &Setting,
    group: &Group<'a>,
    mut visit: impl FnMut(Line<'a>),
) {
    match setting.by {
        By::Project => lines_by_tag(catalog, setting, group, visit),
        By::Tag => {
            let line = line(catalog, setting, group, None);
            if line.cells().any(|place| place.tag.is_some()) {
                visit(line);
            }
        }
    }
}

/// The tags of the same repository in several projects, side by side in their natural order.
fn lines_by_tag<'a>(
    catalog: &'a Catalog,
    setting: &Setting,
    group: &Group<'a>,
    mut visit: impl FnMut(Line<'a>),
) {
    let count = setting.stages.len().min(MAX);
    let absent = absent(catalog, setting, group);
    let repositories = group.repositories.iter().take(count).enumerate();
    let mut walks: Vec<_> = repositories
        .filter_map(|(idx, repository)| {
            let repository = (*repository)?;
            Some((idx, repository, repository.tags().peekable()))
        })
        .collect();
    loop {
        let mut first: Option<NameId> = None;
        for (_, _, walk) in &mut walks {
            let Some(tag) = walk.peek().map(|tag| tag.name) else { continue };
            let is_before = first.is_none_or(|first| is_before(catalog, tag, first));
            first = if is_before { Some(tag) } else { first };
        }
        let Some(tag) = first else { return };
        let mut places = absent;
        for (idx, repository, walk) in &mut walks {
            if let Some(entry) = walk.next_if(|entry| entry.name == tag) {
                places[*idx] = there(repository, entry);
            }
        }
        if !catalog.is_attachment(tag) {
            visit(Line { tag: Some(tag), places, count });
        }
    }
}

fn is_before(catalog: &Catalog, one: NameId, other: NameId) -> bool {
    // Mostly all stages have the same tags.
    one != other
        && natural::compare(catalog.tag_names.name(one), catalog.tag_names.name(other))
            == Ordering::Less
}

/// One row of a repository.
pub(super) fn line<'a>(
    catalog: &'a Catalog,
    setting: &Setting,
    group: &Group<'a>,
    tag: Option<NameId>,
) -> Line<'a> {
    let count = setting.stages.len().min(MAX);
    let mut places = absent(catalog, setting, group);
    match tag {
        Some(tag) => {
            for (place, repository) in places.iter_mut().zip(group.repositories) {
                let Some(repository) = repository else { continue };
                if let Some(entry) = repository.tag(tag) {
                    *place = there(repository, entry);
                }
            }
        }
        None => {
            let mut names = [None; MAX];
            for (name, stage) in names.iter_mut().zip(&setting.stages) {
                *name = catalog.tag_names.get(stage);
            }
            let repository = group.repositories[0];
            for entry in repository.into_iter().flat_map(Repository::tags) {
                for (place, name) in places.iter_mut().zip(names) {
                    if name == Some(entry.name)
                        && let Some(repository) = repository
                    {
                        *place = there(repository, entry);
                    }
                }
            }
        }
    }
    Line { tag, places, count }
}

fn there<'a>(repository: &'a Repository, entry: TagEntry<'a>) -> Place<'a> {
    let found = match entry.revisions {
        [] => Found::Unknown,
        revisions => Found::Named(revisions),
    };
    Place { found, tag: Some((&repository.name, entry.name)) }
}

/// The places of a row whose tag is nowhere: it is missing where that is known.
fn absent<'a>(catalog: &Catalog, setting: &Setting, group: &Group<'a>) -> [Place<'a>; MAX] {
    let mut places = [Place::default(); MAX];
    for (place, of_stage) in places.iter_mut().zip(group.repositories) {
        let repository = match setting.by {
            By::Project => of_stage,
            By::Tag => group.repositories[0],
        };
        let is_read = match repository {
            Some(repository) => repository.tags.is_some(),
            None => catalog.is_listed(),
        };
        place.found = if is_read { Found::Missing } else { Found::Unknown };
    }
    places
}
