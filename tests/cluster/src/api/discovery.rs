// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which groups, resources and verbs are served: only those that really are.

use serde_json::{Value, json};

use super::style::Form;
use crate::ready::Face;
use crate::resource::{
    APPS, APPS_OPENSHIFT, BATCH, BUILD, IMAGE_GROUP, NETWORKING, PROJECT, RBAC, REGISTRY_OPERATOR,
    ROUTE, STORAGE, USER,
};

/// A resource as discovery names it.
struct Served {
    group: &'static str,
    /// With a slash for parts of an object.
    name: &'static str,
    singular: &'static str,
    namespaced: bool,
    kind: &'static str,
    verbs: &'static [&'static str],
    short: &'static [&'static str],
}

const CORE: &str = "";
const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHORIZATION_OPENSHIFT: &str = "authorization.openshift.io";

const READ: &[&str] = &["get", "list", "watch"];
const CREATE: &[&str] = &["create"];
const ALL: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];
const MAPPINGS: &[&str] = &["create", "delete", "get", "update"];
const STREAM_TAGS: &[&str] = &["create", "delete", "get", "list", "update"];
const TAGS: &[&str] = &["delete", "get", "list"];
const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];
const STREAMS: &[&str] = &["create", "delete", "get", "list", "update", "watch"];
const IMAGES: &[&str] = &["delete", "get", "list", "watch"];

const fn served(
    group: &'static str,
    [name, singular]: [&'static str; 2],
    namespaced: bool,
    kind: &'static str,
    verbs: &'static [&'static str],
    short: &'static [&'static str],
) -> Served {
    Served { group, name, singular, namespaced, kind, verbs, short }
}

