// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who may do what, as the bindings say, in the way that Kubernetes evaluates them.
//!
//! Rights only add up. So a right that something known gives is there, whatever else was not read;
//! a right is known to be missing only when everything was read that could give it.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use images_proto::natural;
use images_proto::subject::{Rights, Role, Subject, SubjectKind, Verb, Via};

use crate::coverage::Coverage;
use crate::facts::Kind;
use crate::given::{self, Given};
use crate::names::NameId;
use crate::roster::{Binding, Place, Roster};
use crate::who::{MASTERS, Named, Who};

/// Somebody with all groups: whatever binds one of them reaches it.
pub(crate) struct Bearer<'a> {
    /// Itself, if anything names it.
    own: Option<Who>,
    /// Itself and its groups, as far as anything names them.
    reached: Vec<Who>,
    /// Its groups, in no order, each once.
    groups: Vec<Cow<'a, str>>,
    /// Its groups are known: there are no others.
    is_whole: bool,
    /// It may do everything, whatever the bindings say.
    is_master: bool,
}

/// A binding that reaches somebody.
struct Reaching<'a> {
    place: Place,
    binding: &'a Binding,
    /// Through which subject of it.
    through: Who,
    /// What its role gives; `None`: the role was not read.
    given: Option<Given>,
}

impl Roster {
    /// What somebody may do with the images of a project, and the bindings by which. A binding
    /// without verbs gives something for single image streams, or its role could not be read.
    pub fn rights(&self, project: &str, subject: &Subject) -> (Rights, Vec<Via>) {
        self.rights_of(project, &self.bearer(Named::of(subject)))
    }

    /// The groups of somebody: those that list it, and those that the cluster puts it into. For the
    /// user, also those that the cluster said.
    pub fn groups_of(&self, subject: &Subject) -> Vec<String> {
        let bearer = self.bearer(Named::of(subject));
        let mut groups: Vec<_> = bearer.groups.into_iter().map(Cow::into_owned).collect();
        groups.sort_by(|a, b| natural::compare(a, b));
        groups
    }

    /// Whether a binding of this name in this project was read.
    pub fn has_binding(&self, project: &str, name: &str) -> bool {
        let place = self.names.get(project).zip(self.names.get(name));
        let place = place.map(|(project, name)| Place { project: Some(project), name });
        place.is_some_and(|place| self.bindings.contains_key(&place))
    }

    /// Whether somebody may give roles to others in this project.
    pub fn may_grant(&self, project: &str, subject: &Subject) -> Option<bool> {
        let bearer = self.bearer(Named::of(subject));
        self.grants(project, &bearer, |_| true)
    }

