// SPDX-License-Identifier: LGPL-2.1-or-later
//! What stands in the cluster besides images: namespaces, people and their rights, the node,
//! and the registry with all that makes it.

pub(crate) mod namespace;
pub(crate) mod registry;
pub(crate) mod state;
mod workloads;

use std::path::Path;

use serde_json::{Value, json};

use crate::access::people::Person;
use crate::access::roles;
use crate::controller::Controller;
use crate::ready::Face;
use crate::resource::{
    CLUSTER_ROLES, CONFIG_MAPS, IDENTITIES, IMAGE_PRUNERS, NAMESPACES, NODES, Resource, SERVICES,
    STORAGE_CLASSES, USERS,
};
use crate::seed::direct::VAULT;
use crate::storage::Files;
use crate::store::Store;
use crate::workload::NODE;
pub(crate) use registry::RegistryService;
use state::RegistryState;

/// What there is at the start.
#[derive(Debug)]
pub(crate) struct Furniture<'a> {
    pub(crate) projects: &'a [&'a str],
    /// Whether there is a project of which only the administrator knows.
    pub(crate) vault: bool,
    /// Where docker-registry keeps its files.
    pub(crate) storage: &'a Path,
    pub(crate) people: &'a [Person],
    /// Whether `kube-public` names the registry.
    pub(crate) announce: bool,
    /// Whether there is another registry.
    pub(crate) second_registry: bool,
    /// Whether there are volumes to be had.
    pub(crate) storage_class: bool,
    pub(crate) registry_state: RegistryState,
}

/// Puts it all in an empty cluster. The controller makes what follows from it.
///
/// # Errors
/// When the recorded roles are damaged.
pub(crate) fn put(
    store: &Store,
    controller: &Controller,
    furniture: &Furniture<'_>,
) -> anyhow::Result<()> {
    let face = controller.face;
    let service = &controller.service;
    let mut all: Vec<(&'static Resource, Value)> = Vec::new();
    let mut namespaces = vec!["default", "kube-public", "kube-system"];
    if face == Face::Openshift {
        namespaces.extend(["openshift", "openshift-infra", service.namespace]);
    }
    if furniture.second_registry {
        namespaces.push(registry::SECOND.namespace);
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    all.extend(namespaces.into_iter().map(|name| (&NAMESPACES, namespace::bare(name))));
    let vault = furniture.vault.then_some(&VAULT);
    for name in furniture.projects.iter().chain(vault) {
        let namespace =
            if face == Face::Openshift { namespace::project(name) } else { namespace::bare(name) };
        all.push((&NAMESPACES, namespace));
    }
    all.extend(roles::cluster_roles(face)?.into_iter().map(|role| (&CLUSTER_ROLES, role)));
    all.extend(roles::bindings(face, furniture.projects, service.namespace));
    all.extend(service.claim());
    all.push((&NODES, node()));
    all.push((&SERVICES, kubernetes_service()));
    if furniture.storage_class {
        all.push((&STORAGE_CLASSES, storage_class()));
    }
    if furniture.announce {
        all.push((&CONFIG_MAPS, announcement(&controller.public)));
    }
    if furniture.second_registry {
        all.extend(registry::SECOND.objects(controller.network.next_service()));
    }
    if controller.is_operated() {
        all.push(service.operator_pod());
        all.push((&IMAGE_PRUNERS, pruner()));
    }
    if face == Face::Openshift {
        let known = furniture.people.iter().filter(|person| person.token.is_some());
        for person in known {
            all.push((&USERS, user(person)));
            all.push((&IDENTITIES, identity(person)));
        }
    }
    store.write(|objects, clock| {
        for (resource, object) in all {
            objects.put(resource, object, clock);
        }
    });
    let workloads = workloads::all(store, controller, Files::of(furniture.storage));
    store.write(|objects, clock| {
        for (resource, object) in workloads {
            objects.put(resource, object, clock);
        }
    });
    controller.set(furniture.registry_state);
    Ok(())
}

fn user(person: &Person) -> Value {
    json!({
        "metadata": {"name": person.user.name, "uid": person.user.uid},
        "fullName": person.full_name, "identities": [format!("htpasswd:{}", person.login)],
        "groups": null,
    })
}

fn identity(person: &Person) -> Value {
    json!({
        "metadata": {"name": format!("htpasswd:{}", person.login)},
        "providerName": "htpasswd", "providerUserName": person.login,
        "user": {"name": person.user.name, "uid": person.user.uid},
        "extra": {"name": person.full_name},
    })
}

/// When OpenShift's operator prunes, and what it keeps.
fn pruner() -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "reason": reason, "message": message});
    json!({
        "metadata": {"name": "cluster", "generation": 1},
        "spec": {
            "schedule": "0 0 * * *", "suspend": false, "keepTagRevisions": 3,
            "keepYoungerThanDuration": "60m", "ignoreInvalidImageReferences": true,
            "failedJobsHistoryLimit": 3, "successfulJobsHistoryLimit": 3, "logLevel": "Normal",
        },
        "status": {"observedGeneration": 1, "conditions": [
            condition("Available", "True", "AsExpected", "Pruner CronJob has been created"),
            condition("Failed", "False", "Complete", "Pruner completed successfully"),
            condition("Scheduled", "True", "Scheduled", "The pruner job has been scheduled."),
        ]},
    })
}

fn node() -> Value {
    let ready = json!({"type": "Ready", "status": "True", "reason": "KubeletReady"});
    json!({
        "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}},
        "spec": {},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": NODE},
            ],
            "conditions": [ready],
        },
    })
}

fn storage_class() -> Value {
    json!({
        "metadata": {"name": "standard", "annotations": {
            "storageclass.kubernetes.io/is-default-class": "true",
        }},
        "provisioner": "loopback/volume", "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    })
}

/// The ConfigMap of KEP-1755.
fn announcement(public: &str) -> Value {
    let help = "https://kind.sigs.k8s.io/docs/user/local-registry/";
    json!({
        "metadata": {"name": "local-registry-hosting", "namespace": "kube-public"},
        "data": {"localRegistryHosting.v1": format!("host: \"{public}\"\nhelp: \"{help}\"\n")},
    })
}

fn kubernetes_service() -> Value {
    json!({
        "metadata": {
            "name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver"},
        },
        "spec": {
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}],
            "clusterIP": "10.3.0.1", "clusterIPs": ["10.3.0.1"], "type": "ClusterIP",
            "sessionAffinity": "None",
        },
        "status": {"loadBalancer": {}},
    })
}
