// SPDX-License-Identifier: LGPL-2.1-or-later
//! The pods of Deployments, and how they are.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{MAKERS, NODE, conditions, put_changed, text, volume, within};
use crate::clock::Clock;
use crate::furniture::state::RegistryState;
use crate::identifier;
use crate::network::REGISTRY_PORT;
use crate::resource::{CONFIG_MAPS, PODS, Resource, SECRETS};
use crate::storage::Environment;
use crate::store::{Objects, key};

/// What its program says when it crashes.
pub(crate) const LAST_WORDS: &str = "open /etc/docker/registry/config.yml: permission denied";

/// What runs the pods of a Deployment.
pub(super) struct Kubelet<'a> {
    /// The address of every pod.
    pub(super) address: IpAddr,
    /// With what their program runs, if it is the cluster's own registry.
    pub(super) environment: Option<&'a Environment>,
    pub(super) trouble: RegistryState,
}

/// How a pod is.
enum Health {
    /// No node takes it.
    Unschedulable(String),
    /// Its container does not start.
    Waiting(&'static str, String),
    /// Its container ends again and again.
    Crashing,
    Ready,
}

/// Deletes the pods whose Deployment is gone.
pub(super) fn remove_orphans(objects: &mut Objects, deployments: &[(&Resource, Value)]) {
    let is_owner = |uid: &Value| deployments.iter().any(|(_, one)| one["metadata"]["uid"] == *uid);
    let orphans: Vec<_> = objects
        .all(&PODS)
        .filter(|pod| {
            let value = pod.value();
            let owner = &value["metadata"]["ownerReferences"][0];
            MAKERS.iter().any(|maker| owner["kind"] == maker.kind) && !is_owner(&owner["uid"])
        })
        .map(|pod| pod.key.clone())
        .collect();
    for orphan in orphans {
        objects.delete(&PODS, &orphan);
    }
}

/// Makes the pods that a Deployment wants, deletes the others, and brings each a step
/// further. Returns how many are ready.
pub(super) fn run(
    objects: &mut Objects,
    clock: &Clock,
    (maker, deployment): (&Resource, &Value),
    kubelet: &Kubelet<'_>,
) -> u64 {
    let namespace = text(&deployment["metadata"]["namespace"]);
    let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1).min(9);
    let hash = hash(&deployment["spec"]["template"]);
    let mut kept = Vec::new();
    for pod in within(objects, &PODS, namespace) {
        let metadata = &pod["metadata"];
        if metadata["ownerReferences"][0]["uid"] != deployment["metadata"]["uid"] {
            continue;
        }
        if metadata["labels"]["pod-template-hash"] == hash && (kept.len() as u64) < wanted {
            kept.push(pod);
        } else {
            objects.delete(&PODS, &key(Some(namespace), text(&metadata["name"])));
        }
    }
    let missing = wanted.saturating_sub(kept.len() as u64);
    let mut ready = 0;
    for pod in kept {
        let health = health(objects, &pod, kubelet);
        ready += u64::from(matches!(health, Health::Ready));
        let mut after = pod.clone();
        after["status"] = status(&pod, &health, &kubelet.address.to_string(), clock);
        if !matches!(health, Health::Unschedulable(_)) {
            after["spec"]["nodeName"] = json!(NODE);
        }
        put_changed(objects, clock, &PODS, &pod, after);
    }
    for _ in 0..missing {
        objects.put(&PODS, fresh(maker, deployment, &hash), clock);
    }
    ready
}

fn hash(template: &Value) -> String {
    identifier::digest_of(template.to_string().as_bytes()).chars().skip(7).take(10).collect()
}

fn fresh(maker: &Resource, deployment: &Value, hash: &str) -> Value {
    let template = &deployment["spec"]["template"];
    let name = text(&deployment["metadata"]["name"]);
    let mut metadata = json!({
        "name": format!("{name}-{hash}-{}", identifier::suffix()),
        "namespace": deployment["metadata"]["namespace"],
        "labels": template["metadata"]["labels"],
        "ownerReferences": [{
            "apiVersion": maker.api_version(), "kind": maker.kind, "name": name,
            "uid": deployment["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
        }],
    });
    metadata["labels"]["pod-template-hash"] = json!(hash);
    let mut spec = template["spec"].clone();
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        if container["ports"].is_null() && is_registry(container) {
            container["ports"] = json!([{"containerPort": REGISTRY_PORT, "protocol": "TCP"}]);
        }
    }
    json!({
        "metadata": metadata, "spec": spec,
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    })
}

/// Whether a container runs docker-registry: its image is called so, wherever it comes from.
pub(crate) fn is_registry(container: &Value) -> bool {
    text(&container["image"]).rsplit('/').next().is_some_and(|name| name.contains("registry"))
}