    /// Whether this change takes from the user the last right to give roles in this project: these
    /// subjects have this role of ours afterwards, and no other of ours.
    pub fn would_lose_grants(
        &self,
        project: &str,
        subjects: &[Subject],
        role: Option<Role>,
    ) -> Option<bool> {
        let me = self.bearer(Named::of(self.me.as_ref()?));
        let changed: Vec<Who> =
            subjects.iter().filter_map(|subject| self.names.who(Named::of(subject))).collect();
        let own = self.names.get(project);
        let is_taken = |reaching: &Reaching<'_>| {
            let ours = self.role_of(reaching.binding);
            let is_here = own.is_some() && reaching.place.project == own;
            is_here && ours.is_some() && ours != role && changed.contains(&reaching.through)
        };
        let is_given = role == Some(Role::Admin)
            && subjects.iter().any(|subject| self.is_among(Named::of(subject), &me));
        if is_given || self.grants(project, &me, |reaching| is_taken(reaching)) == Some(false) {
            return Some(false);
        }
        self.grants(project, &me, |reaching| !is_taken(reaching)).map(|stays| !stays)
    }

    /// Somebody with all groups.
    pub(crate) fn bearer(&self, named: Named<'_>) -> Bearer<'_> {
        let own = self.names.who(named);
        let mut reached: Vec<Who> = own.into_iter().collect();
        let mut groups: Vec<Cow<'_, str>> = Vec::new();
        let is_user = named.kind == SubjectKind::User;
        if is_user && let Some(own) = own {
            for group in self.groups_listing(own.name) {
                reached.push(Who::group(group));
                groups.push(self.names.name(group).into());
            }
        }
        let is_me = self.me.as_ref().is_some_and(|me| Named::of(me) == named);
        let said = if is_me { &self.my_groups[..] } else { &[] };
        let more = named.virtual_groups(self.openshift).into_iter().map(Cow::Owned);
        for group in more.chain(said.iter().map(|group| Cow::Borrowed(&group[..]))) {
            if !groups.contains(&group) {
                reached.extend(self.names.who(Named::group(&group)));
                groups.push(group);
            }
        }
        Bearer {
            own,
            reached,
            is_whole: !is_user || is_me || self.people_covered(Kind::Group).is_whole(),
            is_master: named == Named::group(MASTERS)
                || groups.iter().any(|group| group == MASTERS),
            groups,
        }
    }

    /// See [`Roster::rights`].
    pub(crate) fn rights_of(&self, project: &str, bearer: &Bearer<'_>) -> (Rights, Vec<Via>) {
        let reaching: Vec<_> = self.reaching(project, bearer).collect();
        let mut rights = Rights::default();
        let is_whole = self.is_whole(project, bearer)
            && reaching.iter().all(|reaching| reaching.given.is_some());
        for verb in Verb::ALL {
            let gives = |reaching: &Reaching<'_>| reaching.given.is_some_and(|by| by.gives(verb));
            *rights.get_mut(verb) = if bearer.is_master || reaching.iter().any(gives) {
                Some(true)
            } else {
                is_whole.then_some(false)
            };
        }
        let mut via: Vec<_> = reaching
            .iter()
            .filter(|reaching| reaching.given.is_none_or(Given::is_something))
            .map(|reaching| self.via(reaching, bearer))
            .collect();
        via.sort_by(|a, b| {
            let order = |via: &Via| (via.project.is_none(), via.group.is_some());
            order(a)
                .cmp(&order(b))
                .then_with(|| natural::compare(&a.binding, &b.binding))
                .then_with(|| {
                    let group = |via: &Via| via.group.clone().unwrap_or_default();
                    natural::compare(&group(a), &group(b))
                })
        });
        (rights, via)
    }

    /// What the role of a binding gives; `None`: the role was not read. One that is missing gives
    /// nothing, and neither does a role of a project that is bound in the whole cluster.
    pub(crate) fn given(&self, place: Place, binding: &Binding) -> Option<Given> {
        let project = if binding.cluster_role { None } else { place.project };
        if project.is_none() && !binding.cluster_role {
            return Some(Given::default());
        }
        if let Some(given) = self.roles.get(&Place { project, name: binding.role }) {
            return Some(*given);
        }
        let coverage = match project {
            None => self.covered.of_cluster(Kind::Role),
            Some(project) => self.covered.of_project(Kind::Role, self.names.name(project)),
        };
        coverage.is_whole().then(Given::default)
    }

    /// The role of ours that a binding gives.
    pub(crate) fn role_of(&self, binding: &Binding) -> Option<Role> {
        given::named(binding.cluster_role, self.names.name(binding.role))
    }

    /// How far users or groups were read. Only OpenShift has them.
    pub(crate) fn people_covered(&self, kind: Kind) -> &Coverage {
        if self.openshift { self.covered.of_cluster(kind) } else { &Coverage::Unread }
    }

    /// Whether a binding that `counts` lets somebody give roles to others.
    fn grants(
        &self,
        project: &str,
        bearer: &Bearer<'_>,
        counts: impl Fn(&Reaching<'_>) -> bool,
    ) -> Option<bool> {
        let mut is_whole = self.is_whole(project, bearer);
        if bearer.is_master {
            return Some(true);
        }
        for reaching in self.reaching(project, bearer).filter(|reaching| counts(reaching)) {
            let grants = match reaching.given {
                Some(given) => Some(given.grants),
                // Nobody read it, but ours are known.
                None => self.role_of(reaching.binding).map(|role| role == Role::Admin),
            };
            match grants {
                Some(true) => return Some(true),
                Some(false) => {}
                None => is_whole = false,
            }
        }
        is_whole.then_some(false)
    }

    /// The bindings of a project and of the cluster that reach somebody.
    fn reaching(&self, project: &str, bearer: &Bearer<'_>) -> impl Iterator<Item = Reaching<'_>> {
        let own = self.names.get(project);
        bearer.reached.clone().into_iter().flat_map(move |through| {
            let own = own.map(|own| self.bindings_of(through, Some(own)));
            own.into_iter().flatten().chain(self.bindings_of(through, None)).map(
                move |(place, binding)| {
                    let given = self.given(place, binding);
                    Reaching { place, binding, through, given }
                },
            )
        })
    }

    /// Whether everything was read by which somebody can be reached.
    fn is_whole(&self, project: &str, bearer: &Bearer<'_>) -> bool {
        bearer.is_whole
            && self.covered.of_cluster(Kind::Binding).is_whole()
            && self.covered.of_project(Kind::Binding, project).is_whole()
    }

    fn is_among(&self, subject: Named<'_>, bearer: &Bearer<'_>) -> bool {
        match subject.kind {
            SubjectKind::Group => bearer.groups.iter().any(|group| group == subject.name),
            _ => self.me.as_ref().is_some_and(|me| Named::of(me) == subject),
        }
    }

    fn via(&self, reaching: &Reaching<'_>, bearer: &Bearer<'_>) -> Via {
        let name = |id: NameId| self.names.name(id).to_owned();
        let is_own = bearer.own == Some(reaching.through);
        Via {
            binding: name(reaching.place.name),
            project: reaching.place.project.map(name),
            role: name(reaching.binding.role),
            group: (!is_own).then(|| name(reaching.through.name)),
            verbs: reaching.given.map(Given::verbs).unwrap_or_default(),
        }
    }
}

impl Bearer<'_> {
    /// Itself and its groups, as far as anything names them.
    pub(crate) fn reached(&self) -> &[Who] {
        &self.reached
    }

    /// Its groups, in no order.
    pub(crate) fn groups(&self) -> &[Cow<'_, str>] {
        &self.groups
    }

    /// Whether there are no other groups.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether it may do everything, whatever the bindings say.
    pub(crate) fn is_master(&self) -> bool {
        self.is_master
    }
}
