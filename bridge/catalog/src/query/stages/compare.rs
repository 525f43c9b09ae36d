// SPDX-License-Identifier: LGPL-2.1-or-later

//! How each stage compares with the one before it.

use images_proto::RepositoryName;
use images_proto::stage::State;

use super::past::Past;
use super::rows::Line;
use crate::Catalog;
use crate::names::NameId;
use crate::repository::Revision;

/// What a stage has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Found<'a> {
    /// What its tag names and named, the newest first; not empty.
    Named(&'a [Revision]),
    /// There is no such tag.
    #[default]
    Missing,
    /// Nobody has read it yet.
    Unknown,
}

/// One stage of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    pub(super) found: Found<'a>,
    /// The tag, where it is there.
    pub(super) tag: Option<(&'a RepositoryName, NameId)>,
}

/// How the stages of a row compare. `has_history`: the registry remembers what its tags named.
pub(super) fn states<'a>(
    catalog: &'a Catalog,
    past: &'a Past,
    has_history: bool,
    line: &Line<'a>,
) -> impl Iterator<Item = State> {
    let mut before: Option<Place<'a>> = None;
    let places = *line.places();
    places.into_iter().take(line.count()).map(move |place| {
        let state = state(catalog, past, has_history, before.as_ref(), &place);
        before = Some(place);
        state
    })
}

fn state(
    catalog: &Catalog,
    past: &Past,
    has_history: bool,
    before: Option<&Place<'_>>,
    place: &Place<'_>,
) -> State {
    let now = match place.found {
        Found::Missing => return State::Missing,
        Found::Unknown => return State::Unknown,
        Found::Named(revisions) => revisions.first().map(|revision| revision.digest),
    };
    let (Some(before), Some(now)) = (before, now) else { return State::First };
    let revisions = match before.found {
        Found::Unknown => return State::Unknown,
        Found::Missing => &[][..],
        Found::Named(revisions) => revisions,
    };
    if revisions.first().is_some_and(|revision| revision.digest == now) {
        return State::Equal;
    }
    let was_there = || {
        before.tag.is_some_and(|(repository, tag)| {
            past.has(repository, catalog.tag_names.name(tag), &catalog.digests.digest(now))
        })
    };
    if revisions.iter().any(|revision| revision.digest == now) || was_there() {
        State::Behind
    } else if has_history {
        State::Drifted
    } else {
        State::Differs
    }
}
