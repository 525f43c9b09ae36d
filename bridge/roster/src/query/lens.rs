// SPDX-License-Identifier: LGPL-2.1-or-later

//! Everybody who may do something with a project's images, by kind and name.

use std::collections::{HashMap, HashSet};

use images_proto::lens::{self, Row, View};
use images_proto::project::Within;
use images_proto::subject::{SubjectKind, Verb};

use super::page::{Filter, Page};
use super::{LiveView, Outside};
use crate::Roster;
use crate::access::Bearer;
use crate::facts::Kind;
use crate::given::Given;
use crate::who::{Named, Who};

/// The view.
pub struct Lens {
    params: Within,
    asked: Option<Asked>,
}

/// Who may do what, as the cluster itself says. A verb that it did not answer is taken from the
/// bindings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked(pub HashMap<Verb, Allowed>);

/// Who may do one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Users and, as `system:serviceaccount:PROJECT:NAME`, robots.
    pub users: HashSet<String>,
    /// Groups, and with them their members.
    pub groups: HashSet<String>,
}

impl Lens {
    /// Takes the cluster's own answer about this project, or nothing while there is none.
    pub fn set_asked(&mut self, asked: Option<Asked>) {
        self.asked = asked;
    }
}

impl LiveView for Lens {
    type Method = lens::Lens;

    fn new(params: Within) -> Self {
        Self { params, asked: None }
    }

    /// An answer about another project is dropped.
    fn set_params(&mut self, params: Within) {
        if params.project != self.params.project {
            self.asked = None;
        }
        self.params = params;
    }

    fn render(&self, roster: &Roster, _: &Outside<'_>) -> View {
        let project = self.params.project.as_str();
        let covered = &roster.covered;
        let about = roster.about(
            &[
                covered.of_cluster(Kind::Binding),
                covered.of_project(Kind::Binding, project),
                covered.of_cluster(Kind::Role),
                covered.of_project(Kind::Role, project),
                roster.people_coming(Kind::Group),
            ],
            &[roster.people_coming(Kind::User)],
        );
        let mut all = reached(roster, project);
        for allowed in self.asked.iter().flat_map(|asked| asked.0.values()) {
            all.extend(allowed.users.iter().map(|name| Named::called(name)));
            all.extend(allowed.groups.iter().map(|name| Named::group(name)));
        }
        let filter = Filter::new(&self.params.window.filter);
        all.retain(|named| filter.fits_somebody(roster, *named));
        let page = Page::of(all.into_iter().collect(), &self.params.window, |a, b| a.order(*b));
        let rows = page.rows.into_iter().map(|named| {
            let bearer = roster.bearer(named);
            let (mut rights, via) = roster.rights_of(project, &bearer);
            for (verb, allowed) in self.asked.iter().flat_map(|asked| &asked.0) {
                *rights.get_mut(*verb) = allowed.has(named, &bearer);
            }
            let full_name = roster.full_name(named).map(str::to_owned);
            Row { subject: named.subject(), full_name, rights, via }
        });
        View {
            about,
            rows: rows.collect(),
            offset: page.offset,
            total: page.total,
            asked: self.asked.is_some(),
        }
    }
}

impl Allowed {
    fn has(&self, named: Named<'_>, bearer: &Bearer<'_>) -> Option<bool> {
        let is_named = match named.user_name() {
            Some(name) => self.users.contains(&name),
            None => self.groups.contains(named.name),
        };
        let has = is_named
            || bearer.is_master()
            || bearer.groups().iter().any(|group| self.groups.contains(&**group));
        // Who is in an unknown group may be allowed by that.
        if has { Some(true) } else { bearer.is_whole().then_some(false) }
    }
}

/// Everybody whom a binding reaches that gives something, or may: its subjects, and the members of
/// its groups, as far as they are listed.
fn reached<'a>(roster: &'a Roster, project: &str) -> HashSet<Named<'a>> {
    let own = roster.names.get(project).map(|project| roster.bindings_in(Some(project)));
    let bindings = own.into_iter().flatten().chain(roster.bindings_in(None));
    let mut all: HashSet<Who> = HashSet::new();
    for (place, binding) in bindings {
        if !roster.given(place, binding).is_none_or(Given::is_something) {
            continue;
        }
        for who in &binding.subjects {
            let is_new = all.insert(*who);
            if is_new
                && who.kind == SubjectKind::Group
                && let Some(group) = roster.groups.get(&who.name)
            {
                all.extend(group.users.iter().copied().map(Who::user));
            }
        }
    }
    let named = all.into_iter().map(|who| roster.names.named(who));
    // A group object cannot make a robot its member.
    named.filter(|named| Named::of(&named.subject()) == *named).collect()
}
