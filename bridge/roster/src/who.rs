// SPDX-License-Identifier: LGPL-2.1-or-later

//! Subjects, as short as they are kept and as they are compared and shown.

use std::cmp::Ordering;

use images_proto::natural;
use images_proto::subject::{Subject, SubjectKind};

use crate::names::{NameId, Names};

/// What the names of service accounts start with where a user is expected
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects>).
const ROBOT: &str = "system:serviceaccount:";

/// The group of everybody who logged in, robots too.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// The group of everybody who logged in at OpenShift's login server.
pub(crate) const OAUTH: &str = "system:authenticated:oauth";
/// The group of whoever did not log in.
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group of all service accounts; with `:PROJECT` behind it, of those of a project.
pub(crate) const ROBOTS: &str = "system:serviceaccounts";
/// The group whose members may do everything, whatever the bindings say.
pub(crate) const MASTERS: &str = "system:masters";
/// What the cluster calls whoever did not log in.
pub(crate) const ANONYMOUS: &str = "system:anonymous";
/// The first administrator of an OpenShift cluster, and the group of its token
/// (<https://github.com/openshift/library-go/blob/master/pkg/authentication/bootstrapauthenticator/bootstrap.go>).
pub(crate) const KUBEADMIN: (&str, &str) = ("kube:admin", "system:cluster-admins");

/// A subject by the ids of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Who {
    pub(crate) kind: SubjectKind,
    pub(crate) project: Option<NameId>,
    pub(crate) name: NameId,
}

impl Who {
    /// A user. Groups name members so, and a robot is never a member of a group object.
    pub(crate) fn user(name: NameId) -> Self {
        Self { kind: SubjectKind::User, project: None, name }
    }

    /// A group.
    pub(crate) fn group(name: NameId) -> Self {
        Self { kind: SubjectKind::Group, project: None, name }
    }
}

/// A subject by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Named<'a> {
    pub(crate) kind: SubjectKind,
    pub(crate) name: &'a str,
    pub(crate) project: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Whoever the cluster calls so: a user or a robot.
    pub(crate) fn called(name: &'a str) -> Self {
        match name.strip_prefix(ROBOT).and_then(|rest| rest.split_once(':')) {
            Some((project, robot))
                if !project.is_empty() && !robot.is_empty() && !robot.contains(':') =>
            {
                Self { kind: SubjectKind::Robot, name: robot, project: Some(project) }
            }
            _ => Self { kind: SubjectKind::User, name, project: None },
        }
    }

    /// A group.
    pub(crate) fn group(name: &'a str) -> Self {
        Self { kind: SubjectKind::Group, name, project: None }
    }

    /// This subject; a user with the name of a robot is that robot.
    pub(crate) fn of(subject: &'a Subject) -> Self {
        match subject.kind {
            SubjectKind::User => Self::called(&subject.name),
            SubjectKind::Group => Self::group(&subject.name),
            SubjectKind::Robot => Self {
                kind: SubjectKind::Robot,
                name: &subject.name,
                project: subject.project.as_deref(),
            },
        }
    }

    /// The same as it is shown and sent.
    pub(crate) fn subject(self) -> Subject {
        Subject {
            kind: self.kind,
            name: self.name.to_owned(),
            project: self.project.map(str::to_owned),
        }
    }

    /// What the cluster calls it when it does something; absent for a group.
    pub(crate) fn user_name(self) -> Option<String> {
        match self.kind {
            SubjectKind::User => Some(self.name.to_owned()),
            SubjectKind::Group => None,
            SubjectKind::Robot => {
                self.project.map(|project| format!("{ROBOT}{project}:{}", self.name))
            }
        }
    }

    /// Users, groups, robots; each by name.
    pub(crate) fn order(self, other: Self) -> Ordering {
        self.kind.cmp(&other.kind).then_with(|| natural::compare(self.name, other.name)).then_with(
            || {
                natural::compare(
                    self.project.unwrap_or_default(),
                    other.project.unwrap_or_default(),
                )
            },
        )
    }

    /// Whether it is everybody, logged in or not.
    pub(crate) fn is_everybody(self) -> bool {
        self.kind == SubjectKind::Group && [AUTHENTICATED, UNAUTHENTICATED].contains(&self.name)
    }

    /// The groups that nobody lists as an object, and that the cluster puts it into
    /// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>).
    /// On OpenShift, whoever logs in at its login server is in one more.
    pub(crate) fn virtual_groups(self, openshift: bool) -> Vec<String> {
        let mut groups = Vec::new();
        match (self.kind, self.name) {
            (SubjectKind::User, ANONYMOUS) => groups.push(UNAUTHENTICATED.to_owned()),
            (SubjectKind::User, name) => {
                groups.push(AUTHENTICATED.to_owned());
                if openshift && !name.starts_with("system:") {
                    groups.push(OAUTH.to_owned());
                }
                if openshift && name == KUBEADMIN.0 {
                    groups.push(KUBEADMIN.1.to_owned());
                }
            }
            (SubjectKind::Group, _) => {}
            (SubjectKind::Robot, _) => {
                groups.push(AUTHENTICATED.to_owned());
                groups.push(ROBOTS.to_owned());
                groups.extend(self.project.map(|project| format!("{ROBOTS}:{project}")));
            }
        }
        groups
    }
}

