// SPDX-License-Identifier: LGPL-2.1-or-later
//! OpenShift's image registry operator: it makes of its Config what the registry needs.

use serde_json::{Value, json};

use super::Controller;
use crate::clock::Clock;
use crate::resource::{CLAIMS, DEPLOYMENTS, REGISTRY_CONFIGS, ROUTES, SERVICES};
use crate::store::{Objects, key};
use crate::workload::{conditions, put_changed};

/// The name of the one Config.
pub(super) const NAME: &str = "cluster";

/// The claim that the operator makes when it is told to use one without name.
const CLAIM: &str = "image-registry-storage";

type Condition<'a> = (&'a str, &'a str, &'a str, &'a str);

const NO_STORAGE: [Condition<'_>; 4] = [
    ("Available", "False", "DeploymentNotFound", "The deployment does not exist"),
    ("Progressing", "False", "Error", "Unable to apply resources: storage backend not configured"),
    ("Degraded", "True", "StorageNotConfigured", "Error: storage backend not configured"),
    ("Removed", "False", "", ""),
];

const TWO_STORAGES: [Condition<'_>; 4] = [
    ("Available", "False", "DeploymentNotFound", "The deployment does not exist"),
    (
        "Progressing",
        "True",
        "Error",
        "Unable to apply resources: exactly one storage type should be configured at the same \
         time, got 2: [EmptyDir PVC]",
    ),
    ("Degraded", "True", "Unavailable", "The deployment does not exist"),
    ("Removed", "False", "", ""),
];

/// A Config as the installer leaves it. `management` is Managed or Removed.
pub(super) fn config(management: &str, replicas: u64, route: bool) -> Value {
    let storage = if management == "Managed" { json!({"emptyDir": {}}) } else { json!({}) };
    json!({
        "metadata": {
            "name": NAME, "generation": 1,
            "finalizers": ["imageregistry.operator.openshift.io/finalizer"],
        },
        "spec": {
            "managementState": management, "replicas": replicas, "defaultRoute": route,
            "storage": storage, "logLevel": "Normal", "operatorLogLevel": "Normal",
            "httpSecret": "loopback", "rolloutStrategy": "RollingUpdate", "proxy": {},
            "requests": {
                "read": {"maxWaitInQueue": "0s"}, "write": {"maxWaitInQueue": "0s"},
            },
            "observedConfig": null, "unsupportedConfigOverrides": null,
        },
    })
}

/// Does what the Config says, and says how that went.
pub(super) fn reconcile(objects: &mut Objects, clock: &Clock, controller: &Controller) {
    let Some(stored) = objects.get(&REGISTRY_CONFIGS, NAME) else { return };
    let before = stored.value();
    let mut config = before.clone();
    let words: Vec<Condition<'_>> = match before["spec"]["managementState"].as_str() {
        Some("Removed") => {
            controller.remove_registry(objects);
            let removed = "The registry is removed";
            vec![
                ("Available", "True", "Removed", removed),
                ("Progressing", "False", "Removed", "All registry resources are removed"),
                ("Degraded", "False", "Removed", removed),
                ("Removed", "True", "Removed", removed),
            ]
        }
        Some("Managed") => manage(objects, clock, controller, &mut config),
        _ => return,
    };
    let old = &before["status"]["conditions"];
    config["status"]["conditions"] = conditions(old, &words, &["lastTransitionTime"], clock);
    config["status"]["observedGeneration"] = config["metadata"]["generation"].clone();
    config["status"]["storage"] = config["spec"]["storage"].clone();
    let deployment = objects.get(&DEPLOYMENTS, &controller.service.key()).map(|one| one.value());
    let ready = deployment.and_then(|one| one["status"]["readyReplicas"].as_u64()).unwrap_or(0);
    config["status"]["readyReplicas"] = json!(ready);
    put_changed(objects, clock, &REGISTRY_CONFIGS, &before, config);
}

fn manage(
    objects: &mut Objects,
    clock: &Clock,
    controller: &Controller,
    config: &mut Value,
) -> Vec<Condition<'static>> {
    let storage = config["spec"]["storage"].clone();
    let kinds = ["emptyDir", "pvc"].into_iter().filter(|kind| storage[kind].is_object());
    let volume = match kinds.collect::<Vec<_>>().as_slice() {
        ["pvc"] => {
            let claim = storage["pvc"]["claim"].as_str().filter(|name| !name.is_empty());
            let claim = claim.unwrap_or(CLAIM);
            config["spec"]["storage"]["pvc"]["claim"] = json!(claim);
            if claim == CLAIM {
                put_claim(objects, clock, controller);
            }
            json!({"name": "registry-storage", "persistentVolumeClaim": {"claimName": claim}})
        }
        [_] => json!({"name": "registry-storage", "emptyDir": {}}),
        [] => return NO_STORAGE.into(),
        _ => return TWO_STORAGES.into(),
    };
    let service = &controller.service;
    let replicas = config["spec"]["replicas"].as_u64().unwrap_or(1);
    let wanted = service.deployment(replicas, volume);
    let old = objects.get(&DEPLOYMENTS, &service.key()).map(|one| one.value());
    let mut deployment = old.clone().unwrap_or_else(|| wanted.clone());
    deployment["spec"] = wanted["spec"].clone();
    put_changed(objects, clock, &DEPLOYMENTS, &old.clone().unwrap_or_default(), deployment);
    if objects.get(&SERVICES, &service.key()).is_none() {
        objects.put(&SERVICES, service.service(controller.service_ip), clock);
    }
    if config["spec"]["defaultRoute"] == true {
        controller.put_route(objects, clock);
    } else {
        objects.delete(&ROUTES, &controller.route_key());
    }
    let ready = old.and_then(|old| old["status"]["readyReplicas"].as_u64()).unwrap_or(0);
    let (is_ready, none) =
        ("The registry is ready", "The deployment does not have available replicas");
    let is_complete = ready >= replicas;
    let available = match ready {
        0 => ("Available", "False", "NoReplicasAvailable", none),
        _ => ("Available", "True", "Ready", is_ready),
    };
    let progressing = if is_complete {
        ("Progressing", "False", "Ready", is_ready)
    } else {
        ("Progressing", "True", "DeploymentNotCompleted", "The deployment has not completed")
    };
    // The real one waits for a minute before it calls this degraded.
    let degraded = match ready {
        0 if is_complete || controller.is_in_trouble() => ("Degraded", "True", "Unavailable", none),
        _ => ("Degraded", "False", "", ""),
    };
    vec![available, progressing, degraded, ("Removed", "False", "", "")]
}

fn put_claim(objects: &mut Objects, clock: &Clock, controller: &Controller) {
    let namespace = controller.service.namespace;
    if objects.get(&CLAIMS, &key(Some(namespace), CLAIM)).is_some() {
        return;
    }
    let mut claim = json!({
        "metadata": {"name": CLAIM, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteMany"], "volumeMode": "Filesystem",
            "resources": {"requests": {"storage": "100Gi"}},
        },
        "status": {"phase": "Pending"},
    });
    if let Some(class) = crate::workload::volume::default_class(objects) {
        claim["spec"]["storageClassName"] = json!(class);
    }
    objects.put(&CLAIMS, claim, clock);
}
