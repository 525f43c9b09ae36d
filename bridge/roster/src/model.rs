// SPDX-License-Identifier: LGPL-2.1-or-later

//! A small cluster as a child would write it: objects in a map, every question answered by looking
//! at all of them, rights by the rules themselves. The tests compare the roster with it.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::subject::{Role, Subject, SubjectKind, Verb};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::facts::{self, Binding, Fact, Group, Key, Kind, Project, Robot, RoleRef, Token, User};
use crate::rules::{Rule, role};
use crate::{Coverage, Roster, Scope, role_of};

pub(crate) const PROJECTS: [&str; 3] = ["p1", "p2", "p10"];
const USERS: [&str; 4] = ["u1", "u2@example.com", "kube:admin", "system:admin"];
const GROUPS: [&str; 3] = ["g1", "g2", "system:ldap"];
const VIRTUAL: [&str; 5] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:authenticated:oauth",
    "system:serviceaccounts:p1",
    "system:masters",
];
const OURS: [(&str, Role); 3] = [
    ("registry-viewer", Role::Pull),
    ("registry-editor", Role::Push),
    ("registry-admin", Role::Admin),
];

/// An object: a fact, or a role with its rules.
#[derive(Clone, Debug)]
pub(crate) enum Thing {
    Fact(Fact),
    Role(RoleRef, Option<String>, Vec<Rule>),
}

impl Thing {
    pub(crate) fn fact(&self) -> Fact {
        match self {
            Self::Fact(fact) => fact.clone(),
            Self::Role(named, project, rules) => {
                Fact::Role(role(project.clone(), named.name.clone(), rules))
            }
        }
    }
}

/// All objects of a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) things: BTreeMap<Key, Thing>,
    pub(crate) openshift: bool,
}

/// A list that the cluster has.
pub(crate) fn scopes() -> Vec<(Kind, Scope)> {
    let mut scopes = vec![
        (Kind::Project, Scope::Cluster),
        (Kind::User, Scope::Cluster),
        (Kind::Group, Scope::Cluster),
        (Kind::Role, Scope::Cluster),
        (Kind::Binding, Scope::Cluster),
    ];
    for kind in [Kind::Role, Kind::Binding, Kind::Robot, Kind::Token] {
        scopes.extend(PROJECTS.map(|project| (kind, Scope::Project(project.to_owned()))));
    }
    scopes
}

/// The list in which an object stands.
pub(crate) fn scope_of(key: &Key) -> (Kind, Scope) {
    (key.kind, key.project.clone().map_or(Scope::Cluster, Scope::Project))
}

impl Model {
    pub(crate) fn put(&mut self, thing: Thing) {
        self.things.insert(thing.fact().key(), thing);
    }

