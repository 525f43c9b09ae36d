// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry as objects of the cluster: how it stands there, and how one adds it.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{Answer, Cluster, until};
use images_cluster::Face;
use serde_json::{Value, json};

const PLAIN: [&str; 2] = ["kube-system", "registry"];
const OPENSHIFT: [&str; 2] = ["openshift-image-registry", "image-registry"];
const CONFIG: &str = "/apis/imageregistry.operator.openshift.io/v1/configs/cluster";

fn object(cluster: &Cluster, [namespace, name]: [&str; 2], kind: &str) -> Answer {
    let api = if kind == "deployments" { "/apis/apps/v1" } else { "/api/v1" };
    cluster.get("sarah", &format!("{api}/namespaces/{namespace}/{kind}/{name}"))
}

fn pods(cluster: &Cluster, namespace: &str) -> Vec<Value> {
    // OpenShift's operator has a pod beside.
    let selector = "labelSelector=name!%3Dcluster-image-registry-operator";
    let path = format!("/api/v1/namespaces/{namespace}/pods?{selector}");
    let list = cluster.get("sarah", &path).json();
    list["items"].as_array().unwrap().clone()
}

fn ready_addresses(cluster: &Cluster, place: [&str; 2]) -> Value {
    object(cluster, place, "endpoints").json()["subsets"][0]["addresses"].clone()
}

fn proxied(cluster: &Cluster) -> Answer {
    cluster.get("sarah", &format!("{}v2/", cluster.ready().registry_proxy_path))
}

fn patch(cluster: &Cluster, kind: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let content = format!(
        "Content-Type: application/{kind}-patch+{}",
        if kind == "apply" { "yaml" } else { "json" }
    );
    let (url, body) = (format!("{}{path}", cluster.ready().api), body.to_string());
    cluster.curl(&url, &["-X", "PATCH", "-H", &bearer, "-H", &content, "-d", &body])
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|one| one["type"] == kind).unwrap_or_default()
}

