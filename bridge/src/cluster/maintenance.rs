// SPDX-License-Identifier: LGPL-2.1-or-later

//! Making a plain registry read-only for a while, and writable again: one variable in the template
//! of its pods, put there and taken away by server-side apply. Who else sets it keeps it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::error::Kind;
use super::path::is_name;
use super::program::READ_ONLY_VARIABLE;
use super::{Cluster, Error};

/// As whom the variable is applied: another than [`super::apply::OURS`], for what one manager
/// applies no more is taken away, and that one may own the whole deployment.
const MANAGER: &str = "cockpit-images-garbage";
/// Since when a registry has been read-only, by us.
const SINCE: &str = "cockpit-images/read-only-since";
/// The record of the collection for which it is.
const FOR: &str = "cockpit-images/read-only-for";
/// In the template of the pods, so that they are made anew for each collection, and with them goes
/// whatever still runs in the old ones.
const ROUND: &str = "cockpit-images/collection";

/// The kinds whose pods are made anew when their template changes: how people call one, their group
/// and version, resource and kind.
const KINDS: [(&str, &str, &str, &str); 4] = [
    ("deployment", "apps/v1", "deployments", "Deployment"),
    ("stateful set", "apps/v1", "statefulsets", "StatefulSet"),
    ("daemon set", "apps/v1", "daemonsets", "DaemonSet"),
    ("deployment config", "apps.openshift.io/v1", "deploymentconfigs", "DeploymentConfig"),
];

/// What makes the pods of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    namespace: String,
    kind: &'static (&'static str, &'static str, &'static str, &'static str),
    name: String,
    /// The registry's container.
    container: String,
}

/// What is remembered at a registry that is read-only by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Since when, as it was written. Untrusted when it was read.
    pub since: String,
    /// The name of the record of the collection for which it is read-only. Untrusted when it was
    /// read.
    pub record: Option<String>,
}

/// How far the pods follow their template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// By whom and since when it is read-only, if by us.
    pub mark: Option<Mark>,
    /// Whether all pods are of the newest template and ready, and no other is left.
    pub is_settled: bool,
    /// Pods that are ready.
    pub ready: u32,
    /// Pods that are wanted.
    pub wanted: u32,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    generation: i64,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<u32>,
}

/// Of all four kinds: each fills its own fields.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    observed_generation: i64,
    replicas: u32,
    ready_replicas: u32,
    updated_replicas: u32,
    available_replicas: Option<u32>,
    desired_number_scheduled: Option<u32>,
    updated_number_scheduled: u32,
    number_ready: u32,
    number_available: u32,
    current_revision: Option<String>,
    update_revision: Option<String>,
}

impl Maker {
    /// What makes the pods of a registry, if it is of a kind that makes them anew when they are
    /// to change. `kind` is one of [`super::workload::Controller`].
    pub fn new(namespace: &str, kind: &str, name: &str, container: &str) -> Option<Self> {
        let kind = KINDS.iter().find(|known| known.0 == kind)?;
        if ![namespace, name, container].into_iter().all(is_name) {
            return None;
        }
        let owned = str::to_owned;
        Some(Self {
            namespace: owned(namespace),
            kind,
            name: owned(name),
            container: owned(container),
        })
    }

    /// Its name for people: `deployment shop/registry`.
    pub fn words(&self) -> String {
        format!("{} {}/{}", self.kind.0, self.namespace, self.name)
    }

    /// The group and the resource, for questions about rights.
    pub fn resource(&self) -> (&'static str, &'static str) {
        (self.kind.1.split('/').next().unwrap_or_default(), self.kind.2)
    }

    /// The namespace and the name.
    pub fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// The command line that makes it writable again.
    pub fn set_back_command(&self) -> String {
        let Self { namespace, kind, name, .. } = self;
        let (resource, _) = (kind.2, kind.3);
        format!(
            "kubectl -n {namespace} set env {resource}/{name} {READ_ONLY_VARIABLE}- && \
             kubectl -n {namespace} annotate {resource}/{name} {SINCE}- {FOR}-"
        )
    }

