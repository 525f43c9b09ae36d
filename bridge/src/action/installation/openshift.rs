// SPDX-License-Identifier: LGPL-2.1-or-later

//! OpenShift's own registry, which its operator runs once it is told to.

use images_proto::installation::{Plan, Receipt, Storage};
use images_proto::{Code, Failure, Progress};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::kubernetes::{gone, receipt_notes, take_away};
use super::{Patience, halfway, objects, refused, rollout};
use crate::action::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::cluster::apply::Draft;
use crate::cluster::service::Endpoint;
use crate::cluster::workload::{OPERATOR, Operator};

const NAMESPACE: &str = "openshift-image-registry";
const SERVICE: &str = "image-registry";
/// The claim of ours that the operator is given.
const CLAIM: &str = "cockpit-images-registry";
/// The remark by which we know that it was we who switched the registry on, and with what.
const REMARK: &str = "cockpit-images-switched-on";
/// What a merge patch is called (RFC 7396). The operator manages the same fields, so an apply would
/// never be without conflict.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// What there is to do.
struct Steps {
    /// A volume, if the images are kept on one and the operator has none.
    claim: Option<Draft>,
    /// The change of the operator's configuration.
    config: Draft,
    keeps_storage: bool,
}

fn endpoint() -> Endpoint {
    let (namespace, service) = (NAMESPACE.to_owned(), SERVICE.to_owned());
    Endpoint { namespace, service, port: 5000, tls: true }
}

pub(super) async fn plan(cluster: &Cluster, storage: &Storage) -> Result<Plan, Failure> {
    let operator = operator(cluster).await?;
    let Steps { claim, config, keeps_storage } = steps(&operator, storage);
    let config_right = Permission {
        verb: "patch",
        group: "imageregistry.operator.openshift.io",
        resource: "configs",
        subresource: None,
        namespace: None,
        name: Some("cluster"),
    };
    let claim_right = |verb| Permission {
        verb,
        group: "",
        resource: "persistentvolumeclaims",
        namespace: Some(NAMESPACE),
        name: None,
        ..config_right
    };
    let mut needed = vec![config_right];
    if claim.is_some() {
        needed.extend(["create", "patch"].map(claim_right));
    }
    let mut warnings = vec![
        "Everybody who can reach the cluster's applications reaches the registry too, by its default route; it still asks for a login.".to_owned(),
    ];
    if keeps_storage {
        warnings.push("The operator has storage for images already, which is kept.".to_owned());
    }
    let drafts = claim.iter().chain([&config]);
    Ok(Plan {
        objects: drafts.map(Draft::shown).collect(),
        classes: None,
        missing: rights::missing(cluster, Tool::Oc, &needed).await,
        warnings,
        added: operator.annotations.contains_key(REMARK),
    })
}

pub(super) async fn add(
    cluster: &Cluster,
    storage: &Storage,
    patience: Patience,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    let operator = operator(cluster).await?;
    let Steps { claim, config, .. } = steps(&operator, storage);
    let drafts: Vec<_> = claim.into_iter().chain([config]).collect();
    let total = drafts.len() as u64 + 1;
    for (idx, draft) in drafts.iter().enumerate() {
        let text = match draft.kind() {
            "Config" => "Switching on OpenShift's registry".to_owned(),
            _ => format!("Adding {draft}"),
        };
        progress(Progress { text, done: idx as u64, total: Some(total) });
        let put = match draft.kind() {
            "Config" => patch(cluster, draft.body()).await,
            _ => claim_volume(cluster, draft).await,
        };
        put.map_err(|failure| halfway(failure, idx, drafts.len()))?;
    }
    let tell = |words: &str| {
        let text = format!("Waiting for {words}");
        progress(Progress { text, done: total - 1, total: Some(total) });
    };
    let end = rollout::wait(cluster, &endpoint(), patience, tell).await;
    let mut notes = Vec::new();
    let done = receipt_notes(end, patience.whole, &mut notes);
    Ok(Receipt { objects: drafts.iter().map(Draft::shown).collect(), done, notes })
}

pub(super) async fn remove(
    cluster: &Cluster,
    agreed: bool,
    patience: Patience,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    let operator = operator(cluster).await?;
    let Some(remark) = operator.annotations.get(REMARK) else {
        let message = "It was not cockpit-images that switched on OpenShift's registry.";
        return Err(Failure::new(Code::Conflict, message).with_fix(
            "Set managementState of configs.imageregistry.operator.openshift.io/cluster to Removed by hand.",
        ));
    };
    let config = config(switch_off(remark));
    let claim = objects::claim(NAMESPACE, CLAIM, None, 1);
    let standing = match cluster.standing(&claim).await {
        Ok(standing) => standing.filter(|standing| standing.is_ours()),
        Err(error) if error.is_forbidden() => None,
        Err(error) => return Err(error.failure(format_args!("look for {claim}"))),
    };
    let mut gone: Vec<_> = standing.iter().map(|_| gone(&claim)).collect();
    gone.insert(0, config.shown());
    if !agreed {
        let lost = match standing {
            Some(_) => "All images in this registry are lost with its volume.",
            None => "OpenShift's registry is switched off; images that its pod keeps are lost.",
        };
        return Ok(Receipt { objects: gone, done: false, notes: vec![lost.to_owned()] });
    }
    let total = Some(gone.len() as u64);
    let text = "Switching off OpenShift's registry".to_owned();
    progress(Progress { text, done: 0, total });
    patch(cluster, config.body()).await?;
    stopped(cluster, patience).await?;
    if let Some(standing) = standing {
        progress(Progress { text: format!("Removing {claim}"), done: 1, total });
        take_away(cluster, &claim, &standing, patience).await?;
    }
    Ok(Receipt { objects: gone, done: true, notes: Vec::new() })
}

