// SPDX-License-Identifier: LGPL-2.1-or-later

//! Asks what a plan depends on and the catalog cannot know: rights, sizes, where blobs are, and what
//! else there is in the cluster.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::{StreamExt, stream};
use images_catalog::{Needs, References, Rights, Surroundings};
use images_proto::delete::{Extent, Orphan, Params, Part, Plan, Target};
use images_proto::{Digest, Failure, RepositoryName, status};

use super::super::everywhere::Everywhere;
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::registry::Registry;
use crate::session::state::State;
use crate::source::{Connection, Source};

/// Questions to one side at once.
const CONCURRENCY: usize = 32;
/// Rights that are asked for at once.
const RIGHTS: usize = 8;
/// The most things whose size is asked for; the rest stays unknown.
const MOST_SIZES: usize = 20_000;
/// The most images of which is asked where they were pushed.
const MOST_ORIGINS: usize = 5_000;

const GROUP: &str = "image.openshift.io";

/// The surroundings of this deletion.
///
/// # Errors
/// When something could not be asked without which no plan is safe.
pub(super) async fn ask(
    connection: &Connection,
    state: &State,
    params: &Params,
    needs: &Needs,
) -> Result<Surroundings, Failure> {
    let source = match connection.source() {
        Source::Openshift(_) => status::Source::Openshift,
        Source::Distribution(_) => status::Source::Distribution,
    };
    let mut around = Surroundings::new(source, super::super::now());
    if let Source::Openshift(source) = connection.source() {
        let cluster = source.cluster();
        let purges = params.extent == Extent::Purge || needs.everywhere;
        let (rights, sees_all) = tokio::join!(
            rights(cluster, params, &needs.projects, purges),
            may(cluster, "list", "imagestreams", None, None),
        );
        around.rights = rights;
        around.sees_all = sees_all;
        if needs.everywhere && around.rights.prune {
            let everywhere = Everywhere::of(cluster, state).look().await?;
            around.pushed_to = pushed_to(cluster, params, &everywhere).await;
            around.everywhere = Some(everywhere);
        }
    }
    if needs.blobs.is_empty() && needs.subjects.is_empty() {
        return Ok(around);
    }
    let registry = connection.registry(state).await?;
    around.holds_blob = holders(&registry, state, &needs.blobs).await?;
    around.present = present(&registry, &needs.subjects).await?;
    Ok(around)
}

/// Where images were pushed that no stream leads to any more, if the deletion may take them along.
async fn pushed_to(
    cluster: &Cluster,
    params: &Params,
    everywhere: &References,
) -> HashMap<Digest, Option<RepositoryName>> {
    let takes_all =
        |target: &Target| matches!(target, Target::Repository(_) | Target::Orphans(Orphan::Images));
    let takes_all = params.targets.iter().any(takes_all);
    let mut wanted = everywhere.loose();
    wanted.retain(|digest| takes_all || params.targets.contains(&Target::Image(*digest)));
    wanted.truncate(MOST_ORIGINS);
    let asking = wanted
        .into_iter()
        .map(|digest| async move { (digest, cluster.pushed_to(&digest).await.ok().flatten()) });
    let asking: Vec<_> = asking.collect();
    stream::iter(asking).buffer_unordered(CONCURRENCY).collect().await
}

/// The sizes of these, as far as the registry tells them.
pub(super) async fn sizes(
    connection: &Connection,
    state: &State,
    plan: &Plan,
    wanted: Vec<(RepositoryName, Digest)>,
) -> HashMap<Digest, u64> {
    let (mut known, mut unknown) = (HashMap::new(), Vec::new());
    for (repository, digest) in wanted {
        match connection.manifest_size(&digest) {
            Some(size) => drop(known.insert(digest, size)),
            None => unknown.push((repository, digest)),
        }
    }
    unknown.truncate(MOST_SIZES);
    if unknown.is_empty() {
        return known;
    }
    let Ok(registry) = connection.registry(state).await else { return known };
    let manifests = plan.layers.iter().filter(|layer| layer.part == Part::Manifest);
    let manifests: HashSet<_> = manifests.map(|layer| layer.digest).collect();
    let asking = unknown.into_iter().map(|(repository, digest)| {
        let (registry, is_manifest) = (&registry, manifests.contains(&digest));
        async move {
            let found = match is_manifest {
                true => registry.find_manifest(&repository, &digest).await,
                false => registry.find_blob(&repository, &digest).await,
            };
            Some((digest, found.ok()??.size?))
        }
    });
    let asking: Vec<_> = asking.collect();
    let mut asking = stream::iter(asking).buffer_unordered(CONCURRENCY);
    while let Some(found) = asking.next().await {
        known.extend(found);
    }
    known
}

