// SPDX-License-Identifier: LGPL-2.1-or-later
//! What the API server fills in, as far as a registry's objects show it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::people;
use super::refusal::Refusal;
use crate::furniture::namespace;
use crate::network::Network;
use crate::resource::{
    CLAIMS, CLUSTER_ROLE_BINDINGS, DEPLOYMENTS, NAMESPACES, PODS, PROJECTS, RBAC, ROLE_BINDINGS,
    Resource, SECRETS, SERVICES, USER,
};
use crate::store::Objects;
use crate::workload::volume;

/// Ports of nodes are from here on.
const FIRST_NODE_PORT: u64 = 30000;

/// Fills in what the caller left open.
///
/// # Errors
/// When there is nothing to fill it with.
pub(super) fn fill(
    objects: &Objects,
    network: &Network,
    resource: &Resource,
    name: &str,
    object: &mut Value,
    before: Option<&Value>,
) -> Result<(), Refusal> {
    let is_new = before.is_none();
    if resource == &NAMESPACES && is_new {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        object["status"] = json!({"phase": "Active"});
    } else if resource == &PROJECTS && is_new {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
        object["spec"] = namespace::requested(name)["spec"].clone();
        object["status"] = json!({"phase": "Active"});
    } else if resource.group == USER {
        people::fill(resource, object);
    } else if resource == &DEPLOYMENTS {
        fill_deployment(object, is_new);
    } else if resource == &SERVICES {
        fill_service(objects, network, object, before);
    } else if resource == &CLAIMS && is_new {
        default(&mut object["spec"], "volumeMode", json!("Filesystem"));
        if object["spec"]["storageClassName"].is_null()
            && let Some(class) = volume::default_class(objects)
        {
            object["spec"]["storageClassName"] = json!(class);
        }
        object["status"] = json!({"phase": "Pending"});
    } else if resource == &CLAIMS {
        // What the caller does not say stays: a claim's spec hardly ever changes.
        let old = before.map(|before| before["spec"].clone()).unwrap_or_default();
        for field in ["volumeMode", "storageClassName", "volumeName"] {
            if !old[field].is_null() {
                default(&mut object["spec"], field, old[field].clone());
            }
        }
    } else if resource == &PODS && is_new {
        object["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    } else if resource == &SECRETS {
        default(object, "type", json!("Opaque"));
        if let Some(fields) = object.as_object_mut()
            && let Some(Value::Object(texts)) = fields.remove("stringData")
        {
            for (name, text) in texts {
                object["data"][name] = json!(STANDARD.encode(text.as_str().unwrap_or_default()));
            }
        }
    }
    Ok(())
}

/// Fills in the API groups of a binding: there is only one for each kind.
pub(super) fn name_groups(resource: &Resource, object: &mut Value) {
    if resource != &ROLE_BINDINGS && resource != &CLUSTER_ROLE_BINDINGS {
        return;
    }
    default(&mut object["roleRef"], "apiGroup", json!(RBAC));
    for subject in object["subjects"].as_array_mut().into_iter().flatten() {
        if subject["kind"] == "User" || subject["kind"] == "Group" {
            default(subject, "apiGroup", json!(RBAC));
        }
    }
}

fn fill_deployment(object: &mut Value, is_new: bool) {
    if is_new {
        object["metadata"]["generation"] = json!(1);
        object["status"] = json!({});
    }
    let spec = &mut object["spec"];
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    let strategy = json!({
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    });
    default(spec, "strategy", strategy);
    let pod = &mut spec["template"]["spec"];
    default(pod, "restartPolicy", json!("Always"));
    default(pod, "terminationGracePeriodSeconds", json!(30));
    default(pod, "dnsPolicy", json!("ClusterFirst"));
    default(pod, "schedulerName", json!("default-scheduler"));
    default(pod, "securityContext", json!({}));
    for container in pod["containers"].as_array_mut().into_iter().flatten() {
        default(container, "imagePullPolicy", json!("IfNotPresent"));
        default(container, "terminationMessagePath", json!("/dev/termination-log"));
        default(container, "terminationMessagePolicy", json!("File"));
        default(container, "resources", json!({}));
        for port in container["ports"].as_array_mut().into_iter().flatten() {
            default(port, "protocol", json!("TCP"));
        }
    }
}

fn fill_service(objects: &Objects, network: &Network, object: &mut Value, before: Option<&Value>) {
    let used = |port: u64| {
        objects.all(&SERVICES).any(|service| {
            let value = service.value();
            let mut ports = value["spec"]["ports"].as_array().into_iter().flatten();
            ports.any(|one| one["nodePort"] == port)
        })
    };
    let free = || (FIRST_NODE_PORT..).find(|port| !used(*port));
    let spec = &mut object["spec"];
    default(spec, "type", json!("ClusterIP"));
    default(spec, "sessionAffinity", json!("None"));
    let with_node_ports = spec["type"] == "NodePort" || spec["type"] == "LoadBalancer";
    let old = before.map(|before| before["spec"].clone()).unwrap_or_default();
    for (at, port) in spec["ports"].as_array_mut().into_iter().flatten().enumerate() {
        default(port, "protocol", json!("TCP"));
        let number = port["port"].clone();
        default(port, "targetPort", number);
        if with_node_ports && port["nodePort"].is_null() {
            let known = &old["ports"][at]["nodePort"];
            port["nodePort"] = if known.is_null() { json!(free()) } else { known.clone() };
        }
    }
    if spec["type"] == "ExternalName" {
        return;
    }
    for field in
        ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
    {
        if !old[field].is_null() {
            default(spec, field, old[field].clone());
        }
    }
    if spec["clusterIP"].is_null() {
        spec["clusterIP"] = json!(network.next_service());
    }
    let ips = json!([spec["clusterIP"]]);
    default(spec, "clusterIPs", ips);
    default(spec, "ipFamilies", json!(["IPv4"]));
    default(spec, "ipFamilyPolicy", json!("SingleStack"));
    default(spec, "internalTrafficPolicy", json!("Cluster"));
    if before.is_none() {
        object["status"] = json!({"loadBalancer": {}});
    }
}

fn default(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}
