// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry as objects: what its maker would apply, without what controllers add.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::args::ServeOptions;
use crate::network::REGISTRY_PORT;
use crate::ready::Face;
use crate::resource::{CLAIMS, DEPLOYMENT_CONFIGS, DEPLOYMENTS, PODS, ROUTES, Resource, SERVICES};
use crate::store::key;
use crate::workload::NODE;

/// Namespace and name of a registry's Service and Deployment, and the name of its port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegistryService {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    port_name: &'static str,
    label: (&'static str, &'static str),
    image: &'static str,
    /// What makes its pods.
    pub(crate) maker: &'static Resource,
    /// The claim that its storage is; none if it keeps its images in its pod.
    claim: Option<&'static str>,
    /// The name of OpenShift's route to it.
    pub(crate) route: &'static str,
}

/// Another registry, of some team.
pub(crate) const SECOND: RegistryService = RegistryService {
    namespace: "apps",
    name: "team-registry",
    port_name: "http",
    label: ("app", "team-registry"),
    image: "docker.io/library/registry:2.8.2",
    maker: &DEPLOYMENTS,
    claim: None,
    route: "",
};

impl RegistryService {
    /// The service of the cluster's own registry. With an old OpenShift that is OpenShift 3.
    pub(crate) fn of(options: &ServeOptions) -> Self {
        match options.face {
            Face::Openshift if options.old => Self {
                namespace: "default",
                name: "docker-registry",
                port_name: "5000-tcp",
                label: ("docker-registry", "default"),
                image: "docker.io/openshift/origin-docker-registry:v3.9.0",
                maker: &DEPLOYMENT_CONFIGS,
                claim: None,
                route: "docker-registry",
            },
            Face::Openshift => Self {
                namespace: "openshift-image-registry",
                name: "image-registry",
                port_name: "5000-tcp",
                label: ("docker-registry", "default"),
                image: "quay.io/openshift/origin-docker-registry:latest",
                maker: &DEPLOYMENTS,
                claim: None,
                route: "default-route",
            },
            Face::Plain => Self {
                namespace: "kube-system",
                name: "registry",
                port_name: "registry",
                label: ("app", "registry"),
                image: "docker.io/library/registry:2.8.2",
                maker: &DEPLOYMENTS,
                claim: Some("registry-storage"),
                route: "",
            },
        }
    }

    /// Namespace and name, as the store has them.
    pub(crate) fn key(&self) -> String {
        key(Some(self.namespace), self.name)
    }

    /// The path that leads to it through the API server.
    pub(crate) fn proxy_path(&self, tls: bool) -> String {
        let Self { namespace, name, port_name, .. } = self;
        let scheme = if tls { "https:" } else { "" };
        format!("/api/v1/namespaces/{namespace}/services/{scheme}{name}:{port_name}/proxy/")
    }

    /// Deployment, or in OpenShift 3 DeploymentConfig, and Service.
    pub(crate) fn objects(&self, ip: Ipv4Addr) -> [(&'static Resource, Value); 2] {
        let storage = match self.claim {
            Some(claim) => json!({
                "name": "registry-storage", "persistentVolumeClaim": {"claimName": claim},
            }),
            None => json!({"name": "registry-storage", "emptyDir": {}}),
        };
        [(self.maker, self.deployment(1, storage)), (&SERVICES, self.service(ip))]
    }

    /// The Deployment. `storage` is a volume of the name `registry-storage`.
    pub(crate) fn deployment(&self, replicas: u64, storage: Value) -> Value {
        let labels = self.labels();
        let container = json!({
            "name": "registry", "image": self.image,
            "ports": [
                {"name": self.port_name, "containerPort": REGISTRY_PORT, "protocol": "TCP"},
            ],
            "env": [{"name": "REGISTRY_STORAGE_DELETE_ENABLED", "value": "true"}],
            "volumeMounts": [{"name": "registry-storage", "mountPath": self.folder()}],
        });
        let selector = if self.maker == &DEPLOYMENTS {
            json!({"matchLabels": labels})
        } else {
            labels.clone()
        };
        let mut metadata = self.metadata(self.name);
        metadata["generation"] = json!(1);
        json!({
            "metadata": metadata,
            "spec": {
                "replicas": replicas, "selector": selector,
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container], "volumes": [storage]},
                },
            },
        })
    }

    /// The Service.
    pub(crate) fn service(&self, ip: Ipv4Addr) -> Value {
        let ports = json!([{
            "name": self.port_name, "protocol": "TCP", "port": REGISTRY_PORT,
            "targetPort": REGISTRY_PORT,
        }]);
        json!({
            "metadata": self.metadata(self.name),
            "spec": {
                "ports": ports, "selector": self.labels(), "clusterIP": ip, "clusterIPs": [ip],
                "type": "ClusterIP", "sessionAffinity": "None", "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
            },
            "status": {"loadBalancer": {}},
        })
    }

    /// The operator's own pod, which stands beside the registry's.
    pub(crate) fn operator_pod(&self) -> (&'static Resource, Value) {
        let name = "cluster-image-registry-operator-6c5d8f7b9-4zq2w";
        let container = json!({
            "name": "cluster-image-registry-operator",
            "image": "quay.io/openshift/origin-cluster-image-registry-operator:latest",
            "ports": [{"name": "metrics", "containerPort": 60000, "protocol": "TCP"}],
        });
        let status = json!({
            "name": container["name"], "image": container["image"], "ready": true,
            "restartCount": 0, "state": {"running": {}}, "lastState": {},
        });
        let pod = json!({
            "metadata": {
                "name": name, "namespace": self.namespace,
                "labels": {"name": "cluster-image-registry-operator"},
            },
            "spec": {"nodeName": NODE, "containers": [container]},
            "status": {
                "phase": "Running", "containerStatuses": [status],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        (&PODS, pod)
    }

    /// OpenShift's route to it. Its host has a port, unlike a real one: we do not listen on 443.
    pub(crate) fn route(&self, host: &str) -> (&'static Resource, Value) {
        let route = json!({
            "metadata": self.metadata(self.route),
            "spec": {
                "host": host, "to": {"kind": "Service", "name": self.name, "weight": 100},
                "port": {"targetPort": self.port_name}, "wildcardPolicy": "None",
                "tls": {"termination": "reencrypt", "insecureEdgeTerminationPolicy": "Redirect"},
            },
            "status": {"ingress": [{
                "host": host, "routerName": "default", "wildcardPolicy": "None",
                "conditions": [{"type": "Admitted", "status": "True"}],
            }]},
        });
        (&ROUTES, route)
    }

    /// Where it keeps its files in its pod.
    fn folder(&self) -> &'static str {
        if self.claim.is_some() { "/var/lib/registry" } else { "/registry" }
    }

    /// The claim that its storage is, which has its volume.
    pub(crate) fn claim(&self) -> Option<(&'static Resource, Value)> {
        let size = json!({"storage": "100Gi"});
        let modes = ["ReadWriteOnce"];
        Some((
            &CLAIMS,
            json!({
                "metadata": self.metadata(self.claim?),
                "spec": {
                    "accessModes": modes, "resources": {"requests": size},
                    "volumeMode": "Filesystem", "volumeName": "registry",
                },
                "status": {"phase": "Bound", "accessModes": modes, "capacity": size},
            }),
        ))
    }

    fn metadata(&self, name: &str) -> Value {
        json!({"name": name, "namespace": self.namespace, "labels": self.labels()})
    }

    fn labels(&self) -> Value {
        json!({self.label.0: self.label.1})
    }
}
