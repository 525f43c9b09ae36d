// SPDX-License-Identifier: LGPL-2.1-or-later

//! The objects of a registry on plain Kubernetes.

use images_proto::installation::Storage;
use serde_json::{Value, json};

use crate::cluster::apply::{Draft, MANAGED_BY, OURS};

/// The namespace of its own.
pub(super) const NAMESPACE: &str = "cockpit-images-registry";
/// The name of the service, the deployment, the secret and the claim.
pub(super) const NAME: &str = "registry";
/// The port of the service and the pod.
pub(super) const PORT: u16 = 5000;
/// The program. Its garbage collection keeps the children of an index, unlike that of 2.8.
pub(super) const IMAGE: &str = "docker.io/library/registry:3.0.0";
/// What stands in the place of the random secret until it is sent.
pub(super) const RANDOM: &str = "(random)";
/// Where that is.
pub(super) const RANDOM_PLACE: &str = "/stringData/http-secret";

/// Some user that is not root.
const USER: u32 = 1000;

/// As whom the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// As one that we choose.
    Chosen,
    /// As one that the cluster assigns, where it has security context constraints, as MicroShift
    /// does: it refuses all others.
    Assigned,
}

/// The objects, in the order in which they are applied.
pub(super) fn drafts(storage: &Storage, user: User) -> Vec<Draft> {
    let claim = match storage {
        Storage::Claim { class, size } => Some(claim(NAMESPACE, NAME, class.as_deref(), *size)),
        Storage::Pod => None,
    };
    let volume = match storage {
        Storage::Claim { .. } => json!({ "persistentVolumeClaim": { "claimName": NAME } }),
        Storage::Pod => json!({ "emptyDir": {} }),
    };
    let objects =
        [Some(namespace()), claim, Some(secret()), Some(deployment(volume, user)), Some(service())];
    objects.into_iter().flatten().collect()
}

/// A claim to a volume for one pod at a time.
pub(super) fn claim(namespace: &str, name: &str, class: Option<&str>, size: u64) -> Draft {
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": quantity(size) } },
    });
    if let Some(class) = class {
        spec["storageClassName"] = json!(class);
    }
    let body = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(namespace, name),
        "spec": spec,
    });
    Draft::new(format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims"), body)
}

fn namespace() -> Draft {
    let body = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": NAMESPACE,
            "labels": {
                MANAGED_BY: OURS,
                // What the pod below needs, and no more.
                "pod-security.kubernetes.io/enforce": "restricted",
            },
        },
    });
    Draft::new("/api/v1/namespaces", body)
}

fn secret() -> Draft {
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(NAMESPACE, NAME),
        "type": "Opaque",
        // Signs the state of uploads, so that they go on after a restart.
        "stringData": { "http-secret": RANDOM },
    });
    Draft::new(format!("/api/v1/namespaces/{NAMESPACE}/secrets"), body)
}

fn service() -> Draft {
    let body = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(NAMESPACE, NAME),
        "spec": {
            "type": "ClusterIP",
            "selector": selector(),
            "ports": [{ "name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP" }],
        },
    });
    Draft::new(format!("/api/v1/namespaces/{NAMESPACE}/services"), body)
}

fn deployment(volume: Value, user: User) -> Draft {
    let mut security = json!({
        "runAsNonRoot": true,
        "seccompProfile": { "type": "RuntimeDefault" },
    });
    if user == User::Chosen {
        for key in ["runAsUser", "runAsGroup", "fsGroup"] {
            security[key] = json!(USER);
        }
        security["fsGroupChangePolicy"] = json!("OnRootMismatch");
    }
    let mut labels = selector();
    labels[MANAGED_BY] = json!(OURS);
    let mut data = volume;
    data["name"] = json!("data");
    let body = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(NAMESPACE, NAME),
        "spec": {
            "replicas": 1,
            // A volume for one pod is not had by two, as a rolling update would want.
            "strategy": { "type": "Recreate" },
            "selector": { "matchLabels": selector() },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "automountServiceAccountToken": false,
                    // The registry would read the REGISTRY_PORT of its own service as a setting.
                    "enableServiceLinks": false,
                    "securityContext": security,
                    "containers": [container()],
                    "volumes": [data],
                },
            },
        },
    });
    Draft::new(format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments"), body)
}

