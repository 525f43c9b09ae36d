// SPDX-License-Identifier: LGPL-2.1-or-later
//! A large organization, made from a number: projects, people, groups and who may do what.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::roles::binding;
use crate::furniture::namespace;
use crate::ready::Face;
use crate::resource::{
    GROUPS, IDENTITIES, NAMESPACES, RBAC, ROLE_BINDINGS, Resource, SERVICE_ACCOUNTS, USERS,
};
use crate::store::Store;

/// Where its people come from.
const PROVIDER: &str = "ldap";
const HOST: &str = "ldap.example.com";

/// The most members of a group.
const MOST_MEMBERS: u64 = 500;

/// The roles that are given, the frequent ones more than once.
const ROLES: [&str; 8] = [
    "registry-viewer",
    "registry-viewer",
    "registry-viewer",
    "registry-editor",
    "registry-editor",
    "registry-admin",
    "view",
    "edit",
];

/// How large it is. The same numbers make the same organization.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Organization {
    projects: u64,
    users: u64,
    groups: u64,
    /// Bindings in projects, besides those that each one has.
    bindings: u64,
    seed: u64,
}

impl Default for Organization {
    fn default() -> Self {
        Self { projects: 2_000, users: 5_000, groups: 300, bindings: 20_000, seed: 1 }
    }
}

impl Organization {
    /// Writes all of it. Where the cluster keeps no users, they only stand in the bindings.
    pub(super) fn found(self, store: &Store, face: Face) {
        let mut dice = Dice(self.seed);
        let mut all: Vec<(&'static Resource, Value)> = Vec::new();
        if face == Face::Openshift {
            for number in 1..=self.users {
                all.extend(person(number));
            }
            for number in 1..=self.groups {
                all.push((&GROUPS, self.group(number, &mut dice)));
            }
        }
        for number in 1..=self.projects {
            all.push((&NAMESPACES, project(number, face)));
            if number.is_multiple_of(4) {
                let metadata = json!({"name": "ci", "namespace": project_name(number)});
                all.push((&SERVICE_ACCOUNTS, json!({"metadata": metadata})));
            }
        }
        for number in 0..self.bindings {
            all.push((&ROLE_BINDINGS, self.binding(number, &mut dice)));
        }
        store.write(|objects, clock| {
            for (resource, object) in all {
                objects.put(resource, object, clock);
            }
        });
    }

    fn group(self, number: u64, dice: &mut Dice) -> Value {
        let name = group_name(number);
        // Few are large.
        let most = if number.is_multiple_of(10) { MOST_MEMBERS } else { 20 };
        let count = (1 + dice.below(most)).min(self.users);
        let first = dice.below(self.users);
        // Each once: a stride that is prime to hardly any number of users.
        let members = (0..count).map(|at| user_name((first + at * 7919) % self.users.max(1) + 1));
        let mut members: Vec<_> = members.collect();
        members.sort_unstable();
        members.dedup();
        let mut metadata = json!({"name": name});
        if number.is_multiple_of(2) {
            metadata["labels"] = json!({"openshift.io/ldap.host": HOST});
            metadata["annotations"] = json!({
                "openshift.io/ldap.sync-time": "2026-11-24T08:00:00Z",
                "openshift.io/ldap.uid": format!("cn={name},ou=groups,dc=example,dc=com"),
                "openshift.io/ldap.url": format!("{HOST}:636"),
            });
        }
        json!({"metadata": metadata, "users": members})
    }

    fn binding(self, number: u64, dice: &mut Dice) -> Value {
        // All projects in turn, so that each has about as many.
        let at = number % self.projects.max(1) + 1;
        let role = ROLES[usize::try_from(dice.below(ROLES.len() as u64)).unwrap_or_default()];
        let subjects: Vec<_> = (0..=dice.below(3)).map(|_| self.subject(at, dice)).collect();
        let round = number / self.projects.max(1);
        binding(&format!("{role}-{round}"), role, Some(&project_name(at)), &subjects)
    }

    fn subject(self, project: u64, dice: &mut Dice) -> Value {
        let named =
            |kind: &str, name: String| json!({"kind": kind, "apiGroup": RBAC, "name": name});
        match dice.below(10) {
            0 if project.is_multiple_of(4) => {
                json!({"kind": "ServiceAccount", "name": "ci", "namespace": project_name(project)})
            }
            0..4 if self.groups > 0 => named("Group", group_name(dice.below(self.groups) + 1)),
            // Some are gone, or have not come yet.
            _ => named("User", user_name(dice.below(self.users + self.users / 100 + 1) + 1)),
        }
    }
}

fn project_name(number: u64) -> String {
    format!("team-{number:04}")
}

fn user_name(number: u64) -> String {
    format!("user{number:05}")
}

fn group_name(number: u64) -> String {
    format!("group-{number:03}")
}

fn project(number: u64, face: Face) -> Value {
    let name = project_name(number);
    let mut namespace = match face {
        Face::Openshift => namespace::requested(&name),
        Face::Plain => namespace::bare(&name),
    };
    namespace["metadata"]["annotations"] = json!({
        "openshift.io/description": "", "openshift.io/display-name": format!("Team {number}"),
        "openshift.io/requester": "sarah",
    });
    namespace
}

fn person(number: u64) -> [(&'static Resource, Value); 2] {
    let name = user_name(number);
    let full_name = format!("User {number}");
    let identity = format!("{PROVIDER}:{name}");
    // Known beforehand, so that user and identity can name each other.
    let uid = format!("00000000-0000-4000-8000-{number:012}");
    let user = json!({
        "metadata": {"name": name, "uid": uid}, "fullName": full_name, "identities": [identity],
        "groups": null,
    });
    let identity = json!({
        "metadata": {"name": identity}, "providerName": PROVIDER, "providerUserName": name,
        "user": {"name": name, "uid": uid}, "extra": {"name": full_name},
    });
    [(&USERS, user), (&IDENTITIES, identity)]
}

/// Numbers that look random and are the same each time (SplitMix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// A number below another one; 0 below 0.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(end).unwrap_or(0)
    }
}