/// Sorted by group; a group's resources stand together.
#[rustfmt::skip]
const SERVED: &[Served] = &[
    served(CORE, ["configmaps", "configmap"], true, "ConfigMap", ALL, &["cm"]),
    served(CORE, ["endpoints", "endpoints"], true, "Endpoints", ALL, &["ep"]),
    served(CORE, ["namespaces", "namespace"], false, "Namespace", ALL, &["ns"]),
    served(CORE, ["nodes", "node"], false, "Node", READ, &["no"]),
    served(CORE, ["persistentvolumeclaims", "persistentvolumeclaim"],
        true, "PersistentVolumeClaim", ALL, &["pvc"]),
    served(CORE, ["pods", "pod"], true, "Pod", ALL, &["po"]),
    served(CORE, ["pods/exec", ""], true, "PodExecOptions", &["get"], &[]),
    served(CORE, ["pods/portforward", ""], true, "PodPortForwardOptions", &["get"], &[]),
    served(CORE, ["replicationcontrollers", "replicationcontroller"],
        true, "ReplicationController", ALL, &["rc"]),
    served(CORE, ["secrets", "secret"], true, "Secret", ALL, &[]),
    served(CORE, ["serviceaccounts", "serviceaccount"], true, "ServiceAccount", ALL, &["sa"]),
    served(CORE, ["serviceaccounts/token", ""], true, "TokenRequest", CREATE, &[]),
    served(CORE, ["services", "service"], true, "Service", ALL, &["svc"]),
    served(CORE, ["services/proxy", ""], true, "ServiceProxyOptions", PROXY, &[]),
    served(APPS, ["daemonsets", "daemonset"], true, "DaemonSet", ALL, &["ds"]),
    served(APPS, ["deployments", "deployment"], true, "Deployment", ALL, &["deploy"]),
    served(APPS, ["replicasets", "replicaset"], true, "ReplicaSet", ALL, &["rs"]),
    served(APPS, ["statefulsets", "statefulset"], true, "StatefulSet", ALL, &["sts"]),
    served(APPS_OPENSHIFT, ["deploymentconfigs", "deploymentconfig"],
        true, "DeploymentConfig", ALL, &["dc"]),
    served(AUTHENTICATION, ["selfsubjectreviews", "selfsubjectreview"],
        false, "SelfSubjectReview", CREATE, &[]),
    served(AUTHORIZATION, ["localsubjectaccessreviews", "localsubjectaccessreview"],
        true, "LocalSubjectAccessReview", CREATE, &[]),
    served(AUTHORIZATION, ["selfsubjectaccessreviews", "selfsubjectaccessreview"],
        false, "SelfSubjectAccessReview", CREATE, &[]),
    served(AUTHORIZATION, ["selfsubjectrulesreviews", "selfsubjectrulesreview"],
        false, "SelfSubjectRulesReview", CREATE, &[]),
    served(AUTHORIZATION, ["subjectaccessreviews", "subjectaccessreview"],
        false, "SubjectAccessReview", CREATE, &[]),
    served(AUTHORIZATION_OPENSHIFT, ["localresourceaccessreviews", "localresourceaccessreview"],
        true, "LocalResourceAccessReview", CREATE, &[]),
    served(AUTHORIZATION_OPENSHIFT, ["resourceaccessreviews", "localresourceaccessreview"],
        false, "ResourceAccessReview", CREATE, &[]),
    served(AUTHORIZATION_OPENSHIFT, ["subjectrulesreviews", "subjectrulesreview"],
        true, "SubjectRulesReview", CREATE, &[]),
    served(BATCH, ["cronjobs", "cronjob"], true, "CronJob", ALL, &["cj"]),
    served(BATCH, ["jobs", "job"], true, "Job", ALL, &[]),
    served(BUILD, ["buildconfigs", "buildconfig"], true, "BuildConfig", ALL, &["bc"]),
    served(BUILD, ["builds", "build"], true, "Build", ALL, &[]),
    served(IMAGE_GROUP, ["images", "image"], false, "Image", IMAGES, &[]),
    served(IMAGE_GROUP, ["imagestreamimages", "imagestreamimage"],
        true, "ImageStreamImage", &["get"], &["isimage"]),
    served(IMAGE_GROUP, ["imagestreammappings", "imagestreammapping"],
        true, "ImageStreamMapping", CREATE, &[]),
    served(IMAGE_GROUP, ["imagestreams", "imagestream"], true, "ImageStream", STREAMS, &["is"]),
    served(IMAGE_GROUP, ["imagestreams/layers", ""], true, "ImageStreamLayers", &["get"], &[]),
    served(IMAGE_GROUP, ["imagestreams/status", ""], true, "ImageStream", &["get", "update"], &[]),
    served(IMAGE_GROUP, ["imagestreamtags", "imagestreamtag"],
        true, "ImageStreamTag", STREAM_TAGS, &["istag"]),
    served(IMAGE_GROUP, ["imagetags", "imagetag"], true, "ImageTag", TAGS, &["itag"]),
    served(REGISTRY_OPERATOR, ["configs", "config"], false, "Config", ALL, &[]),
    served(REGISTRY_OPERATOR, ["imagepruners", "imagepruner"],
        false, "ImagePruner", ALL, &[]),
    served(NETWORKING, ["ingresses", "ingress"], true, "Ingress", ALL, &["ing"]),
    served(PROJECT, ["projectrequests", "projectrequest"],
        false, "ProjectRequest", &["create", "list"], &[]),
    served(PROJECT, ["projects", "project"], false, "Project", ALL, &[]),
    served(RBAC, ["clusterrolebindings", "clusterrolebinding"],
        false, "ClusterRoleBinding", ALL, &[]),
    served(RBAC, ["clusterroles", "clusterrole"], false, "ClusterRole", ALL, &[]),
    served(RBAC, ["rolebindings", "rolebinding"], true, "RoleBinding", ALL, &[]),
    served(RBAC, ["roles", "role"], true, "Role", ALL, &[]),
    served(ROUTE, ["routes", "route"], true, "Route", ALL, &[]),
    served(STORAGE, ["storageclasses", "storageclass"], false, "StorageClass", ALL, &["sc"]),
    served(USER, ["groups", "group"], false, "Group", ALL, &[]),
    served(USER, ["identities", "identity"], false, "Identity", ALL, &[]),
    served(USER, ["useridentitymappings", "useridentitymapping"],
        false, "UserIdentityMapping", MAPPINGS, &[]),
    served(USER, ["users", "user"], false, "User", ALL, &[]),
];

/// What a cluster of old has not: requests for tokens (before 1.12), the question who one
/// is (1.28), ingresses (1.19) and cron jobs (1.21) in this version.
const NEW: [(&str, &str); 4] = [
    (CORE, "serviceaccounts/token"),
    (AUTHENTICATION, "selfsubjectreviews"),
    (NETWORKING, "ingresses"),
    (BATCH, "cronjobs"),
];

/// Which cluster it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edition {
    pub(crate) face: Face,
    /// Whether it is one of old: Kubernetes 1.9, OpenShift 3.9.
    pub(crate) old: bool,
}

impl Edition {
    fn has(self, one: &Served) -> bool {
        let openshift = one.group.ends_with(".openshift.io");
        (self.face == Face::Openshift || !openshift)
            && !(self.old
                && (NEW.contains(&(one.group, one.name)) || one.group == REGISTRY_OPERATOR))
    }

    fn served(self) -> impl Iterator<Item = &'static Served> {
        SERVED.iter().filter(move |one| self.has(one))
    }
}