async fn operator(cluster: &Cluster) -> Result<Operator, Failure> {
    let operator = cluster.image_registry_operator().await;
    let operator =
        operator.map_err(|error| error.failure("read the registry operator's settings"))?;
    operator.ok_or_else(|| {
        let message = "This cluster has image streams, but no operator that runs a registry.";
        Failure::new(Code::Unsupported, message)
            .with_fix("Ask an administrator of the cluster to install the registry.")
    })
}

fn steps(operator: &Operator, storage: &Storage) -> Steps {
    let keeps_storage = operator.has_storage;
    let claim = match storage {
        Storage::Claim { class, size } if !keeps_storage => {
            Some(objects::claim(NAMESPACE, CLAIM, class.as_deref(), *size))
        }
        _ => None,
    };
    let mut spec = json!({ "managementState": "Managed", "defaultRoute": true });
    if !keeps_storage {
        // A volume is had by one pod at a time, and so are images that the pod itself keeps.
        spec["replicas"] = json!(1);
        spec["rolloutStrategy"] = json!("Recreate");
        spec["storage"] = match storage {
            Storage::Claim { .. } => json!({ "pvc": { "claim": CLAIM } }),
            Storage::Pod => json!({ "emptyDir": {} }),
        };
    }
    let mut body = json!({ "spec": spec });
    if operator.management_state != "Managed" || operator.annotations.contains_key(REMARK) {
        let remark = operator.annotations.get(REMARK).cloned();
        let remark = remark.unwrap_or_else(|| {
            let route = if operator.default_route { "" } else { ",route" };
            let kept = if keeps_storage { "" } else { ",storage" };
            format!("registry{route}{kept}")
        });
        body["metadata"] = json!({ "annotations": { REMARK: remark } });
    }
    Steps { claim, config: config(body), keeps_storage }
}

/// What undoes what the remark says.
fn switch_off(remark: &str) -> Value {
    let mut spec = json!({ "managementState": "Removed" });
    for part in remark.split(',') {
        match part {
            "route" => spec["defaultRoute"] = json!(false),
            // In a merge patch, null takes away.
            "storage" => spec["storage"] = json!({ "pvc": null, "emptyDir": null }),
            _ => {}
        }
    }
    json!({ "metadata": { "annotations": { REMARK: null } }, "spec": spec })
}

/// A change of the operator's configuration, named as what it changes.
fn config(mut body: Value) -> Draft {
    body["apiVersion"] = json!("imageregistry.operator.openshift.io/v1");
    body["kind"] = json!("Config");
    body["metadata"]["name"] = json!("cluster");
    Draft::new("/apis/imageregistry.operator.openshift.io/v1/configs", body)
}

async fn patch(cluster: &Cluster, body: &Value) -> Result<(), Failure> {
    let tried = "change the registry operator's settings";
    let patched: Result<serde::de::IgnoredAny, _> =
        cluster.patch(OPERATOR, MERGE_PATCH, body.to_string().into()).await;
    patched.map(drop).map_err(|error| error.failure(tried))
}

async fn claim_volume(cluster: &Cluster, claim: &Draft) -> Result<(), Failure> {
    let tried = format!("add {claim}");
    match cluster.standing(claim).await {
        // A volume keeps its size.
        Ok(Some(standing)) if standing.is_ours() && !standing.is_going => return Ok(()),
        Ok(Some(_)) => {
            let message = format!("There is another {claim}, or it is being deleted.");
            return Err(Failure::new(Code::Conflict, message)
                .retryable()
                .with_fix("Wait until it is gone, or remove it, and try again."));
        }
        Ok(None) => {}
        Err(error) if error.is_forbidden() => {}
        Err(error) => return Err(error.failure(tried)),
    }
    cluster.apply(claim).await.map_err(|error| refused(&error, tried, claim))
}

/// Waits until the operator has taken the registry down.
async fn stopped(cluster: &Cluster, patience: Patience) -> Result<(), Failure> {
    let give_up = Instant::now() + patience.whole;
    loop {
        match cluster.registry_workload(NAMESPACE, SERVICE).await {
            Ok(workload) => {
                let none = |count: Option<usize>| count.is_none_or(|count| count == 0);
                let controllers = workload
                    .controllers
                    .as_ref()
                    .map(|all| all.iter().filter(|controller| controller.wanted > 0).count());
                if none(workload.pods.as_ref().map(Vec::len)) && none(controllers) {
                    return Ok(());
                }
            }
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.failure("see whether the registry has stopped")),
        }
        if Instant::now() >= give_up {
            let seconds = patience.whole.as_secs();
            let message = format!(
                "The registry is switched off, but its pods are still there after {seconds} seconds."
            );
            return Err(Failure::new(Code::Busy, message).retryable());
        }
        sleep(patience.pause).await;
    }
}
