// SPDX-License-Identifier: LGPL-2.1-or-later

//! The picture itself: objects by their names, and the ways back from people to what names them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use images_proto::subject::Subject;

use crate::coverage::{Coverage, Covered, Scope};
use crate::facts::{self, Fact, Key, Kind};
use crate::given::Given;
use crate::names::{NameId, Names};
use crate::who::{Named, Who};

/// Projects, people and the roles that bind them.
///
/// It has one writer. What it answers depends on what is in it and not on the order in which that
/// came.
#[derive(Debug, Default)]
pub struct Roster {
    pub(crate) names: Names,
    pub(crate) projects: HashMap<NameId, facts::Project>,
    pub(crate) users: HashMap<NameId, facts::User>,
    pub(crate) groups: HashMap<NameId, Group>,
    pub(crate) robots: BTreeMap<Place, Robot>,
    pub(crate) tokens: BTreeMap<Place, facts::Token>,
    pub(crate) roles: HashMap<Place, Given>,
    pub(crate) bindings: BTreeMap<Place, Binding>,
    /// Which bindings name somebody.
    pub(crate) bound: BTreeSet<(Who, Place)>,
    /// Which groups have a member: the member's name before the group's.
    pub(crate) memberships: BTreeSet<(NameId, NameId)>,
    /// How many groups and bindings name somebody, whether the cluster knows it or not.
    pub(crate) mentions: HashMap<Who, u32>,
    pub(crate) covered: Covered,
    pub(crate) me: Option<Subject>,
    /// The groups of the user, as the cluster says.
    pub(crate) my_groups: Vec<String>,
    pub(crate) decides: Option<bool>,
    pub(crate) openshift: bool,
    generation: u64,
    /// The generation of the last change that mattered for rights everywhere.
    access: u64,
    /// The same for rights in one project.
    access_in: HashMap<NameId, u64>,
}

/// Where an object is: in a project or in the cluster, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) project: Option<NameId>,
    pub(crate) name: NameId,
}

impl Place {
    /// The range of all places of a project, or of the cluster.
    pub(crate) fn all_in(project: Option<NameId>) -> std::ops::RangeInclusive<Self> {
        Self { project, name: NameId::MIN }..=Self { project, name: NameId::MAX }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) created: Option<i64>,
    /// Sorted, each once.
    pub(crate) users: Box<[NameId]>,
    pub(crate) filled_by: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Robot {
    pub(crate) created: Option<i64>,
    pub(crate) system: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) cluster_role: bool,
    pub(crate) role: NameId,
    /// Sorted, each once.
    pub(crate) subjects: Box<[Who]>,
}

/// For whose rights a change matters.
enum Matters {
    Nobody,
    In(Option<NameId>),
}

impl Roster {
    /// Puts an object in, or what it became. Whether a reader could see that.
    pub fn put(&mut self, fact: Fact) -> bool {
        let (is_new, matters) = match fact {
            Fact::Project(project) => {
                let name = self.names.intern(&project.name);
                (replace(&mut self.projects, name, project), Matters::Nobody)
            }
            Fact::User(user) => {
                let name = self.names.intern(&user.name);
                (replace(&mut self.users, name, user), Matters::Nobody)
            }
            Fact::Group(group) => (self.put_group(&group), Matters::In(None)),
            Fact::Robot(robot) => {
                let place = self.intern_place(Some(&robot.project), &robot.name);
                let robot = Robot { created: robot.created, system: robot.system };
                (self.robots.insert(place, robot) != Some(robot), Matters::Nobody)
            }
            Fact::Token(token) => {
                let place = self.intern_place(Some(&token.project), &token.name);
                let is_new = self.tokens.get(&place) != Some(&token);
                self.tokens.insert(place, token);
                (is_new, Matters::Nobody)
            }
            Fact::Role(role) => {
                let place = self.intern_place(role.project.as_deref(), &role.name);
                let is_new = replace(&mut self.roles, place, Given::by(&role));
                (is_new, Matters::In(place.project))
            }
            Fact::Binding(binding) => {
                let place = self.intern_place(binding.project.as_deref(), &binding.name);
                (self.put_binding(place, &binding), Matters::In(place.project))
            }
        };
        self.changed(is_new, matters)
    }

    /// Takes an object out, because it is gone. Whether a reader could see that.
    pub fn forget(&mut self, key: &Key) -> bool {
        let Some(place) = self.place(key.project.as_deref(), &key.name) else { return false };
        self.remove(key.kind, place)
    }

