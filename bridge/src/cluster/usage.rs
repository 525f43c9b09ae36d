// SPDX-License-Identifier: LGPL-2.1-or-later

//! What in a cluster names or runs images: pods, and all that makes pods or images.
//!
//! One file for each family of kinds: `pod` for pods themselves, `template` for what makes pods,
//! `build` for OpenShift's builds. Only what says something about images is read.

mod build;
mod pod;
mod reference;
mod template;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use http::Method;
use images_proto::usage::How;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use self::reference::Asks;
use super::error::Kind as ErrorKind;
use super::path::is_name;
use super::{Cluster, Error};

/// How often a list is begun anew because its continue token was too old.
const RESTARTS: u32 = 3;
/// The most objects of one kind that are read: more would fill the memory.
const MOST: usize = 100_000;
/// The longest text that may be a pull spec, in bytes.
const LONGEST: usize = 1_024;

/// The kinds of objects that name images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What runs.
    Pod,
    /// Made by deployments, mostly.
    ReplicaSet,
    /// Runs a service.
    Deployment,
    /// Runs something with a memory.
    StatefulSet,
    /// Runs on each node.
    DaemonSet,
    /// Runs once.
    Job,
    /// Runs from time to time.
    CronJob,
    /// Made by deployment configs, mostly.
    ReplicationController,
    /// OpenShift's deployment.
    DeploymentConfig,
    /// Builds an image.
    Build,
    /// Has images built.
    BuildConfig,
}

/// An object that names images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its kind.
    pub kind: Kind,
    /// Its project.
    pub project: Arc<str>,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: Option<String>,
    /// What made it.
    pub owner: Option<Owner>,
    /// The images that it names or runs.
    pub uses: Vec<Use>,
}

/// What made an object, as that says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its kind, which may be any.
    pub kind: Arc<str>,
    /// Its name.
    pub name: String,
    /// Its uid; annotations do not tell it.
    pub uid: Option<String>,
}

/// One place where an object names or runs an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The container, or `volume NAME`, if it is one.
    pub container: Option<Arc<str>>,
    /// What is asked for.
    pub asks: Asks,
    /// What the node says it runs, `imageID`, as it stands there.
    pub image_id: Option<Arc<str>>,
    /// Whether it runs.
    pub how: How,
}

/// The objects of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Those that name images.
    pub workloads: Vec<Workload>,
    /// There were too many: these are not all.
    pub cut: bool,
}

/// Texts that are there many times, kept once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

/// An object's metadata, as far as it says what made it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: Option<String>,
    uid: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct OwnerReference {
    kind: String,
    name: String,
    uid: Option<String>,
    #[serde(default)]
    controller: bool,
}

/// What OpenShift wrote before there were owner references, and what has images replaced.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "openshift.io/build.name")]
    build: Option<String>,
    #[serde(rename = "openshift.io/build-config.name")]
    build_config: Option<String>,
    #[serde(rename = "openshift.io/deployment.name")]
    deployment: Option<String>,
    #[serde(rename = "openshift.io/deployment-config.name")]
    deployment_config: Option<String>,
    #[serde(rename = "image.openshift.io/triggers")]
    triggers: Option<String>,
}

/// An object of one of the kinds, as it comes.
trait Object: DeserializeOwned {
    fn metadata(&mut self) -> Metadata;

    /// The images that it names or runs, in this project.
    fn uses(self, project: &str, annotations: &Annotations, texts: &mut Texts) -> Vec<Use>;
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Pod,
        Self::ReplicaSet,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::ReplicationController,
        Self::DeploymentConfig,
        Self::Build,
        Self::BuildConfig,
    ];

    /// The kind's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::ReplicaSet => "ReplicaSet",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ReplicationController => "ReplicationController",
            Self::DeploymentConfig => "DeploymentConfig",
            Self::Build => "Build",
            Self::BuildConfig => "BuildConfig",
        }
    }

    /// Several of them, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pod => "pods",
            Self::ReplicaSet => "replica sets",
            Self::Deployment => "deployments",
            Self::StatefulSet => "stateful sets",
            Self::DaemonSet => "daemon sets",
            Self::Job => "jobs",
            Self::CronJob => "cron jobs",
            Self::ReplicationController => "replication controllers",
            Self::DeploymentConfig => "deployment configs",
            Self::Build => "builds",
            Self::BuildConfig => "build configs",
        }
    }

    /// The API group, empty for the oldest.
    fn group(self) -> &'static str {
        match self {
            Self::Pod | Self::ReplicationController => "",
            Self::ReplicaSet | Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::Job | Self::CronJob => "batch",
            Self::DeploymentConfig => "apps.openshift.io",
            Self::Build | Self::BuildConfig => "build.openshift.io",
        }
    }

    fn versions(self) -> &'static [&'static str] {
        match self {
            // Kubernetes before 1.21.
            Self::CronJob => &["v1", "v1beta1"],
            _ => &["v1"],
        }
    }

    fn resource(self) -> &'static str {
        match self {
            Self::Pod => "pods",
            Self::ReplicaSet => "replicasets",
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Job => "jobs",
            Self::CronJob => "cronjobs",
            Self::ReplicationController => "replicationcontrollers",
            Self::DeploymentConfig => "deploymentconfigs",
            Self::Build => "builds",
            Self::BuildConfig => "buildconfigs",
        }
    }

    fn path(self, version: &str, project: Option<&str>) -> String {
        let resource = self.resource();
        let api = match self.group() {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        match project {
            Some(project) => format!("{api}/namespaces/{project}/{resource}"),
            None => format!("{api}/{resource}"),
        }
    }
}

