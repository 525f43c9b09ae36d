// SPDX-License-Identifier: LGPL-2.1-or-later

//! Objects that the API server of a few lines keeps: they are made, changed, listed and deleted as
//! the real one does it, with UIDs, versions, preconditions and conflicts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::{Asked, Fake, refusal};

/// The last parts of the paths of lists, and of an API group.
const LISTS: [&str; 11] = [
    "v1",
    "users",
    "groups",
    "identities",
    "projects",
    "namespaces",
    "serviceaccounts",
    "secrets",
    "rolebindings",
    "clusterrolebindings",
    "clusterroles",
];

/// The objects by their paths, and who may do what.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) count: u64,
    /// What access reviews deny, and the server too: `create users`.
    pub(crate) denied: Vec<&'static str>,
    /// Requests, such as `POST /path`, that fail with this status though reviews allow them.
    pub(crate) broken: Vec<(&'static str, u16)>,
    /// API groups that are not there.
    pub(crate) absent: Vec<&'static str>,
}

/// A server with such objects.
pub(crate) struct Kept {
    pub(crate) fake: Fake,
    store: Arc<Mutex<Store>>,
}

impl Kept {
    /// What is kept now.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    /// The object at this path.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.store().objects.get(path).cloned()
    }
}

impl Store {
    /// A store with these objects, each in its list.
    pub(crate) fn with(objects: &[(&str, Value)]) -> Self {
        let mut store = Self::default();
        for (collection, object) in objects {
            store.add(collection, object.clone());
        }
        store
    }

    pub(crate) async fn serve(self) -> Kept {
        let store = Arc::new(Mutex::new(self));
        let served = store.clone();
        let fake = Fake::start(move |asked| served.lock().unwrap().answer(asked)).await;
        Kept { fake, store }
    }

    /// Puts one more object into its list.
    pub(crate) fn add(&mut self, collection: &str, mut object: Value) -> Value {
        self.count += 1;
        let count = self.count;
        object["metadata"]["uid"] = format!("uid-{count}").into();
        object["metadata"]["resourceVersion"] = count.to_string().into();
        let name = crate::uri::escaped(object["metadata"]["name"].as_str().unwrap());
        self.objects.insert(format!("{collection}/{name}"), object.clone());
        object
    }

    fn put(&mut self, path: &str, mut object: Value) -> Value {
        self.count += 1;
        object["metadata"]["resourceVersion"] = self.count.to_string().into();
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let Asked { method, target, body, .. } = asked;
        let path = target.split('?').next().unwrap();
        let line = format!("{method} {path}");
        if let Some((_, status)) = self.broken.iter().find(|(broken, _)| *broken == line) {
            return refusal(*status);
        }
        if self.absent.iter().any(|group| path.contains(group)) {
            return (404, json!("404 page not found"));
        }
        let last = path.rsplit('/').next().unwrap();
        match (&**method, last) {
            ("POST", "selfsubjectreviews") => {
                (201, json!({ "status": { "userInfo": { "username": "sarah" } } }))
            }
            ("POST", "selfsubjectaccessreviews") => {
                let of = &body["spec"]["resourceAttributes"];
                let text = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
                let asked = [text("verb"), text("resource"), text("subresource")].join(" ");
                let allowed = !self.denied.contains(&asked.trim());
                (201, json!({ "status": { "allowed": allowed } }))
            }
            ("POST", "useridentitymappings") => self.map(body),
            ("DELETE", identity) if path.contains("/useridentitymappings/") => self.unmap(identity),
            ("POST", "token") => self.token(path, body),
            ("GET", kind) if self.denied.contains(&format!("list {kind}").as_str()) => refusal(403),
            ("GET", _) => self.read(path),
            ("POST", _) => {
                let name = crate::uri::escaped(body["metadata"]["name"].as_str().unwrap());
                match self.objects.contains_key(&format!("{path}/{name}")) {
                    true => {
                        (409, json!({ "kind": "Status", "code": 409, "reason": "AlreadyExists" }))
                    }
                    false => (201, self.add(path, body.clone())),
                }
            }
            (_, _) => self.change(method, path, body),
        }
    }