    fn path(&self) -> String {
        let Self { namespace, kind: (_, version, resource, _), name, .. } = self;
        format!("/apis/{version}/namespaces/{namespace}/{resource}/{name}")
    }

    /// What is applied; without a mark nothing of it, so that it goes. In each round the pods are
    /// made anew.
    fn applied(&self, mark: Option<(&Mark, u32)>) -> Value {
        let Self { namespace, kind: (_, version, _, kind), name, container } = self;
        let mut object = json!({
            "apiVersion": version, "kind": kind,
            "metadata": { "name": name, "namespace": namespace },
        });
        if let Some((Mark { since, record }, round)) = mark {
            let record = record.as_deref().unwrap_or_default();
            let variable = json!({ "name": READ_ONLY_VARIABLE, "value": "{\"enabled\":true}" });
            object["metadata"]["annotations"] = json!({ SINCE: since, FOR: record });
            object["spec"]["template"]["metadata"]["annotations"] =
                json!({ ROUND: format!("{record}-{round}") });
            object["spec"]["template"]["spec"]["containers"] =
                json!([{ "name": container, "env": [variable] }]);
        }
        object
    }
}

impl Cluster {
    /// Has the pods made anew as read-only ones, also if they are so already: once for each round.
    /// The mark is remembered at the object.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::other_manager`] says who else sets it.
    pub async fn make_read_only(
        &self,
        maker: &Maker,
        mark: &Mark,
        round: u32,
    ) -> Result<(), Error> {
        self.apply_maintenance(maker, Some((mark, round))).await
    }

    /// Takes back what [`Cluster::make_read_only`] did, and nothing else.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn make_writable(&self, maker: &Maker) -> Result<(), Error> {
        self.apply_maintenance(maker, None).await
    }

    async fn apply_maintenance(
        &self,
        maker: &Maker,
        mark: Option<(&Mark, u32)>,
    ) -> Result<(), Error> {
        let path = format!("{}?fieldManager={MANAGER}", maker.path());
        let body = Bytes::from(maker.applied(mark).to_string());
        // JSON is YAML.
        self.patch::<IgnoredAny>(&path, "application/apply-patch+yaml", body).await.map(drop)
    }

    /// How far the pods follow their template.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn rollout(&self, maker: &Maker) -> Result<Rollout, Error> {
        if !is_name(&maker.name) {
            return Err(Error::new(Method::GET, &maker.path(), Kind::Path));
        }
        Ok(self.get::<Object>(&maker.path()).await?.read())
    }
}

