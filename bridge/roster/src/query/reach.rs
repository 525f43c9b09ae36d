// SPDX-License-Identifier: LGPL-2.1-or-later

//! The projects in which somebody may do something, by name.

use std::collections::HashSet;

use images_proto::lens::{self, Place, Reached};
use images_proto::natural;
use images_proto::people::Which;

use super::page::{Filter, Page};
use super::{LiveView, Outside};
use crate::Roster;
use crate::access::Bearer;
use crate::facts::Kind;
use crate::given::Given;
use crate::names::NameId;
use crate::who::Named;

/// The view.
pub struct Reach {
    which: Which,
}

impl LiveView for Reach {
    type Method = lens::Reach;

    fn new(which: Which) -> Self {
        Self { which }
    }

    fn set_params(&mut self, which: Which) {
        self.which = which;
    }

    /// What the bindings say: the cluster is asked about the window by whoever can.
    fn render(&self, roster: &Roster, _: &Outside<'_>) -> Reached {
        let covered = &roster.covered;
        let about = roster.about(
            &[
                covered.of_cluster(Kind::Project),
                covered.of_cluster(Kind::Binding),
                roster.all_bindings(),
                covered.of_cluster(Kind::Role),
                roster.people_coming(Kind::Group),
            ],
            &[],
        );
        let bearer = roster.bearer(Named::of(&self.which.subject));
        let filter = Filter::new(&self.which.window.filter);
        let mut all = reached(roster, &bearer);
        all.retain(|name| filter.fits([*name]));
        let page = Page::of(all, &self.which.window, |a, b| natural::compare(a, b));
        let rows = page.rows.into_iter().map(|project| {
            let (rights, via) = roster.rights_of(project, &bearer);
            Place { project: project.to_owned(), rights, via }
        });
        Reached {
            about,
            rows: rows.collect(),
            offset: page.offset,
            total: page.total,
            asked: false,
        }
    }
}

/// The listed projects in which a binding reaches somebody that gives something, or may.
fn reached<'a>(roster: &'a Roster, bearer: &Bearer<'_>) -> Vec<&'a str> {
    let may_give = |place, binding| roster.given(place, binding).is_none_or(Given::is_something);
    let mut projects: HashSet<NameId> = HashSet::new();
    let mut everywhere = bearer.is_master();
    for who in bearer.reached() {
        for (place, binding) in roster.all_bindings_of(*who) {
            match place.project {
                Some(project) if projects.contains(&project) => {}
                Some(project) if may_give(place, binding) => {
                    projects.insert(project);
                }
                None if !everywhere => everywhere = may_give(place, binding),
                _ => {}
            }
        }
    }
    let listed = roster.all_listed();
    let reached = listed.filter(|(name, _)| everywhere || projects.contains(name));
    reached.map(|(_, project)| project.name.as_str()).collect()
}
