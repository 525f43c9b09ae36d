// SPDX-License-Identifier: LGPL-2.1-or-later
//! Roles and bindings as they are stored, read for deciding.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::User;
use super::rule::{Attributes, Rule};
use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, RBAC, ROLE_BINDINGS, ROLES, Resource};
use crate::store::{Event, Objects, Stored, key};

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

impl Binding {
    fn read(binding: &Stored) -> Self {
        let value = binding.value();
        let namespace = binding.namespace();
        let subjects = value["subjects"].as_array().into_iter().flatten();
        Self {
            name: binding.name().to_owned(),
            namespace: namespace.map(str::to_owned),
            role: RoleRef::of(&value, namespace),
            subjects: subjects.filter_map(|one| Subject::read(one, namespace)).collect(),
        }
    }

    /// Why one of its subjects may do what its role allows.
    fn reason(&self, subject: &Subject) -> String {
        let (kind, name) = match &self.namespace {
            Some(namespace) => ("RoleBinding", format!("{}/{namespace}", self.name)),
            None => ("ClusterRoleBinding", self.name.clone()),
        };
        format!(
            "RBAC: allowed by {kind} \"{name}\" of {} \"{}\" to {}",
            self.role.kind(),
            self.role.name,
            subject.words()
        )
    }
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

    /// That it does not exist, in the words of the API server.
    fn missing(&self) -> String {
        let resource = if self.namespace.is_some() { ROLES.kind } else { CLUSTER_ROLES.kind };
        let resource = Resource::qualified(RBAC, &resource.to_lowercase());
        format!("{resource} \"{}\" not found", self.name)
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
    /// By namespace, empty for those of the whole cluster, and by name.
    bindings: BTreeMap<String, BTreeMap<String, Binding>>,
}

/// Whether somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    /// Why, or what was in the way of deciding.
    pub(crate) reason: Option<String>,
}

/// Who may do something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Able {
    /// Names of users; those of service accounts as users.
    pub(crate) users: BTreeSet<String>,
    pub(crate) groups: BTreeSet<String>,
    /// What was in the way of finding out.
    pub(crate) trouble: Option<String>,
}

impl Rights {
    /// Reads what is stored. A role that cannot be read gives no right.
    pub(crate) fn read(objects: &Objects) -> Self {
        let mut rights = Self::default();
        for resource in [&CLUSTER_ROLES, &ROLES, &CLUSTER_ROLE_BINDINGS, &ROLE_BINDINGS] {
            for object in objects.all(resource) {
                rights.put(resource, object);
            }
        }
        rights
    }

    /// Follows one write.
    pub(crate) fn follow(&mut self, event: &Event) {
        match (&event.after, &event.before) {
            (Some(object), _) => self.put(event.resource, object),
            (None, Some(object)) => self.remove(event.resource, object),
            (None, None) => {}
        }
    }

    fn put(&mut self, resource: &Resource, object: &Stored) {
        if resource == &CLUSTER_ROLES || resource == &ROLES {
            self.roles.insert(object.key.clone(), rules_of(&object.value()));
        } else if resource == &CLUSTER_ROLE_BINDINGS || resource == &ROLE_BINDINGS {
            let there = self.bindings.entry(place(object)).or_default();
            there.insert(object.name().to_owned(), Binding::read(object));
        }
    }

    fn remove(&mut self, resource: &Resource, object: &Stored) {
        if resource == &CLUSTER_ROLES || resource == &ROLES {
            self.roles.remove(&object.key);
        } else if resource == &CLUSTER_ROLE_BINDINGS || resource == &ROLE_BINDINGS {
            let there = self.bindings.entry(place(object)).or_default();
            there.remove(object.name());
        }
    }

    /// Whether somebody may do something, and why.
    pub(crate) fn decide(&self, user: &User, what: &Attributes<'_>) -> Decision {
        let mut trouble = BTreeSet::new();
        for (binding, subject) in self.held(user, what.namespace) {
            let Some(rules) = self.rules(&binding.role) else {
                trouble.insert(binding.role.missing());
                continue;
            };
            if rules.iter().any(|rule| rule.covers(what)) {
                let reason = binding.reason(subject);
                return Decision { allowed: true, reason: Some(reason) };
            }
        }
        let reason = aggregate(&trouble).map(|trouble| format!("RBAC: {trouble}"));
        Decision { allowed: false, reason }
    }

    /// All who may do something by a binding that names them.
    pub(crate) fn able(&self, what: &Attributes<'_>) -> Able {
        let (mut able, mut trouble) = (Able::default(), BTreeSet::new());
        for binding in self.bindings_at(what.namespace) {
            let Some(rules) = self.rules(&binding.role) else {
                trouble.insert(binding.role.missing());
                continue;
            };
            if !rules.iter().any(|rule| rule.covers(what)) {
                continue;
            }
            for subject in &binding.subjects {
                match subject {
                    Subject::User(name) => able.users.insert(name.clone()),
                    Subject::Group(name) => able.groups.insert(name.clone()),
                    Subject::ServiceAccount { namespace, name } => {
                        able.users.insert(format!("system:serviceaccount:{namespace}:{name}"))
                    }
                };
            }
        }
        able.trouble = aggregate(&trouble);
        able
    }

