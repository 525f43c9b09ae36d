// SPDX-License-Identifier: LGPL-2.1-or-later

//! What was read, and what could not be.

use std::collections::HashMap;

use images_proto::Failure;

use crate::facts::Kind;

/// Whose objects a list is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Those of the cluster itself: projects, users, groups, cluster roles, cluster role bindings.
    Cluster,
    /// Those of all projects: roles, role bindings, robots, tokens.
    Everywhere,
    /// Those of one project.
    Project(String),
}

/// How far a list was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    /// Not yet: it will be.
    #[default]
    Unread,
    /// It is being read.
    Reading,
    /// Wholly, and it is followed: what is not there does not exist, for this user.
    Whole,
    /// Not, and why.
    Refused(Failure),
}

impl Coverage {
    /// What is absent does not exist.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }

    /// What is absent may still come.
    pub(crate) fn is_coming(&self) -> bool {
        matches!(self, Self::Unread | Self::Reading)
    }
}

/// How far each list was read.
#[derive(Debug, Default)]
pub(crate) struct Covered(HashMap<Kind, OfKind>);

#[derive(Debug, Default)]
struct OfKind {
    cluster: Coverage,
    everywhere: Coverage,
    projects: HashMap<String, Coverage>,
}

/// For a reference to what nobody said anything about.
const UNREAD: &Coverage = &Coverage::Unread;

impl Covered {
    /// Sets it. Whether that was new.
    pub(crate) fn set(&mut self, kind: Kind, scope: Scope, coverage: Coverage) -> bool {
        let of_kind = self.0.entry(kind).or_default();
        let place = match scope {
            Scope::Cluster => &mut of_kind.cluster,
            Scope::Everywhere => &mut of_kind.everywhere,
            Scope::Project(name) => of_kind.projects.entry(name).or_default(),
        };
        let is_new = *place != coverage;
        *place = coverage;
        is_new
    }

    /// Of the objects of the cluster itself.
    pub(crate) fn of_cluster(&self, kind: Kind) -> &Coverage {
        self.0.get(&kind).map_or(UNREAD, |of_kind| &of_kind.cluster)
    }

    /// Of the objects of this project, by whichever list.
    pub(crate) fn of_project(&self, kind: Kind, project: &str) -> &Coverage {
        let Some(of_kind) = self.0.get(&kind) else { return UNREAD };
        let (all, own) = (&of_kind.everywhere, of_kind.projects.get(project).unwrap_or(UNREAD));
        match (all, own) {
            (Coverage::Whole, _) => all,
            (Coverage::Reading, Coverage::Unread | Coverage::Refused(_)) => all,
            _ => own,
        }
    }

    /// Of the objects of all these projects, by whichever lists: the worst of them.
    pub(crate) fn of_all<'a>(
        &self,
        kind: Kind,
        projects: impl Iterator<Item = &'a str>,
    ) -> &Coverage {
        let Some(of_kind) = self.0.get(&kind) else { return UNREAD };
        if !matches!(of_kind.everywhere, Coverage::Refused(_)) {
            return &of_kind.everywhere;
        }
        let mut refused = None;
        for project in projects {
            match of_kind.projects.get(project).unwrap_or(UNREAD) {
                coming if coming.is_coming() => return coming,
                Coverage::Whole => {}
                other => refused = Some(other),
            }
        }
        refused.unwrap_or(&Coverage::Whole)
    }
}

#[cfg(test)]
mod tests {
    use images_proto::Code;

    use super::*;

    fn refused() -> Coverage {
        Coverage::Refused(Failure::new(Code::Forbidden, "You may not list role bindings."))
    }

    #[test]
    fn one_of_two_lists_is_enough() {
        let mut covered = Covered::default();
        let of_project = |covered: &Covered| covered.of_project(Kind::Binding, "a").clone();
        assert_eq!(of_project(&covered), Coverage::Unread);
        assert!(covered.set(Kind::Binding, Scope::Everywhere, Coverage::Reading));
        assert!(!covered.set(Kind::Binding, Scope::Everywhere, Coverage::Reading));
        assert_eq!(of_project(&covered), Coverage::Reading);
        covered.set(Kind::Binding, Scope::Everywhere, refused());
        assert_eq!(of_project(&covered), Coverage::Unread, "the project's own list may still come");
        covered.set(Kind::Binding, Scope::Project("a".into()), Coverage::Whole);
        assert_eq!(of_project(&covered), Coverage::Whole);
        covered.set(Kind::Binding, Scope::Project("a".into()), refused());
        assert_eq!(of_project(&covered), refused());
        covered.set(Kind::Binding, Scope::Everywhere, Coverage::Whole);
        assert_eq!(of_project(&covered), Coverage::Whole);
        assert_eq!(covered.of_cluster(Kind::Binding), &Coverage::Unread);
    }

    #[test]
    fn all_projects_are_covered_when_each_is() {
        let mut covered = Covered::default();
        let of_all =
            |covered: &Covered| covered.of_all(Kind::Robot, ["a", "b"].into_iter()).clone();
        assert_eq!(of_all(&covered), Coverage::Unread);
        covered.set(Kind::Robot, Scope::Everywhere, refused());
        covered.set(Kind::Robot, Scope::Project("a".into()), Coverage::Whole);
        assert_eq!(of_all(&covered), Coverage::Unread);
        covered.set(Kind::Robot, Scope::Project("b".into()), refused());
        assert_eq!(of_all(&covered), refused());
        covered.set(Kind::Robot, Scope::Project("b".into()), Coverage::Whole);
        assert_eq!(of_all(&covered), Coverage::Whole);
    }
}
