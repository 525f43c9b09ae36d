// SPDX-License-Identifier: LGPL-2.1-or-later

//! How many objects of which kinds are in a namespace. Only numbers are read.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Cluster, Error, List};
use crate::uri::escaped;

/// Requests at once.
const CONCURRENCY: usize = 8;
/// The most groups of an API that are asked for their kinds.
const MOST_GROUPS: usize = 500;
/// The most kinds that are counted.
const MOST_KINDS: usize = 2_000;

/// What is only another sight of other objects, or a trace of them: group (`*`: any) and resource
/// (`*`: all).
const DERIVED: &[(&str, &str)] = &[
    ("*", "events"),
    ("", "endpoints"),
    ("discovery.k8s.io", "endpointslices"),
    ("image.openshift.io", "imagestreamtags"),
    ("image.openshift.io", "imagetags"),
    // Another API of the same roles and bindings.
    ("authorization.openshift.io", "*"),
    ("packages.operators.coreos.com", "*"),
    ("metrics.k8s.io", "*"),
    ("quota.openshift.io", "appliedclusterresourcequotas"),
];

/// A kind of objects that are in namespaces and can be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listable {
    /// Its group and version, such as `apps/v1`; `v1` for the oldest.
    pub version: String,
    /// The name of its lists, such as `deployments`.
    pub resource: String,
    /// Such as `Deployment`.
    pub kind: String,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Each kind of which there is something, and how many; `None`: some, but nobody knows how many.
    pub counted: Vec<(Listable, Option<u64>)>,
    /// Kinds that the user may not list.
    pub forbidden: Vec<Listable>,
    /// What could not be asked, and why: kinds, or a whole group.
    pub unread: Vec<(String, Error)>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Option<Vec<Group>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    preferred_version: Option<Version>,
    versions: Option<Vec<Version>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    group_version: String,
}

#[derive(Deserialize)]
struct Resources {
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
    verbs: Option<Vec<String>>,
}

impl Group {
    fn version(self) -> Option<String> {
        let first = self.versions.and_then(|versions| versions.into_iter().next());
        self.preferred_version.or(first).map(|version| version.group_version)
    }
}

impl Listable {
    fn group(&self) -> &str {
        self.version.split_once('/').map_or("", |(group, _)| group)
    }

    fn is_derived(&self) -> bool {
        DERIVED.iter().any(|(group, resource)| {
            (*group == "*" || *group == self.group())
                && (*resource == "*" || *resource == self.resource)
        })
    }
}

impl Cluster {
    /// Counts what is in a namespace.
    ///
    /// # Errors
    /// When the cluster does not say what kinds it has.
    pub async fn inventory(&self, namespace: &str) -> Result<Inventory, Error> {
        let mut inventory = Inventory::default();
        let kinds = self.listables(&mut inventory).await?;
        let counting = kinds.into_iter().map(|kind| async move {
            let count = self.count(namespace, &kind).await;
            (kind, count)
        });
        let counting: Vec<_> = counting.collect();
        let mut counting = stream::iter(counting).buffered(CONCURRENCY);
        while let Some((kind, count)) = counting.next().await {
            match count {
                Ok(Some(0)) => {}
                Ok(count) => inventory.counted.push((kind, count)),
                Err(error) if error.is_forbidden() => inventory.forbidden.push(kind),
                // It is in the list of kinds, but has no list of its own.
                Err(error) if error.is_no_path() || error.is_no_method() => {}
                Err(error) => inventory.unread.push((kind.kind, error)),
            }
        }
        Ok(inventory)
    }

    async fn listables(&self, inventory: &mut Inventory) -> Result<Vec<Listable>, Error> {
        let Groups { groups } = self.get("/apis").await?;
        let groups = groups.unwrap_or_default().into_iter().filter_map(Group::version);
        let versions: Vec<_> =
            std::iter::once("v1".to_owned()).chain(groups).take(MOST_GROUPS).collect();
        let asking = versions.into_iter().map(|version| async move {
            let place = if version.contains('/') { "apis" } else { "api" };
            let found = self.get::<Resources>(&format!("/{place}/{version}")).await;
            (version, found)
        });
        let asking: Vec<_> = asking.collect();
        let mut asking = stream::iter(asking).buffered(CONCURRENCY);
        let mut kinds = Vec::new();
        while let Some((version, found)) = asking.next().await {
            match found {
                Ok(Resources { resources }) => kinds.extend(
                    resources.into_iter().flatten().filter_map(|one| one.listable(&version)),
                ),
                Err(error) => inventory.unread.push((version, error)),
            }
        }
        // On old clusters the same objects are in this group too.
        let elsewhere: BTreeSet<_> = kinds
            .iter()
            .filter(|kind| kind.group() != "extensions")
            .map(|kind| kind.resource.clone())
            .collect();
        kinds.retain(|kind| {
            !kind.is_derived()
                && (kind.group() != "extensions" || !elsewhere.contains(&kind.resource))
        });
        kinds.truncate(MOST_KINDS);
        Ok(kinds)
    }

