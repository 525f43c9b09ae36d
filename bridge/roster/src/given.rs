// SPDX-License-Identifier: LGPL-2.1-or-later

//! What roles give.

use images_proto::subject::{Role, Verb};

use crate::facts::{self, RoleRef};

/// The role of ours that this role is; every other role is somebody else's and left alone.
///
/// OpenShift brings `registry-viewer`, `registry-editor` and `registry-admin`. Where they are
/// missing, there are equal ones of our own, in the cluster or, for lack of rights, in the project.
pub fn role_of(role: &RoleRef) -> Option<Role> {
    named(role.cluster, &role.name)
}

/// The same by its parts.
pub(crate) fn named(cluster: bool, name: &str) -> Option<Role> {
    let (of_openshift, kind) = match name.strip_prefix("registry-") {
        Some(kind) => (true, kind),
        None => (false, name.strip_prefix("cockpit-images-")?),
    };
    if of_openshift && !cluster {
        return None;
    }
    match kind {
        "viewer" => Some(Role::Pull),
        "editor" => Some(Role::Push),
        "admin" => Some(Role::Admin),
        _ => None,
    }
}

/// What a role gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// One bit for each verb.
    verbs: u8,
    /// It gives something for single image streams.
    pub(crate) partial: bool,
    /// It lets its holders give roles to others.
    pub(crate) grants: bool,
}

impl Given {
    /// What this role gives.
    pub(crate) fn by(role: &facts::Role) -> Self {
        let verbs = role.verbs.iter().fold(0, |verbs, verb| verbs | bit(*verb));
        Self { verbs, partial: role.partial, grants: role.grants }
    }

    /// Whether it gives this for every image stream.
    pub(crate) fn gives(self, verb: Verb) -> bool {
        self.verbs & bit(verb) != 0
    }

    /// What it gives for every image stream.
    pub(crate) fn verbs(self) -> Vec<Verb> {
        Verb::ALL.into_iter().filter(|verb| self.gives(*verb)).collect()
    }

    /// Whether it has to do with images at all.
    pub(crate) fn is_something(self) -> bool {
        self.verbs != 0 || self.partial
    }
}

fn bit(verb: Verb) -> u8 {
    1 << verb as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_roles_have_two_names() {
        let role = |cluster, name: &str| role_of(&RoleRef { cluster, name: name.to_owned() });
        for (kind, expected) in
            [("viewer", Role::Pull), ("editor", Role::Push), ("admin", Role::Admin)]
        {
            assert_eq!(role(true, &format!("registry-{kind}")), Some(expected));
            assert_eq!(role(false, &format!("registry-{kind}")), None, "somebody's own role");
            assert_eq!(role(true, &format!("cockpit-images-{kind}")), Some(expected));
            assert_eq!(role(false, &format!("cockpit-images-{kind}")), Some(expected));
        }
        for other in ["admin", "view", "registry-", "registry-viewers", "system:image-puller", ""] {
            assert_eq!(role(true, other), None);
        }
    }
}