    /// After a whole list: takes out what it did not name. Whether a reader could see that.
    pub fn keep_only(&mut self, kind: Kind, scope: &Scope, seen: &HashSet<Key>) -> bool {
        let scope = match scope {
            Scope::Cluster => Within::Cluster,
            Scope::Everywhere => Within::Projects,
            Scope::Project(name) => match self.names.get(name) {
                Some(name) => Within::Project(name),
                None => return false,
            },
        };
        let in_cluster = |name: &NameId| Place { project: None, name: *name };
        let places: Vec<Place> = match kind {
            Kind::Project => self.projects.keys().map(in_cluster).collect(),
            Kind::User => self.users.keys().map(in_cluster).collect(),
            Kind::Group => self.groups.keys().map(in_cluster).collect(),
            Kind::Robot => self.robots.keys().copied().collect(),
            Kind::Token => self.tokens.keys().copied().collect(),
            Kind::Role => self.roles.keys().copied().collect(),
            Kind::Binding => self.bindings.keys().copied().collect(),
        };
        let mut is_new = false;
        for place in places.into_iter().filter(|place| scope.has(*place)) {
            let key = Key {
                kind,
                project: place.project.map(|project| self.names.name(project).to_owned()),
                name: self.names.name(place.name).to_owned(),
            };
            if !seen.contains(&key) {
                is_new |= self.remove(kind, place);
            }
        }
        is_new
    }

    /// Says how far a list was read. Whether that was new.
    pub fn set_coverage(&mut self, kind: Kind, scope: Scope, coverage: Coverage) -> bool {
        let matters = match (kind, &scope) {
            (Kind::Binding | Kind::Role, Scope::Project(name)) => {
                Matters::In(Some(self.names.intern(name)))
            }
            (Kind::Binding | Kind::Role | Kind::Group, _) => Matters::In(None),
            _ => Matters::Nobody,
        };
        let is_new = self.covered.set(kind, scope, coverage);
        self.changed(is_new, matters)
    }

    /// Says who the user is and in which groups, as the cluster says. Whether that was new.
    pub fn set_me(&mut self, name: Option<&str>, groups: Vec<String>) -> bool {
        let me = name.map(crate::subject_of_user);
        let is_new = (&self.me, &self.my_groups) != (&me, &groups);
        (self.me, self.my_groups) = (me, groups);
        self.changed(is_new, Matters::In(None))
    }

    /// Says what the cluster is: whether the registry asks it who may do what, and whether it has
    /// OpenShift's projects, users and groups. Whether that was new.
    pub fn set_about(&mut self, decides: Option<bool>, openshift: bool) -> bool {
        let is_new = (self.decides, self.openshift) != (decides, openshift);
        (self.decides, self.openshift) = (decides, openshift);
        self.changed(is_new, Matters::In(None))
    }

    /// Forgets everything, as for another cluster.
    pub fn clear(&mut self) {
        let generation = self.generation + 1;
        *self = Self { generation, access: generation, ..Self::default() };
    }

    /// Raised by every change that a reader could see.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The generation of the last change that may have changed somebody's rights in this project.
    pub fn access(&self, project: &str) -> u64 {
        let own = self.names.get(project).and_then(|name| self.access_in.get(&name));
        self.access.max(own.copied().unwrap_or_default())
    }

    /// Who the user is.
    pub fn me(&self) -> Option<&Subject> {
        self.me.as_ref()
    }

    fn changed(&mut self, is_new: bool, matters: Matters) -> bool {
        if is_new {
            self.generation += 1;
            match matters {
                Matters::Nobody => {}
                Matters::In(None) => self.access = self.generation,
                Matters::In(Some(project)) => {
                    self.access_in.insert(project, self.generation);
                }
            }
        }
        is_new
    }

    fn put_group(&mut self, group: &facts::Group) -> bool {
        let name = self.names.intern(&group.name);
        let mut users: Vec<_> = group.users.iter().map(|user| self.names.intern(user)).collect();
        users.sort_unstable();
        users.dedup();
        let filled_by = group.filled_by.clone();
        let group = Group { created: group.created, users: users.into(), filled_by };
        if self.groups.get(&name) == Some(&group) {
            return false;
        }
        self.remove_group(name);
        for user in &group.users {
            self.memberships.insert((*user, name));
            self.mention(Who::user(*user));
        }
        self.groups.insert(name, group);
        true
    }

    fn put_binding(&mut self, place: Place, binding: &facts::Binding) -> bool {
        let subjects = binding.subjects.iter();
        let mut subjects: Vec<_> =
            subjects.map(|subject| self.names.intern_who(Named::of(subject))).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let binding = Binding {
            cluster_role: binding.role.cluster,
            role: self.names.intern(&binding.role.name),
            subjects: subjects.into(),
        };
        if self.bindings.get(&place) == Some(&binding) {
            return false;
        }
        self.remove_binding(place);
        for who in &binding.subjects {
            self.bound.insert((*who, place));
            self.mention(*who);
        }
        self.bindings.insert(place, binding);
        true
    }