fn container() -> Value {
    let probe = json!({ "path": "/v2/", "port": "http" });
    json!({
        "name": "registry",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{ "name": "http", "containerPort": PORT, "protocol": "TCP" }],
        "env": [
            { "name": "REGISTRY_STORAGE_DELETE_ENABLED", "value": "true" },
            { "name": "REGISTRY_HTTP_SECRET", "valueFrom": {
                "secretKeyRef": { "name": NAME, "key": "http-secret" } } },
            // There is nobody to trace for.
            { "name": "OTEL_TRACES_EXPORTER", "value": "none" },
        ],
        "readinessProbe": { "httpGet": probe, "periodSeconds": 5 },
        "livenessProbe": {
            "httpGet": probe,
            "initialDelaySeconds": 10,
            "periodSeconds": 20,
            "timeoutSeconds": 10,
            "failureThreshold": 6,
        },
        "resources": {
            "requests": { "cpu": "50m", "memory": "64Mi" },
            "limits": { "memory": "1Gi" },
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": [{ "name": "data", "mountPath": "/var/lib/registry" }],
    })
}

fn metadata(namespace: &str, name: &str) -> Value {
    json!({ "name": name, "namespace": namespace, "labels": { MANAGED_BY: OURS } })
}

fn selector() -> Value {
    json!({ "app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": OURS })
}

/// A size as Kubernetes writes it.
fn quantity(bytes: u64) -> String {
    match bytes {
        bytes if bytes.is_multiple_of(1 << 30) => format!("{}Gi", bytes >> 30),
        bytes if bytes.is_multiple_of(1 << 20) => format!("{}Mi", bytes >> 20),
        bytes => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_exact() {
        let sizes = [20 << 30, 1536 << 20, 1_000_000_001].map(quantity);
        assert_eq!(sizes, ["20Gi", "1536Mi", "1000000001"]);
    }

    #[test]
    fn everything_has_our_label_and_fits_together() {
        let storage = Storage::Claim { class: Some("fast".to_owned()), size: 1 << 30 };
        let all = drafts(&storage, User::Chosen);
        let kinds: Vec<_> = all.iter().map(Draft::kind).collect();
        assert_eq!(
            kinds,
            ["Namespace", "PersistentVolumeClaim", "Secret", "Deployment", "Service"]
        );
        for draft in &all {
            assert_eq!(draft.body()["metadata"]["labels"][MANAGED_BY], OURS, "{draft}");
        }
        assert_eq!(all[1].body()["spec"]["storageClassName"], "fast");
        let labels = all[3].body().pointer("/spec/template/metadata/labels").unwrap();
        for (key, value) in all[4].body()["spec"]["selector"].as_object().unwrap() {
            assert_eq!(&labels[key], value);
        }
        let kept = all[2].clone().with(RANDOM_PLACE, json!("x"));
        assert_eq!(kept.body()["stringData"]["http-secret"], "x");
    }

    #[test]
    fn in_the_pod_there_is_no_claim() {
        let all = drafts(&Storage::Pod, User::Chosen);
        assert_eq!(all.len(), 4);
        let volumes = all[2].body().pointer("/spec/template/spec/volumes").unwrap();
        assert_eq!(volumes, &json!([{ "name": "data", "emptyDir": {} }]));
    }

    #[test]
    fn the_program_is_never_root() {
        for (user, id) in [(User::Chosen, json!(USER)), (User::Assigned, Value::Null)] {
            let all = drafts(&Storage::Pod, user);
            let security = all[2].body().pointer("/spec/template/spec/securityContext").unwrap();
            assert_eq!(security["runAsNonRoot"], true);
            assert_eq!((&security["runAsUser"], &security["fsGroup"]), (&id, &id));
        }
    }
}