    /// `None`: there are more than one page of them, and the server does not say how many.
    async fn count(&self, namespace: &str, kind: &Listable) -> Result<Option<u64>, Error> {
        let place = if kind.group().is_empty() { "api" } else { "apis" };
        let path = format!(
            "/{place}/{}/namespaces/{}/{}?limit=1&pretty=false",
            kind.version,
            escaped(namespace),
            escaped(&kind.resource)
        );
        let list: List<IgnoredAny> = self.get_metadata(&path).await?;
        let is_whole = list.next().is_none();
        let more = list.metadata.remaining_item_count.or(is_whole.then_some(0));
        let here = list.into_items().len() as u64;
        Ok(more.map(|more| here.saturating_add(more)))
    }
}

impl Resource {
    fn listable(self, version: &str) -> Option<Listable> {
        let verbs = self.verbs.unwrap_or_default();
        let can_be_listed = verbs.iter().any(|verb| verb == "list");
        // A part of an object is no object.
        if !self.namespaced || !can_be_listed || self.name.contains('/') {
            return None;
        }
        Some(Listable { version: version.to_owned(), resource: self.name, kind: self.kind })
    }
}

impl Error {
    /// Whether the server knows the path, but does not do this there.
    pub fn is_no_method(&self) -> bool {
        self.status() == Some(http::StatusCode::METHOD_NOT_ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::cluster::fake::{Fake, refusal};

    fn resource(name: &str, kind: &str) -> Value {
        json!({ "name": name, "kind": kind, "namespaced": true, "verbs": ["list", "get"] })
    }

    #[tokio::test]
    async fn everything_in_a_namespace_is_counted_once() {
        let fake = Fake::start(|asked| {
            let list = |remaining: Option<u64>, next: &str, items: usize| {
                let metadata = json!({ "remainingItemCount": remaining, "continue": next });
                (200, json!({ "metadata": metadata, "items": vec![json!({}); items] }))
            };
            let path = asked.target.split('?').next().unwrap();
            match path.strip_prefix("/apis").unwrap_or(path) {
                "" => (
                    200,
                    json!({ "groups": [
                    { "preferredVersion": { "groupVersion": "apps/v1" } },
                    { "versions": [{ "groupVersion": "extensions/v1beta1" }] },
                    { "preferredVersion": { "groupVersion": "down/v1" } },
                    { "preferredVersion": null },
                ] }),
                ),
                "/api/v1" => (
                    200,
                    json!({ "resources": [
                    resource("pods", "Pod"), resource("pods/log", "Pod"),
                    resource("events", "Event"), resource("secrets", "Secret"),
                    resource("configmaps", "ConfigMap"), resource("gone", "Gone"),
                    { "name": "nodes", "kind": "Node", "namespaced": false, "verbs": ["list"] },
                    { "name": "bindings", "kind": "Binding", "namespaced": true,
                        "verbs": ["create"] },
                ] }),
                ),
                "/apps/v1" => {
                    (200, json!({ "resources": [resource("deployments", "Deployment")] }))
                }
                "/extensions/v1beta1" => (
                    200,
                    json!({ "resources": [
                    resource("deployments", "Deployment"), resource("ingresses", "Ingress"),
                ] }),
                ),
                "/api/v1/namespaces/sky/pods" => list(Some(41), "x", 1),
                "/api/v1/namespaces/sky/configmaps" => list(None, "x", 1),
                "/apps/v1/namespaces/sky/deployments" => list(None, "", 1),
                "/extensions/v1beta1/namespaces/sky/ingresses" => list(None, "", 0),
                "/api/v1/namespaces/sky/gone" => refusal(404),
                "/api/v1/namespaces/sky/secrets" => refusal(403),
                _ => refusal(503),
            }
        })
        .await;
        let inventory = fake.cluster.inventory("sky").await.unwrap();
        let counted: Vec<_> =
            inventory.counted.iter().map(|(kind, count)| (&*kind.kind, *count)).collect();
        assert_eq!(counted, [("Pod", Some(42)), ("ConfigMap", None), ("Deployment", Some(1))]);
        assert_eq!(inventory.forbidden.len(), 1);
        assert_eq!(inventory.forbidden[0].resource, "secrets");
        let unread: Vec<_> = inventory.unread.iter().map(|(what, _)| &**what).collect();
        assert_eq!(unread, ["down/v1"]);
    }
}
