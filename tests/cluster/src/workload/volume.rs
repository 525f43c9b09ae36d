// SPDX-License-Identifier: LGPL-2.1-or-later
//! Claims on volumes.

use serde_json::{Value, json};

use super::{put_changed, text};
use crate::clock::Clock;
use crate::resource::{CLAIMS, STORAGE_CLASSES};
use crate::store::{Objects, key};

/// The class of claims that name none; none if there is no default.
pub(crate) fn default_class(objects: &Objects) -> Option<String> {
    let mut classes = objects.all(&STORAGE_CLASSES);
    let default = classes.find(|class| {
        let mark = "storageclass.kubernetes.io/is-default-class";
        class.value()["metadata"]["annotations"][mark] == "true"
    })?;
    Some(default.name().to_owned())
}

/// Gives a volume to every claim whose class is there.
pub(super) fn bind(objects: &mut Objects, clock: &Clock) {
    let claims: Vec<_> = objects.all(&CLAIMS).map(|claim| claim.value()).collect();
    for claim in claims {
        let class = text(&claim["spec"]["storageClassName"]);
        if class.is_empty()
            || objects.get(&STORAGE_CLASSES, class).is_none()
            || claim["status"]["phase"] == "Bound"
        {
            continue;
        }
        let mut bound = claim.clone();
        bound["spec"]["volumeName"] = json!(format!("pvc-{}", text(&claim["metadata"]["uid"])));
        bound["status"] = json!({
            "phase": "Bound", "accessModes": claim["spec"]["accessModes"],
            "capacity": claim["spec"]["resources"]["requests"],
        });
        put_changed(objects, clock, &CLAIMS, &claim, bound);
    }
}

/// Why no node takes a pod because of its claims; none if they are all bound.
pub(super) fn unbound(objects: &Objects, namespace: &str, pod: &Value) -> Option<String> {
    let volumes = pod["volumes"].as_array().into_iter().flatten();
    let mut names =
        volumes.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    names.find_map(|name| match objects.get(&CLAIMS, &key(Some(namespace), name)) {
        None => Some(format!(
            "0/1 nodes are available: persistentvolumeclaim \"{name}\" not found. preemption: \
             0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        )),
        Some(claim) if claim.value()["status"]["phase"] != "Bound" => Some(
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. \
             preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
                .to_owned(),
        ),
        Some(_) => None,
    })
}