    /// A roster that knows everything.
    pub(crate) fn roster(&self) -> Roster {
        let mut roster = Roster::default();
        for (kind, scope) in scopes() {
            roster.set_coverage(kind, scope, Coverage::Whole);
        }
        roster.set_about(Some(true), self.openshift);
        for thing in self.things.values() {
            roster.put(thing.fact());
        }
        roster
    }

    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.things.values().filter_map(|thing| match thing {
            Thing::Fact(Fact::Binding(binding)) => Some(binding),
            _ => None,
        })
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        self.things.values().filter_map(|thing| match thing {
            Thing::Fact(Fact::Group(group)) => Some(group),
            _ => None,
        })
    }

    /// The projects that are listed.
    pub(crate) fn projects(&self) -> BTreeSet<&str> {
        let projects = self.things.values().filter_map(|thing| match thing {
            Thing::Fact(Fact::Project(project)) => Some(project),
            _ => None,
        });
        projects.filter(|project| !project.terminating).map(|project| &project.name[..]).collect()
    }

    /// What the cluster calls whoever it is, and the groups that it knows of it.
    fn credentials(&self, subject: &Subject) -> (Option<String>, BTreeSet<String>) {
        let mut groups = BTreeSet::new();
        let mut add = |name: &str| groups.insert(name.to_owned());
        let user = match (subject.kind, &subject.project) {
            (SubjectKind::Group, _) => {
                add(&subject.name);
                None
            }
            (SubjectKind::Robot, Some(project)) => {
                add("system:authenticated");
                add("system:serviceaccounts");
                add(&format!("system:serviceaccounts:{project}"));
                Some(format!("system:serviceaccount:{project}:{}", subject.name))
            }
            _ => {
                add("system:authenticated");
                if self.openshift && !subject.name.starts_with("system:") {
                    add("system:authenticated:oauth");
                }
                if self.openshift && subject.name == "kube:admin" {
                    add("system:cluster-admins");
                }
                for group in self.groups().filter(|group| group.users.contains(&subject.name)) {
                    add(&group.name);
                }
                Some(subject.name.clone())
            }
        };
        (user, groups)
    }

    /// Whether a subject of a binding is this one or a group of it.
    fn names(&self, named: &Subject, subject: &Subject) -> bool {
        let (user, groups) = self.credentials(subject);
        match (named.kind, &named.project) {
            (SubjectKind::Group, _) => groups.contains(&named.name),
            (SubjectKind::Robot, Some(project)) => {
                user == Some(format!("system:serviceaccount:{project}:{}", named.name))
            }
            _ => user.as_ref() == Some(&named.name),
        }
    }

    fn rules(&self, binding: &Binding) -> &[Rule] {
        let project = match (&binding.role.cluster, &binding.project) {
            (true, _) => None,
            (false, None) => return &[],
            (false, project) => project.clone(),
        };
        let key = Key { kind: Kind::Role, project, name: binding.role.name.clone() };
        match self.things.get(&key) {
            Some(Thing::Role(_, _, rules)) => rules,
            _ => &[],
        }
    }

    /// The bindings that hold in a project.
    pub(crate) fn holding(&self, project: &str) -> impl Iterator<Item = &Binding> {
        self.bindings()
            .filter(move |binding| binding.project.as_deref().is_none_or(|own| own == project))
    }

    fn allowed(
        &self,
        subject: &Subject,
        project: &str,
        (verb, group, resource): (&str, &str, &str),
    ) -> bool {
        let (_, groups) = self.credentials(subject);
        groups.contains("system:masters")
            || self.holding(project).any(|binding| {
                binding.subjects.iter().any(|named| self.names(named, subject))
                    && self.rules(binding).iter().any(|rule| {
                        rule.resource_names.is_empty() && fits(rule, verb, group, resource)
                    })
            })
    }

    /// What the cluster's access review answers.
    pub(crate) fn may(&self, subject: &Subject, project: &str, verb: Verb) -> bool {
        let (verb, resource) = words(verb);
        self.allowed(subject, project, (verb, "image.openshift.io", resource))
    }

    /// Whether somebody may write role bindings.
    pub(crate) fn may_grant(&self, subject: &Subject, project: &str) -> bool {
        ["create", "update", "patch"].into_iter().any(|verb| {
            self.allowed(subject, project, (verb, "rbac.authorization.k8s.io", "rolebindings"))
        })
    }

    /// Whether a binding gives anything of ours, for single streams too.
    pub(crate) fn is_something(&self, binding: &Binding) -> bool {
        let rules = self.rules(binding);
        Verb::ALL.into_iter().map(words).any(|(verb, resource)| {
            rules.iter().any(|rule| fits(rule, verb, "image.openshift.io", resource))
        })
    }

    /// Everybody whom a binding that gives something names, and the members of its groups.
    pub(crate) fn reached(&self, project: &str) -> BTreeSet<Subject> {
        let bindings = self.holding(project).filter(|binding| self.is_something(binding));
        let mut all = BTreeSet::new();
        for named in bindings.flat_map(|binding| &binding.subjects) {
            all.insert(match named.kind {
                SubjectKind::User => crate::subject_of_user(&named.name),
                _ => named.clone(),
            });
            let group = self
                .groups()
                .find(|group| named.kind == SubjectKind::Group && group.name == named.name);
            let users = group.into_iter().flat_map(|group| &group.users);
            all.extend(
                users
                    .map(Subject::user)
                    .filter(|user| crate::subject_of_user(&user.name).kind == SubjectKind::User),
            );
        }
        all
    }

    /// Whether the bindings of a project, or of the cluster, reach somebody with something.
    pub(crate) fn reaches(&self, subject: &Subject, project: &str) -> bool {
        self.credentials(subject).1.contains("system:masters")
            || self.holding(project).any(|binding| {
                self.is_something(binding)
                    && binding.subjects.iter().any(|named| self.names(named, subject))
            })
    }

    /// The roles of ours and of others that each has by the project's own bindings.
    pub(crate) fn members(
        &self,
        project: &str,
    ) -> BTreeMap<Subject, (Option<Role>, BTreeSet<String>)> {
        let mut members: BTreeMap<_, (Option<Role>, BTreeSet<String>)> = BTreeMap::new();
        for binding in self.bindings().filter(|binding| binding.project.as_deref() == Some(project))
        {
            for named in &binding.subjects {
                let subject = match named.kind {
                    SubjectKind::User => crate::subject_of_user(&named.name),
                    _ => named.clone(),
                };
                let member = members.entry(subject).or_default();
                match role_of(&binding.role) {
                    Some(role) => member.0 = member.0.max(Some(role)),
                    None => _ = member.1.insert(binding.role.name.clone()),
                }
            }
        }
        members
    }

    /// The same cluster after somebody set the role of ours that these have in a project.
    pub(crate) fn after(&self, project: &str, subjects: &[Subject], role: Option<Role>) -> Self {
        let mut after = self.clone();
        for thing in after.things.values_mut() {
            if let Thing::Fact(Fact::Binding(binding)) = thing
                && binding.project.as_deref() == Some(project)
                && role_of(&binding.role).is_some_and(|ours| role != Some(ours))
            {
                let is_one = |named: &Subject| {
                    subjects.contains(named)
                        || subjects.contains(&crate::subject_of_user(&named.name))
                            && named.kind == SubjectKind::User
                };
                binding.subjects.retain(|named| !is_one(named));
            }
        }
        if let Some((name, _)) = OURS.into_iter().find(|(_, ours)| role == Some(*ours)) {
            after.put(Thing::Fact(Fact::Binding(Binding {
                project: Some(project.to_owned()),
                name: "new".to_owned(),
                role: RoleRef { cluster: true, name: name.to_owned() },
                subjects: subjects.to_vec(),
            })));
        }
        after
    }
}

