// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is known of somebody besides rights.

use images_proto::subject::SubjectKind;

use crate::facts::Kind;
use crate::roster::{Place, Roster};
use crate::who::{AUTHENTICATED, MASTERS, Named, OAUTH, ROBOTS, UNAUTHENTICATED};

/// What names that the cluster keeps for itself start with.
pub(crate) const OF_THE_CLUSTER: &str = "system:";

impl Roster {
    /// Whether the cluster knows somebody: by an object, or as one of its own groups.
    pub(crate) fn known(&self, named: Named<'_>) -> Option<bool> {
        let is_there = match named.kind {
            SubjectKind::User => self.user(named).is_some(),
            SubjectKind::Group => self.group(named.name).is_some() || is_virtual(named.name),
            SubjectKind::Robot => self.names.who(named).is_some_and(|who| {
                self.robots.contains_key(&Place { project: who.project, name: who.name })
            }),
        };
        let coverage = match (named.kind, named.project) {
            _ if is_there => return Some(true),
            // Those of its certificates are no objects.
            (SubjectKind::User | SubjectKind::Group, _)
                if named.name.starts_with(OF_THE_CLUSTER) =>
            {
                return None;
            }
            (SubjectKind::User, _) => self.people_covered(Kind::User),
            (SubjectKind::Group, _) => self.people_covered(Kind::Group),
            (SubjectKind::Robot, project) => self.covered.of_project(Kind::Robot, project?),
        };
        coverage.is_whole().then_some(false)
    }

    /// What a user is called.
    pub(crate) fn full_name(&self, named: Named<'_>) -> Option<&str> {
        self.user(named)?.full_name.as_deref()
    }

    /// The object of a user.
    pub(crate) fn user(&self, named: Named<'_>) -> Option<&crate::facts::User> {
        let name = (named.kind == SubjectKind::User).then_some(named.name)?;
        self.users.get(&self.names.get(name)?)
    }

    /// The object of a group.
    pub(crate) fn group(&self, name: &str) -> Option<&crate::roster::Group> {
        self.groups.get(&self.names.get(name)?)
    }
}

/// Whether every cluster has this group.
fn is_virtual(group: &str) -> bool {
    let of_project = group.strip_prefix(ROBOTS).and_then(|rest| rest.strip_prefix(':'));
    of_project.is_some_and(|project| !project.is_empty())
        || [AUTHENTICATED, OAUTH, UNAUTHENTICATED, ROBOTS, MASTERS].contains(&group)
}