    fn read(&self, path: &str) -> (u16, Value) {
        if let Some(object) = self.objects.get(path) {
            return (200, object.clone());
        }
        let is_in = |one: &&String| {
            let list = one.rsplit_once('/').unwrap().0;
            // `…/v1/namespaces/P/things` is in the list `…/v1/things` too.
            let everywhere = list
                .split_once("/namespaces/")
                .and_then(|(api, rest)| Some(format!("{api}/{}", rest.split_once('/')?.1)));
            list == path || everywhere.as_deref() == Some(path)
        };
        if !LISTS.contains(&path.rsplit('/').next().unwrap()) {
            return refusal(404);
        }
        let items: Vec<_> =
            self.objects.iter().filter(|(one, _)| is_in(one)).map(|(_, object)| object).collect();
        (200, json!({ "metadata": {}, "items": items }))
    }

    fn change(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let Some(object) = self.objects.get(path).cloned() else { return refusal(404) };
        let of = |value: &Value, key: &str| value["metadata"][key].clone();
        match method {
            "PUT" if of(body, "resourceVersion") == of(&object, "resourceVersion") => {
                (200, self.put(path, body.clone()))
            }
            "PATCH" if [of(&object, "uid"), Value::Null].contains(&of(body, "uid")) => {
                let mut object = object;
                merge(&mut object, body);
                (200, self.put(path, object))
            }
            "DELETE" => {
                let of_body = &body["preconditions"];
                let fits = ["uid", "resourceVersion"]
                    .into_iter()
                    .all(|key| of_body[key].is_null() || of_body[key] == of(&object, key));
                if !fits {
                    return refusal(409);
                }
                self.objects.remove(path);
                (200, json!({ "kind": "Status", "status": "Success" }))
            }
            _ => refusal(409),
        }
    }

    fn map(&mut self, body: &Value) -> (u16, Value) {
        let api = "/apis/user.openshift.io/v1";
        let [identity, user] = ["identity", "user"].map(|end| body[end]["name"].as_str().unwrap());
        let (of_identity, of_user) =
            (format!("{api}/identities/{identity}"), format!("{api}/users/{user}"));
        let (Some(mut one), Some(mut other)) =
            (self.objects.get(&of_identity).cloned(), self.objects.get(&of_user).cloned())
        else {
            return refusal(422);
        };
        if one["user"]["uid"] == other["metadata"]["uid"] {
            return (409, json!({ "kind": "Status", "code": 409, "reason": "AlreadyExists" }));
        }
        one["user"] = json!({ "name": user, "uid": other["metadata"]["uid"] });
        let mut identities = other["identities"].as_array().cloned().unwrap_or_default();
        identities.push(identity.into());
        other["identities"] = identities.into();
        self.put(&of_identity, one);
        self.put(&of_user, other);
        (201, body.clone())
    }

    fn unmap(&mut self, identity: &str) -> (u16, Value) {
        let api = "/apis/user.openshift.io/v1";
        let of_identity = format!("{api}/identities/{identity}");
        let Some(mut one) = self.objects.get(&of_identity).cloned() else { return refusal(404) };
        let user = one["user"]["name"].as_str().unwrap_or_default().to_owned();
        one["user"] = json!({});
        self.put(&of_identity, one);
        let of_user = format!("{api}/users/{user}");
        if let Some(mut other) = self.objects.get(&of_user).cloned() {
            let mut identities = other["identities"].as_array().cloned().unwrap_or_default();
            identities.retain(|one| one != identity);
            other["identities"] = identities.into();
            self.put(&of_user, other);
        }
        (200, json!({ "kind": "Status", "status": "Success" }))
    }

    fn token(&self, path: &str, body: &Value) -> (u16, Value) {
        let account = path.strip_suffix("/token").unwrap();
        let bound = &body["spec"]["boundObjectRef"];
        let (project, _) = account.split_once("/serviceaccounts/").unwrap();
        let secret = format!("{project}/secrets/{}", bound["name"].as_str().unwrap_or_default());
        let is_bound = bound.is_null()
            || self.objects.get(&secret).is_some_and(|one| one["metadata"]["uid"] == bound["uid"]);
        match self.objects.contains_key(account) && is_bound {
            true => (
                201,
                json!({ "status": {
                "token": "hunter2", "expirationTimestamp": "2026-11-24T09:55:06Z" } }),
            ),
            false => refusal(404),
        }
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in fields {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(key)),
            value => merge(&mut target[key.as_str()], value),
        }
    }
}