impl Object {
    fn read(self) -> Rollout {
        let Self { metadata, spec, status } = self;
        let is_seen = status.observed_generation >= metadata.generation;
        let (wanted, ready, are_new) = match status.desired_number_scheduled {
            // A daemon set.
            Some(wanted) => {
                let new =
                    status.updated_number_scheduled >= wanted && status.number_available >= wanted;
                (wanted, status.number_ready, new)
            }
            None => {
                let wanted = spec.replicas.unwrap_or(1);
                let available = status.available_replicas.unwrap_or(status.ready_replicas);
                // A stateful set counts no updated pods once all are.
                let is_current = status.update_revision.is_some()
                    && status.update_revision == status.current_revision;
                let new = (is_current || status.updated_replicas >= wanted)
                    && status.replicas <= wanted
                    && available >= wanted;
                (wanted, status.ready_replicas, new)
            }
        };
        let mark = metadata
            .annotations
            .and_then(|mut all| Some(Mark { since: all.remove(SINCE)?, record: all.remove(FOR) }));
        Rollout { mark, is_settled: is_seen && are_new, ready, wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    fn maker() -> Maker {
        Maker::new("shop", "deployment", "registry", "registry").unwrap()
    }

    fn mark() -> Mark {
        Mark { since: "2026-11-24T17:00:00Z".to_owned(), record: Some("r1".to_owned()) }
    }

    fn settled(object: Value) -> bool {
        serde_json::from_value::<Object>(object).unwrap().read().is_settled
    }

    #[test]
    fn pods_of_the_old_template_are_waited_for() {
        let deployment = |seen: i64, all: u32, updated: u32, available: u32| {
            settled(json!({
                "metadata": { "generation": 2 }, "spec": { "replicas": 1 },
                "status": { "observedGeneration": seen, "replicas": all, "updatedReplicas": updated,
                    "availableReplicas": available, "readyReplicas": available },
            }))
        };
        assert!(deployment(2, 1, 1, 1));
        assert!(!deployment(1, 1, 1, 1), "not seen yet");
        assert!(!deployment(2, 2, 1, 2), "an old one is left");
        assert!(!deployment(2, 1, 0, 1) && !deployment(2, 1, 1, 0));
    }

    #[test]
    fn other_kinds_count_in_other_words() {
        let daemon_set = |updated: u32| {
            settled(json!({
                "metadata": {}, "status": { "desiredNumberScheduled": 2, "numberReady": 2,
                    "numberAvailable": 2, "updatedNumberScheduled": updated },
            }))
        };
        assert!(daemon_set(2) && !daemon_set(1));
        let stateful_set = |current: &str| {
            settled(json!({
                "metadata": {}, "spec": { "replicas": 1 },
                "status": { "replicas": 1, "readyReplicas": 1, "updateRevision": "b",
                    "currentRevision": current },
            }))
        };
        assert!(stateful_set("b") && !stateful_set("a"));
    }

    #[test]
    fn only_what_makes_its_pods_anew() {
        assert_eq!(Maker::new("shop", "replication controller", "registry", "registry"), None);
        assert_eq!(Maker::new("shop", "deployment", "a/b", "registry"), None);
        assert_eq!(maker().words(), "deployment shop/registry");
        assert_eq!(maker().resource(), ("apps", "deployments"));
    }

    #[tokio::test]
    async fn what_is_put_there_is_taken_away() {
        let fake = Fake::start(|asked| match &*asked.method {
            "PATCH" => (200, json!({})),
            _ => (200, json!({ "metadata": { "annotations": { SINCE: "yesterday" } } })),
        })
        .await;
        fake.cluster.make_read_only(&maker(), &mark(), 1).await.unwrap();
        let rollout = fake.cluster.rollout(&maker()).await.unwrap();
        assert_eq!(rollout.mark, Some(Mark { since: "yesterday".to_owned(), record: None }));
        fake.cluster.make_writable(&maker()).await.unwrap();
        let log = fake.log();
        assert!(
            log[0].target.ends_with("/deployments/registry?fieldManager=cockpit-images-garbage")
        );
        assert_eq!(log[0].body["metadata"]["annotations"][SINCE], "2026-11-24T17:00:00Z");
        assert_eq!(log[0].body["metadata"]["annotations"][FOR], "r1");
        let template = &log[0].body["spec"]["template"];
        assert_eq!(template["metadata"]["annotations"][ROUND], "r1-1");
        let container = &template["spec"]["containers"][0];
        assert_eq!(container["env"][0]["value"], r#"{"enabled":true}"#);
        assert_eq!(log[2].target, log[0].target);
        assert!(log[2].body.get("spec").is_none());
        assert!(log[2].body["metadata"].get("annotations").is_none());
    }

    #[tokio::test]
    async fn anothers_setting_is_kept() {
        let fake = Fake::start(|_| {
            let (status, mut body) = refusal(409);
            body["message"] =
                json!("Apply failed with 1 conflict: conflict with \"helm\" using apps/v1: .spec");
            (status, body)
        })
        .await;
        let error = fake.cluster.make_read_only(&maker(), &mark(), 1).await.unwrap_err();
        assert_eq!(error.other_manager(), Some("helm"));
    }
}
