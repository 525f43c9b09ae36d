// SPDX-License-Identifier: LGPL-2.1-or-later
//! Pods as they are once they run, or have run.

use serde_json::{Value, json};

use super::{Object, Owner};
use crate::resource::PODS;
use crate::workload::NODE;

/// Since when everything runs.
const SINCE: &str = "2026-11-20T08:00:00Z";

/// A container: what was asked for, and what runs.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) name: String,
    /// As it stands in the spec.
    pub(super) image: String,
    /// As the node says it.
    pub(super) image_id: String,
}

impl Container {
    pub(super) fn spec(&self) -> Value {
        json!({"name": self.name, "image": self.image, "imagePullPolicy": "IfNotPresent"})
    }

    fn status(&self, state: &Value) -> Value {
        let runs = state["running"].is_object();
        json!({
            "name": self.name, "image": self.image, "imageID": self.image_id, "ready": runs,
            "started": runs, "restartCount": 0, "state": state, "lastState": {},
        })
    }
}

/// A pod under construction.
pub(super) struct Pod {
    metadata: Value,
    spec: Value,
    status: Value,
}

impl Pod {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self {
            metadata: json!({"name": name, "namespace": namespace, "creationTimestamp": SINCE}),
            spec: json!({"nodeName": NODE, "restartPolicy": "Always"}),
            status: json!({
                "phase": "Running", "hostIP": "127.0.0.1", "startTime": SINCE,
                "qosClass": "BestEffort",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": SINCE}],
            }),
        }
    }

    pub(super) fn owned(mut self, owner: &Owner) -> Self {
        self.metadata["ownerReferences"] = owner.reference();
        self
    }

    pub(super) fn running(mut self, container: &Container) -> Self {
        self.spec["containers"] = json!([container.spec()]);
        let state = json!({"running": {"startedAt": SINCE}});
        self.status["containerStatuses"] = json!([container.status(&state)]);
        self
    }

    pub(super) fn init(mut self, container: &Container) -> Self {
        self.spec["initContainers"] = json!([container.spec()]);
        self.status["initContainerStatuses"] = json!([container.status(&terminated())]);
        self
    }

    pub(super) fn ephemeral(mut self, container: &Container) -> Self {
        self.spec["ephemeralContainers"] = json!([container.spec()]);
        let state = json!({"running": {"startedAt": SINCE}});
        self.status["ephemeralContainerStatuses"] = json!([container.status(&state)]);
        self
    }

    pub(super) fn volume(mut self, volume: Value) -> Self {
        self.spec["volumes"] = json!([volume]);
        self
    }

    /// Its container did its work.
    pub(super) fn ended(mut self) -> Self {
        self.spec["restartPolicy"] = json!("Never");
        self.status["phase"] = json!("Succeeded");
        self.status["conditions"][0]["status"] = json!("False");
        self.status["conditions"][0]["reason"] = json!("PodCompleted");
        let container = &mut self.status["containerStatuses"][0];
        container["state"] = terminated();
        container["ready"] = json!(false);
        container["started"] = json!(false);
        self
    }

    pub(super) fn object(self) -> Object {
        let Self { metadata, spec, status } = self;
        (&PODS, json!({"metadata": metadata, "spec": spec, "status": status}))
    }
}

fn terminated() -> Value {
    json!({"terminated": {
        "exitCode": 0, "reason": "Completed", "startedAt": SINCE, "finishedAt": SINCE,
    }})
}