/// Whoever the cluster calls so: `system:serviceaccount:PROJECT:NAME` is a robot, all else a user.
pub fn subject_of_user(name: &str) -> Subject {
    Named::called(name).subject()
}

impl Names {
    /// The ids of this subject, if all its names were heard of.
    pub(crate) fn who(&self, named: Named<'_>) -> Option<Who> {
        let project = match named.project {
            None => None,
            Some(project) => Some(self.get(project)?),
        };
        Some(Who { kind: named.kind, project, name: self.get(named.name)? })
    }

    /// The ids of this subject, new ones where they are new.
    pub(crate) fn intern_who(&mut self, named: Named<'_>) -> Who {
        let project = named.project.map(|project| self.intern(project));
        Who { kind: named.kind, project, name: self.intern(named.name) }
    }

    /// The names of this subject.
    pub(crate) fn named(&self, who: Who) -> Named<'_> {
        let project = who.project.map(|project| self.name(project));
        Named { kind: who.kind, name: self.name(who.name), project }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_with_a_robots_name_is_the_robot() {
        let robot = Subject::robot("skyfield", "ci");
        assert_eq!(subject_of_user("system:serviceaccount:skyfield:ci"), robot);
        assert_eq!(
            Named::of(&robot).user_name().as_deref(),
            Some("system:serviceaccount:skyfield:ci")
        );
        for name in [
            "system:serviceaccount:skyfield",
            "system:serviceaccount::ci",
            "system:serviceaccount:skyfield:",
            "system:serviceaccount:a:b:c",
            "system:admin",
            "kube:admin",
            "jane@example.com",
            "",
        ] {
            assert_eq!(subject_of_user(name), Subject::user(name));
        }
    }

    #[test]
    fn who_is_in_which_virtual_group() {
        let groups = |name, openshift| Named::called(name).virtual_groups(openshift);
        assert_eq!(groups("jane", false), [AUTHENTICATED]);
        assert_eq!(groups("jane", true), [AUTHENTICATED, OAUTH]);
        assert_eq!(groups("system:admin", true), [AUTHENTICATED]);
        assert_eq!(groups("system:anonymous", true), [UNAUTHENTICATED]);
        assert_eq!(groups("kube:admin", true), [AUTHENTICATED, OAUTH, "system:cluster-admins"]);
        assert_eq!(
            groups("system:serviceaccount:p:ci", true),
            [AUTHENTICATED, ROBOTS, "system:serviceaccounts:p"]
        );
        assert!(Named::group("QA").virtual_groups(true).is_empty());
    }

    #[test]
    fn users_stand_before_groups_before_robots() {
        let mut all = [
            Subject::robot("b", "a"),
            Subject::robot("a", "a"),
            Subject::group("a"),
            Subject::user("u10"),
            Subject::user("u9"),
        ];
        all.sort_by(|a, b| Named::of(a).order(Named::of(b)));
        let expected = [
            Subject::user("u9"),
            Subject::user("u10"),
            Subject::group("a"),
            Subject::robot("a", "a"),
            Subject::robot("b", "a"),
        ];
        assert_eq!(all, expected);
    }
}
