// SPDX-License-Identifier: LGPL-2.1-or-later

//! An image API on a real socket, with the faults that a test asks for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::digest;
use crate::cluster::Cluster;
use crate::cluster::fake::request::{self, Request};

const IMAGES: &str = "/apis/image.openshift.io/v1";

pub(crate) struct Api {
    address: String,
    world: Mutex<World>,
    news: watch::Sender<u64>,
    watchers: watch::Sender<usize>,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Default)]
pub(crate) struct World {
    /// By project and name.
    pub(crate) streams: BTreeMap<(String, String), Value>,
    version: u64,
    /// Versions up to this one are too old to watch from.
    oldest: u64,
    events: Vec<(u64, String, String)>,
    log: Vec<String>,
    /// Streams on a page of a list; 0: all.
    pub(crate) page: usize,
    /// Pages after the first that answer 410.
    pub(crate) expired_pages: usize,
    /// The projects that the user sees, if he may not see all.
    pub(crate) projects: Option<Vec<String>>,
    /// Requests for layers that fail.
    pub(crate) failing_layers: usize,
    /// Lists that fail.
    pub(crate) failing_lists: usize,
    /// Watches that end because nobody is known any more.
    pub(crate) watches_of_nobody: usize,
    pub(crate) deletes_do_nothing: bool,
    /// PUT requests that meet somebody else's.
    pub(crate) conflicts: usize,
    /// Where the user may delete; empty: everywhere.
    pub(crate) may_delete_in: Vec<String>,
}

impl World {
    pub(crate) fn expire(&mut self) {
        self.version += 1;
        self.oldest = self.version;
        self.events.clear();
    }

