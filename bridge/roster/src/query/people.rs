// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users or groups, by name: those that the cluster knows, and those that only groups and bindings
//! name, for somebody may be given a place before the first login.

use images_proto::natural;
use images_proto::people::{self, List, Params, Row};
use images_proto::subject::SubjectKind;

use super::page::{Filter, Page};
use super::{LiveView, Outside};
use crate::Roster;
use crate::facts::Kind;
use crate::names::NameId;
use crate::people::OF_THE_CLUSTER;
use crate::who::{Named, Who};

/// How many groups a row names.
const FIRST: usize = 3;

/// The view.
pub struct People {
    params: Params,
}

impl LiveView for People {
    type Method = people::People;

    fn new(params: Params) -> Self {
        Self { params }
    }

    fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    fn render(&self, roster: &Roster, _: &Outside<'_>) -> List {
        let kind = self.params.kind;
        let filter = Filter::new(&self.params.window.filter);
        let fitting = all(roster, kind)
            .filter(|named| filter.fits([named.name].into_iter().chain(roster.full_name(*named))));
        let page = Page::of(fitting.collect(), &self.params.window, |a, b| a.order(*b));
        let rows = match kind {
            SubjectKind::Group => Kind::Group,
            SubjectKind::User | SubjectKind::Robot => Kind::User,
        };
        let bindings = roster.all_bindings();
        List {
            about: roster.about(
                &[roster.people_coming(rows)],
                &[roster.people_coming(Kind::Group), bindings],
            ),
            rows: page
                .rows
                .into_iter()
                .map(|named| row(roster, named, bindings.is_whole()))
                .collect(),
            offset: page.offset,
            total: page.total,
            may_create: None,
        }
    }
}

/// All users or groups that anything is known of. Those of the cluster itself, such as
/// `system:serviceaccounts:PROJECT`, are there only if they are objects.
fn all(roster: &Roster, kind: SubjectKind) -> impl Iterator<Item = Named<'_>> {
    let is_object = move |name: NameId| match kind {
        SubjectKind::User => roster.users.contains_key(&name),
        SubjectKind::Group => roster.groups.contains_key(&name),
        SubjectKind::Robot => false,
    };
    let users = roster.users.keys().filter(move |_| kind == SubjectKind::User);
    let groups = roster.groups.keys().filter(move |_| kind == SubjectKind::Group);
    let objects = users.chain(groups).map(move |name| Who { kind, project: None, name: *name });
    let only_named = roster.mentions.keys().copied().filter(move |who| {
        who.kind == kind
            && kind != SubjectKind::Robot
            && !is_object(who.name)
            && !roster.names.name(who.name).starts_with(OF_THE_CLUSTER)
    });
    objects.chain(only_named).map(|who| roster.names.named(who))
}

/// The row of a user or group.
pub(super) fn row(roster: &Roster, named: Named<'_>, bindings_are_whole: bool) -> Row {
    let mut row = Row {
        subject: named.subject(),
        full_name: None,
        known: roster.known(named),
        created: None,
        identities: Vec::new(),
        groups: Vec::new(),
        count: None,
        filled_by: None,
        projects: bindings_are_whole.then(|| projects(roster, named)),
    };
    if named.kind == SubjectKind::Group {
        if let Some(group) = roster.group(named.name) {
            row.created = group.created;
            row.count = Some(group.users.len() as u32);
            row.filled_by = group.filled_by.clone();
        }
        return row;
    }
    if let Some(user) = roster.user(named) {
        row.full_name = user.full_name.clone();
        row.created = user.created;
        row.identities = user.identities.clone();
    }
    let mut groups = groups(roster, named);
    groups.sort_unstable_by(|a, b| natural::compare(a, b));
    let are_whole = roster.people_covered(Kind::Group).is_whole();
    row.count = are_whole.then_some(groups.len() as u32);
    row.groups = groups.into_iter().take(FIRST).map(str::to_owned).collect();
    row
}

/// The groups that list a user.
pub(super) fn groups<'a>(roster: &'a Roster, named: Named<'_>) -> Vec<&'a str> {
    let groups = roster.names.get(named.name).map(|user| roster.groups_listing(user));
    groups.into_iter().flatten().map(|group| roster.names.name(group)).collect()
}

/// In how many listed projects somebody has a role of ours by itself.
fn projects(roster: &Roster, named: Named<'_>) -> u32 {
    let Some(who) = roster.names.who(named) else { return 0 };
    let mut projects: Vec<NameId> = roster
        .all_bindings_of(who)
        .filter_map(|(place, binding)| {
            let project = place.project.filter(|project| roster.listed(*project).is_some())?;
            roster.role_of(binding).is_some().then_some(project)
        })
        .collect();
    projects.dedup();
    projects.len() as u32
}
