// SPDX-License-Identifier: LGPL-2.1-or-later
//! The roles and bindings that a cluster begins with.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::ready::Face;
use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, RBAC, ROLE_BINDINGS, Resource};

/// As OpenShift makes them when it starts.
const RECORDED: &str = include_str!("../../golden/clusterroles-registry.json");

/// The roles that the recording lacks: those of Kubernetes itself, cut to what is served
/// here, and for the plain registry the right to use the service proxy.
const FURTHER: &str = include_str!("roles.json");

/// What OpenShift has besides, or has in another way: the rights of everybody, those of who may
/// request projects, and more for `admin`, `edit` and `view`.
const OPENSHIFT: &str = include_str!("openshift_roles.json");

/// The roles that are made of others, and the label of those.
const AGGREGATED: [(&str, &str); 3] = [
    ("admin", "rbac.authorization.k8s.io/aggregate-to-admin"),
    ("edit", "rbac.authorization.k8s.io/aggregate-to-edit"),
    ("view", "rbac.authorization.k8s.io/aggregate-to-view"),
];

/// The cluster roles.
///
/// # Errors
/// When the recording is damaged.
pub(crate) fn cluster_roles(face: Face) -> anyhow::Result<Vec<Value>> {
    let mut further: BTreeMap<String, Vec<Value>> = serde_json::from_str(FURTHER)?;
    let mut roles = Vec::new();
    if face == Face::Openshift {
        let recorded: Value = serde_json::from_str(RECORDED)?;
        let items = recorded["items"].as_array().context("no roles are recorded")?;
        for role in items {
            let mut metadata = json!({});
            for field in ["name", "labels", "annotations"] {
                if !role["metadata"][field].is_null() {
                    metadata[field] = role["metadata"][field].clone();
                }
            }
            roles.push(json!({"metadata": metadata, "rules": role["rules"]}));
        }
        let own: BTreeMap<String, Vec<Value>> = serde_json::from_str(OPENSHIFT)?;
        for (name, rules) in own {
            if AGGREGATED.iter().any(|(aggregated, _)| *aggregated == name) {
                further.entry(name).or_default().extend(rules);
            } else {
                further.insert(name, rules);
            }
        }
    }
    for (name, label) in AGGREGATED {
        let parts = roles.iter().filter(|role| role["metadata"]["labels"][label] == "true");
        let rules = parts.filter_map(|role| role["rules"].as_array()).flatten().cloned();
        further.entry(name.to_owned()).or_default().extend(rules);
    }
    for (name, rules) in further {
        let mut role = json!({"metadata": {"name": name}, "rules": rules});
        if let Some((_, label)) = AGGREGATED.iter().find(|(aggregated, _)| *aggregated == name) {
            role["aggregationRule"] =
                json!({"clusterRoleSelectors": [{"matchLabels": {*label: "true"}}]});
        }
        roles.push(role);
    }
    Ok(roles)
}

/// Who has which role. `registry` is the namespace of the registry's service.
pub(crate) fn bindings(
    face: Face,
    projects: &[&str],
    registry: &str,
) -> Vec<(&'static Resource, Value)> {
    let user = |name: &str| json!({"kind": "User", "apiGroup": RBAC, "name": name});
    let group = |name: &str| json!({"kind": "Group", "apiGroup": RBAC, "name": name});
    let everywhere = |role: &str, subjects: Vec<Value>| {
        (&CLUSTER_ROLE_BINDINGS, binding(role, role, None, &subjects))
    };
    let within = |role: &str, namespace: &str, names: &[&str]| {
        let subjects: Vec<_> = names.iter().map(|name| user(name)).collect();
        (&ROLE_BINDINGS, binding(role, role, Some(namespace), &subjects))
    };
    let mut all = vec![
        everywhere("cluster-admin", vec![user("sarah"), group("system:masters")]),
        everywhere("basic-user", vec![group("system:authenticated")]),
        everywhere("system:discovery", vec![group("system:authenticated")]),
        everywhere("system:public-info-viewer", vec![group("system:unauthenticated")]),
    ];
    match face {
        Face::Openshift => {
            let others = |name: &str, role: &str, subjects: Vec<Value>| {
                (&CLUSTER_ROLE_BINDINGS, binding(name, role, None, &subjects))
            };
            let admins = vec![group("system:cluster-admins"), user("system:admin")];
            all.push(others("cluster-admins", "cluster-admin", admins));
            let readers = vec![group("system:cluster-readers")];
            all.push(others("cluster-readers", "cluster-reader", readers));
            let provisioners = vec![group("system:authenticated:oauth")];
            all.push(others("self-provisioners", "self-provisioner", provisioners));
            all.push(everywhere("system:basic-user", vec![group("system:authenticated")]));
            all.extend(projects.iter().map(|name| within("registry-admin", name, &["scruffy"])));
            all.push(within("registry-editor", "skyfield", &["jane"]));
            all.push(within("registry-viewer", "skyfield", &["eric", "greg"]));
            // May pull what he cannot list.
            all.push(within("system:image-puller", "tools", &["eric"]));
        }
        Face::Plain => {
            all.push(within("registry-proxy-writer", registry, &["scruffy", "jane"]));
            all.push(within("registry-proxy-reader", registry, &["eric", "greg"]));
        }
    }
    all
}

/// A binding of a cluster role, in a namespace or for the whole cluster.
pub(crate) fn binding(
    name: &str,
    role: &str,
    namespace: Option<&str>,
    subjects: &[Value],
) -> Value {
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    let reference = json!({"apiGroup": RBAC, "kind": CLUSTER_ROLES.kind, "name": role});
    json!({"metadata": metadata, "subjects": subjects, "roleRef": reference})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rights::rules_of;
    use crate::access::rule::{Attributes, Rule};

    fn rules(role: &str) -> Vec<Rule> {
        let roles = cluster_roles(Face::Openshift).unwrap();
        rules_of(roles.iter().find(|one| one["metadata"]["name"] == role).unwrap())
    }

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
        rules(role).iter().any(|rule| rule.covers(&what))
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
        let path = |path| Attributes { verb: "get", path: Some(path), ..Attributes::default() };
        let discovery = rules("system:discovery");
        assert!(discovery.iter().any(|rule| rule.covers(&path("/apis/apps/v1"))));
        assert!(!discovery.iter().any(|rule| rule.covers(&path("/metrics"))));
        assert!(!rules("basic-user").iter().any(|rule| rule.covers(&path("/apis"))));
    }
}
