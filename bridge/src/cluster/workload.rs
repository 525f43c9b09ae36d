// SPDX-License-Identifier: LGPL-2.1-or-later

//! What runs behind a service: who should run it, its pods and why they do not, and OpenShift's
//! operator of the registry.
//!
//! Each part is read by itself. Few users may see all of them, and one part often says enough.

mod operator;
mod pod;

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use self::operator::{Condition, OPERATOR, Operator};
pub use self::pod::Pod;
use super::error::Kind;
use super::path::is_name;
use super::service::Service;
use super::{Cluster, Error, List};
use crate::uri::escaped;

/// The objects of a kind that are looked at. A registry has a handful.
const MOST: usize = 50;

/// The kinds that run pods: their group and version, their resource, and how people call one.
const KINDS: [(&str, &str, &str); 5] = [
    ("apis/apps/v1", "deployments", "deployment"),
    ("apis/apps/v1", "statefulsets", "stateful set"),
    ("apis/apps/v1", "daemonsets", "daemon set"),
    ("api/v1", "replicationcontrollers", "replication controller"),
    ("apis/apps.openshift.io/v1", "deploymentconfigs", "deployment config"),
];

/// What runs behind a service. A part that is `None` may not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// The labels of its pods; empty where the service has none of its own choosing.
    pub selector: Option<BTreeMap<String, String>>,
    /// Who is to run such pods.
    pub controllers: Option<Vec<Controller>>,
    /// The pods.
    pub pods: Option<Vec<Pod>>,
    /// How many addresses of pods the service has that are ready: what the service proxy uses.
    pub endpoints: Option<usize>,
}

/// An object that runs pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// What it is, in words: `deployment`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How many pods it should run.
    pub wanted: u32,
    /// How many of them are ready.
    pub ready: u32,
    /// Why it does not come up, in the cluster's words, such as those of a quota.
    pub message: Option<String>,
}

impl Workload {
    /// Whether nobody is asked to run a pod, though somebody could.
    pub fn is_scaled_to_zero(&self) -> bool {
        let controllers = self.controllers.as_deref().unwrap_or_default();
        !controllers.is_empty() && controllers.iter().all(|controller| controller.wanted == 0)
    }

    /// The first pod that is not ready, for its reason.
    pub fn failing_pod(&self) -> Option<&Pod> {
        self.pods.as_deref()?.iter().find(|pod| !pod.ready)
    }

    /// A pod that is ready.
    pub fn ready_pod(&self) -> Option<&Pod> {
        self.pods.as_deref()?.iter().find(|pod| pod.ready)
    }
}

#[derive(Deserialize)]
struct Object {
    metadata: Named,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<u32>,
    template: Option<Template>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: TemplateMetadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TemplateMetadata {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    ready_replicas: Option<u32>,
    desired_number_scheduled: Option<u32>,
    number_ready: Option<u32>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize)]
struct Endpoints {
    subsets: Option<Vec<Subset>>,
}

#[derive(Deserialize)]
struct Subset {
    addresses: Option<Vec<serde::de::IgnoredAny>>,
}

impl Cluster {
    /// What runs behind a service.
    ///
    /// # Errors
    /// When there is no such service, or the cluster cannot be asked. What the user may not see is
    /// left out.
    pub async fn registry_workload(&self, namespace: &str, name: &str) -> Result<Workload, Error> {
        if !is_name(namespace) || !is_name(name) {
            return Err(Error::new(Method::GET, "/api/v1/services", Kind::Path));
        }
        let (service, endpoints) =
            tokio::join!(self.service(namespace, name), self.endpoints(namespace, name));
        let endpoints = seen(endpoints)?;
        let Some(service) = seen(service)? else {
            return Ok(Workload { endpoints, ..Workload::default() });
        };
        let selector = service.spec.selector.clone().unwrap_or_default();
        if selector.is_empty() {
            let (controllers, pods) = (Some(Vec::new()), Some(Vec::new()));
            return Ok(Workload { selector: Some(selector), controllers, pods, endpoints });
        }
        let (controllers, pods) =
            tokio::join!(self.controllers(namespace, &selector), self.pods(namespace, &service));
        Ok(Workload {
            controllers: controllers?,
            pods: seen(pods)?,
            selector: Some(selector),
            endpoints,
        })
    }

