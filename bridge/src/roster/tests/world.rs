// SPDX-License-Identifier: LGPL-2.1-or-later

//! A cluster's people, projects and bindings on a real socket: lists with pages, watches, and
//! answers about rights.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cluster::fake::{refusal, request};
use crate::session::Session;
use crate::session::settings::Settings;

pub(crate) const PROJECTS: &str = "/apis/project.openshift.io/v1/projects";
pub(crate) const USERS: &str = "/apis/user.openshift.io/v1/users";
pub(crate) const GROUPS: &str = "/apis/user.openshift.io/v1/groups";
pub(crate) const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

pub(crate) struct World {
    address: String,
    inner: Mutex<Inner>,
    news: watch::Sender<u64>,
    watchers: watch::Sender<usize>,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Default)]
pub(crate) struct Inner {
    /// By the path of their list and their name.
    objects: BTreeMap<(String, String), Value>,
    version: u64,
    /// Versions up to this one are too old to watch from.
    oldest: u64,
    events: Vec<(u64, String, String)>,
    log: Vec<(String, Value)>,
    /// Objects on a page of a list; 0: all.
    pub(crate) page: usize,
    /// Pages after the first that answer 410.
    pub(crate) expired_pages: usize,
    /// Lists that fail, whatever they list.
    pub(crate) failing_lists: usize,
    /// Paths that the user may not use.
    pub(crate) refused: HashSet<String>,
    /// What the user may do, as `VERB RESOURCE`; everything else not.
    pub(crate) mine: HashSet<String>,
    /// Who may do something in any project, as `VERB RESOURCE`: the users and groups.
    pub(crate) allowed: BTreeMap<String, (Vec<String>, Vec<String>)>,
    /// What could not be evaluated.
    pub(crate) trouble: Option<String>,
    pub(crate) is_plain: bool,
}

impl Inner {
    /// Nobody may watch from what was before.
    pub(crate) fn expire(&mut self) {
        self.version += 1;
        self.oldest = self.version;
        self.events.clear();
    }

    fn tell(&mut self, kind: &str, path: &str, object: &Value) {
        self.version += 1;
        let mut object = object.clone();
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let event = json!({ "type": kind, "object": object }).to_string();
        self.events.push((self.version, path.to_owned(), event));
    }

    fn is_allowed(&self, spec: &Value) -> bool {
        let what = words(&spec["resourceAttributes"]);
        let Some((users, groups)) = self.allowed.get(&what) else { return false };
        let has = |names: &[String], name: &Value| names.iter().any(|known| name == known);
        let of_groups = spec["groups"].as_array().into_iter().flatten();
        has(users, &spec["user"]) || of_groups.into_iter().any(|group| has(groups, group))
    }
}

/// `VERB RESOURCE` of attributes.
fn words(attributes: &Value) -> String {
    let text = |name: &str| attributes[name].as_str().unwrap_or_default();
    let part = attributes["subresource"].as_str().map(|part| format!("/{part}"));
    format!("{} {}{}", text("verb"), text("resource"), part.unwrap_or_default())
}

/// Whether a list at `of` holds what is listed at `path`: its own, and for one of all projects those
/// of each.
fn holds(of: &str, path: &str) -> bool {
    of == path
        || path.split_once("/namespaces/").is_some_and(|(group, rest)| {
            rest.split_once('/').is_some_and(|(_, kind)| of == format!("{group}/{kind}"))
        })
}