#[test]
fn each_state_has_its_objects() {
    for (face, place) in [(Face::Plain, PLAIN), (Face::Openshift, OPENSHIFT)] {
        let cluster = Cluster::start(face, &["--registry-state", "scaled"]);
        let set = |state: &str| {
            cluster.control("POST", "/registry-state", &json!({"state": state}).to_string());
        };
        let deployment = || object(&cluster, place, "deployments").json();
        assert_eq!(deployment()["spec"]["replicas"], 0);
        assert!(pods(&cluster, place[0]).is_empty());
        assert_eq!(ready_addresses(&cluster, place), Value::Null);
        assert_eq!(proxied(&cluster).status, 503);

        set("running");
        let all = pods(&cluster, place[0]);
        assert_eq!((all.len(), &all[0]["status"]["phase"]), (1, &json!("Running")), "{face:?}");
        assert_eq!(condition(&all[0], "Ready")["status"], "True");
        assert_eq!(condition(&deployment(), "Available")["status"], "True");
        let address = ready_addresses(&cluster, place)[0].clone();
        assert_eq!(address["targetRef"]["name"], all[0]["metadata"]["name"]);
        assert_eq!(address["ip"], all[0]["status"]["podIP"]);
        assert_ne!(proxied(&cluster).status, 503);

        set("no-endpoints");
        let pod = pods(&cluster, place[0]).remove(0);
        assert_eq!(pod["status"]["phase"], "Pending");
        assert_eq!(condition(&pod, "PodScheduled")["reason"], "Unschedulable");
        assert_eq!(condition(&deployment(), "Available")["status"], "False");
        assert_eq!(
            (proxied(&cluster).status, ready_addresses(&cluster, place)),
            (503, Value::Null)
        );

        set("crashing");
        let pod = pods(&cluster, place[0]).remove(0);
        let container = &pod["status"]["containerStatuses"][0];
        assert_eq!(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
        assert_eq!(
            container["lastState"]["terminated"]["message"],
            "open /etc/docker/registry/config.yml: permission denied"
        );
        assert_eq!(ready_addresses(&cluster, place), Value::Null);

        if face == Face::Openshift {
            let config = cluster.get("sarah", CONFIG).json();
            assert_eq!(condition(&config, "Degraded")["reason"], "Unavailable");
        }
        set("absent");
        for kind in ["deployments", "services", "endpoints"] {
            assert_eq!(object(&cluster, place, kind).status, 404, "{kind}");
        }
        assert!(pods(&cluster, place[0]).is_empty());
        set("running");
        assert_ne!(proxied(&cluster).status, 503);
    }
}

#[test]
fn the_operator_removes_and_brings_back() {
    let cluster = Cluster::openshift();
    let stream = || cluster.stream("skyfield", "frontend")["status"].clone();
    assert!(stream()["publicDockerImageRepository"].is_string());
    let config = cluster.get("sarah", CONFIG).json();
    assert_eq!(config["spec"]["managementState"], "Managed");
    assert_eq!(condition(&config, "Available")["reason"], "Ready");
    let route =
        "/apis/route.openshift.io/v1/namespaces/openshift-image-registry/routes/default-route";
    assert_eq!(cluster.get("sarah", route).json()["spec"]["host"], cluster.ready().registry);

    cluster.control("POST", "/registry-state", r#"{"state": "removed"}"#);
    let config = cluster.get("sarah", CONFIG).json();
    assert_eq!(condition(&config, "Removed")["status"], "True");
    assert_eq!(object(&cluster, OPENSHIFT, "services").status, 404);
    assert_eq!(cluster.get("sarah", route).status, 404);
    assert_eq!(stream().get("publicDockerImageRepository"), None);

    // Without storage the operator only complains.
    let spec = json!({"spec": {"managementState": "Managed"}});
    assert_eq!(patch(&cluster, "merge", CONFIG, &spec).status, 200);
    until("no complaint", || {
        let config = cluster.get("sarah", CONFIG).json();
        condition(&config, "Degraded")["reason"] == "StorageNotConfigured"
    });
    // One storage is enough.
    let spec = json!({"spec": {"storage": {"emptyDir": {}, "pvc": {}}}});
    assert_eq!(patch(&cluster, "merge", CONFIG, &spec).status, 200);
    until("no complaint about two", || {
        let message =
            condition(&cluster.get("sarah", CONFIG).json(), "Progressing")["message"].clone();
        message.as_str().is_some_and(|text| text.contains("exactly one storage type"))
    });
    let spec = json!({"spec": {"storage": {"emptyDir": null, "pvc": {"claim": ""}}}});
    assert_eq!(patch(&cluster, "merge", CONFIG, &spec).status, 200);
    let mut reasons = Vec::new();
    until("not available", || {
        let available = condition(&cluster.get("sarah", CONFIG).json(), "Available");
        if reasons.last() != Some(&available["reason"]) {
            reasons.push(available["reason"].clone());
        }
        available["status"] == "True"
    });
    assert!(reasons.contains(&json!("NoReplicasAvailable")), "{reasons:?}");
    let claim = "/api/v1/namespaces/openshift-image-registry/persistentvolumeclaims";
    let claim = cluster.get("sarah", &format!("{claim}/image-registry-storage")).json();
    assert_eq!(claim["status"]["phase"], "Bound");
    assert_eq!(proxied(&cluster).status, 401, "the registry itself answers");
    until("no route", || stream()["publicDockerImageRepository"].is_string());
}

#[test]
fn a_registry_can_be_added_and_removed() {
    let cluster = Cluster::start(Face::Plain, &["--registry-state", "absent"]);
    let place = ["images", "registry"];
    let labels = json!({"app": "registry"});
    let objects = [
        ("/api/v1/namespaces/images", "v1", "Namespace", json!({})),
        (
            "/api/v1/namespaces/images/persistentvolumeclaims/registry",
            "v1",
            "PersistentVolumeClaim",
            json!({"spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            }}),
        ),
        (
            "/apis/apps/v1/namespaces/images/deployments/registry",
            "apps/v1",
            "Deployment",
            json!({"spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {
                    "containers": [{
                        "name": "registry", "image": "docker.io/library/registry:2",
                        "ports": [{"containerPort": 5000}],
                        "env": [{"name": "REGISTRY_HTTP_SECRET", "valueFrom": {
                            "secretKeyRef": {"name": "registry", "key": "secret"},
                        }}],
                    }],
                    "volumes": [{
                        "name": "data", "persistentVolumeClaim": {"claimName": "registry"},
                    }],
                }},
            }}),
        ),
        (
            "/api/v1/namespaces/images/services/registry",
            "v1",
            "Service",
            json!({"spec": {"selector": labels, "ports": [{"port": 5000}]}}),
        ),
        (
            "/api/v1/namespaces/images/secrets/registry",
            "v1",
            "Secret",
            json!({"stringData": {"secret": "x"}}),
        ),
    ];
    for (path, version, kind, mut object) in objects {
        object["apiVersion"] = json!(version);
        object["kind"] = json!(kind);
        object["metadata"]["name"] = json!(path.rsplit('/').next().unwrap());
        // Before the last one its container waits for it.
        if kind == "Secret" {
            until("the container does not wait", || {
                let pods = pods(&cluster, "images");
                pods.first().is_some_and(|pod| {
                    let state = &pod["status"]["containerStatuses"][0]["state"];
                    state["waiting"]["reason"] == "CreateContainerConfigError"
                })
            });
        }
        let path = format!("{path}?fieldManager=test&force=true");
        let applied = patch(&cluster, "apply", &path, &object);
        assert_eq!(applied.status, 201, "{applied:?}");
    }
    until("not available", || {
        let deployment = object(&cluster, place, "deployments").json();
        condition(&deployment, "Available")["status"] == "True"
    });
    let claim = "/api/v1/namespaces/images/persistentvolumeclaims/registry";
    assert_eq!(cluster.get("sarah", claim).json()["status"]["phase"], "Bound");
    until("no endpoints", || ready_addresses(&cluster, place).is_array());
    let proxy = "/api/v1/namespaces/images/services/registry:5000/proxy/v2/_catalog";
    let catalog = cluster.get("sarah", proxy);
    assert_eq!(catalog.status, 200, "{catalog:?}");
    assert!(catalog.json()["repositories"].is_array());

    let path = "/apis/apps/v1/namespaces/images/deployments/registry";
    assert_eq!(cluster.send("sarah", "DELETE", path, None).status, 200);
    until("its pod stays", || pods(&cluster, "images").is_empty());
    until("its endpoints stay", || ready_addresses(&cluster, place).is_null());
}

#[test]
fn without_a_class_a_claim_stays_open() {
    let cluster =
        Cluster::start(Face::Openshift, &["--no-storage-class", "--registry-state", "removed"]);
    let classes = cluster.get("sarah", "/apis/storage.k8s.io/v1/storageclasses").json();
    assert_eq!(classes["items"], json!([]));
    let spec = json!({"spec": {"managementState": "Managed", "storage": {"pvc": {}}}});
    assert_eq!(patch(&cluster, "merge", CONFIG, &spec).status, 200);
    until("the pod is not pending", || {
        let pods = pods(&cluster, "openshift-image-registry");
        pods.first().is_some_and(|pod| {
            let message = condition(pod, "PodScheduled")["message"].clone();
            message.as_str().is_some_and(|text| text.contains("unbound immediate"))
        })
    });
}

#[test]
fn options_put_more_or_less_there() {
    let cluster = Cluster::start(Face::Plain, &["--announce", "--second-registry"]);
    let announced = "/api/v1/namespaces/kube-public/configmaps/local-registry-hosting";
    let announced = cluster.get("sarah", announced).json();
    let text = announced["data"]["localRegistryHosting.v1"].as_str().unwrap().to_owned();
    assert!(text.starts_with(&format!("host: \"{}\"\n", cluster.ready().registry)), "{text}");
    let second = "/api/v1/namespaces/apps/services/team-registry:5000/proxy/v2/_catalog";
    assert_eq!(cluster.get("sarah", second).status, 200);
    let class = cluster.get("sarah", "/apis/storage.k8s.io/v1/storageclasses/standard").json();
    let mark = "storageclass.kubernetes.io/is-default-class";
    assert_eq!(class["metadata"]["annotations"][mark], "true");
    assert_eq!(cluster.get("sarah", "/api/v1/nodes/node-1").status, 200);

    let bare = Cluster::plain();
    let maps = "/api/v1/namespaces/kube-public/configmaps";
    assert_eq!(bare.get("sarah", &format!("{maps}/local-registry-hosting")).status, 404);
    let root = bare.get("sarah", &format!("{maps}/kube-root-ca.crt")).json();
    let pem = std::fs::read_to_string(&bare.ready().ca).unwrap();
    assert_eq!(root["data"]["ca.crt"], pem);

    let hidden = Cluster::start(Face::Openshift, &["--no-route"]);
    let stream = hidden.stream("skyfield", "frontend");
    assert_eq!(stream["status"].get("publicDockerImageRepository"), None);
    assert!(stream["status"]["dockerImageRepository"].is_string());
    let map = "/api/v1/namespaces/skyfield/configmaps/openshift-service-ca.crt";
    let service = std::fs::read_to_string(&hidden.ready().service_ca).unwrap();
    assert_eq!(hidden.get("sarah", map).json()["data"]["service-ca.crt"], service);
}
