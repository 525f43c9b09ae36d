// SPDX-License-Identifier: LGPL-2.1-or-later

//! A project with roles and bindings that have versions, and others who change them right before we
//! do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::cluster::fake::{Asked, Fake, refusal};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/sky/rolebindings";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

type Act = Box<dyn FnOnce(&mut Content) + Send>;

/// The server, and what is in it.
pub(super) struct World {
    fake: Fake,
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
pub(super) struct Content {
    bindings: BTreeMap<String, Value>,
    /// The cluster roles with their rules.
    roles: BTreeMap<String, Value>,
    version: u64,
    before: VecDeque<Act>,
    changes: Vec<String>,
    denied: BTreeSet<String>,
    denied_everywhere: BTreeSet<String>,
    pulling: BTreeSet<String>,
    /// What is denied from a change on.
    then_denied: Option<(String, Vec<String>)>,
    /// A method and how it is answered.
    failing: Option<(&'static str, u16, String)>,
}

impl World {
    /// A cluster with OpenShift's roles, where the user may do everything.
    pub(super) async fn start() -> Self {
        let content = Arc::<Mutex<Content>>::default();
        for role in ["registry-viewer", "registry-editor", "registry-admin"] {
            content.lock().unwrap().roles.insert(role.to_owned(), json!([]));
        }
        let served = content.clone();
        let fake = Fake::start(move |asked| served.lock().unwrap().answer(asked)).await;
        Self { fake, content }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    pub(super) fn cluster(&self) -> Cluster {
        self.fake.cluster.clone()
    }

    pub(super) fn bind(&self, name: &str, role: &str, users: &[&str]) {
        self.content().insert(name, role, users);
    }

    pub(super) fn delete(&self, name: &str) {
        self.content().delete(name);
    }

    pub(super) fn rule(&self, role: &str, rules: Value) {
        self.content().roles.insert(role.to_owned(), rules);
    }

    pub(super) fn forget_roles(&self) {
        self.content().roles.clear();
    }

    /// Done right before one more change of a binding arrives.
    pub(super) fn before_change(&self, act: impl FnOnce(&mut Content) + Send + 'static) {
        self.content().before.push_back(Box::new(act));
    }

    pub(super) fn deny(&self, rights: &[&str]) {
        self.content().denied = rights.iter().map(|right| (*right).to_owned()).collect();
    }

    pub(super) fn deny_everywhere(&self, rights: &[&str]) {
        self.content().denied_everywhere = rights.iter().map(|right| (*right).to_owned()).collect();
    }

    /// Denies these rights as soon as this was changed.
    pub(super) fn after_change(&self, change: &str, rights: &[&str]) {
        let rights = rights.iter().map(|right| (*right).to_owned()).collect();
        self.content().then_denied = Some((change.to_owned(), rights));
    }

    pub(super) fn let_pull(&self, group: &str) {
        self.content().pulling.insert(group.to_owned());
    }

    /// All requests of this method fail from now on.
    pub(super) fn fail(&self, method: &'static str, status: u16) {
        self.content().failing = Some((method, status, "no".to_owned()));
    }

    /// All requests of this method are forbidden from now on, with these words.
    pub(super) fn refuse(&self, method: &'static str, words: &str) {
        self.content().failing = Some((method, 403, words.to_owned()));
    }

    /// What was changed by request, in order.
    pub(super) fn changes(&self) -> Vec<String> {
        self.content().changes.clone()
    }

    /// How many requests there were.
    pub(super) fn asked(&self) -> usize {
        self.fake.log().len()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.content().bindings.keys().cloned().collect()
    }

    pub(super) fn roles(&self) -> Vec<String> {
        self.content().roles.keys().cloned().collect()
    }

    pub(super) fn subjects(&self, name: &str) -> Vec<Value> {
        self.content().bindings[name]["subjects"].as_array().unwrap().clone()
    }

    pub(super) fn users(&self, name: &str) -> Vec<String> {
        let names = self.subjects(name);
        names.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }
}

impl Content {
    pub(super) fn insert(&mut self, name: &str, role: &str, users: &[&str]) {
        let subjects: Vec<_> =
            users.iter().map(|user| json!({ "kind": "User", "name": user })).collect();
        let role = json!({ "kind": "ClusterRole", "name": role });
        self.put(name, json!({ "metadata": {}, "roleRef": role, "subjects": subjects }));
    }