    fn tell(&mut self, project: &str, kind: &str, stream: &Value) {
        self.version += 1;
        let mut stream = stream.clone();
        stream["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let event = json!({ "type": kind, "object": stream }).to_string();
        self.events.push((self.version, project.to_owned(), event));
    }
}

impl Api {
    pub(crate) async fn start() -> Arc<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let api = Arc::new(Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            world: Mutex::default(),
            news: watch::Sender::new(0),
            watchers: watch::Sender::new(0),
            tasks: Mutex::default(),
        });
        // The tasks hold the API weakly, so that they end with the test.
        let weak = Arc::downgrade(&api);
        api.tasks.lock().unwrap().spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let Some(api) = weak.upgrade() else { break };
                connections.spawn(async move { drop(api.serve(socket).await) });
            }
        });
        api
    }

    pub(crate) fn cluster(&self) -> Cluster {
        let config = kube::Config::new(self.address.parse().unwrap());
        Cluster::with_config(config, None).unwrap()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.world.lock().unwrap().log.clone()
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().unwrap());
        self.news.send_modify(|count| *count += 1);
    }

    /// Somebody pushes an image, named by a byte.
    pub(crate) fn push(&self, project: &str, name: &str, tag: &str, image: u8) {
        self.set(|world| {
            let key = (project.to_owned(), name.to_owned());
            let is_new = !world.streams.contains_key(&key);
            let stream = world.streams.entry(key).or_insert_with(|| {
                json!({
                    "metadata": { "name": name, "namespace": project },
                    "spec": {}, "status": { "tags": [] },
                })
            });
            let tags = stream["status"]["tags"].as_array_mut().unwrap();
            let item =
                json!({ "created": "2026-11-24T08:44:41Z", "image": digest(image).to_string() });
            match tags.iter_mut().find(|known| known["tag"] == *tag) {
                Some(known) => known["items"].as_array_mut().unwrap().insert(0, item),
                None => tags.push(json!({ "tag": tag, "items": [item] })),
            }
            let stream = stream.clone();
            world.tell(project, if is_new { "ADDED" } else { "MODIFIED" }, &stream);
        });
    }

    pub(crate) fn remove(&self, project: &str, name: &str) {
        self.set(|world| {
            let stream = world.streams.remove(&(project.to_owned(), name.to_owned())).unwrap();
            world.tell(project, "DELETED", &stream);
        });
    }

    /// Waits until nobody watches any more.
    pub(crate) async fn watchers_are_gone(&self) {
        let mut watchers = self.watchers.subscribe();
        watchers.wait_for(|count| *count == 0).await.unwrap();
    }

    async fn serve(self: Arc<Self>, socket: TcpStream) -> std::io::Result<()> {
        let mut socket = BufReader::new(socket);
        while let Some(request) = request::read(&mut socket).await? {
            let Request { method, target, body, .. } = &request;
            self.world.lock().unwrap().log.push(format!("{method} {target}"));
            if target.contains("watch=true") {
                self.watchers.send_modify(|count| *count += 1);
                let (mut read, mut write) = socket.into_inner().into_split();
                // The watcher says no more; that it can be read again means that it is gone.
                tokio::select! {
                    ended = self.watch(target, &mut write) => drop(ended),
                    _ = read.read_u8() => {}
                }
                self.watchers.send_modify(|count| *count -= 1);
                return Ok(());
            }
            let (status, answer) = self.answer(method, target, body);
            let answer = answer.to_string();
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
            socket.write_all(format!("{head}{answer}").as_bytes()).await?;
        }
        Ok(())
    }

    async fn watch(&self, target: &str, socket: &mut OwnedWriteHalf) -> std::io::Result<()> {
        let (path, query) = target.split_once('?').unwrap();
        let project = path.strip_prefix(IMAGES).unwrap().split('/').nth(2).unwrap_or_default();
        let version = query.rsplit_once("resourceVersion=").unwrap().1;
        let mut version: u64 = version.parse().unwrap();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await?;
        let mut news = self.news.subscribe();
        loop {
            news.borrow_and_update();
            let (mut lines, mut is_over) = (String::new(), false);
            {
                let mut world = self.world.lock().unwrap();
                if world.watches_of_nobody > 0 {
                    world.watches_of_nobody -= 1;
                    is_over = true;
                    lines = r#"{"type":"ERROR","object":{"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401}}"#.to_owned();
                    lines.push('\n');
                }
                if version < world.oldest {
                    is_over = true;
                    lines = r#"{"type":"ERROR","object":{"kind":"Status","message":"too old","reason":"Expired","code":410}}"#.to_owned();
                    lines.push('\n');
                }
                for (at, of, event) in &world.events {
                    if *at <= version {
                        continue;
                    }
                    if path.ends_with("v1/imagestreams") || of == project {
                        writeln!(lines, "{event}").unwrap();
                    }
                    version = *at;
                }
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

    fn answer(&self, method: &str, target: &str, body: &[u8]) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            "/version" => return (200, json!({ "gitVersion": "v1.33.0" })),
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
                return (201, json!({ "status": { "userInfo": { "username": "amy" } } }));
            }
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                let review: Value = serde_json::from_slice(body).unwrap();
                let project = review.pointer("/spec/resourceAttributes/namespace").unwrap();
                let world = self.world.lock().unwrap();
                let allowed = world.may_delete_in.is_empty()
                    || world.may_delete_in.iter().any(|allowed| project == allowed);
                return (201, json!({ "status": { "allowed": allowed } }));
            }
            "/apis/project.openshift.io/v1/projects" => {
                let world = self.world.lock().unwrap();
                let projects = world.projects.clone().unwrap_or_default();
                let items: Vec<_> =
                    projects.iter().map(|name| json!({ "metadata": { "name": name } })).collect();
                return (200, json!({ "items": items }));
            }
            _ => {}
        }
        let rest: Vec<_> = match path.strip_prefix(IMAGES) {
            Some(rest) => rest.split('/').skip(1).collect(),
            None => return refusal(404),
        };
        match (method, &rest[..]) {
            ("GET", []) => (200, json!({ "kind": "APIResourceList" })),
            ("GET", ["imagestreams"]) => self.list(None, query),
            ("GET", ["namespaces", project, "imagestreams"]) => self.list(Some(project), query),
            ("GET", ["namespaces", project, "imagestreams", name]) => self.stream(project, name),
            ("GET", ["namespaces", project, "imagestreams", name, "layers"]) => {
                self.layers(project, name)
            }
            ("PUT", ["namespaces", project, "imagestreams", name, "status"]) => {
                self.replace(project, name, body)
            }
            (method, ["namespaces", project, "imagestreamtags", name]) => {
                self.tag(method, project, name)
            }
            _ => refusal(404),
        }
    }

    fn list(&self, project: Option<&str>, query: &str) -> (u16, Value) {
        let mut world = self.world.lock().unwrap();
        if project.is_none() && world.projects.is_some() {
            return refusal(403);
        }
        if world.failing_lists > 0 {
            world.failing_lists -= 1;
            return refusal(500);
        }
        let start = query.split_once("continue=").map(|(_, token)| token.parse().unwrap());
        if start.is_some() && world.expired_pages > 0 {
            world.expired_pages -= 1;
            return refusal(410);
        }
        let all: Vec<_> = world
            .streams
            .iter()
            .filter(|((of, _), _)| project.is_none_or(|project| of == project))
            .map(|(_, stream)| stream.clone())
            .collect();
        let page = if world.page == 0 { usize::MAX } else { world.page };
        let start = start.unwrap_or(0);
        let items: Vec<_> = all.iter().skip(start).take(page).cloned().collect();
        let end = start + items.len();
        let mut metadata = json!({ "resourceVersion": world.version.to_string() });
        if end < all.len() {
            metadata["continue"] = json!(end.to_string());
            metadata["remainingItemCount"] = json!(all.len() - end);
        }
        (200, json!({ "metadata": metadata, "items": items }))
    }

    fn stream(&self, project: &str, name: &str) -> (u16, Value) {
        let world = self.world.lock().unwrap();
        match world.streams.get(&(project.to_owned(), name.to_owned())) {
            Some(stream) => (200, stream.clone()),
            None => refusal(404),
        }
    }

    fn layers(&self, project: &str, name: &str) -> (u16, Value) {
        let mut world = self.world.lock().unwrap();
        if world.failing_layers > 0 {
            world.failing_layers -= 1;
            return refusal(500);
        }
        let Some(stream) = world.streams.get(&(project.to_owned(), name.to_owned())) else {
            return refusal(404);
        };
        let mut images = json!({});
        for tag in stream["status"]["tags"].as_array().unwrap() {
            for item in tag["items"].as_array().unwrap() {
                let image = item["image"].as_str().unwrap();
                images[image] = json!({
                    "layers": [digest(200).to_string()], "config": digest(201).to_string(),
                });
            }
        }
        (200, json!({ "blobs": { digest(200).to_string(): { "size": 7 } }, "images": images }))
    }

    fn replace(&self, project: &str, name: &str, body: &[u8]) -> (u16, Value) {
        let stream: Value = serde_json::from_slice(body).unwrap();
        let mut conflict = false;
        self.set(|world| {
            conflict = world.conflicts > 0;
            if conflict {
                world.conflicts -= 1;
                return;
            }
            world.tell(project, "MODIFIED", &stream);
            world.streams.insert((project.to_owned(), name.to_owned()), stream.clone());
        });
        if conflict { refusal(409) } else { (200, stream) }
    }

    fn tag(&self, method: &str, project: &str, name: &str) -> (u16, Value) {
        let (name, tag) = name.split_once(':').unwrap();
        let mut found = false;
        self.set(|world| {
            let keep = method == "GET" || world.deletes_do_nothing;
            let key = (project.to_owned(), name.to_owned());
            let Some(stream) = world.streams.get_mut(&key) else { return };
            let tags = stream["status"]["tags"].as_array_mut().unwrap();
            found = tags.iter().any(|known| known["tag"] == *tag);
            if !keep && found {
                tags.retain(|known| known["tag"] != *tag);
                let stream = stream.clone();
                world.tell(project, "MODIFIED", &stream);
            }
        });
        match (found, method) {
            (false, _) => refusal(404),
            (true, "DELETE") => (200, json!({ "kind": "Status", "status": "Success" })),
            (true, _) => (200, json!({ "metadata": { "name": format!("{name}:{tag}") } })),
        }
    }
}

fn refusal(code: u16) -> (u16, Value) {
    let reason = match code {
        404 => "NotFound",
        _ => "",
    };
    let status = json!({ "kind": "Status", "metadata": {}, "message": "no", "reason": reason, "code": code });
    (code, status)
}
