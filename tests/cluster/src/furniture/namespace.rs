// SPDX-License-Identifier: LGPL-2.1-or-later
//! Namespaces, and what controllers keep in every one of them.

use serde_json::{Value, json};

use crate::access::roles;
use crate::clock::Clock;
use crate::ready::Face;
use crate::resource::{
    CONFIG_MAPS, NAMESPACES, RBAC, ROLE_BINDINGS, Resource, SERVICE_ACCOUNTS, STORED,
};
use crate::store::{Objects, key};

/// The ConfigMap with the certificate of the API server's authority.
const ROOT_CA: &str = "kube-root-ca.crt";

/// The finalizer of projects.
const ORIGIN: &str = "openshift.io/origin";

/// What confines the pods of a project; in a real cluster no two have the same.
const RANGES: [(&str, &str); 3] = [
    ("openshift.io/sa.scc.mcs", "s0:c27,c10"),
    ("openshift.io/sa.scc.supplemental-groups", "10007100000/10000"),
    ("openshift.io/sa.scc.uid-range", "10007100000/10000"),
];

/// A namespace of Kubernetes.
pub(crate) fn bare(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

/// A namespace that somebody requested as a project.
pub(crate) fn project(name: &str) -> Value {
    let mut namespace = bare(name);
    namespace["metadata"]["annotations"] = json!({
        "openshift.io/description": format!("Images of {name}"),
        "openshift.io/display-name": name,
        "openshift.io/requester": "sarah",
    });
    for (name, value) in RANGES {
        namespace["metadata"]["annotations"][name] = json!(value);
    }
    namespace
}

/// A namespace that somebody requests as a project, before its annotations.
pub(crate) fn requested(name: &str) -> Value {
    let mut namespace = bare(name);
    namespace["spec"]["finalizers"] = json!([ORIGIN, "kubernetes"]);
    namespace
}

/// The certificates that every namespace gets, as PEM.
#[derive(Debug)]
pub(crate) struct CaBundles {
    /// Who signed the API server's.
    pub(crate) cluster: String,
    /// Who signed those of services; only OpenShift has one.
    pub(crate) services: Option<String>,
}

/// Fills new namespaces and empties those that end.
pub(crate) fn reconcile(objects: &mut Objects, clock: &Clock, face: Face, authorities: &CaBundles) {
    let namespaces: Vec<_> = objects.all(&NAMESPACES).cloned().collect();
    for stored in namespaces {
        let name = stored.name();
        let namespace = stored.value();
        if namespace["status"]["phase"] == "Terminating" {
            empty(objects, name);
            objects.delete(&NAMESPACES, name);
            continue;
        }
        let is_openshift = face == Face::Openshift;
        if is_openshift {
            confine(objects, clock, namespace);
        }
        // Nearly always all of it is there: nothing is made then.
        let mut names = FURNITURE.iter().chain(OPENSHIFT.iter().filter(|_| is_openshift));
        let there = |(resource, own): &(&Resource, &str)| {
            objects.get(resource, &key(Some(name), own)).is_some()
        };
        if names.all(there) {
            continue;
        }
        let mut wanted = furniture(name, authorities);
        if is_openshift {
            wanted.extend(of_openshift(name));
        }
        for (resource, object) in wanted {
            let own = object["metadata"]["name"].as_str().unwrap_or_default();
            if objects.get(resource, &key(Some(name), own)).is_none() {
                objects.put(resource, object, clock);
            }
        }
    }
}

/// What every namespace has.
const FURNITURE: [(&Resource, &str); 2] = [(&SERVICE_ACCOUNTS, "default"), (&CONFIG_MAPS, ROOT_CA)];

/// What OpenShift adds; its other certificate is made together with these.
const OPENSHIFT: [(&Resource, &str); 5] = [
    (&SERVICE_ACCOUNTS, "builder"),
    (&SERVICE_ACCOUNTS, "deployer"),
    (&ROLE_BINDINGS, "system:deployers"),
    (&ROLE_BINDINGS, "system:image-builders"),
    (&ROLE_BINDINGS, "system:image-pullers"),
];

fn furniture(name: &str, authorities: &CaBundles) -> Vec<(&'static Resource, Value)> {
    let metadata = |own: &str| json!({"name": own, "namespace": name});
    let map = |own: &str, file: &str, text: &str| {
        (&CONFIG_MAPS, json!({"metadata": metadata(own), "data": {file: text}}))
    };
    let mut all = vec![
        (&SERVICE_ACCOUNTS, json!({"metadata": metadata("default")})),
        map(ROOT_CA, "ca.crt", &authorities.cluster),
    ];
    if let Some(services) = &authorities.services {
        all.push(map("openshift-service-ca.crt", "service-ca.crt", services));
    }
    all
}

/// The accounts of builds and deployments, and their rights and those of all pods.
fn of_openshift(name: &str) -> Vec<(&'static Resource, Value)> {
    let account =
        |own: &str| (&SERVICE_ACCOUNTS, json!({"metadata": {"name": own, "namespace": name}}));
    let of_account = |own: &str| json!({"kind": "ServiceAccount", "name": own, "namespace": name});
    let pods = format!("system:serviceaccounts:{name}");
    let pods = json!({"kind": "Group", "apiGroup": RBAC, "name": pods});
    let bound = |own: &str, role: &str, subject: Value, what: &str| {
        let mut binding = roles::binding(own, role, Some(name), &[subject]);
        binding["metadata"]["annotations"] = json!({
            "openshift.io/description":
                format!("{what} It is auto-managed by a controller; remove subjects to disable."),
        });
        (&ROLE_BINDINGS, binding)
    };
    vec![
        account("builder"),
        account("deployer"),
        bound(
            "system:deployers",
            "system:deployer",
            of_account("deployer"),
            "Allows deploymentconfigs in this namespace to rollout pods in this namespace. ",
        ),
        bound(
            "system:image-builders",
            "system:image-builder",
            of_account("builder"),
            "Allows builds in this namespace to push images to this namespace. ",
        ),
        bound(
            "system:image-pullers",
            "system:image-puller",
            pods,
            "Allows all pods in this namespace to pull images from this namespace. ",
        ),
    ]
}

/// Gives a project the range of ids in which its pods run.
fn confine(objects: &mut Objects, clock: &Clock, mut namespace: Value) {
    let is_project = namespace["spec"]["finalizers"][0] == ORIGIN;
    let annotations = &mut namespace["metadata"]["annotations"];
    if is_project && annotations["openshift.io/sa.scc.uid-range"].is_null() {
        for (name, value) in RANGES {
            annotations[name] = json!(value);
        }
        objects.put(&NAMESPACES, namespace, clock);
    }
}

fn empty(objects: &mut Objects, namespace: &str) {
    for resource in STORED.into_iter().filter(|resource| resource.namespaced) {
        let within = objects.all(resource).filter(|one| one.namespace() == Some(namespace));
        for key in within.map(|one| one.key.clone()).collect::<Vec<_>>() {
            objects.delete(resource, &key);
        }
    }
}
