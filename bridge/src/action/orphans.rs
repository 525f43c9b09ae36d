// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the view of orphans asks of cluster and registry.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use images_catalog::query::orphans::Listed;
use images_proto::{Code, Digest, Failure, RepositoryName};

use super::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::session::state::State;
use crate::source::{Connection, Source};

/// Questions to one side at once.
const CONCURRENCY: usize = 16;

/// A right to see all of something.
fn listing(resource: &'static str) -> Permission<'static> {
    Permission {
        verb: "list",
        group: "image.openshift.io",
        resource,
        subresource: None,
        namespace: None,
        name: None,
    }
}

/// All images of the cluster, oldest first.
///
/// # Errors
/// When they cannot be listed, or not all streams can be seen, or the registry is a plain one.
pub async fn listed_images(connection: &Connection) -> Result<Vec<Listed>, Failure> {
    let Source::Openshift(source) = connection.source() else {
        return Err(Failure::new(
            Code::Unsupported,
            "Only OpenShift knows of images that are in no repository.",
        ));
    };
    let cluster = source.cluster();
    // Of what is in a stream of another project nobody could tell that it is in none.
    let (images, sees_all) = tokio::join!(cluster.images(), cluster.may(listing("imagestreams")));
    let images = match images {
        // Where the cluster does not say it, it may be hidden.
        Ok(images) if sees_all.unwrap_or(false) => images,
        Ok(_) => return Err(forbidden(cluster, "imagestreams").await),
        Err(error) if error.is_forbidden() => return Err(forbidden(cluster, "images").await),
        Err(error) => return Err(error.failure("list the images of the cluster")),
    };
    let listed = images.into_iter();
    let mut listed: Vec<_> =
        listed.map(|(digest, image)| Listed { digest, created: image.created }).collect();
    listed.sort_unstable_by_key(|image| (image.created, image.digest));
    Ok(listed)
}

async fn forbidden(cluster: &Cluster, resource: &'static str) -> Failure {
    let what = match resource {
        "images" => "the images of the cluster",
        _ => "the image streams of all projects",
    };
    let failure = Failure::new(
        Code::Forbidden,
        format!("You may not list {what} (list {resource}.image.openshift.io), so nobody can tell which images are in no stream."),
    )
    .with_fix("Ask an administrator for the role system:image-pruner, or to look.");
    let mut missing = rights::told(cluster, Tool::Oc, &[listing(resource)]).await;
    match missing.pop().and_then(|right| right.command) {
        Some(command) => failure.with_command(command),
        None => failure,
    }
}

/// The pull specs by which these images came, as far as they can be read.
pub async fn image_origins(
    connection: &Connection,
    digests: Vec<Digest>,
) -> HashMap<Digest, Option<String>> {
    let Source::Openshift(source) = connection.source() else { return HashMap::new() };
    let cluster = source.cluster();
    let asking = digests
        .into_iter()
        .map(|digest| async move { (digest, cluster.image_origin(&digest).await.ok().flatten()) });
    let asking: Vec<_> = asking.collect();
    stream::iter(asking).buffer_unordered(CONCURRENCY).collect().await
}

/// Whether repositories of a plain registry have these manifests. Those that could not be asked
/// are left out.
///
/// # Errors
/// When the registry cannot be reached.
pub async fn present(
    connection: &Connection,
    state: &State,
    subjects: Vec<(RepositoryName, Digest)>,
) -> Result<HashMap<(RepositoryName, Digest), bool>, Failure> {
    let registry = connection.registry(state).await?.in_background();
    let asking = subjects.into_iter().map(|subject| {
        let registry = &registry;
        async move {
            let found = registry.find_manifest(&subject.0, &subject.1).await;
            found.ok().map(|found| (subject, found.is_some()))
        }
    });
    let asking: Vec<_> = asking.collect();
    let found: Vec<_> = stream::iter(asking).buffer_unordered(CONCURRENCY).collect().await;
    Ok(found.into_iter().flatten().collect())
}
