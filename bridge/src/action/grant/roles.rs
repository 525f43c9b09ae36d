// SPDX-License-Identifier: LGPL-2.1-or-later

//! The roles that are given: OpenShift's own, and where a cluster lacks one, an equal one of ours.

use images_proto::Failure;
use images_proto::subject::Role;
use images_roster::facts::RoleRef;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cluster::access::Permission;
use crate::cluster::apply::{Draft, MANAGED_BY, OURS};
use crate::cluster::role_binding::RBAC;
use crate::cluster::{Cluster, Error};

/// The group of image streams. The empty one is its name before OpenShift 3.6.
const IMAGES: [&str; 2] = ["", "image.openshift.io"];
const READ: &[&str] = &["get", "list", "watch"];
const ALL: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// A role that is to be given.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// The cluster has it.
    There(RoleRef),
    /// It would have to be created.
    Lacking(RoleRef, Draft),
}

impl Found {
    /// The role as a cluster of this kind should have it.
    pub(crate) fn usual(role: Role, openshift: bool) -> Self {
        let name = if openshift { openshifts(role) } else { ours(role) };
        Self::There(RoleRef { cluster: true, name: name.to_owned() })
    }

    pub(crate) fn reference(&self) -> &RoleRef {
        match self {
            Self::There(reference) | Self::Lacking(reference, _) => reference,
        }
    }

    pub(crate) fn draft(&self) -> Option<&Draft> {
        match self {
            Self::There(_) => None,
            Self::Lacking(_, draft) => Some(draft),
        }
    }
}

#[derive(Deserialize)]
struct Object {}

/// Finds the role in the cluster, else in the project; says what to create if there is none.
pub(crate) async fn find(
    cluster: &Cluster,
    openshift: bool,
    project: &str,
    role: Role,
) -> Result<Found, Failure> {
    let tried = format!("look for the role {}", openshifts(role));
    let of_cluster = |name: &str| RoleRef { cluster: true, name: name.to_owned() };
    for name in [openshifts(role), ours(role)] {
        match is_there(cluster, &format!("/apis/{RBAC}/v1/clusterroles/{name}")).await {
            Ok(true) => return Ok(Found::There(of_cluster(name))),
            Ok(false) => {}
            // OpenShift makes its own whenever it starts; whoever may not look can rely on that.
            Err(error) if error.is_forbidden() && openshift => {
                return Ok(Found::There(of_cluster(name)));
            }
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error.failure(tried)),
        }
    }
    let reference = RoleRef { cluster: false, name: ours(role).to_owned() };
    let path = format!("/apis/{RBAC}/v1/namespaces/{project}/roles/{}", reference.name);
    match is_there(cluster, &path).await {
        Ok(true) => return Ok(Found::There(reference)),
        Ok(false) => {}
        Err(error) if error.is_forbidden() => {}
        Err(error) => return Err(error.failure(tried)),
    }
    // One for all projects, if the user may make such.
    if cluster.may(to_create(None)).await.unwrap_or(false) {
        return Ok(Found::Lacking(of_cluster(ours(role)), draft(role, None)));
    }
    Ok(Found::Lacking(reference, draft(role, Some(project))))
}

async fn is_there(cluster: &Cluster, path: &str) -> Result<bool, Error> {
    match cluster.get::<Object>(path).await {
        Ok(Object {}) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The right to create a role in a project, or one of the cluster.
pub(super) fn to_create(namespace: Option<&str>) -> Permission<'_> {
    let resource = if namespace.is_some() { "roles" } else { "clusterroles" };
    Permission { verb: "create", group: RBAC, resource, subresource: None, namespace, name: None }
}

/// OpenShift's name of a role.
pub(super) fn openshifts(role: Role) -> &'static str {
    match role {
        Role::Pull => "registry-viewer",
        Role::Push => "registry-editor",
        Role::Admin => "registry-admin",
    }
}

/// The name of our own one.
pub(super) fn ours(role: Role) -> &'static str {
    match role {
        Role::Pull => "cockpit-images-viewer",
        Role::Push => "cockpit-images-editor",
        Role::Admin => "cockpit-images-admin",
    }
}

/// Our own role, before it is created.
fn draft(role: Role, namespace: Option<&str>) -> Draft {
    let mut metadata = json!({ "name": ours(role), "labels": { MANAGED_BY: OURS } });
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    let place = match namespace {
        Some(namespace) => {
            metadata["namespace"] = json!(namespace);
            format!("/apis/{RBAC}/v1/namespaces/{namespace}/roles")
        }
        None => format!("/apis/{RBAC}/v1/clusterroles"),
    };
    let body = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": rules(role),
    });
    Draft::new(place, body)
}

