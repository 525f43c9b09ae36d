// SPDX-License-Identifier: LGPL-2.1-or-later
//! Namespaces, and what controllers keep in every one of them.

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::resource::{CONFIG_MAPS, NAMESPACES, Resource, SERVICE_ACCOUNTS, STORED};
use crate::store::{Objects, key};

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
        "openshift.io/sa.scc.mcs": "s0:c27,c10",
        "openshift.io/sa.scc.supplemental-groups": "10007100000/10000",
        "openshift.io/sa.scc.uid-range": "10007100000/10000",
    });
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
pub(crate) fn reconcile(objects: &mut Objects, clock: &Clock, authorities: &CaBundles) {
    let namespaces: Vec<_> = objects.all(&NAMESPACES).map(|one| one.value()).collect();
    for namespace in namespaces {
        let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
        if namespace["status"]["phase"] == "Terminating" {
            empty(objects, name);
            objects.delete(&NAMESPACES, name);
            continue;
        }
        let metadata = |own: &str| json!({"name": own, "namespace": name});
        let mut wanted: Vec<(&'static Resource, Value)> = vec![
            (&SERVICE_ACCOUNTS, json!({"metadata": metadata("default")})),
            (
                &CONFIG_MAPS,
                json!({
                    "metadata": metadata("kube-root-ca.crt"), "data": {"ca.crt": authorities.cluster},
                }),
            ),
        ];
        if let Some(services) = &authorities.services {
            wanted.push((
                &CONFIG_MAPS,
                json!({
                    "metadata": metadata("openshift-service-ca.crt"),
                    "data": {"service-ca.crt": services},
                }),
            ));
        }
        for (resource, object) in wanted {
            let own = object["metadata"]["name"].as_str().unwrap_or_default();
            if objects.get(resource, &key(Some(name), own)).is_none() {
                objects.put(resource, object, clock);
            }
        }
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