/// Which rights are missing. A cluster that does not say is taken at its word later, when it
/// refuses.
async fn rights(
    cluster: &Cluster,
    params: &Params,
    projects: &BTreeSet<String>,
    purges: bool,
) -> Rights {
    let whole = params.targets.iter().any(|target| matches!(target, Target::Repository(_)));
    let tags = async {
        let mut lacking = without(cluster, projects, "delete", "imagestreamtags", None).await;
        if whole {
            lacking.extend(without(cluster, projects, "delete", "imagestreams", None).await);
        }
        lacking
    };
    let prune = async {
        if !purges {
            return true;
        }
        let (images, forgets, streams) = tokio::join!(
            may(cluster, "list", "images", None, None),
            may(cluster, "delete", "images", None, None),
            may(cluster, "list", "imagestreams", None, None),
        );
        images && forgets && streams
    };
    let history = without(cluster, projects, "update", "imagestreams", Some("status"));
    let (no_tags, no_history, prune) = tokio::join!(tags, history, prune);
    Rights { no_tags, no_history, prune }
}

/// The projects in which the user lacks a right.
async fn without(
    cluster: &Cluster,
    projects: &BTreeSet<String>,
    verb: &str,
    resource: &str,
    subresource: Option<&str>,
) -> HashSet<String> {
    if projects.is_empty() {
        return HashSet::new();
    }
    // Who has it everywhere is asked once.
    if projects.len() > 1 && may_in(cluster, verb, resource, subresource, None).await == Some(true)
    {
        return HashSet::new();
    }
    let asking = projects.iter().map(|project| async move {
        let may = may_in(cluster, verb, resource, subresource, Some(project)).await;
        (may == Some(false)).then(|| project.clone())
    });
    let asking: Vec<_> = asking.collect();
    let lacking: Vec<_> = stream::iter(asking).buffer_unordered(RIGHTS).collect().await;
    lacking.into_iter().flatten().collect()
}

async fn may(
    cluster: &Cluster,
    verb: &str,
    resource: &str,
    subresource: Option<&str>,
    namespace: Option<&str>,
) -> bool {
    may_in(cluster, verb, resource, subresource, namespace).await.unwrap_or(true)
}

async fn may_in(
    cluster: &Cluster,
    verb: &str,
    resource: &str,
    subresource: Option<&str>,
    namespace: Option<&str>,
) -> Option<bool> {
    let permission =
        Permission { verb, group: GROUP, resource, subresource, namespace, name: None };
    cluster.may(permission).await.ok()
}

/// The repositories that have each of the blobs.
async fn holders(
    registry: &Registry,
    state: &State,
    blobs: &BTreeSet<Digest>,
) -> Result<HashMap<Digest, Vec<RepositoryName>>, Failure> {
    let repositories: Vec<_> = state.catalog().repository_names().cloned().collect();
    let mut holders: HashMap<Digest, Vec<RepositoryName>> = HashMap::new();
    for blob in blobs {
        let asking = repositories.iter().map(|repository| async move {
            (repository, registry.has_blob(repository, blob).await)
        });
        let asking: Vec<_> = asking.collect();
        let mut asking = stream::iter(asking).buffered(CONCURRENCY);
        let found = holders.entry(*blob).or_default();
        while let Some((repository, has)) = asking.next().await {
            match has {
                Ok(true) => found.push(repository.clone()),
                Ok(false) => {}
                Err(error) => {
                    let tried = format_args!("look for {} in {repository}", blob.short());
                    return Err(error.failure(tried));
                }
            }
        }
    }
    Ok(holders)
}

/// Which of these manifests are there.
async fn present(
    registry: &Registry,
    subjects: &BTreeSet<(RepositoryName, Digest)>,
) -> Result<HashMap<(RepositoryName, Digest), bool>, Failure> {
    let asking = subjects.iter().map(|subject| async move {
        let (repository, digest) = subject;
        (subject.clone(), registry.find_manifest(repository, digest).await)
    });
    let asking: Vec<_> = asking.collect();
    let mut asking = stream::iter(asking).buffer_unordered(CONCURRENCY);
    let mut present = HashMap::new();
    while let Some((subject, found)) = asking.next().await {
        let found = found.map_err(|error| {
            error.failure(format_args!("look for {} in {}", subject.1.short(), subject.0))
        })?;
        present.insert(subject, found.is_some());
    }
    Ok(present)
}