/// Whether a resource is served, and with which verbs.
pub(crate) fn verbs(
    edition: Edition,
    group: &str,
    resource: &str,
    subresource: &str,
) -> Option<&'static [&'static str]> {
    let name = if subresource.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}/{subresource}")
    };
    edition.served().find(|one| one.group == group && one.name == name).map(|one| one.verbs)
}

/// The document at a path; none if there is none.
pub(crate) fn document(edition: Edition, path: &str, form: Form) -> Option<Value> {
    // All groups at once came with 1.26.
    let form = if edition.old { Form::Whole } else { form };
    match path.trim_end_matches('/') {
        "/version" => Some(version(edition.old)),
        "/api" if form == Form::Discovery => Some(aggregated(edition, &[""])),
        "/apis" if form == Form::Discovery => Some(aggregated(edition, &groups(edition))),
        "/api" => Some(
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ),
        "/apis" => {
            let groups: Vec<_> = groups(edition).into_iter().map(group_versions).collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        "/api/v1" => Some(resources(edition, "")),
        path => {
            let rest = path.strip_prefix("/apis/")?;
            let (group, is_version) =
                rest.strip_suffix("/v1").map_or((rest, false), |group| (group, true));
            if !groups(edition).contains(&group) {
                return None;
            }
            if is_version {
                return Some(resources(edition, group));
            }
            let mut one = group_versions(group);
            one["kind"] = json!("APIGroup");
            one["apiVersion"] = json!("v1");
            Some(one)
        }
    }
}

fn groups(edition: Edition) -> Vec<&'static str> {
    let mut groups: Vec<_> = edition.served().map(|one| one.group).collect();
    groups.dedup();
    groups.retain(|group| !group.is_empty());
    groups
}

fn group_version(group: &str) -> String {
    if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") }
}

fn group_versions(group: &str) -> Value {
    let version = json!({"groupVersion": group_version(group), "version": "v1"});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

fn resources(edition: Edition, group: &str) -> Value {
    let resources: Vec<_> = edition
        .served()
        .filter(|one| one.group == group)
        .map(|one| {
            let mut resource = json!({
                "name": one.name, "singularName": one.singular, "namespaced": one.namespaced,
                "kind": one.kind, "verbs": one.verbs,
            });
            if !one.short.is_empty() {
                resource["shortNames"] = json!(one.short);
            }
            resource
        })
        .collect();
    json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": group_version(group), "resources": resources,
    })
}

/// The form of `/api` and `/apis` that names all resources at once.
fn aggregated(edition: Edition, groups: &[&str]) -> Value {
    let items: Vec<_> = groups
        .iter()
        .map(|group| {
            let own = edition.served().filter(|one| one.group == *group);
            let (mut parts, whole): (Vec<_>, Vec<_>) = own.partition(|one| one.name.contains('/'));
            let resources: Vec<_> =
                whole.into_iter().map(|one| aggregated_resource(one, &mut parts)).collect();
            let mut metadata = json!({"creationTimestamp": null});
            if !group.is_empty() {
                metadata["name"] = json!(group);
            }
            json!({"metadata": metadata, "versions": [
                {"version": "v1", "resources": resources, "freshness": "Current"},
            ]})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": items,
    })
}

fn aggregated_resource(one: &Served, parts: &mut Vec<&Served>) -> Value {
    let kind = |kind: &str| json!({"group": one.group, "version": "v1", "kind": kind});
    let own = parts.extract_if(.., |part| part.name.split('/').next() == Some(one.name));
    let parts: Vec<_> = own
        .map(|part| {
            let name = part.name.split('/').nth(1);
            json!({"subresource": name, "responseKind": kind(part.kind), "verbs": part.verbs})
        })
        .collect();
    let scope = if one.namespaced { "Namespaced" } else { "Cluster" };
    let mut resource = json!({
        "resource": one.name, "responseKind": kind(one.kind), "scope": scope,
        "singularResource": one.singular, "verbs": one.verbs,
    });
    if !one.short.is_empty() {
        resource["shortNames"] = json!(one.short);
    }
    if !parts.is_empty() {
        resource["subresources"] = json!(parts);
    }
    resource
}

fn version(old: bool) -> Value {
    if old {
        return json!({
            "major": "1", "minor": "9+", "gitVersion": "v1.9.1+a0ce1bc657", "gitCommit": "a0ce1bc",
            "gitTreeState": "clean", "buildDate": "2018-06-24T01:54:00Z", "goVersion": "go1.9",
            "compiler": "gc", "platform": "linux/amd64",
        });
    }
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.2",
        "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406", "gitTreeState": "clean",
        "buildDate": "2026-07-23T00:00:00Z", "goVersion": "go1.26.10", "compiler": "gc",
        "platform": "linux/amd64",
    })
}
