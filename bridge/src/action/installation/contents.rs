// SPDX-License-Identifier: LGPL-2.1-or-later

//! What else a namespace holds. Deleting it would take that along.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde::Deserialize;

use crate::cluster::apply::{MANAGED_BY, OURS};
use crate::cluster::path::is_name;
use crate::cluster::{Cluster, Error, List};

/// Lists that are asked for at once.
const CONCURRENCY: usize = 8;
/// The objects of a list that are looked at: one that is not ours is enough.
const PAGE: usize = 50;
/// The API groups that are looked at, at most.
const MOST_GROUPS: usize = 300;

/// Groups whose objects follow from others or come from elsewhere.
const DERIVED: [&str; 4] =
    ["events.k8s.io", "metrics.k8s.io", "discovery.k8s.io", "packages.operators.coreos.com"];
/// The same among the oldest group's resources.
const DERIVED_RESOURCES: [&str; 2] = ["events", "endpoints"];
/// What every namespace gets by itself.
const EVERYWHERE: [(&str, &str); 7] = [
    ("serviceaccounts", "default"),
    ("serviceaccounts", "builder"),
    ("serviceaccounts", "deployer"),
    ("configmaps", "kube-root-ca.crt"),
    ("configmaps", "openshift-service-ca.crt"),
    ("secrets", "default-token-"),
    ("secrets", "default-dockercfg-"),
];

#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    preferred_version: GroupVersion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupVersion {
    group_version: String,
}

#[derive(Deserialize)]
struct Resources {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    labels: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<String>,
}

/// Something in the namespace that is not ours, such as `configmaps/settings`; `None` when there is
/// nothing.
///
/// # Errors
/// When somebody who may see more would have to look.
pub(super) async fn foreign(cluster: &Cluster, namespace: &str) -> Result<Option<String>, Error> {
    let Groups { groups } = cluster.get("/apis").await?;
    let groups = groups.into_iter().filter(|group| !DERIVED.contains(&&*group.name));
    let versions = groups.map(|group| format!("apis/{}", group.preferred_version.group_version));
    let versions = ["api/v1".to_owned()].into_iter().chain(versions.take(MOST_GROUPS));
    // Collected first: only so can the compiler see that the futures may change threads.
    let asking: Vec<_> = versions
        .filter(|version| version.split('/').all(is_name))
        .map(|version| lists(cluster, version))
        .collect();
    let lists: Vec<_> = stream::iter(asking).buffered(CONCURRENCY).collect().await;
    let mut asking = Vec::new();
    for lists in lists {
        for (version, resource) in lists? {
            asking.push(foreign_among(cluster, namespace, version, resource));
        }
    }
    let mut found = stream::iter(asking).buffer_unordered(CONCURRENCY);
    while let Some(found) = found.next().await {
        if let Some(found) = found? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The lists of a version of the API that hold objects of namespaces.
async fn lists(cluster: &Cluster, version: String) -> Result<Vec<(String, String)>, Error> {
    let Resources { resources } = cluster.get(&format!("/{version}")).await?;
    let lists = resources.into_iter().filter(Resource::is_of_interest);
    Ok(lists.map(|resource| (version.clone(), resource.name)).collect())
}

async fn foreign_among(
    cluster: &Cluster,
    namespace: &str,
    version: String,
    resource: String,
) -> Result<Option<String>, Error> {
    let path = format!("/{version}/namespaces/{namespace}/{resource}?limit={PAGE}&pretty=false");
    let list: List<Object> = match cluster.get(&path).await {
        // The API names it, but does not have it.
        Err(error) if error.is_no_path() => return Ok(None),
        list => list?,
    };
    let more = list.next().is_some().then(|| resource.clone());
    let foreign = list.into_items().into_iter().find(|object| object.is_foreign(&resource));
    Ok(foreign.map(|object| format!("{resource}/{}", object.metadata.name)).or(more))
}

impl Resource {
    fn is_of_interest(&self) -> bool {
        self.namespaced
            && self.verbs.iter().any(|verb| verb == "list")
            && is_name(&self.name)
            && !DERIVED_RESOURCES.contains(&&*self.name)
    }
}

impl Object {
    fn is_foreign(&self, resource: &str) -> bool {
        let Metadata { name, labels, deletion_timestamp } = &self.metadata;
        let is_ours =
            labels.as_ref().and_then(|labels| labels.get(MANAGED_BY)).is_some_and(|by| by == OURS);
        let is_everywhere = EVERYWHERE.iter().any(|(of, known)| {
            *of == resource && (name == known || (known.ends_with('-') && name.starts_with(known)))
        });
        !is_ours && !is_everywhere && deletion_timestamp.is_none()
    }
}