    async fn endpoints(&self, namespace: &str, name: &str) -> Result<usize, Error> {
        let path = format!("/api/v1/namespaces/{namespace}/endpoints/{name}");
        match self.get::<Endpoints>(&path).await {
            Ok(Endpoints { subsets }) => {
                let subsets = subsets.unwrap_or_default();
                Ok(subsets.iter().map(|s| s.addresses.as_deref().map_or(0, <[_]>::len)).sum())
            }
            Err(error) if error.is_not_found() => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// The pods that the service chooses.
    async fn pods(&self, namespace: &str, service: &Service) -> Result<Vec<Pod>, Error> {
        let labels: Vec<_> = service.spec.selector.iter().flatten().collect();
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let query = format!("labelSelector={}", escaped(&labels.join(",")));
        let path = format!("api/v1/namespaces/{namespace}/pods");
        let pods: Vec<pod::Object> = self.some(&path, &query).await?;
        let target = service.spec.ports.first().and_then(|port| port.target_port.as_ref());
        let port = service.spec.ports.first().map(|port| port.port);
        Ok(pods.into_iter().map(|pod| pod.read(target, port)).collect())
    }

    /// Who runs pods with these labels; `None` when nothing of it may be seen.
    async fn controllers(
        &self,
        namespace: &str,
        selector: &BTreeMap<String, String>,
    ) -> Result<Option<Vec<Controller>>, Error> {
        let lists = KINDS.map(|(api, resource, kind)| async move {
            let path = format!("{api}/namespaces/{namespace}/{resource}");
            (kind, self.some::<Object>(&path, "").await)
        });
        let mut found: Option<Vec<_>> = None;
        for (kind, list) in futures_util::future::join_all(lists).await {
            let objects = match list {
                // A cluster without OpenShift's kinds.
                Err(error) if error.is_no_path() => continue,
                list => seen(list)?,
            };
            let Some(objects) = objects else { continue };
            let chosen = objects.into_iter().filter(|object| object.makes(selector));
            found.get_or_insert_default().extend(chosen.map(|object| object.read(kind)));
        }
        Ok(found)
    }

    /// The first objects of a list, of which there are not many.
    async fn some<T: DeserializeOwned>(&self, path: &str, query: &str) -> Result<Vec<T>, Error> {
        let list: List<T> = self.get(&format!("/{path}?limit={MOST}&pretty=false&{query}")).await?;
        Ok(list.into_items())
    }
}

/// `None` for what the user may not see.
fn seen<T>(part: Result<T, Error>) -> Result<Option<T>, Error> {
    match part {
        Ok(part) => Ok(Some(part)),
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

impl Object {
    /// Whether its pods have all these labels.
    fn makes(&self, selector: &BTreeMap<String, String>) -> bool {
        let template = self.spec.template.as_ref();
        let labels = template.and_then(|template| template.metadata.labels.as_ref());
        labels.is_some_and(|labels| selector.iter().all(|(k, v)| labels.get(k) == Some(v)))
    }

    fn read(self, kind: &'static str) -> Controller {
        let Status { ready_replicas, desired_number_scheduled, number_ready, conditions } =
            self.status;
        let conditions = conditions.unwrap_or_default();
        let failing = conditions.iter().find(|condition| {
            // A quota, an admission rule, a rollout that took too long.
            let is = |r#type: &str, status: &str| {
                condition.r#type == r#type && condition.status == status
            };
            is("ReplicaFailure", "True") || is("Progressing", "False")
        });
        Controller {
            kind,
            name: self.metadata.name,
            // The API's default is one; a daemon set says how many only in its status.
            wanted: desired_number_scheduled.or(self.spec.replicas).unwrap_or(1),
            ready: number_ready.or(ready_replicas).unwrap_or(0),
            message: failing.and_then(Condition::words),
        }
    }
}

#[cfg(test)]
mod tests;