    /// All rules that somebody has in a namespace, or everywhere.
    pub(crate) fn rules_for(&self, user: &User, namespace: Option<&str>) -> Vec<Rule> {
        let held = self.held(user, namespace);
        held.filter_map(|(binding, _)| self.rules(&binding.role)).flatten().cloned().collect()
    }

    /// The roles that somebody should have there, but that do not exist.
    pub(crate) fn missing_for(&self, user: &User, namespace: Option<&str>) -> Option<String> {
        let held = self.held(user, namespace).map(|(binding, _)| &binding.role);
        let missing = held.filter(|role| self.rules(role).is_none()).map(RoleRef::missing);
        aggregate(&missing.collect())
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
        self.bindings_at(namespace).filter_map(|binding| {
            Some((binding, binding.subjects.iter().find(|subject| subject.is(user))?))
        })
    }

    /// Those for the whole cluster first, as they are asked first.
    fn bindings_at(&self, namespace: Option<&str>) -> impl Iterator<Item = &Binding> {
        let places = ["", namespace.unwrap_or_default()];
        let places = places.into_iter().take(if namespace.is_some() { 2 } else { 1 });
        places.filter_map(|place| self.bindings.get(place)).flat_map(BTreeMap::values)
    }
}

fn place(binding: &Stored) -> String {
    binding.namespace().unwrap_or_default().to_owned()
}

/// Several errors in Go's manner; none if there are none.
fn aggregate(all: &BTreeSet<String>) -> Option<String> {
    match all.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => None,
        [one] => Some((*one).to_owned()),
        more => Some(format!("[{}]", more.join(", "))),
    }
}

/// The rules of a role object.
pub(crate) fn rules_of(role: &Value) -> Vec<Rule> {
    serde_json::from_value(role["rules"].clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Store;

    fn put(store: &Store, resource: &'static Resource, object: Value) {
        store.write(|objects, clock| objects.put(resource, object, clock));
    }

    fn filled() -> Store {
        let store = Store::default();
        let rules = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]);
        put(&store, &CLUSTER_ROLES, json!({"metadata": {"name": "reader"}, "rules": rules}));
        for (name, role) in [("one", "reader"), ("two", "nosuch")] {
            let binding = json!({
                "metadata": {"name": name, "namespace": "n"},
                "subjects": [{"kind": "Group", "name": "QA"}, {"kind": "ServiceAccount", "name": "ci"}],
                "roleRef": {"kind": "ClusterRole", "name": role},
            });
            put(&store, &ROLE_BINDINGS, binding);
        }
        store
    }

    fn member(groups: &[&str]) -> User {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        User { name: "greg".to_owned(), uid: None, groups }
    }

    fn pods(verb: &str) -> Attributes<'_> {
        Attributes { verb, resource: "pods", namespace: Some("n"), ..Attributes::default() }
    }

    #[test]
    fn a_missing_role_is_told_to_those_who_should_have_it() {
        let rights = Rights::read(&filled().read());
        let missing = "clusterrole.rbac.authorization.k8s.io \"nosuch\" not found";
        assert!(rights.decide(&member(&["QA"]), &pods("get")).allowed);
        let refused = rights.decide(&member(&["QA"]), &pods("delete"));
        assert_eq!((refused.allowed, refused.reason), (false, Some(format!("RBAC: {missing}"))));
        assert_eq!(rights.decide(&member(&[]), &pods("get")), Decision::default());
        let able = rights.able(&pods("get"));
        assert_eq!(able.users, ["system:serviceaccount:n:ci".to_owned()].into());
        assert_eq!(able.groups, ["QA".to_owned()].into());
        assert_eq!(able.trouble.as_deref(), Some(missing));
    }

    #[test]
    fn following_writes_leads_to_what_reading_finds() {
        let store = Store::default();
        let mut rights = Rights::read(&store.read());
        let start = store.read().version();
        let filled = filled();
        // The same writes in the other store, and some more.
        for resource in [&CLUSTER_ROLES, &ROLE_BINDINGS] {
            for object in filled.read().all(resource) {
                put(&store, resource, object.value());
            }
        }
        store.write(|objects, _| objects.delete(&ROLE_BINDINGS, "n/two"));
        let objects = store.read();
        objects.since(start).unwrap().for_each(|event| rights.follow(event));
        let read = Rights::read(&objects);
        for verb in ["get", "delete"] {
            let greg = member(&["QA"]);
            assert_eq!(rights.decide(&greg, &pods(verb)), read.decide(&greg, &pods(verb)));
            assert_eq!(rights.able(&pods(verb)), read.able(&pods(verb)));
        }
    }
}