impl World {
    pub(crate) async fn start() -> Arc<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let world = Arc::new(Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            inner: Mutex::default(),
            news: watch::Sender::new(0),
            watchers: watch::Sender::new(0),
            tasks: Mutex::default(),
        });
        // The tasks hold the world weakly, so that they end with the test.
        let weak = Arc::downgrade(&world);
        world.tasks.lock().unwrap().spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let Some(world) = weak.upgrade() else { break };
                connections.spawn(async move { drop(world.serve(socket).await) });
            }
        });
        world
    }

    /// A session of somebody who is called amy.
    pub(crate) fn session(&self) -> Arc<Session> {
        let config = kube::Config::new(self.address.parse().unwrap());
        let cluster = crate::cluster::Cluster::with_config(config, None).unwrap();
        Session::with_settings(Settings { cluster: Some(cluster), ..Settings::default() })
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.inner.lock().unwrap());
        self.news.send_modify(|count| *count += 1);
    }

    /// Puts an object into a list.
    pub(crate) fn put(&self, path: &str, name: &str, mut object: Value) {
        self.set(|inner| {
            object["metadata"]["name"] = json!(name);
            if let Some((_, rest)) = path.split_once("/namespaces/")
                && let Some((project, _)) = rest.split_once('/')
            {
                object["metadata"]["namespace"] = json!(project);
            }
            let key = (path.to_owned(), name.to_owned());
            let was_there = inner.objects.insert(key, object.clone()).is_some();
            inner.tell(if was_there { "MODIFIED" } else { "ADDED" }, path, &object);
        });
    }

    pub(crate) fn remove(&self, path: &str, name: &str) {
        self.set(|inner| {
            let object = inner.objects.remove(&(path.to_owned(), name.to_owned())).unwrap();
            inner.tell("DELETED", path, &object);
        });
    }

    pub(crate) fn project(&self, name: &str) {
        self.put(PROJECTS, name, json!({ "status": { "phase": "Active" } }));
    }

    pub(crate) fn cluster_role(&self, name: &str, verbs: &[&str], resources: &[&str]) {
        let rule = json!({
            "verbs": verbs, "apiGroups": ["image.openshift.io"], "resources": resources,
        });
        self.put(&format!("{RBAC}/clusterroles"), name, json!({ "rules": [rule] }));
    }

    /// Binds a cluster role in a project to subjects, each being `KIND NAME`.
    pub(crate) fn bind(&self, project: &str, name: &str, role: &str, subjects: &[&str]) {
        let subjects: Vec<_> = subjects
            .iter()
            .map(|subject| {
                let (kind, name) = subject.split_once(' ').unwrap();
                json!({ "kind": kind, "name": name })
            })
            .collect();
        let role = json!({ "kind": "ClusterRole", "name": role });
        let path = format!("{RBAC}/namespaces/{project}/rolebindings");
        self.put(&path, name, json!({ "roleRef": role, "subjects": subjects }));
    }

    /// What was asked so far, as `METHOD TARGET`, with what was sent.
    pub(crate) fn log(&self) -> Vec<(String, Value)> {
        self.inner.lock().unwrap().log.clone()
    }

    /// How many requests had this in their target.
    pub(crate) fn asked(&self, part: &str) -> usize {
        self.log().iter().filter(|(line, _)| line.contains(part)).count()
    }

    /// Waits until nobody watches any more.
    pub(crate) async fn watchers_are_gone(&self) {
        let mut watchers = self.watchers.subscribe();
        watchers.wait_for(|count| *count == 0).await.unwrap();
    }

    async fn serve(self: Arc<Self>, socket: TcpStream) -> std::io::Result<()> {
        let mut socket = BufReader::new(socket);
        while let Some(request) = request::read(&mut socket).await? {
            let (method, target) = (&request.method, request.target.as_str());
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let is_served = {
                let mut inner = self.inner.lock().unwrap();
                inner.log.push((format!("{method} {target}"), body.clone()));
                !inner.refused.contains(path) && inner.has(path)
            };
            if query.contains("watch=true") && is_served {
                self.watchers.send_modify(|count| *count += 1);
                let (mut read, mut write) = socket.into_inner().into_split();
                // The watcher says no more; that it can be read again means that it is gone.
                tokio::select! {
                    ended = self.watch(path, query, &mut write) => drop(ended),
                    _ = read.read_u8() => {}
                }
                self.watchers.send_modify(|count| *count -= 1);
                return Ok(());
            }
            let (status, answer) = self.answer(path, query, &body);
            let answer = answer.to_string();
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
            socket.write_all(format!("{head}{answer}").as_bytes()).await?;
        }
        Ok(())
    }

    async fn watch(
        &self,
        path: &str,
        query: &str,
        socket: &mut OwnedWriteHalf,
    ) -> std::io::Result<()> {
        let version = query.rsplit_once("resourceVersion=").unwrap().1;
        let mut version: u64 = version.parse().unwrap();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await?;
        let mut news = self.news.subscribe();
        loop {
            news.borrow_and_update();
            let (mut lines, mut is_over) = (String::new(), false);
            {
                let inner = self.inner.lock().unwrap();
                if version < inner.oldest && version > 0 {
                    is_over = true;
                    lines = r#"{"type":"ERROR","object":{"kind":"Status","message":"too old","reason":"Expired","code":410}}"#.to_owned();
                    lines.push('\n');
                }
                for (at, of, event) in &inner.events {
                    if *at > version && holds(path, of) {
                        writeln!(lines, "{event}").unwrap();
                    }
                }
                version = inner.version;
            }
            if !lines.is_empty() {
                let chunk = format!("{:x}\r\n{lines}\r\n", lines.len());
                socket.write_all(chunk.as_bytes()).await?;
            }
            if is_over || news.changed().await.is_err() {
                return socket.write_all(b"0\r\n\r\n").await;
            }
        }
    }

    fn answer(&self, path: &str, query: &str, body: &Value) -> (u16, Value) {
        let mut inner = self.inner.lock().unwrap();
        if inner.refused.contains(path) {
            return refusal(403);
        }
        let spec = &body["spec"];
        match path {
            "/version" => return (200, json!({ "gitVersion": "v1.33.0" })),
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
                let info = json!({ "username": "amy", "groups": ["system:authenticated"] });
                return (201, json!({ "status": { "userInfo": info } }));
            }
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                let allowed = inner.mine.contains(&words(&spec["resourceAttributes"]));
                return (201, json!({ "status": { "allowed": allowed } }));
            }
            "/apis/image.openshift.io/v1" if !inner.is_plain => return (200, json!({})),
            "/apis/image.openshift.io/v1/imagestreams" if !inner.is_plain => {
                return (200, json!({ "metadata": { "resourceVersion": "1" }, "items": [] }));
            }
            _ => {}
        }
        if path.ends_with("subjectaccessreviews") {
            return (201, json!({ "status": { "allowed": inner.is_allowed(spec) } }));
        }
        if path.ends_with("localresourceaccessreviews") && !inner.is_plain {
            let text = |name: &str| body[name].as_str().unwrap_or_default();
            let what = format!("{} {}", text("verb"), text("resource"));
            let (users, groups) = inner.allowed.get(&what).cloned().unwrap_or_default();
            let trouble = inner.trouble.clone().unwrap_or_default();
            return (201, json!({ "users": users, "groups": groups, "evalutionError": trouble }));
        }
        match inner.has(path) {
            true => inner.list(path, query),
            false => refusal(404),
        }
    }
}

