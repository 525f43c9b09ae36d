// SPDX-License-Identifier: LGPL-2.1-or-later
//! What Kubernetes' controllers and kubelets make of Deployments, Services and claims, as
//! far as a registry needs it: pods, their states and the endpoints of services.
//!
//! Every program is the one docker-registry of this cluster: images with `registry` in their
//! name run and are it, others cannot be pulled. Pods belong to their Deployment, or their
//! DeploymentConfig in OpenShift 3, without a ReplicaSet or ReplicationController between. Those
//! that have one stand still: see [`crate::furniture`].

mod endpoints;
mod pod;
pub(crate) mod volume;

pub(crate) use pod::is_registry;

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::furniture::state::RegistryState;
use crate::resource::{
    DEPLOYMENT_CONFIGS, DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, Resource,
};
use crate::storage::Environment;
use crate::store::Objects;

/// The node that everything runs on.
pub(crate) const NODE: &str = "node-1";

/// What makes pods.
const MAKERS: [&Resource; 2] = [&DEPLOYMENTS, &DEPLOYMENT_CONFIGS];

/// Where the pods are, and which of them are those of the cluster's own registry.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// Namespace and name of what makes it.
    pub(crate) registry: (String, String),
    /// The address of every pod.
    pub(crate) pod: IpAddr,
    /// With what the cluster's own registry runs.
    pub(crate) environment: Environment,
}

impl Programs {
    fn is_registry(&self, namespace: &str, deployment: &str) -> bool {
        self.registry.0 == namespace && self.registry.1 == deployment
    }
}

/// Brings everything one step further. `trouble` is what the cluster's own registry has.
pub(crate) fn reconcile(
    objects: &mut Objects,
    clock: &Clock,
    programs: &Programs,
    trouble: RegistryState,
) {
    volume::bind(objects, clock);
    let deployments: Vec<_> = MAKERS
        .into_iter()
        .flat_map(|maker| objects.all(maker).map(move |one| (maker, one.value())))
        .collect();
    pod::remove_orphans(objects, &deployments);
    let still = still(objects);
    for (maker, deployment) in deployments {
        if still.contains(text(&deployment["metadata"]["uid"])) {
            continue;
        }
        let namespace = text(&deployment["metadata"]["namespace"]);
        let name = text(&deployment["metadata"]["name"]);
        let is_registry = programs.is_registry(namespace, name);
        let trouble = if is_registry { trouble } else { RegistryState::Running };
        let environment = is_registry.then_some(&programs.environment);
        let kubelet = pod::Kubelet { address: programs.pod, environment, trouble };
        let ready = pod::run(objects, clock, (maker, &deployment), &kubelet);
        let mut after = deployment.clone();
        after["status"] = deployment_status(&deployment, ready, clock);
        put_changed(objects, clock, maker, &deployment, after);
    }
    endpoints::follow(objects, clock);
}

/// The uids of what has a ReplicaSet or a ReplicationController.
fn still(objects: &Objects) -> BTreeSet<String> {
    let makers = [&REPLICA_SETS, &REPLICATION_CONTROLLERS].into_iter();
    let owned = makers.flat_map(|maker| objects.all(maker)).map(|one| {
        let value = one.value();
        text(&value["metadata"]["ownerReferences"][0]["uid"]).to_owned()
    });
    owned.collect()
}

/// The status of a Deployment with so many ready pods.
fn deployment_status(deployment: &Value, ready: u64, clock: &Clock) -> Value {
    let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    let name = text(&deployment["metadata"]["name"]);
    let mut status = json!({"observedGeneration": deployment["metadata"]["generation"]});
    if wanted > 0 {
        status["replicas"] = json!(wanted);
        status["updatedReplicas"] = json!(wanted);
    }
    if ready > 0 {
        status["readyReplicas"] = json!(ready);
        status["availableReplicas"] = json!(ready);
    }
    if ready < wanted {
        status["unavailableReplicas"] = json!(wanted - ready);
    }
    let available = if ready >= wanted {
        ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        let message = "Deployment does not have minimum availability.";
        ("Available", "False", "MinimumReplicasUnavailable", message)
    };
    let done = format!("Deployment \"{name}\" has successfully progressed.");
    let going = format!("Deployment \"{name}\" is progressing.");
    let progressing = if ready >= wanted {
        ("Progressing", "True", "NewReplicaSetAvailable", done.as_str())
    } else {
        ("Progressing", "True", "ReplicaSetUpdated", going.as_str())
    };
    let old = &deployment["status"]["conditions"];
    let times = ["lastUpdateTime", "lastTransitionTime"];
    status["conditions"] = conditions(old, &[available, progressing], &times, clock);
    status
}

/// Conditions (type, status, reason, message); those that stay as they were keep their times.
pub(crate) fn conditions(
    old: &Value,
    wanted: &[(&str, &str, &str, &str)],
    times: &[&str],
    clock: &Clock,
) -> Value {
    let old = old.as_array().map_or(&[][..], Vec::as_slice);
    let all = wanted.iter().map(|(kind, status, reason, message)| {
        let before = old.iter().find(|one| one["type"] == *kind);
        let same = |one: &&Value| one["status"] == *status && one["reason"] == *reason;
        let mut one = json!({"type": kind, "status": status});
        for time in times {
            let kept = before.filter(same).map(|before| before[time].clone());
            one[time] = kept.unwrap_or_else(|| json!(clock.now()));
        }
        if !reason.is_empty() {
            one["reason"] = json!(reason);
        }
        if !message.is_empty() {
            one["message"] = json!(message);
        }
        one
    });
    all.collect()
}

/// Writes an object unless it is as before.
pub(crate) fn put_changed(
    objects: &mut Objects,
    clock: &Clock,
    resource: &'static Resource,
    before: &Value,
    after: Value,
) {
    if *before != after {
        objects.put(resource, after, clock);
    }
}

/// The objects of a kind in a namespace, parsed.
fn within(objects: &Objects, resource: &Resource, namespace: &str) -> Vec<Value> {
    let all = objects.all(resource).filter(|one| one.namespace() == Some(namespace));
    all.map(|one| one.value()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