    fn remove(&mut self, kind: Kind, place: Place) -> bool {
        let (was_there, matters) = match kind {
            Kind::Project => (self.projects.remove(&place.name).is_some(), Matters::Nobody),
            Kind::User => (self.users.remove(&place.name).is_some(), Matters::Nobody),
            Kind::Group => (self.remove_group(place.name), Matters::In(None)),
            Kind::Robot => (self.robots.remove(&place).is_some(), Matters::Nobody),
            Kind::Token => (self.tokens.remove(&place).is_some(), Matters::Nobody),
            Kind::Role => (self.roles.remove(&place).is_some(), Matters::In(place.project)),
            Kind::Binding => (self.remove_binding(place), Matters::In(place.project)),
        };
        self.changed(was_there, matters)
    }

    fn remove_group(&mut self, name: NameId) -> bool {
        let Some(group) = self.groups.remove(&name) else { return false };
        for user in &group.users {
            self.memberships.remove(&(*user, name));
            self.unmention(Who::user(*user));
        }
        true
    }

    fn remove_binding(&mut self, place: Place) -> bool {
        let Some(binding) = self.bindings.remove(&place) else { return false };
        for who in &binding.subjects {
            self.bound.remove(&(*who, place));
            self.unmention(*who);
        }
        true
    }

    fn mention(&mut self, who: Who) {
        *self.mentions.entry(who).or_default() += 1;
    }

    fn unmention(&mut self, who: Who) {
        if let Some(count) = self.mentions.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.mentions.remove(&who);
            }
        }
    }

    fn intern_place(&mut self, project: Option<&str>, name: &str) -> Place {
        let project = project.map(|project| self.names.intern(project));
        Place { project, name: self.names.intern(name) }
    }

    fn place(&self, project: Option<&str>, name: &str) -> Option<Place> {
        let project = match project {
            None => None,
            Some(project) => Some(self.names.get(project)?),
        };
        Some(Place { project, name: self.names.get(name)? })
    }

    /// A project that is listed: it is there, and not being deleted.
    pub(crate) fn listed(&self, name: NameId) -> Option<&facts::Project> {
        self.projects.get(&name).filter(|project| !project.terminating)
    }

    /// All projects that are listed.
    pub(crate) fn all_listed(&self) -> impl Iterator<Item = (NameId, &facts::Project)> {
        let all = self.projects.iter().map(|(name, project)| (*name, project));
        all.filter(|(_, project)| !project.terminating)
    }

    /// The bindings of this project alone, or those of the cluster.
    pub(crate) fn bindings_in(
        &self,
        project: Option<NameId>,
    ) -> impl Iterator<Item = (Place, &Binding)> {
        self.bindings.range(Place::all_in(project)).map(|(place, binding)| (*place, binding))
    }

    /// The bindings of this project alone, or those of the cluster, that name somebody.
    pub(crate) fn bindings_of(
        &self,
        who: Who,
        project: Option<NameId>,
    ) -> impl Iterator<Item = (Place, &Binding)> {
        let (first, last) = Place::all_in(project).into_inner();
        let places = self.bound.range((who, first)..=(who, last));
        places.filter_map(|(_, place)| Some((*place, self.bindings.get(place)?)))
    }

    /// All bindings that name somebody, those of each project together.
    pub(crate) fn all_bindings_of(&self, who: Who) -> impl Iterator<Item = (Place, &Binding)> {
        let first = Place { project: None, name: NameId::MIN };
        let last = Place { project: Some(NameId::MAX), name: NameId::MAX };
        let places = self.bound.range((who, first)..=(who, last));
        places.filter_map(|(_, place)| Some((*place, self.bindings.get(place)?)))
    }

    /// The groups that list this user.
    pub(crate) fn groups_listing(&self, user: NameId) -> impl Iterator<Item = NameId> {
        self.memberships.range((user, NameId::MIN)..=(user, NameId::MAX)).map(|(_, group)| *group)
    }
}

enum Within {
    Cluster,
    Projects,
    Project(NameId),
}

impl Within {
    fn has(&self, place: Place) -> bool {
        match self {
            Self::Cluster => place.project.is_none(),
            Self::Projects => place.project.is_some(),
            Self::Project(project) => place.project == Some(*project),
        }
    }
}

/// Whether the value was new.
fn replace<K: Eq + Hash, V: PartialEq>(map: &mut HashMap<K, V>, key: K, value: V) -> bool {
    if map.get(&key) == Some(&value) {
        return false;
    }
    map.insert(key, value);
    true
}