fn words(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::See => ("get", "imagestreams"),
        Verb::Pull => ("get", "imagestreams/layers"),
        Verb::Push => ("update", "imagestreams/layers"),
        Verb::Delete => ("delete", "imagestreams"),
    }
}

/// As in Kubernetes' own code, on the joined name of resource and part.
fn fits(rule: &Rule, verb: &str, group: &str, resource: &str) -> bool {
    let resources = |item: &String| {
        item == "*"
            || item == resource
            || resource.split_once('/').is_some_and(|(_, part)| *item == format!("*/{part}"))
    };
    rule.verbs.iter().any(|item| item == "*" || item == verb)
        && rule.api_groups.iter().any(|item| item == "*" || item == group)
        && rule.resources.iter().any(resources)
}

/// Everybody whom the tests ask about.
pub(crate) fn everybody() -> Vec<Subject> {
    let mut all: Vec<_> = USERS.iter().copied().map(Subject::user).collect();
    all.extend(GROUPS.iter().chain(&VIRTUAL).copied().map(Subject::group));
    all.extend([Subject::robot("p1", "r1"), Subject::robot("p2", "r1")]);
    all.extend([Subject::user("nobody"), Subject::robot("p3", "none")]);
    all
}

fn texts(
    from: &[&'static str],
    count: std::ops::RangeInclusive<usize>,
) -> BoxedStrategy<Vec<String>> {
    let owned = |items: Vec<&str>| items.into_iter().map(str::to_owned).collect();
    subsequence(from.to_vec(), count).prop_map(owned).boxed()
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        texts(&["get", "update", "delete", "create", "list", "*"], 0..=3),
        texts(&["", "image.openshift.io", "rbac.authorization.k8s.io", "*"], 0..=2),
        texts(
            &[
                "imagestreams",
                "imagestreams/layers",
                "*/layers",
                "imagestreams/*",
                "imagestreamtags",
                "rolebindings",
                "*",
            ],
            0..=2,
        ),
        prop_oneof![4 => Just(Vec::new()), 1 => Just(vec!["app".to_owned()])],
    )
        .prop_map(|(verbs, api_groups, resources, resource_names)| Rule {
            verbs,
            api_groups,
            resources,
            resource_names,
        })
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        6 => select(everybody()),
        1 => Just(Subject::user("system:serviceaccount:p1:r1")),
        1 => Just(Subject::user("heard-of")),
    ]
}

