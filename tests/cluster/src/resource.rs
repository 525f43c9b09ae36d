// SPDX-License-Identifier: LGPL-2.1-or-later
//! The kinds of objects that the cluster stores.

use serde_json::Value;

/// A stored kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    /// API group; empty for the core group.
    pub(crate) group: &'static str,
    /// Plural name, as in paths.
    pub(crate) plural: &'static str,
    /// The `kind` of one object.
    pub(crate) kind: &'static str,
    /// Whether its objects are in namespaces.
    pub(crate) namespaced: bool,
}

impl Resource {
    const fn namespaced(group: &'static str, plural: &'static str, kind: &'static str) -> Self {
        Self { group, plural, kind, namespaced: true }
    }

    const fn cluster_wide(group: &'static str, plural: &'static str, kind: &'static str) -> Self {
        Self { group, plural, kind, namespaced: false }
    }

    /// What stands in `apiVersion`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", self.group) }
    }

    /// The kind as which its objects are stored: a project is a namespace under another name.
    pub(crate) fn home(&'static self) -> &'static Self {
        if self == &PROJECTS { &NAMESPACES } else { self }
    }

    /// The name under which its objects are stored.
    pub(crate) fn collection(&self) -> &'static str {
        if self == &PROJECTS { NAMESPACES.plural } else { self.plural }
    }

    /// An object as it stands alone, with kind and version.
    pub(crate) fn alone(&self, mut object: Value) -> Value {
        object["kind"] = self.kind.into();
        object["apiVersion"] = self.api_version().into();
        object
    }

    /// `images.image.openshift.io`, or only the plural in the core group.
    pub(crate) fn qualified(group: &str, name: &str) -> String {
        if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
    }
}

/// Deployments and what makes their pods.
pub(crate) const APPS: &str = "apps";
/// OpenShift's deployments of old.
pub(crate) const APPS_OPENSHIFT: &str = "apps.openshift.io";
/// Jobs and what makes them.
pub(crate) const BATCH: &str = "batch";
/// OpenShift's builds.
pub(crate) const BUILD: &str = "build.openshift.io";
/// The group of ImageStreams and Images.
pub(crate) const IMAGE_GROUP: &str = "image.openshift.io";
/// Ingresses.
pub(crate) const NETWORKING: &str = "networking.k8s.io";
/// OpenShift's projects.
pub(crate) const PROJECT: &str = "project.openshift.io";
/// Roles and their bindings.
pub(crate) const RBAC: &str = "rbac.authorization.k8s.io";
/// What OpenShift's registry operator is told.
pub(crate) const REGISTRY_OPERATOR: &str = "imageregistry.operator.openshift.io";
/// OpenShift's routes.
pub(crate) const ROUTE: &str = "route.openshift.io";
/// Storage classes.
pub(crate) const STORAGE: &str = "storage.k8s.io";
/// OpenShift's people.
pub(crate) const USER: &str = "user.openshift.io";

pub(crate) const CONFIG_MAPS: Resource = Resource::namespaced("", "configmaps", "ConfigMap");
pub(crate) const ENDPOINTS: Resource = Resource::namespaced("", "endpoints", "Endpoints");
pub(crate) const NAMESPACES: Resource = Resource::cluster_wide("", "namespaces", "Namespace");
pub(crate) const NODES: Resource = Resource::cluster_wide("", "nodes", "Node");
pub(crate) const CLAIMS: Resource =
    Resource::namespaced("", "persistentvolumeclaims", "PersistentVolumeClaim");
pub(crate) const PODS: Resource = Resource::namespaced("", "pods", "Pod");
pub(crate) const SECRETS: Resource = Resource::namespaced("", "secrets", "Secret");
pub(crate) const SERVICE_ACCOUNTS: Resource =
    Resource::namespaced("", "serviceaccounts", "ServiceAccount");
pub(crate) const SERVICES: Resource = Resource::namespaced("", "services", "Service");
pub(crate) const DEPLOYMENTS: Resource = Resource::namespaced(APPS, "deployments", "Deployment");
pub(crate) const DAEMON_SETS: Resource = Resource::namespaced(APPS, "daemonsets", "DaemonSet");
pub(crate) const STATEFUL_SETS: Resource =
    Resource::namespaced(APPS, "statefulsets", "StatefulSet");