fn health(objects: &Objects, pod: &Value, kubelet: &Kubelet<'_>) -> Health {
    let namespace = text(&pod["metadata"]["namespace"]);
    let spec = &pod["spec"];
    if kubelet.trouble == RegistryState::NoEndpoints {
        let message = "0/1 nodes are available: 1 node(s) didn't match Pod's node \
            affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful \
            for scheduling.";
        return Health::Unschedulable(message.to_owned());
    }
    if let Some(message) = volume::unbound(objects, namespace, spec) {
        return Health::Unschedulable(message);
    }
    let has = |resource, name: &str| objects.get(resource, &key(Some(namespace), name)).is_some();
    let mut volumes = spec["volumes"].as_array().into_iter().flatten();
    let missing = volumes.any(|volume| {
        let (secret, map) = (&volume["secret"]["secretName"], &volume["configMap"]["name"]);
        secret.as_str().is_some_and(|name| !has(&SECRETS, name))
            || map.as_str().is_some_and(|name| !has(&CONFIG_MAPS, name))
    });
    if missing {
        return Health::Waiting("ContainerCreating", String::new());
    }
    for container in spec["containers"].as_array().into_iter().flatten() {
        for variable in container["env"].as_array().into_iter().flatten() {
            let from = &variable["valueFrom"]["secretKeyRef"]["name"];
            if let Some(name) = from.as_str().filter(|name| !has(&SECRETS, name)) {
                let message = format!("secret \"{name}\" not found");
                return Health::Waiting("CreateContainerConfigError", message);
            }
        }
        if !is_registry(container) {
            let message = format!("Back-off pulling image \"{}\"", text(&container["image"]));
            return Health::Waiting("ImagePullBackOff", message);
        }
    }
    // A pod needs a moment from its node to its start.
    if spec["nodeName"].is_null() {
        return Health::Waiting("ContainerCreating", String::new());
    }
    let container = &spec["containers"][0];
    if kubelet.environment.is_some_and(|running| *running != Environment::of(container)) {
        return Health::Waiting("ContainerCreating", String::new());
    }
    if kubelet.trouble == RegistryState::Crashing { Health::Crashing } else { Health::Ready }
}

fn status(pod: &Value, health: &Health, ip: &str, clock: &Clock) -> Value {
    let old = &pod["status"];
    let times = &["lastTransitionTime"];
    let (unready, message) = ("ContainersNotReady", "containers with unready status: [registry]");
    if let Health::Unschedulable(message) = health {
        let scheduled = ("PodScheduled", "False", "Unschedulable", message.as_str());
        let conditions = conditions(&old["conditions"], &[scheduled], times, clock);
        return json!({"phase": "Pending", "qosClass": "BestEffort", "conditions": conditions});
    }
    let ready = match health {
        Health::Ready => ["Ready", "ContainersReady"].map(|kind| (kind, "True", "", "")),
        _ => ["Ready", "ContainersReady"].map(|kind| (kind, "False", unready, message)),
    };
    let all =
        [("PodScheduled", "True", "", ""), ("Initialized", "True", "", ""), ready[0], ready[1]];
    let started = match &old["startTime"] {
        Value::Null => json!(clock.now()),
        known => known.clone(),
    };
    let phase = if matches!(health, Health::Waiting(..)) { "Pending" } else { "Running" };
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let containers: Vec<_> =
        containers.map(|container| container_status(container, health, &started)).collect();
    let mut status = json!({
        "phase": phase, "qosClass": "BestEffort", "hostIP": "127.0.0.1",
        "conditions": conditions(&old["conditions"], &all, times, clock),
        "containerStatuses": containers, "startTime": started,
    });
    if phase == "Running" {
        status["podIP"] = json!(ip);
        status["podIPs"] = json!([{"ip": ip}]);
    }
    status
}

fn container_status(container: &Value, health: &Health, started: &Value) -> Value {
    let image = text(&container["image"]);
    let name = &container["name"];
    let image_id = format!(
        "{}@{}",
        image.split(['@', ':']).next().unwrap_or_default(),
        identifier::digest_of(image.as_bytes())
    );
    match health {
        Health::Ready => json!({
            "name": name, "image": image, "imageID": image_id, "ready": true, "started": true,
            "restartCount": 0, "state": {"running": {"startedAt": started}}, "lastState": {},
        }),
        Health::Crashing => json!({
            "name": name, "image": image, "imageID": image_id, "ready": false, "started": false,
            "restartCount": 5,
            "state": {"waiting": {
                "reason": "CrashLoopBackOff",
                "message": format!(
                    "back-off 2m40s restarting failed container={} pod", text(name)
                ),
            }},
            "lastState": {"terminated": {
                "exitCode": 1, "reason": "Error", "message": LAST_WORDS,
                "startedAt": started, "finishedAt": started,
            }},
        }),
        Health::Waiting(reason, message) => {
            let mut waiting = json!({"reason": reason});
            if !message.is_empty() {
                waiting["message"] = json!(message);
            }
            json!({
                "name": name, "image": image, "imageID": "", "ready": false, "started": false,
                "restartCount": 0, "state": {"waiting": waiting}, "lastState": {},
            })
        }
        Health::Unschedulable(_) => Value::Null,
    }
}
