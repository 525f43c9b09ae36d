// SPDX-License-Identifier: LGPL-2.1-or-later
//! What stands in the cluster besides images: namespaces, users, and the registry's service.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::access::people::Person;
use crate::ready::Face;
use crate::resource::{ENDPOINTS, NAMESPACES, PODS, Resource, SERVICES, USERS};
use crate::store::Store;

/// Namespace, name and port name of the registry's service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegistryService {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    port_name: &'static str,
    label: (&'static str, &'static str),
    /// What stands before the service's name for the proxy.
    scheme: &'static str,
}

impl RegistryService {
    /// The service of a face.
    pub(crate) fn of(face: Face) -> Self {
        match face {
            Face::Openshift => Self {
                namespace: "openshift-image-registry",
                name: "image-registry",
                port_name: "5000-tcp",
                label: ("docker-registry", "default"),
                scheme: "https:",
            },
            Face::Plain => Self {
                namespace: "kube-system",
                name: "registry",
                port_name: "registry",
                label: ("app", "registry"),
                scheme: "",
            },
        }
    }

    /// The path that leads to it through the API server.
    pub(crate) fn proxy_path(&self) -> String {
        let Self { namespace, name, port_name, scheme, .. } = self;
        format!("/api/v1/namespaces/{namespace}/services/{scheme}{name}:{port_name}/proxy/")
    }
}

/// Writes it all.
pub(crate) fn put(
    store: &Store,
    face: Face,
    projects: &[&str],
    people: &[Person],
    registry: SocketAddr,
) {
    let service = RegistryService::of(face);
    let mut namespaces = vec!["default", "kube-public", "kube-system"];
    if face == Face::Openshift {
        namespaces.push(service.namespace);
    }
    let bare = namespaces.into_iter().map(namespace);
    let projects = projects
        .iter()
        .map(|name| if face == Face::Openshift { project(name) } else { namespace(name) });
    let mut all: Vec<(&'static Resource, Value)> =
        bare.chain(projects).map(|one| (&NAMESPACES, one)).collect();
    all.extend(registry_service(&service, registry));
    all.push((&SERVICES, kubernetes_service()));
    if face == Face::Openshift {
        all.extend(
            people
                .iter()
                .filter(|person| person.token.is_some())
                .map(|person| (&USERS, user(person))),
        );
    }
    store.write(|objects, clock| {
        for (resource, object) in all {
            objects.put(resource, object, clock);
        }
    });
}

fn namespace(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

fn project(name: &str) -> Value {
    let mut namespace = namespace(name);
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

fn user(person: &Person) -> Value {
    json!({
        "metadata": {"name": person.user.name, "uid": person.user.uid},
        "fullName": person.full_name, "identities": [format!("htpasswd:{}", person.login)],
        "groups": null,
    })
}

fn registry_service(
    service: &RegistryService,
    registry: SocketAddr,
) -> [(&'static Resource, Value); 3] {
    let RegistryService { namespace, name, port_name, label: (label, value), .. } = *service;
    let labels = json!({label: value});
    let (ip, pod) = (registry.ip().to_string(), format!("{name}-7d9c8f6b54-x2x9q"));
    let pod_uid = crate::identifier::uid();
    let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
    let ports = json!([
        {"name": port_name, "protocol": "TCP", "port": 5000, "targetPort": registry.port()},
    ]);
    let spec = json!({
        "ports": ports, "selector": labels, "clusterIP": "10.3.23.38", "clusterIPs": ["10.3.23.38"],
        "type": "ClusterIP", "sessionAffinity": "None", "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    });
    let target = json!({"kind": "Pod", "namespace": namespace, "name": pod, "uid": pod_uid});
    let subset = json!({
        "addresses": [{"ip": ip, "nodeName": "node-1", "targetRef": target}],
        "ports": [{"name": port_name, "port": registry.port(), "protocol": "TCP"}],
    });
    let container = json!({
        "name": "registry", "image": "registry:2.8.2",
        "ports": [{"name": port_name, "containerPort": registry.port(), "protocol": "TCP"}],
    });
    let pod = json!({
        "metadata": {"name": pod, "namespace": namespace, "labels": labels, "uid": pod_uid},
        "spec": {"nodeName": "node-1", "containers": [container]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
    });
    [
        (&SERVICES, json!({"metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}})),
        (&ENDPOINTS, json!({"metadata": metadata, "subsets": [subset]})),
        (&PODS, pod),
    ]
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
