// SPDX-License-Identifier: LGPL-2.1-or-later

//! One project and its members, by kind and name.

use images_proto::project::{self, Member, Params, View};
use images_proto::subject::{Rights, SubjectKind, Verb, Via};

use super::holders::Holders;
use super::page::{Filter, Page};
use super::projects::row;
use super::{LiveView, Outside};
use crate::Roster;
use crate::facts::Kind;
use crate::names::NameId;
use crate::who::{AUTHENTICATED, Named, OAUTH, UNAUTHENTICATED};

/// The view.
pub struct Project {
    params: Params,
}

impl LiveView for Project {
    type Method = project::Project;

    fn new(params: Params) -> Self {
        Self { params }
    }

    fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    /// What only the cluster can say, such as whether the user may change the project, is left
    /// open.
    fn render(&self, roster: &Roster, outside: &Outside<'_>) -> View {
        let name = self.params.name.as_str();
        let covered = &roster.covered;
        let about = roster.about(
            &[covered.of_cluster(Kind::Project), covered.of_project(Kind::Binding, name)],
            &[
                covered.of_cluster(Kind::Binding),
                covered.of_cluster(Kind::Role),
                covered.of_project(Kind::Role, name),
                roster.people_coming(Kind::User),
                roster.people_coming(Kind::Group),
            ],
        );
        let id = roster.names.get(name);
        let Some((id, project)) = id.and_then(|id| Some((id, roster.listed(id)?))) else {
            return View { about, ..View::default() };
        };
        let filter = Filter::new(&self.params.window.filter);
        let holders = Holders::of(roster, id);
        let fitting =
            holders.members(roster).filter(|(named, _)| filter.fits_somebody(roster, *named));
        let page = Page::of(fitting.collect(), &self.params.window, |(a, _), (b, _)| a.order(*b));
        let members = page.rows.into_iter().map(|(named, held)| Member {
            subject: named.subject(),
            full_name: roster.full_name(named).map(str::to_owned),
            known: roster.known(named),
            role: held.role,
            others: held.others(roster),
            size: size(roster, named),
        });
        View {
            about,
            project: Some(row(roster, outside, id, project)),
            members: members.collect(),
            offset: page.offset,
            total: page.total,
            may_grant: roster.me().and_then(|me| roster.may_grant(name, me)),
            may_change: None,
            mine: roster.me().map_or_else(Rights::default, |me| roster.rights(name, me).0),
            shared_anyway: shared_anyway(roster, id),
        }
    }
}

/// How many users are in a group.
pub(super) fn size(roster: &Roster, named: Named<'_>) -> Option<u32> {
    let group = (named.kind == SubjectKind::Group).then_some(named.name)?;
    roster.group(group).map(|group| group.users.len() as u32)
}

/// A binding by which everybody may pull, and which sharing does not change: it is the cluster's,
/// or its role is not of ours.
fn shared_anyway(roster: &Roster, project: NameId) -> Option<Via> {
    [UNAUTHENTICATED, AUTHENTICATED, OAUTH].into_iter().find_map(|group| {
        let (_, via) = roster.rights(roster.names.name(project), &Named::group(group).subject());
        via.into_iter()
            .filter(|via| via.verbs.contains(&Verb::Pull))
            .find(|via| via.project.is_none() || !is_shared_by(roster, project, via, group))
            .map(|via| Via { group: Some(group.to_owned()), ..via })
    })
}

/// Whether a binding is one that sharing sets.
fn is_shared_by(roster: &Roster, project: NameId, via: &Via, group: &str) -> bool {
    group != OAUTH
        && roster.bindings_in(Some(project)).any(|(place, binding)| {
            roster.names.name(place.name) == via.binding && roster.role_of(binding).is_some()
        })
}
