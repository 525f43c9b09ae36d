// SPDX-License-Identifier: LGPL-2.1-or-later
//! Nobody grants more than they have.

use serde_json::Value;

use super::refusal::Refusal;
use crate::access::rights::{RoleRef, rules_of};
use crate::access::rule::{Attributes, Rule};
use crate::access::{Access, User};
use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, RBAC, ROLE_BINDINGS, ROLES, Resource};

/// Somebody is about to write an object, perhaps a role or a binding.
#[derive(Debug)]
pub(super) struct Grant<'a> {
    pub(super) access: &'a Access,
    pub(super) user: &'a User,
    pub(super) resource: &'static Resource,
    /// None for the whole cluster.
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
}

impl Grant<'_> {
    /// Whether they may: they have all that it grants, or the verb `escalate` on the role, or
    /// `bind` on the role that the binding names.
    ///
    /// # Errors
    /// When they may not, or the role that they would have to have does not exist.
    pub(super) fn check(&self, after: &Value, before: Option<&Value>) -> Result<(), Refusal> {
        let resource = self.resource;
        if resource == &CLUSTER_ROLES || resource == &ROLES {
            let same = before.is_some_and(|before| before["rules"] == after["rules"]);
            if same || self.may("escalate", resource.plural, self.name) {
                return Ok(());
            }
            return self.holds(&rules_of(after));
        }
        if resource != &CLUSTER_ROLE_BINDINGS && resource != &ROLE_BINDINGS {
            return Ok(());
        }
        let same = |before: &Value| {
            before["roleRef"] == after["roleRef"] && before["subjects"] == after["subjects"]
        };
        let role = RoleRef::of(after, self.namespace);
        let plural = if role.namespace.is_some() { ROLES.plural } else { CLUSTER_ROLES.plural };
        if before.is_some_and(same) || self.may("bind", plural, &role.name) {
            return Ok(());
        }
        let missing = || Refusal::not_found(RBAC, plural, &role.name);
        self.holds(&self.access.role(&role).ok_or_else(missing)?)
    }

    fn may(&self, verb: &str, resource: &str, name: &str) -> bool {
        let what = Attributes {
            verb,
            group: RBAC,
            resource,
            namespace: self.namespace,
            name: Some(name),
            ..Attributes::default()
        };
        self.access.allows(self.user, &what)
    }

    fn holds(&self, granted: &[Rule]) -> Result<(), Refusal> {
        let user = self.user;
        let held = self.access.rules_of(user, self.namespace);
        let more: Vec<_> = granted.iter().filter(|rule| !rule.is_within(&held)).collect();
        if more.is_empty() {
            return Ok(());
        }
        let groups: Vec<_> = user.groups.iter().map(|group| format!("\"{group}\"")).collect();
        let rules: Vec<_> = more.iter().map(|rule| rule.words()).collect();
        let why = format!(
            "user \"{}\" (groups=[{}]) is attempting to grant RBAC permissions not currently \
             held:\n{}",
            user.name,
            groups.join(" "),
            rules.join("\n")
        );
        Err(Refusal::forbidden_because(RBAC, self.resource.plural, self.name, &why))
    }
}