    pub(super) fn add(&mut self, name: &str, user: &str) {
        let mut binding = self.bindings[name].clone();
        let subjects = binding["subjects"].as_array_mut().unwrap();
        subjects.push(json!({ "kind": "User", "name": user }));
        self.put(name, binding);
    }

    pub(super) fn remove(&mut self, name: &str, user: &str) {
        let mut binding = self.bindings[name].clone();
        binding["subjects"].as_array_mut().unwrap().retain(|one| one["name"] != user);
        self.put(name, binding);
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.bindings.remove(name);
    }

    fn put(&mut self, name: &str, mut binding: Value) {
        self.version += 1;
        binding["metadata"]["name"] = json!(name);
        binding["metadata"]["resourceVersion"] = json!(self.version.to_string());
        binding["metadata"]["uid"] = json!(format!("uid of {name}"));
        self.bindings.insert(name.to_owned(), binding);
    }

    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let Asked { method, target, body, .. } = asked;
        let path = target.split('?').next().unwrap();
        if let Some(review) = path.strip_prefix(REVIEWS) {
            return (201, json!({ "status": { "allowed": self.allows(review, &body["spec"]) } }));
        }
        if path.ends_with("/selfsubjectreviews") {
            let user = json!({ "username": "me", "groups": ["system:authenticated"] });
            return (201, json!({ "status": { "userInfo": user } }));
        }
        if let Some(rest) = path.strip_prefix(BINDINGS) {
            return self.bindings(method, rest.trim_start_matches('/'), body);
        }
        let role = path.strip_prefix(RBAC).and_then(|rest| rest.strip_prefix("/clusterroles"));
        match (&**method, role) {
            ("GET", Some(name)) => match self.roles.get(name.trim_start_matches('/')) {
                Some(rules) => (200, json!({ "metadata": { "name": name }, "rules": rules })),
                None => refusal(404),
            },
            ("POST", Some("")) => {
                let name = body["metadata"]["name"].as_str().unwrap();
                self.roles.insert(name.to_owned(), body["rules"].clone());
                self.changes.push(format!("POST {name}"));
                (201, body.clone())
            }
            _ => refusal(404),
        }
    }

    fn allows(&self, review: &str, spec: &Value) -> bool {
        if !review.starts_with("/self") {
            let group = spec["groups"][0].as_str().unwrap();
            return self.pulling.contains(group);
        }
        let of = &spec["resourceAttributes"];
        let right =
            format!("{} {}", of["verb"].as_str().unwrap(), of["resource"].as_str().unwrap());
        match of["namespace"].is_null() {
            true => !self.denied_everywhere.contains(&right),
            false => !self.denied.contains(&right),
        }
    }

    fn bindings(&mut self, method: &str, name: &str, body: &Value) -> (u16, Value) {
        if method == "GET" {
            let items: Vec<_> = self.bindings.values().collect();
            return match self.denied.contains("list rolebindings") {
                true => refusal(403),
                false => (200, json!({ "items": items })),
            };
        }
        if let Some(act) = self.before.pop_front() {
            act(self);
        }
        if let Some((_, status, words)) = self.failing.as_ref().filter(|(on, ..)| *on == method) {
            let (status, mut body) = refusal(*status);
            body["message"] = json!(words);
            return (status, body);
        }
        let name = match method {
            "POST" => body["metadata"]["name"].as_str().unwrap().to_owned(),
            _ => name.to_owned(),
        };
        let there = self.bindings.get(&name);
        let version = |of: &Value| of["metadata"]["resourceVersion"].clone();
        match (method, there) {
            ("POST", Some(_)) => {
                let (status, mut body) = refusal(409);
                body["reason"] = json!("AlreadyExists");
                return (status, body);
            }
            ("PUT" | "DELETE", None) => return refusal(404),
            ("PUT", Some(old)) if version(old) != version(body) => return refusal(409),
            ("DELETE", Some(old))
                if version(old) != body["preconditions"]["resourceVersion"]
                    || old["metadata"]["uid"] != body["preconditions"]["uid"] =>
            {
                return refusal(409);
            }
            ("DELETE", Some(_)) => self.delete(&name),
            _ => self.put(&name, body.clone()),
        }
        let change = format!("{method} {name}");
        if let Some((_, rights)) = self.then_denied.take_if(|(on, _)| *on == change) {
            self.denied.extend(rights);
        }
        self.changes.push(change);
        (200, body.clone())
    }
}
