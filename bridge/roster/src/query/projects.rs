// SPDX-License-Identifier: LGPL-2.1-or-later

//! The projects, by name.

use images_proto::natural;
use images_proto::project::{self, List, Row, Window};

use super::holders::Holders;
use super::page::{Filter, Page};
use super::{LiveView, Outside};
use crate::Roster;
use crate::coverage::Coverage;
use crate::facts::{Kind, Project};
use crate::names::NameId;
use crate::who::Named;

/// How many members a row names.
const FIRST: Window = Window { filter: String::new(), offset: 0, limit: 3 };

/// The view.
pub struct Projects {
    window: Window,
}

impl LiveView for Projects {
    type Method = project::Projects;

    fn new(window: Window) -> Self {
        Self { window }
    }

    fn set_params(&mut self, window: Window) {
        self.window = window;
    }

    fn render(&self, roster: &Roster, outside: &Outside<'_>) -> List {
        let filter = Filter::new(&self.window.filter);
        let fitting = roster.all_listed().filter(|(_, project)| {
            filter
                .fits([&project.name].into_iter().chain(&project.display_name).map(String::as_str))
        });
        let page = Page::of(fitting.collect(), &self.window, |(_, a), (_, b)| {
            natural::compare(&a.name, &b.name)
        });
        let mut coverage = vec![roster.covered.of_cluster(Kind::Project)];
        for (_, project) in &page.rows {
            let bindings = roster.covered.of_project(Kind::Binding, &project.name);
            if *bindings != Coverage::Whole {
                coverage.push(bindings);
            }
        }
        List {
            about: roster.about(&coverage, &[]),
            rows: page
                .rows
                .into_iter()
                .map(|(name, project)| row(roster, outside, name, project))
                .collect(),
            offset: page.offset,
            total: page.total,
            may_create: None,
        }
    }
}

/// The row of a project.
pub(super) fn row(roster: &Roster, outside: &Outside<'_>, name: NameId, project: &Project) -> Row {
    let is_whole = roster.covered.of_project(Kind::Binding, &project.name).is_whole();
    let holders = is_whole.then(|| Holders::of(roster, name));
    let first = holders
        .as_ref()
        .map(|holders| Page::of(holders.ours(roster).collect(), &FIRST, |a, b| a.order(*b)));
    Row {
        name: project.name.clone(),
        display_name: project.display_name.clone(),
        description: project.description.clone(),
        requester: project.requester.clone(),
        created: project.created,
        sharing: holders.as_ref().map(|holders| holders.sharing(roster)),
        member_count: first.as_ref().map(|first| first.total),
        members: first.into_iter().flat_map(|first| first.rows).map(Named::subject).collect(),
        repositories: (outside.repositories)(&project.name),
    }
}