/// An object of a small cluster.
pub(crate) fn thing() -> impl Strategy<Value = Thing> {
    let project = || select(PROJECTS.to_vec()).prop_map(str::to_owned);
    let place = || prop_oneof![1 => Just(None), 2 => project().prop_map(Some)];
    let member = || {
        texts(
            &["u1", "u2@example.com", "kube:admin", "heard-of", "system:serviceaccount:p1:r1"],
            0..=3,
        )
    };
    let role_name = || {
        select(vec!["r1", "r2", "registry-viewer", "registry-editor", "registry-admin", "gone"])
            .prop_map(str::to_owned)
    };
    let user = (select(USERS.to_vec()), any::<bool>()).prop_map(|(name, is_named)| {
        let full_name = is_named.then(|| format!("The {name}"));
        Fact::User(User { name: name.to_owned(), full_name, ..User::default() })
    });
    let group = (select(GROUPS.to_vec()), member()).prop_map(|(name, users)| {
        Fact::Group(Group { name: name.to_owned(), users, ..Group::default() })
    });
    let robot = (project(), any::<bool>()).prop_map(|(project, system)| {
        Fact::Robot(Robot { project, name: "r1".to_owned(), created: None, system })
    });
    let token = (project(), select(vec!["t1", "t2"]), select(vec!["r1", "r2"])).prop_map(
        |(project, name, robot)| {
            let (name, robot) = (name.to_owned(), robot.to_owned());
            Fact::Token(Token { project, name, robot, ..Token::default() })
        },
    );
    let binding = (
        place(),
        select(vec!["b1", "b2", "b3"]),
        (any::<bool>(), role_name()),
        prop::collection::vec(subject(), 0..4),
    )
        .prop_map(|(project, name, (cluster, role), subjects)| {
            let role = RoleRef { cluster, name: role };
            Fact::Binding(Binding { project, name: name.to_owned(), role, subjects })
        });
    let project = (project(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(
        |(name, is_named, terminating)| {
            let display_name = is_named.then(|| format!("Project {name}"));
            Fact::Project(Project { name, display_name, terminating, ..Project::default() })
        },
    );
    let role = (place(), select(vec!["r1", "r2"]), prop::collection::vec(rule(), 0..3)).prop_map(
        |(project, name, rules)| {
            let named = RoleRef { cluster: project.is_none(), name: name.to_owned() };
            Thing::Role(named, project, rules)
        },
    );
    prop_oneof![
        2 => project.prop_map(Thing::Fact),
        1 => user.prop_map(Thing::Fact),
        2 => group.prop_map(Thing::Fact),
        1 => robot.prop_map(Thing::Fact),
        1 => token.prop_map(Thing::Fact),
        3 => role,
        6 => binding.prop_map(Thing::Fact),
    ]
}

/// A small cluster with the roles of ours.
pub(crate) fn cluster() -> impl Strategy<Value = Model> {
    (prop::collection::vec(thing(), 0..40), any::<bool>()).prop_map(|(things, openshift)| {
        let mut model = Model { openshift, ..Model::default() };
        for thing in things {
            model.put(thing);
        }
        for (name, ours) in OURS {
            let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
            let rule = |verbs: &[&str], group: &str, resources: &[&str]| Rule {
                verbs: list(verbs),
                api_groups: vec![group.to_owned()],
                resources: list(resources),
                resource_names: Vec::new(),
            };
            let verbs: &[&str] =
                if ours == Role::Pull { &["get"] } else { &["get", "update", "delete"] };
            let mut rules =
                vec![rule(verbs, "image.openshift.io", &["imagestreams", "imagestreams/layers"])];
            if ours == Role::Admin {
                rules.push(rule(&["create"], "rbac.authorization.k8s.io", &["rolebindings"]));
            }
            let named = RoleRef { cluster: true, name: name.to_owned() };
            model.put(Thing::Role(named, None, rules));
        }
        model
    })
}

/// A role fact of the facts' own type, for tests that name one.
pub(crate) fn role_fact(project: Option<&str>, name: &str, verbs: &[Verb], grants: bool) -> Fact {
    Fact::Role(facts::Role {
        project: project.map(str::to_owned),
        name: name.to_owned(),
        verbs: verbs.to_vec(),
        partial: false,
        grants,
    })
}
