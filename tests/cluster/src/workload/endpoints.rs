// SPDX-License-Identifier: LGPL-2.1-or-later
//! The endpoints of services that select pods.

use serde_json::{Value, json};

use super::{NODE, put_changed, text, within};
use crate::clock::Clock;
use crate::resource::{ENDPOINTS, PODS, SERVICES};
use crate::store::{Objects, key};

/// Writes the endpoints of every service with a selector; deletes those without service.
pub(super) fn follow(objects: &mut Objects, clock: &Clock) {
    let services: Vec<_> = objects.all(&SERVICES).map(|service| service.value()).collect();
    let lost: Vec<_> = objects.all(&ENDPOINTS).map(|one| one.key.clone()).collect();
    for key in lost.iter().filter(|key| !is_there(objects, key)).cloned().collect::<Vec<_>>() {
        objects.delete(&ENDPOINTS, &key);
    }
    for service in services {
        let Some(selector) = service["spec"]["selector"].as_object().filter(|all| !all.is_empty())
        else {
            continue;
        };
        let namespace = text(&service["metadata"]["namespace"]);
        let key = key(Some(namespace), text(&service["metadata"]["name"]));
        let before = objects.get(&ENDPOINTS, &key).map(|one| one.value()).unwrap_or_default();
        let pods = within(objects, &PODS, namespace).into_iter().filter(|pod| {
            let labels = &pod["metadata"]["labels"];
            selector.iter().all(|(name, value)| labels[name] == *value)
        });
        let pods: Vec<_> = pods.filter(|pod| pod["status"]["podIP"].is_string()).collect();
        let mut after = before.clone();
        if after.is_null() {
            let metadata = &service["metadata"];
            after = json!({"metadata": {
                "name": metadata["name"], "namespace": namespace, "labels": metadata["labels"],
            }});
            if metadata["labels"].is_null()
                && let Some(metadata) = after["metadata"].as_object_mut()
            {
                metadata.remove("labels");
            }
        }
        match subset(&service, &pods) {
            Some(subset) => after["subsets"] = json!([subset]),
            None => {
                if let Some(fields) = after.as_object_mut() {
                    fields.remove("subsets");
                }
            }
        }
        put_changed(objects, clock, &ENDPOINTS, &before, after);
    }
}

fn is_there(objects: &Objects, key: &str) -> bool {
    objects.get(&SERVICES, key).is_some()
}

fn subset(service: &Value, pods: &[Value]) -> Option<Value> {
    let first = pods.first()?;
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let ports: Vec<_> = ports.filter_map(|port| endpoint_port(port, first)).collect();
    let (ready, others): (Vec<_>, Vec<_>) = pods.iter().partition(|pod| is_ready(pod));
    let mut subset = json!({"ports": ports});
    for (field, pods) in [("addresses", ready), ("notReadyAddresses", others)] {
        let addresses: Vec<_> = pods.into_iter().map(address).collect();
        if !addresses.is_empty() {
            subset[field] = json!(addresses);
        }
    }
    (!ports.is_empty()).then_some(subset)
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
}

fn address(pod: &Value) -> Value {
    let metadata = &pod["metadata"];
    let target = json!({
        "kind": PODS.kind, "namespace": metadata["namespace"], "name": metadata["name"],
        "uid": metadata["uid"],
    });
    json!({"ip": pod["status"]["podIP"], "nodeName": NODE, "targetRef": target})
}

/// A port of a service as its endpoints have it; none if the pod has no port of that name.
fn endpoint_port(port: &Value, pod: &Value) -> Option<Value> {
    let target = match &port["targetPort"] {
        Value::String(name) => {
            let containers = pod["spec"]["containers"].as_array()?.iter();
            let mut ports =
                containers.flat_map(|one| one["ports"].as_array().into_iter().flatten());
            ports.find(|one| one["name"] == *name)?["containerPort"].as_u64()?
        }
        Value::Number(number) => number.as_u64()?,
        _ => port["port"].as_u64()?,
    };
    let protocol = port["protocol"].as_str().unwrap_or("TCP");
    let mut one = json!({"port": target, "protocol": protocol});
    if port["name"].is_string() {
        one["name"] = port["name"].clone();
    }
    Some(one)
}