impl Cluster {
    /// The kinds that this cluster has, as far as it says so.
    pub async fn workload_kinds(&self) -> Vec<Kind> {
        #[derive(Deserialize)]
        struct Groups {
            groups: Option<Vec<Group>>,
        }
        #[derive(Deserialize)]
        struct Group {
            name: String,
        }
        let Ok(Groups { groups: Some(groups) }) = self.get("/apis").await else {
            return Kind::ALL.to_vec();
        };
        let has = |group: &str| group.is_empty() || groups.iter().any(|known| known.name == group);
        Kind::ALL.into_iter().filter(|kind| has(kind.group())).collect()
    }

    /// The objects of a kind that name images, of one project or of all. None where the cluster
    /// does not have the kind.
    ///
    /// # Errors
    /// When they may not or cannot be listed.
    pub async fn workloads(&self, kind: Kind, project: Option<&str>) -> Result<Listed, Error> {
        for version in kind.versions() {
            let path = kind.path(version, project);
            if project.is_some_and(|project| !is_name(project)) {
                return Err(Error::new(Method::GET, &path, ErrorKind::Path));
            }
            let listed = match kind {
                Kind::Pod => self.read::<pod::Pod>(kind, &path).await,
                Kind::CronJob => self.read::<template::CronJob>(kind, &path).await,
                Kind::DeploymentConfig => {
                    self.read::<template::DeploymentConfig>(kind, &path).await
                }
                Kind::Build => self.read::<build::Build>(kind, &path).await,
                Kind::BuildConfig => self.read::<build::BuildConfig>(kind, &path).await,
                Kind::ReplicaSet
                | Kind::Deployment
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::Job
                | Kind::ReplicationController => {
                    self.read::<template::Templated>(kind, &path).await
                }
            };
            match listed {
                Err(error) if error.is_no_path() => {}
                listed => return listed,
            }
        }
        Ok(Listed::default())
    }

    /// The namespaces, on a cluster without projects.
    ///
    /// # Errors
    /// When they may not or cannot be listed.
    pub async fn namespaces(&self) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Namespace {
            metadata: Metadata,
        }
        let namespaces: Vec<Namespace> = self.list_all("/api/v1/namespaces").await?;
        Ok(namespaces.into_iter().map(|namespace| namespace.metadata.name).collect())
    }

    /// Reads a list page by page; of each page only what is wanted is kept.
    async fn read<T: Object>(&self, kind: Kind, path: &str) -> Result<Listed, Error> {
        let (mut listed, mut texts) = (Listed::default(), Texts::default());
        let (mut token, mut restarts): (Option<String>, u32) = (None, 0);
        loop {
            let page = match self.list::<T>(path, token.as_deref()).await {
                Err(error) if error.is_expired() && token.is_some() && restarts < RESTARTS => {
                    restarts += 1;
                    listed.workloads.clear();
                    token = None;
                    continue;
                }
                page => page?,
            };
            let next = page.next().map(str::to_owned);
            let objects = page.into_items().into_iter();
            listed
                .workloads
                .extend(objects.filter_map(|object| workload(kind, object, &mut texts)));
            match next {
                Some(_) if listed.workloads.len() >= MOST => {
                    listed.cut = true;
                    return Ok(listed);
                }
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(listed),
            }
        }
    }
}

fn workload<T: Object>(kind: Kind, mut object: T, texts: &mut Texts) -> Option<Workload> {
    let Metadata { name, namespace, uid, owner_references, annotations } = object.metadata();
    let annotations = annotations.unwrap_or_default();
    let project = namespace?;
    let uses = object.uses(&project, &annotations, texts);
    let owner = owner(kind, owner_references.unwrap_or_default(), annotations, texts);
    Some(Workload { kind, project: texts.keep(project), name, uid, owner, uses })
}

/// What made an object: what controls it, else the first that owns it, else what OpenShift noted.
fn owner(
    kind: Kind,
    mut references: Vec<OwnerReference>,
    annotations: Annotations,
    texts: &mut Texts,
) -> Option<Owner> {
    // The node is where a static pod stands, not what somebody made it with.
    references.retain(|reference| reference.kind != "Node");
    references.sort_by_key(|reference| !reference.controller);
    if let Some(OwnerReference { kind, name, uid, .. }) = references.into_iter().next() {
        return Some(Owner { kind: texts.keep(kind), name, uid });
    }
    let Annotations { build, build_config, deployment, deployment_config, .. } = annotations;
    let (kind, name) = match kind {
        Kind::Pod => build
            .map(|name| (Kind::Build, name))
            .or_else(|| deployment.map(|name| (Kind::ReplicationController, name)))
            .or_else(|| deployment_config.map(|name| (Kind::DeploymentConfig, name)))?,
        Kind::ReplicationController => (Kind::DeploymentConfig, deployment_config?),
        Kind::Build => (Kind::BuildConfig, build_config?),
        _ => return None,
    };
    Some(Owner { kind: texts.keep(kind.name().to_owned()), name, uid: None })
}

impl Texts {
    fn keep(&mut self, mut text: String) -> Arc<str> {
        text.truncate(text.floor_char_boundary(LONGEST));
        if let Some(known) = self.0.get(text.as_str()) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.0.insert(text.clone());
        text
    }
}
