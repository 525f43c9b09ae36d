// SPDX-License-Identifier: LGPL-2.1-or-later
//! Roles and their rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// As OpenShift makes them when it starts.
const RECORDED: &str = include_str!("../../golden/clusterroles-registry.json");

/// The roles that the recording lacks: those of Kubernetes itself, cut to what is served
/// here, and for the plain registry the right to use the service proxy.
const FURTHER: &str = include_str!("roles.json");

/// Some verbs on some resources, or on some paths.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    verbs: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    api_groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<String>,
    #[serde(default, rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attributes<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    /// Empty if none.
    pub(crate) subresource: &'a str,
    /// None at the scope of the cluster.
    pub(crate) namespace: Option<&'a str>,
    /// None for lists and creations.
    pub(crate) name: Option<&'a str>,
    /// A path that is no resource; the fields before are empty then.
    pub(crate) path: Option<&'a str>,
}

impl Attributes<'_> {
    /// `imagestreams/layers`, as in rules.
    pub(crate) fn full_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

impl Rule {
    /// Whether it allows that.
    pub(crate) fn covers(&self, what: &Attributes<'_>) -> bool {
        let among = |all: &[String], one: &str| all.iter().any(|each| each == "*" || each == one);
        if !among(&self.verbs, what.verb) {
            return false;
        }
        if let Some(path) = what.path {
            return self.paths.iter().any(|own| match own.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => own == path,
            });
        }
        among(&self.api_groups, what.group)
            && among(&self.resources, &what.full_resource())
            && (self.resource_names.is_empty()
                || what.name.is_some_and(|name| self.resource_names.iter().any(|own| own == name)))
    }

    /// Whether it is about resources, not paths.
    pub(crate) fn is_about_resources(&self) -> bool {
        self.paths.is_empty()
    }
}

/// All roles by name.
///
/// # Errors
/// When the recording is damaged.
pub(crate) fn roles() -> anyhow::Result<BTreeMap<String, Vec<Rule>>> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Role>,
    }
    #[derive(Deserialize)]
    struct Role {
        metadata: Meta,
        rules: Vec<Rule>,
    }
    #[derive(Deserialize)]
    struct Meta {
        name: String,
    }
    let recorded: List = serde_json::from_str(RECORDED)?;
    let mut roles: BTreeMap<String, Vec<Rule>> = serde_json::from_str(FURTHER)?;
    roles.extend(recorded.items.into_iter().map(|role| (role.metadata.name, role.rules)));
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(role: &str, verb: &str, resource: &str, subresource: &str) -> bool {
        let what = Attributes {
            verb,
            group: "image.openshift.io",
            resource,
            subresource,
            namespace: Some("n"),
            name: Some("x"),
            path: None,
        };
        roles().unwrap()[role].iter().any(|rule| rule.covers(&what))
    }

    #[test]
    fn roles_are_as_openshift_makes_them() {
        assert!(may("registry-viewer", "get", "imagestreams", "layers"));
        assert!(!may("registry-viewer", "update", "imagestreams", "layers"));
        assert!(may("registry-editor", "delete", "imagestreamtags", ""));
        assert!(!may("registry-admin", "delete", "images", ""));
        assert!(!may("registry-admin", "update", "imagestreams", "status"));
        assert!(may("system:image-pruner", "delete", "images", ""));
        assert!(may("cluster-admin", "delete", "images", ""));
    }

    #[test]
    fn paths_and_names_are_looked_at() {
        let roles = roles().unwrap();
        let path = |path| Attributes { verb: "get", path: Some(path), ..Attributes::default() };
        assert!(roles["system:discovery"].iter().any(|rule| rule.covers(&path("/apis/apps/v1"))));
        assert!(!roles["system:discovery"].iter().any(|rule| rule.covers(&path("/metrics"))));
        assert!(!roles["basic-user"].iter().any(|rule| rule.covers(&path("/apis"))));
    }
}
