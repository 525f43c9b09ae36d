// SPDX-License-Identifier: LGPL-2.1-or-later

mod kubernetes;
mod openshift;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{Asked, Fake, refusal};

const IMPATIENT: Patience =
    Patience { whole: Duration::from_millis(300), pause: Duration::from_millis(5) };

/// A cluster that keeps what it is given.
#[derive(Default)]
pub(super) struct World {
    /// By path.
    pub(super) objects: BTreeMap<String, Value>,
    uid: u64,
    /// The state of the pod that comes with a deployment or the operator.
    pub(super) pod: Value,
    /// What the registry behind the service proxy answers.
    pub(super) registry: (u16, Value),
    /// What access reviews deny: `create namespaces`.
    pub(super) denied: Vec<&'static str>,
    /// Who manages all objects, unless we do.
    pub(super) manager: Option<&'static str>,
    /// Objects whose finalizers never end.
    pub(super) lingering: &'static str,
}

pub(super) fn ready() -> Value {
    json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] })
}

impl World {
    pub(super) fn new() -> Self {
        Self { pod: ready(), registry: (200, json!({})), ..Self::default() }
    }

    pub(super) async fn serve(self) -> (Fake, Arc<Mutex<Self>>) {
        let world = Arc::new(Mutex::new(self));
        let theirs = world.clone();
        (Fake::start(move |asked| theirs.lock().unwrap().answer(asked)).await, world)
    }

    pub(super) fn put(&mut self, path: &str, mut object: Value) {
        self.uid += 1;
        object["metadata"]["uid"] = json!(format!("u-{}", self.uid));
        object["metadata"]["name"] = json!(path.rsplit('/').next().unwrap());
        self.objects.insert(path.to_owned(), object);
    }

    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        match (&*asked.method, path) {
            (_, "/version") => (200, json!({ "gitVersion": "v1.33.0" })),
            (_, "/apis/authentication.k8s.io/v1/selfsubjectreviews") => {
                (201, json!({ "status": { "userInfo": { "username": "sarah" } } }))
            }
            (_, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") => {
                let of = &asked.body["spec"]["resourceAttributes"];
                let text = |key: &str| of[key].as_str().unwrap_or_default();
                let right = format!("{} {}", text("verb"), text("resource"));
                let allowed = !self.denied.contains(&&*right);
                (201, json!({ "status": { "allowed": allowed } }))
            }
            ("GET", "/apis") => (
                200,
                json!({ "groups": [
                { "name": "apps", "preferredVersion": { "groupVersion": "apps/v1" } },
                { "name": "metrics.k8s.io", "preferredVersion": { "groupVersion": "none" } },
            ] }),
            ),
            ("GET", "/api/v1") => (200, resources(&["configmaps", "secrets", "services", "pods"])),
            ("GET", "/apis/apps/v1") => (200, resources(&["deployments"])),
            ("GET", path) if path.ends_with("/proxy/v2/") => self.registry.clone(),
            ("GET", path) if path.ends_with("/pods") => {
                let runs = self.objects.values().any(|object| {
                    object["kind"] == "Deployment" || object["spec"]["managementState"] == "Managed"
                });
                let pod = json!({ "metadata": { "name": "registry-1" }, "status": self.pod });
                (200, json!({ "items": if runs { vec![pod] } else { vec![] } }))
            }
            ("GET", path) if query.contains("limit=") => {
                let prefix = format!("{path}/");
                let mut all = self.objects.iter();
                let items: Vec<_> = all
                    .by_ref()
                    .filter(|(known, _)| {
                        known.strip_prefix(&prefix).is_some_and(|name| !name.contains('/'))
                    })
                    .map(|(_, object)| object)
                    .collect();
                (200, json!({ "items": items }))
            }
            ("GET", path) => self.objects.get(path).map_or(refusal(404), |o| (200, o.clone())),
            ("PATCH", path) if asked.content_type == "application/merge-patch+json" => {
                let object = self.objects.get_mut(path).unwrap();
                merge(object, &asked.body);
                (200, json!({}))
            }
            ("PATCH", path) => {
                assert_eq!(asked.content_type, "application/apply-patch+yaml");
                assert_eq!(query, "fieldManager=cockpit-images");
                if let Some(manager) = self.manager {
                    let message = format!(
                        "Apply failed with 1 conflict: conflict with \"{manager}\" using v1: .spec"
                    );
                    return (409, json!({ "code": 409, "reason": "Conflict", "message": message }));
                }
                self.put(path, asked.body.clone());
                (200, json!({}))
            }
            ("DELETE", path) => {
                let uid = &self.objects[path]["metadata"]["uid"];
                assert_eq!(&asked.body["preconditions"]["uid"], uid);
                if path.ends_with(self.lingering) && !self.lingering.is_empty() {
                    self.objects.get_mut(path).unwrap()["metadata"]["deletionTimestamp"] =
                        json!("2026-11-24T09:55:06Z");
                } else {
                    self.objects.remove(path);
                }
                (200, json!({ "kind": "Status" }))
            }
            _ => refusal(404),
        }
    }
}

fn resources(names: &[&str]) -> Value {
    let resource = |name: &&str| json!({ "name": name, "namespaced": true, "verbs": ["list"] });
    let mut all: Vec<_> = names.iter().map(resource).collect();
    all.push(json!({ "name": "pods/log", "namespaced": true, "verbs": ["get"] }));
    all.push(json!({ "name": "nodes", "namespaced": false, "verbs": ["list"] }));
    json!({ "resources": all })
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(key)),
            value => merge(&mut target[key], value),
        }
    }
}

/// Keeps what is told on the way.
pub(super) fn listener() -> (Arc<Mutex<Vec<Progress>>>, impl FnMut(Progress) + Send) {
    let told = Arc::<Mutex<Vec<Progress>>>::default();
    let teller = told.clone();
    (told, move |progress| teller.lock().unwrap().push(progress))
}

#[tokio::test]
async fn nonsense_is_refused() {
    let (fake, _) = World::new().serve().await;
    for (class, size) in [(Some("../x"), 1 << 30), (None, 0), (None, u64::MAX)] {
        let storage = Storage::Claim { class: class.map(str::to_owned), size };
        let params = Params { storage };
        let failure = add_registry(&fake.cluster, false, params, drop).await.unwrap_err();
        assert_eq!(failure.code, Code::BadRequest);
    }
    assert!(fake.log().is_empty());
}