/// The rules of OpenShift's role, as openshift-apiserver makes it (`bootstrappolicy`).
fn rules(role: Role) -> Vec<Value> {
    let rule = |verbs: &[&str], groups: &[&str], resources: &[&str]| json!({ "verbs": verbs, "apiGroups": groups, "resources": resources });
    let projects = |verbs: &[&str]| rule(verbs, &["", "project.openshift.io"], &["projects"]);
    let namespaces = rule(&["get"], &[""], &["namespaces"]);
    if role == Role::Pull {
        let streams = &[
            "imagestreamimages",
            "imagestreammappings",
            "imagestreams",
            "imagestreamtags",
            "imagetags",
        ];
        return vec![
            rule(READ, &IMAGES, streams),
            rule(&["get"], &IMAGES, &["imagestreams/layers"]),
            namespaces,
            projects(&["get"]),
        ];
    }
    let streams = &[
        "imagestreamimages",
        "imagestreammappings",
        "imagestreams",
        "imagestreams/secrets",
        "imagestreamtags",
        "imagetags",
    ];
    let mut rules = vec![
        rule(ALL, &[""], &["secrets", "serviceaccounts"]),
        rule(ALL, &IMAGES, streams),
        rule(&["create"], &IMAGES, &["imagestreamimports"]),
        rule(&["get", "update"], &IMAGES, &["imagestreams/layers"]),
    ];
    if role == Role::Push {
        rules.extend([namespaces, projects(&["get"])]);
        return rules;
    }
    let bindings = &["rolebindings", "roles"];
    let old = &["", "authorization.openshift.io"];
    let local = &["localresourceaccessreviews", "localsubjectaccessreviews", "subjectrulesreviews"];
    rules.extend([
        rule(ALL, old, bindings),
        rule(ALL, &[RBAC], bindings),
        rule(&["create"], old, local),
        rule(&["create"], &["authorization.k8s.io"], &["localsubjectaccessreviews"]),
        namespaces,
        projects(&["delete", "get"]),
        rule(&["create"], old, &["resourceaccessreviews", "subjectaccessreviews"]),
    ]);
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    /// The rules of a real cluster.
    const RECORDED: &str =
        include_str!("../../../../tests/cluster/golden/clusterroles-registry.json");

    /// One line for each verb on each resource.
    fn rights(rules: &[Value]) -> BTreeSet<String> {
        let words = |of: &Value| -> Vec<String> {
            of.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let mut rights = BTreeSet::new();
        for rule in rules {
            for verb in words(&rule["verbs"]) {
                for group in words(&rule["apiGroups"]) {
                    for resource in words(&rule["resources"]) {
                        rights.insert(format!("{verb} {group}/{resource}"));
                    }
                }
            }
        }
        rights
    }

    #[test]
    fn our_roles_are_equal_to_those_of_openshift() {
        let recorded: Value = serde_json::from_str(RECORDED).unwrap();
        for role in [Role::Pull, Role::Push, Role::Admin] {
            let items = recorded["items"].as_array().unwrap();
            let item = items.iter().find(|item| item["metadata"]["name"] == openshifts(role));
            let theirs = item.unwrap()["rules"].as_array().unwrap();
            assert_eq!(rights(&rules(role)), rights(theirs), "{role:?}");
            let reference = RoleRef { cluster: true, name: ours(role).to_owned() };
            assert_eq!(images_roster::role_of(&reference), Some(role));
        }
    }

    async fn found(openshift: bool, answer: fn(&str) -> u16) -> Found {
        let fake = Fake::start(move |asked| match answer(&asked.target) {
            200 => (200, json!({})),
            201 => (201, json!({ "status": { "allowed": true } })),
            204 => (201, json!({ "status": { "allowed": false } })),
            status => refusal(status),
        })
        .await;
        find(&fake.cluster, openshift, "sky", Role::Push).await.unwrap()
    }

    #[tokio::test]
    async fn openshifts_own_come_first() {
        let there = |cluster, name: &str| Found::There(RoleRef { cluster, name: name.to_owned() });
        let editor = there(true, "registry-editor");
        assert_eq!(found(true, |_| 200).await, editor);
        assert_eq!(found(true, |_| 403).await, editor, "it has them always");
        let of_cluster = found(false, |path| match path {
            path if path.ends_with("clusterroles/cockpit-images-editor") => 200,
            _ => 404,
        });
        assert_eq!(of_cluster.await, there(true, "cockpit-images-editor"));
        let of_project = found(false, |path| match path {
            path if path.ends_with("/namespaces/sky/roles/cockpit-images-editor") => 200,
            _ => 403,
        });
        assert_eq!(of_project.await, there(false, "cockpit-images-editor"));
    }

    #[tokio::test]
    async fn what_is_lacking_is_made_where_the_user_may() {
        let all = found(false, |path| if path.ends_with("reviews") { 201 } else { 404 }).await;
        let draft = all.draft().unwrap();
        assert_eq!((draft.kind(), draft.namespace()), ("ClusterRole", None));
        assert!(all.reference().cluster);
        let one = found(false, |path| if path.ends_with("reviews") { 204 } else { 404 }).await;
        let draft = one.draft().unwrap();
        assert_eq!((draft.kind(), draft.namespace()), ("Role", Some("sky")));
        assert!(draft.yaml().contains("imagestreams/layers"));
    }
}
