// SPDX-License-Identifier: LGPL-2.1-or-later

//! Rules of roles, read as Kubernetes reads them.
//!
//! A verb, a group or a resource fits by its whole name or by `*`; a part of a resource also by
//! `*/PART`. A resource does not stand for its parts: `imagestreams` gives no `imagestreams/layers`,
//! and `imagestreams/*` gives nothing at all
//! (`VerbMatches`, `APIGroupMatches` and `ResourceMatches` of
//! <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/v1/evaluation_helpers.go>).
//! OpenShift's registry asks about the group `image.openshift.io` alone, so a rule for the elder
//! group `""` gives nothing by itself; the roles that OpenShift brings name both.

#[cfg(test)]
mod tests;

use images_proto::subject::Verb;

use crate::facts::Role;

/// A rule of a role. Rules add up; none takes anything away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// `get`, `update`, … or `*`.
    pub verbs: Vec<String>,
    /// Groups of the API, or `*`.
    pub api_groups: Vec<String>,
    /// Resources, their parts, or `*`.
    pub resources: Vec<String>,
    /// Only these objects; empty: all of them.
    pub resource_names: Vec<String>,
}

impl Rule {
    /// Whether it gives this for at least one object.
    fn fits(&self, verb: &str, group: &str, resource: &str, part: Option<&str>) -> bool {
        let has = |list: &[String], name: &str| list.iter().any(|item| item == "*" || item == name);
        has(&self.verbs, verb)
            && has(&self.api_groups, group)
            && self.resources.iter().any(|item| match (item.split_once('/'), part) {
                _ if item == "*" => true,
                (None, None) => item == resource,
                (Some((of, its)), Some(part)) => (of == "*" || of == resource) && its == part,
                _ => false,
            })
    }

    fn is_for_all(&self) -> bool {
        self.resource_names.is_empty()
    }
}

/// A role with these rules, reduced to what it gives of ours.
///
/// Who may `create`, `update` or `patch` role bindings can give roles to others. The elder group
/// `authorization.openshift.io` does not count: OpenShift hands such requests on in the name of
/// whoever sent them.
pub fn role(project: Option<String>, name: String, rules: &[Rule]) -> Role {
    let (mut verbs, mut partial) = (Vec::new(), false);
    for verb in Verb::ALL {
        let (action, resource, part) = verb.rule();
        let fitting =
            || rules.iter().filter(|rule| rule.fits(action, "image.openshift.io", resource, part));
        if fitting().any(Rule::is_for_all) {
            verbs.push(verb);
        } else {
            partial |= fitting().next().is_some();
        }
    }
    let grants = rules.iter().filter(|rule| rule.is_for_all()).any(|rule| {
        ["create", "update", "patch"]
            .iter()
            .any(|verb| rule.fits(verb, "rbac.authorization.k8s.io", "rolebindings", None))
    });
    Role { project, name, verbs, partial, grants }
}
