// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who holds which role by a project's own bindings.

use std::collections::HashMap;

use images_proto::project::Sharing;
use images_proto::subject::Role;

use crate::names::NameId;
use crate::roster::Roster;
use crate::who::{AUTHENTICATED, Named, UNAUTHENTICATED, Who};

/// The roles that somebody has in a project.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The highest of ours.
    pub(super) role: Option<Role>,
    /// Others, each once.
    others: Vec<NameId>,
}

impl Held {
    /// The names of others.
    pub(super) fn others(&self, roster: &Roster) -> Vec<String> {
        let mut names: Vec<_> =
            self.others.iter().map(|name| roster.names.name(*name).to_owned()).collect();
        names.sort_by(|a, b| images_proto::natural::compare(a, b));
        names
    }

    /// Whether everybody may have it because the project is shared, and has nothing more.
    fn is_shared(&self) -> bool {
        self.role == Some(Role::Pull) && self.others.is_empty()
    }
}

/// Who holds which role in a project.
pub(super) struct Holders(HashMap<Who, Held>);

impl Holders {
    /// Those of this project, as far as its bindings were read.
    pub(super) fn of(roster: &Roster, project: NameId) -> Self {
        let mut holders: HashMap<Who, Held> = HashMap::new();
        for (_, binding) in roster.bindings_in(Some(project)) {
            let role = roster.role_of(binding);
            for who in &binding.subjects {
                let held = holders.entry(*who).or_default();
                if role.is_some() {
                    held.role = held.role.max(role);
                } else if !held.others.contains(&binding.role) {
                    held.others.push(binding.role);
                }
            }
        }
        Self(holders)
    }

    /// What somebody holds.
    pub(super) fn get(&self, roster: &Roster, named: Named<'_>) -> Held {
        let held = roster.names.who(named).and_then(|who| self.0.get(&who));
        held.cloned().unwrap_or_default()
    }

    /// With whom the project is shared.
    pub(super) fn sharing(&self, roster: &Roster) -> Sharing {
        let has = |group| self.get(roster, Named::group(group)).role.is_some();
        if has(UNAUTHENTICATED) {
            Sharing::Anonymous
        } else if has(AUTHENTICATED) {
            Sharing::Shared
        } else {
            Sharing::Private
        }
    }

    /// All with a role. Everybody is among them only with more than sharing gives, for that must
    /// not be overlooked.
    pub(super) fn members<'a>(
        &'a self,
        roster: &'a Roster,
    ) -> impl Iterator<Item = (Named<'a>, &'a Held)> {
        let all = self.0.iter().map(|(who, held)| (roster.names.named(*who), held));
        all.filter(|(named, held)| !(named.is_everybody() && held.is_shared()))
    }

    /// Those with a role of ours, without everybody.
    pub(super) fn ours<'a>(&'a self, roster: &'a Roster) -> impl Iterator<Item = Named<'a>> {
        let all = self.0.iter().filter(|(_, held)| held.role.is_some());
        all.map(|(who, _)| roster.names.named(*who)).filter(|named| !named.is_everybody())
    }
}
