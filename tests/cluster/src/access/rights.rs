// SPDX-License-Identifier: LGPL-2.1-or-later
//! Roles and bindings as they are stored, read for deciding.

use std::collections::BTreeMap;

use serde_json::Value;

use super::User;
use super::rule::{Attributes, Rule};
use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES};
use crate::store::{Objects, key};

/// Who gets a role.
#[derive(Debug)]
enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

impl Subject {
    fn read(subject: &Value, namespace: Option<&str>) -> Option<Self> {
        let name = subject["name"].as_str()?.to_owned();
        match subject["kind"].as_str()? {
            "User" => Some(Self::User(name)),
            "Group" => Some(Self::Group(name)),
            "ServiceAccount" => {
                let namespace = subject["namespace"].as_str().or(namespace)?.to_owned();
                Some(Self::ServiceAccount { namespace, name })
            }
            _ => None,
        }
    }

    fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) => *name == user.name,
            Self::Group(name) => user.groups.contains(name),
            Self::ServiceAccount { namespace, name } => {
                user.name == format!("system:serviceaccount:{namespace}:{name}")
            }
        }
    }

    /// As access reviews name it.
    fn words(&self) -> String {
        match self {
            Self::User(name) => format!("User \"{name}\""),
            Self::Group(name) => format!("Group \"{name}\""),
            Self::ServiceAccount { namespace, name } => {
                format!("ServiceAccount \"{name}/{namespace}\"")
            }
        }
    }
}

/// A role for somebody.
#[derive(Debug)]
struct Binding {
    name: String,
    /// None: everywhere.
    namespace: Option<String>,
    role: RoleRef,
    subjects: Vec<Subject>,
}

/// The role that a binding names.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoleRef {
    /// None: a ClusterRole.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl RoleRef {
    /// The role of a binding in a namespace, or of one for the whole cluster.
    pub(crate) fn of(binding: &Value, namespace: Option<&str>) -> Self {
        let reference = &binding["roleRef"];
        let local = reference["kind"] == "Role";
        Self {
            namespace: namespace.filter(|_| local).map(str::to_owned),
            name: reference["name"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> &'static str {
        if self.namespace.is_some() { ROLES.kind } else { CLUSTER_ROLES.kind }
    }

    fn key(&self) -> String {
        key(self.namespace.as_deref(), &self.name)
    }
}

/// All roles and bindings of one moment.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    /// Cluster roles by name, others by namespace and name.
    roles: BTreeMap<String, Vec<Rule>>,
    /// Those for the whole cluster first, as they are asked first.
    bindings: Vec<Binding>,
}

impl Rights {
    /// Reads what is stored. A role that cannot be read gives no right.
    pub(crate) fn read(objects: &Objects) -> Self {
        let mut roles = BTreeMap::new();
        for role in objects.all(&CLUSTER_ROLES).chain(objects.all(&ROLES)) {
            roles.insert(role.key.clone(), rules_of(&role.value()));
        }
        let all = objects.all(&CLUSTER_ROLE_BINDINGS).chain(objects.all(&ROLE_BINDINGS));
        let bindings = all.map(|binding| {
            let value = binding.value();
            let namespace = binding.namespace();
            let subjects = value["subjects"].as_array().into_iter().flatten();
            Binding {
                name: binding.name().to_owned(),
                namespace: namespace.map(str::to_owned),
                role: RoleRef::of(&value, namespace),
                subjects: subjects.filter_map(|one| Subject::read(one, namespace)).collect(),
            }
        });
        Self { bindings: bindings.collect(), roles }
    }

    /// Why somebody may do something; none if not.
    pub(crate) fn allows(&self, user: &User, what: &Attributes<'_>) -> Option<String> {
        let mut held = self.held(user, what.namespace);
        let (binding, subject) = held.find(|(binding, _)| {
            self.rules(&binding.role).is_some_and(|rules| rules.iter().any(|one| one.covers(what)))
        })?;
        let (kind, name) = match &binding.namespace {
            Some(namespace) => ("RoleBinding", format!("{}/{namespace}", binding.name)),
            None => ("ClusterRoleBinding", binding.name.clone()),
        };
        Some(format!(
            "RBAC: allowed by {kind} \"{name}\" of {} \"{}\" to {}",
            binding.role.kind(),
            binding.role.name,
            subject.words()
        ))
    }

    /// All rules that somebody has in a namespace, or everywhere.
    pub(crate) fn rules_for(&self, user: &User, namespace: Option<&str>) -> Vec<Rule> {
        let held = self.held(user, namespace);
        held.filter_map(|(binding, _)| self.rules(&binding.role)).flatten().cloned().collect()
    }

    /// The rules of a role; none if there is no such role.
    pub(crate) fn rules(&self, role: &RoleRef) -> Option<&[Rule]> {
        self.roles.get(&role.key()).map(Vec::as_slice)
    }

    /// The bindings that concern somebody there, each with the subject that does.
    fn held(
        &self,
        user: &User,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = (&Binding, &Subject)> {
        let there = self.bindings.iter().filter(move |binding| {
            binding.namespace.is_none() || binding.namespace.as_deref() == namespace
        });
        there.filter_map(|binding| {
            Some((binding, binding.subjects.iter().find(|subject| subject.is(user))?))
        })
    }
}

/// The rules of a role object.
pub(crate) fn rules_of(role: &Value) -> Vec<Rule> {
    serde_json::from_value(role["rules"].clone()).unwrap_or_default()
}