impl Inner {
    fn has(&self, path: &str) -> bool {
        let is_openshifts = path.contains(".openshift.io/");
        let kinds = [
            "/projects",
            "/users",
            "/groups",
            "/namespaces",
            "roles",
            "bindings",
            "/serviceaccounts",
            "/secrets",
        ];
        kinds.iter().any(|kind| path.ends_with(kind)) && !(self.is_plain && is_openshifts)
    }

    fn list(&mut self, path: &str, query: &str) -> (u16, Value) {
        if self.failing_lists > 0 {
            self.failing_lists -= 1;
            return refusal(500);
        }
        let start = query.split_once("continue=").map(|(_, token)| token.parse().unwrap());
        if start.is_some() && self.expired_pages > 0 {
            self.expired_pages -= 1;
            return refusal(410);
        }
        let all = self.objects.iter().filter(|((of, _), _)| holds(path, of));
        let all: Vec<_> = all.map(|(_, object)| object.clone()).collect();
        let page = if self.page == 0 { usize::MAX } else { self.page };
        let start: usize = start.unwrap_or(0);
        let items: Vec<_> = all.iter().skip(start).take(page).cloned().collect();
        let end = start + items.len();
        // As OpenShift answers it.
        let mut metadata = match path {
            PROJECTS => json!({}),
            _ => json!({ "resourceVersion": self.version.to_string() }),
        };
        if end < all.len() {
            metadata["continue"] = json!(end.to_string());
        }
        (200, json!({ "metadata": metadata, "items": items }))
    }
}
