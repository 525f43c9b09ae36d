// SPDX-License-Identifier: LGPL-2.1-or-later

//! Roles (`rbac.authorization.k8s.io/v1`).

use images_roster::rules;
use serde::Deserialize;

use super::described::Described;
use crate::uri::escaped;

/// The list of the cluster's roles.
pub const CLUSTER_ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
/// The list of the roles of all projects.
pub const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/roles";

/// A role of a project or of the cluster.
#[derive(Clone, Debug, Deserialize)]
pub struct Role {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described,
    /// What it allows. Go writes an empty list as null; so it does all lists of a rule.
    #[serde(default)]
    pub rules: Option<Vec<Rule>>,
}

/// What a role allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rule {
    /// The verbs; `*` is any.
    pub verbs: Option<Vec<String>>,
    /// The API groups; `*` is any.
    pub api_groups: Option<Vec<String>>,
    /// The resources, such as `imagestreams/layers`; `*` is any.
    pub resources: Option<Vec<String>>,
    /// The names of the objects that it is limited to; without any it holds for all.
    pub resource_names: Option<Vec<String>>,
}

impl Role {
    /// What it allows, as it is evaluated.
    pub fn into_rules(self) -> Vec<rules::Rule> {
        let rule = |rule: Rule| rules::Rule {
            verbs: rule.verbs.unwrap_or_default(),
            api_groups: rule.api_groups.unwrap_or_default(),
            resources: rule.resources.unwrap_or_default(),
            resource_names: rule.resource_names.unwrap_or_default(),
        };
        self.rules.unwrap_or_default().into_iter().map(rule).collect()
    }
}

/// The list of a project's roles.
pub fn list_path(project: &str) -> String {
    format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles", escaped(project))
}
