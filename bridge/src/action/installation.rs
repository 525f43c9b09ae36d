// SPDX-License-Identifier: LGPL-2.1-or-later

//! A registry for a cluster that has none: what would be added, adding it, and taking it away.
//!
//! On plain Kubernetes these are objects of ours in a namespace of their own; on OpenShift the
//! operator's registry is switched on.

mod contents;
mod kubernetes;
mod objects;
mod openshift;
mod rollout;

use std::time::Duration;

use images_proto::installation::{Params, Plan, Receipt, RemoveParams, Storage, StorageClass};
use images_proto::{Code, Failure, Progress};

use crate::cluster::path::is_name;
use crate::cluster::{Cluster, Error};

/// The smallest and the largest volume that is asked for, in bytes.
const SIZES: std::ops::RangeInclusive<u64> = 1 << 27..=1 << 50;

/// How long a step may take, and how often it is asked how far it has come.
#[derive(Clone, Copy)]
struct Patience {
    whole: Duration,
    pause: Duration,
}

/// For an image that is pulled and a volume that is made on the way.
const ROLLOUT: Patience =
    Patience { whole: Duration::from_secs(300), pause: Duration::from_secs(1) };
/// For objects that go.
const REMOVAL: Patience =
    Patience { whole: Duration::from_secs(120), pause: Duration::from_millis(500) };

/// Says what would be added.
///
/// # Errors
/// When that cannot be found out.
pub async fn plan_registry(
    cluster: &Cluster,
    openshift: bool,
    params: Params,
) -> Result<Plan, Failure> {
    check(&params)?;
    let (plan, classes) = tokio::join!(
        async {
            match openshift {
                true => openshift::plan(cluster, &params.storage).await,
                false => kubernetes::plan(cluster, &params.storage).await,
            }
        },
        classes(cluster)
    );
    let mut plan = plan?;
    plan.classes = classes;
    plan.warnings.extend(storage_warning(&params.storage, plan.classes.as_deref()));
    Ok(plan)
}

/// Adds the registry and waits until it answers. Dropping it stops the work; what was added by then
/// stays.
///
/// # Errors
/// When something could not be added; the failure says how far it came.
pub async fn add_registry(
    cluster: &Cluster,
    openshift: bool,
    params: Params,
    progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    check(&params)?;
    match openshift {
        true => openshift::add(cluster, &params.storage, ROLLOUT, progress).await,
        false => kubernetes::add(cluster, &params.storage, ROLLOUT, progress).await,
    }
}

/// Says what would go or, once agreed, removes what [`add_registry`] added, with all images in it.
///
/// # Errors
/// When there is nothing of ours, or something could not be removed.
pub async fn remove_registry(
    cluster: &Cluster,
    openshift: bool,
    params: RemoveParams,
    progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    match openshift {
        true => openshift::remove(cluster, params.agreed, REMOVAL, progress).await,
        false => kubernetes::remove(cluster, params.agreed, REMOVAL, progress).await,
    }
}

fn check(params: &Params) -> Result<(), Failure> {
    let Storage::Claim { class, size } = &params.storage else { return Ok(()) };
    if class.as_deref().is_some_and(|class| !is_name(class)) {
        return Err(Failure::new(Code::BadRequest, "This is not the name of a storage class."));
    }
    if !SIZES.contains(size) {
        return Err(Failure::new(
            Code::BadRequest,
            "A volume for images has between 128 MiB and 1 PiB.",
        ));
    }
    Ok(())
}

/// `None` when nobody may look.
async fn classes(cluster: &Cluster) -> Option<Vec<StorageClass>> {
    let classes = cluster.storage_classes().await.ok()?.into_iter();
    let shown = classes
        .map(|class| StorageClass { name: class.name, is_default: class.is_default })
        .take(100);
    Some(shown.collect())
}

fn storage_warning(storage: &Storage, classes: Option<&[StorageClass]>) -> Option<String> {
    let warning = match (storage, classes) {
        (Storage::Pod, _) => {
            "All images are lost whenever the registry's pod goes: with a restart of its node, an eviction or an update. Keep them in the pod only to try the registry out."
        }
        (Storage::Claim { .. }, Some([])) => {
            "The cluster has no storage class, so nobody makes the volume: the registry waits until an administrator provides one by hand."
        }
        (Storage::Claim { class: None, .. }, Some(classes))
            if !classes.iter().any(|class| class.is_default) =>
        {
            "The cluster has no default storage class: choose one of those that it has."
        }
        _ => return None,
    };
    Some(warning.to_owned())
}

/// How an error of a step is told when something was done before it.
fn halfway(failure: Failure, done: usize, total: usize) -> Failure {
    if done == 0 {
        return failure;
    }
    let so_far =
        format!("{done} of {total} objects were added by then and stay until they are removed.");
    let fix = match &failure.fix {
        Some(fix) => format!("{fix} {so_far}"),
        None => so_far,
    };
    failure.with_fix(fix)
}

/// How a refused change is told.
fn refused(
    error: &Error,
    tried: impl std::fmt::Display,
    object: impl std::fmt::Display,
) -> Failure {
    let details = crate::body::chain(error);
    if let Some(manager) = error.other_manager() {
        let manager = crate::body::excerpt(manager.as_bytes());
        let message = format!("{object} was changed by {manager}, from which nothing is taken.");
        return Failure::new(Code::Conflict, message)
            .with_fix("Undo that change, or remove the registry and add it anew.")
            .with_details(details);
    }
    if error.status() == Some(http::StatusCode::UNSUPPORTED_MEDIA_TYPE) {
        let message = "The cluster is too old: it knows no server-side apply (Kubernetes 1.16).";
        return Failure::new(Code::Unsupported, message)
            .with_fix("Apply the objects by hand.")
            .with_details(details);
    }
    error.failure(tried)
}

#[cfg(test)]
mod tests;