pub(crate) const DEPLOYMENT_CONFIGS: Resource =
    Resource::namespaced(APPS_OPENSHIFT, "deploymentconfigs", "DeploymentConfig");
pub(crate) const REPLICATION_CONTROLLERS: Resource =
    Resource::namespaced("", "replicationcontrollers", "ReplicationController");
pub(crate) const REPLICA_SETS: Resource = Resource::namespaced(APPS, "replicasets", "ReplicaSet");
pub(crate) const JOBS: Resource = Resource::namespaced(BATCH, "jobs", "Job");
pub(crate) const CRON_JOBS: Resource = Resource::namespaced(BATCH, "cronjobs", "CronJob");
pub(crate) const BUILDS: Resource = Resource::namespaced(BUILD, "builds", "Build");
pub(crate) const BUILD_CONFIGS: Resource =
    Resource::namespaced(BUILD, "buildconfigs", "BuildConfig");
pub(crate) const IMAGES: Resource = Resource::cluster_wide(IMAGE_GROUP, "images", "Image");
pub(crate) const IMAGE_STREAMS: Resource =
    Resource::namespaced(IMAGE_GROUP, "imagestreams", "ImageStream");
pub(crate) const REGISTRY_CONFIGS: Resource =
    Resource::cluster_wide(REGISTRY_OPERATOR, "configs", "Config");
pub(crate) const IMAGE_PRUNERS: Resource =
    Resource::cluster_wide(REGISTRY_OPERATOR, "imagepruners", "ImagePruner");
pub(crate) const INGRESSES: Resource = Resource::namespaced(NETWORKING, "ingresses", "Ingress");
pub(crate) const CLUSTER_ROLES: Resource =
    Resource::cluster_wide(RBAC, "clusterroles", "ClusterRole");
pub(crate) const CLUSTER_ROLE_BINDINGS: Resource =
    Resource::cluster_wide(RBAC, "clusterrolebindings", "ClusterRoleBinding");
pub(crate) const ROLES: Resource = Resource::namespaced(RBAC, "roles", "Role");
pub(crate) const ROLE_BINDINGS: Resource =
    Resource::namespaced(RBAC, "rolebindings", "RoleBinding");
pub(crate) const ROUTES: Resource = Resource::namespaced(ROUTE, "routes", "Route");
pub(crate) const STORAGE_CLASSES: Resource =
    Resource::cluster_wide(STORAGE, "storageclasses", "StorageClass");
pub(crate) const GROUPS: Resource = Resource::cluster_wide(USER, "groups", "Group");
pub(crate) const IDENTITIES: Resource = Resource::cluster_wide(USER, "identities", "Identity");
pub(crate) const USERS: Resource = Resource::cluster_wide(USER, "users", "User");
/// Not stored: see [`Resource::home`].
pub(crate) const PROJECTS: Resource = Resource::cluster_wide(PROJECT, "projects", "Project");

/// All that are stored.
pub(crate) const STORED: [&Resource; 33] = [
    &CONFIG_MAPS,
    &ENDPOINTS,
    &NAMESPACES,
    &NODES,
    &CLAIMS,
    &PODS,
    &SECRETS,
    &SERVICE_ACCOUNTS,
    &SERVICES,
    &DEPLOYMENTS,
    &DAEMON_SETS,
    &STATEFUL_SETS,
    &DEPLOYMENT_CONFIGS,
    &REPLICATION_CONTROLLERS,
    &REPLICA_SETS,
    &JOBS,
    &CRON_JOBS,
    &BUILDS,
    &BUILD_CONFIGS,
    &IMAGES,
    &IMAGE_STREAMS,
    &REGISTRY_CONFIGS,
    &IMAGE_PRUNERS,
    &INGRESSES,
    &CLUSTER_ROLES,
    &CLUSTER_ROLE_BINDINGS,
    &ROLES,
    &ROLE_BINDINGS,
    &ROUTES,
    &STORAGE_CLASSES,
    &GROUPS,
    &IDENTITIES,
    &USERS,
];
